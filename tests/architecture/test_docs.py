"""The reference says what the code says, and every capability of the product has its state."""

import re
from pathlib import Path

import pytest
from tools import reference

ROOT = Path(__file__).parents[2]


@pytest.mark.django_db
def test_the_reference_is_true() -> None:
    assert reference.stale_pages() == []


def test_every_capability_has_its_state_and_its_test() -> None:
    page = (ROOT / "docs" / "capabilities.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-H]\d+) \| ([^|]+) \| ([^|]+) \|", page, flags=re.MULTILINE)

    ids = [row[0] for row in rows]
    sizes = {"A": 7, "B": 13, "C": 9, "D": 14, "E": 5, "F": 5, "G": 6, "H": 7}
    assert ids == [f"{letter}{n}" for letter, count in sizes.items() for n in range(1, count + 1)]
    for capability, state, test in rows:
        assert state.strip() in {"stands", "in part", "not yet"}, capability
        for path in re.findall(r"`(tests/[^`]+)`", test):
            assert (ROOT / path).exists(), path
        if state.strip() != "not yet":
            assert "`tests/" in test, capability


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text("utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} → {target}")
    assert broken == []

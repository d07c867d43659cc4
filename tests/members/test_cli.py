"""`regulars member` as an operator types it."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from regulars.access.domain import Scope
from regulars.cli.members import member
from regulars.kit.errors import Refusal
from regulars.members import selectors, services
from regulars.members.domain import Status, member_number
from tests.members.people import NOON, a_member_row, card, phone

pytestmark = pytest.mark.django_db


def enrol(*identities: Any, **more: Any) -> int:
    (answer,) = services.resolve_identities([a_member_row(*identities, **more)], at=NOON)
    assert answer.member_id is not None
    return answer.member_id


def run(*words: str) -> Result:
    result = CliRunner().invoke(member, words)
    if isinstance(result.exception, Refusal):
        raise result.exception
    return result


@pytest.mark.capability("H5")
class TestMemberCommand:
    @pytest.mark.parametrize("flag", ["--phone", "--card", "--id"])
    def test_shows_exactly_what_it_promises(self, flag: str) -> None:
        member_id = enrol(phone(8000), card("VIP-42"), profile={"name": "林小满"})
        value = {"--phone": "138 0000 8000", "--card": "VIP-42", "--id": member_number(member_id)}

        told = json.loads(run("show", flag, value[flag], "--json").stdout)

        assert set(told) == {
            "id", "member_number", "profile", "tier", "points", "growth", "orders", "identities",
        }  # fmt: skip
        assert told["points"] == {"available": 0, "pending": 0, "owed": 0, "lots": []}
        assert told["profile"] == {"name": "林**"}
        assert [one["value"] for one in told["identities"]] == ["138****8000", "**P-42"]
        assert (told["orders"], told["growth"]) == (0, 0)

    def test_draws_for_people(self) -> None:
        enrol(phone(8000), profile={"name": "林小满"})

        shown = run("show", "--phone", "13800008000").output

        assert "林**" in shown
        assert "林小满" not in shown

    def test_wants_exactly_one_name(self) -> None:
        assert run("show").exit_code == 2
        assert run("show", "--phone", "1", "--card", "2").exit_code == 2

    def test_refuses_whom_nobody_knows(self) -> None:
        with pytest.raises(Refusal, match="no such member"):
            run("show", "--id", "0000000018")

    def test_merges_and_unmerges_by_number(self) -> None:
        ann, bob = enrol(phone(1)), enrol(phone(2))

        merged = json.loads(run("merge", member_number(ann), member_number(bob), "--json").stdout)
        survivor = selectors.survivors(member_ids=[bob])
        run("unmerge", member_number(bob))

        assert set(merged) == {"winner", "loser"}
        assert survivor == {bob: ann}
        assert selectors.survivors(member_ids=[bob]) == {bob: bob}

    def test_exports_to_a_file(self, tmp_path: Path) -> None:
        number = member_number(enrol(phone(1), profile={"name": "Ann"}))
        path = tmp_path / "ann.csv"

        run("export", number, "--csv", "--output", str(path))
        whole = json.loads(run("export", number, "--json").stdout)

        assert "profile,name,Ann" in path.read_text("utf-8-sig")
        assert path.stat().st_mode & 0o077 == 0
        assert whole["data"]["profile"][0]["value"] == "Ann"

    def test_erases_only_when_told(self) -> None:
        member_id = enrol(phone(1))
        number = member_number(member_id)

        asked = run("erase", number)
        done = run("erase", number, "--yes", "--json")

        assert isinstance(asked.exception, SystemExit | click.Abort)
        assert len(json.loads(done.stdout)["erased"]) == 1
        shown = selectors.get_member(member_id=member_id, scope=Scope.all())
        assert shown.status is Status.ERASED

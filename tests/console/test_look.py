"""The look keeps its promises: contrast, roles instead of colours, nothing inline, nothing foreign."""

import gzip
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "regulars"
TOKENS = (SOURCE / "static/console/tokens.css").read_text(encoding="utf-8")
COMPONENTS = (SOURCE / "static/console/components.css").read_text(encoding="utf-8")
TEMPLATES = sorted((SOURCE / "templates").rglob("*.html"))
ROLE = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
GROUNDS = ("paper", "surface", "sunken")

TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in GROUNDS),
    *((link, ground) for link in ("accent", "bad") for ground in ("paper", "surface")),
    ("accent-ink", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-honey", "honey"),
    ("honey-ink", "honey-soft"),
    ("on-bad", "bad"),
    *((tone, f"{tone}-soft") for tone in ("ok", "warn", "bad", "info")),
    *((f"tier-{n}", ground) for n in range(1, 6) for ground in ("paper", "surface")),
    ("honey-ink", "surface"),
    ("paper", "ink"),
    *((ink, "accent-soft") for ink in ("ink", "ink-2", "ink-3", "bad")),
    *(("ink", f"{tone}-soft") for tone in ("ok", "warn", "bad", "info", "honey")),
    *(("heat-ink-lo", f"heat-{step}") for step in range(4)),
    *(("heat-ink-hi", f"heat-{step}") for step in range(4, 7)),
    ("trend-up", "surface"),
    ("trend-down", "surface"),
]
SHAPE_PAIRS = [
    *(("line-control", ground) for ground in ("paper", "surface")),
    *((tone, "surface") for tone in ("ok", "warn", "bad", "info", "accent")),
    *((f"c{series}", "surface") for series in range(1, 7)),
    ("accent", "track"),
    ("accent", "paper"),
]


def roles(theme: int) -> dict[str, str]:
    return {match[1]: match[2 + theme] for match in ROLE.finditer(TOKENS)}


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
class TestContrast:
    @pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
    def test_text_can_be_read(self, ink: str, ground: str, theme: int) -> None:
        colours = roles(theme)

        assert contrast(colours[ink], colours[ground]) >= 4.5

    @pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
    def test_shapes_can_be_told_apart(self, shape: str, ground: str, theme: int) -> None:
        colours = roles(theme)

        assert contrast(colours[shape], colours[ground]) >= 3


class TestComponents:
    def test_take_roles_and_write_no_colours(self) -> None:
        found = re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", COMPONENTS)

        assert [colour for colour in found if colour not in {"#0000", "#000"}] == []

    def test_use_only_roles_that_exist(self) -> None:
        defined = set(re.findall(r"--([\w-]+):", TOKENS)) | set(
            re.findall(r"--([\w-]+):", COMPONENTS)
        )
        knobs = {"min", "aside", "cols", "v", "w", "x", "key"}

        assert set(re.findall(r"var\(--([\w-]+)", COMPONENTS)) - defined - knobs == set()

    def test_never_shout(self) -> None:
        assert "!important" not in COMPONENTS

    def test_every_class_in_a_template_is_styled(self) -> None:
        known = set(re.findall(r"\.([a-zA-Z][\w-]*)", COMPONENTS))
        used = set()
        for path in TEMPLATES:
            for value in re.findall(r'class="([^"]*)"', path.read_text(encoding="utf-8")):
                used |= set(re.sub(r"\{[{%].*?[%}]\}", " ", value).split())

        assert {name for name in used if not name.endswith("-")} - known == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(SOURCE / "templates")))
class TestTemplates:
    def test_carry_no_script_or_style_of_their_own(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")

        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|javascript:", text) == []

    def test_write_only_custom_properties_into_style(self, path: Path) -> None:
        styles = re.findall(r'\sstyle="([^"]*)"', path.read_text(encoding="utf-8"))

        assert [style for style in styles if not re.fullmatch(r"(--[\w-]+:[^;]+;?)+", style)] == []

    def test_ask_nobody_else(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")

        assert re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", text) == []

    def test_leave_no_link_that_goes_nowhere(self, path: Path) -> None:
        assert 'href="#"' not in path.read_text(encoding="utf-8")

    def test_speak_through_the_catalogue(self, path: Path) -> None:
        bare = re.sub(
            r"\{% block page_class %\}.*?\{% endblock %\}|\{%\s*blocktranslate.*?endblocktranslate\s*%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"
            r"|<code>.*?</code>|<kbd>.*?</kbd>|<[^>]+>",
            "",
            re.sub(
                r"\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}",
                "",
                path.read_text(encoding="utf-8"),
                flags=re.DOTALL,
            ),
            flags=re.DOTALL,
        )

        assert set(re.findall(r"[A-Za-z]{2,}", bare)) - {"Regulars"} == set()


class TestWeight:
    def test_all_style_fits_in_forty_kilobytes(self) -> None:
        sheets = sorted((SOURCE / "static").rglob("*.css"))

        weight = sum(len(gzip.compress(sheet.read_bytes())) for sheet in sheets)

        assert sheets
        assert weight <= 40_000

    def test_motion_contrast_and_forced_colours_are_answered(self) -> None:
        both = TOKENS + COMPONENTS

        for wish in ("prefers-reduced-motion", "prefers-contrast", "forced-colors", "print"):
            assert wish in both, wish

"""What a machine can see of good manners: lengths, first words, slack words, keyword-only doors."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for path in (ROOT / "src").rglob("*.py") if "/migrations/" not in path.as_posix()
)
SCRIPTS = sorted([*(ROOT / "tools").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SLACK = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|HA" + r"CK|X" + r"XX)\b")
LINES_MAX = 400
FUNCTION_LINES_MAX = 50
BANNED_FILES = {"utils.py", "helpers.py", "common.py", "core.py", "misc.py"}
BANNED_VERBS = ("do_", "process_", "handle_", "manage_", "perform_")


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def doors() -> Iterator[tuple[str, Any]]:
    """Answer every function that other apps may call: what services and selectors hand out."""
    for app in ("events", "access", "members", "commerce", "ingest", "ledger", "loyalty"):
        for name in ("services", "selectors"):
            module = importlib.import_module(f"regulars.{app}.{name}")
            for label in getattr(module, "__all__", vars(module)):
                value = getattr(module, label)
                ours = inspect.isfunction(value) and value.__module__.startswith(module.__name__)
                if ours and not label.startswith("_"):
                    yield f"{module.__name__}.{label}", value


class TestFiles:
    def test_open_with_a_sentence_that_says_what_they_are_for(self) -> None:
        bare = [
            path.relative_to(ROOT).as_posix()
            for path in [*SOURCES, *SCRIPTS, *TESTS]
            if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            and path.name != "__init__.py"
        ]

        assert bare == []

    def test_stay_short(self) -> None:
        long = {
            path.relative_to(ROOT).as_posix(): count
            for path in SOURCES
            if (count := len(path.read_text(encoding="utf-8").splitlines())) > LINES_MAX
        }

        assert long == {}

    def test_have_names_that_say_something(self) -> None:
        assert [path for path in SOURCES if path.name in BANNED_FILES] == []

    def test_leave_nothing_for_later(self) -> None:
        slack = [
            path.relative_to(ROOT).as_posix()
            for path in [*SOURCES, *SCRIPTS, *TESTS]
            if SLACK.search(path.read_text(encoding="utf-8"))
        ]

        assert slack == []

    def test_keep_forms_in_the_room_of_forms(self) -> None:
        stray = [
            f"{path.relative_to(ROOT)}:{node.name}"
            for path in SOURCES
            if "pages" in path.parts
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ClassDef)
            and any("Form" in ast.unparse(base) for base in node.bases)
        ]

        assert stray == []

    def test_write_no_address_of_the_console_by_hand(self) -> None:
        addresses = {
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for path in SOURCES
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("/console/")
        }

        assert addresses == set()

    def test_pages_of_the_console_read_the_clock_once(self) -> None:
        pages = [path for path in SOURCES if "console/pages/" in path.as_posix()]
        readers = {
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for path in pages
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "clock.now"
        }

        assert pages
        assert readers == set()  # `clock.met` knows when the request was met


class TestFunctions:
    def test_stay_short(self) -> None:
        long = {
            f"{path.relative_to(ROOT)}:{node.name}": length
            for path in SOURCES
            for node in functions(path)
            if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
        }

        assert long == {}

    def test_of_doors_take_keywords_and_promise_something(self) -> None:
        wrong = [
            name
            for name, function in doors()
            if not inspect.getdoc(function) or _positional(function) > 1
        ]

        assert wrong == []

    def test_of_doors_are_named_by_a_plain_verb(self) -> None:
        verbs = [name for name, _ in doors() if name.rpartition(".")[2].startswith(BANNED_VERBS)]

        assert verbs == []


def _positional(function: Any) -> int:
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)


class TestText:
    @pytest.mark.parametrize("kind", ["*.md", "*.html", "*.css", "*.py", "*.toml"])
    def test_names_no_machine(self, kind: str) -> None:
        machine = re.compile(r"/(wo" + r"rk|ro" + r"ot)/[a-z]")
        wrong = [
            path.relative_to(ROOT).as_posix()
            for folder in ("src", "docs", "tools", "benchmarks", "tests")
            for path in (ROOT / folder).rglob(kind)
            if machine.search(path.read_text(encoding="utf-8"))
        ]

        assert wrong == []

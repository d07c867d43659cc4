"""The group of all commands: what it loads, what it says, how it ends."""

import sys
import types
from collections.abc import Iterator

import click
import orjson
import pytest
from click.testing import CliRunner
from django.db import OperationalError

from regulars import cli
from regulars.cli import COMMANDS, Entry, emit, main
from regulars.cli.environment import Needs
from regulars.kit.errors import Refusal


class ShopClosed(Refusal):
    """A refusal of the test's own."""

    reason = "The shop is closed until {hour}."


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.option("--how", default="well")
def probe(*, as_json: bool, how: str) -> None:
    """End in one of several ways."""
    match how:
        case "refused":
            raise ShopClosed(hour=9)
        case "away":
            raise OperationalError("connection refused")
        case "findings":
            raise SystemExit(1)
        case _:
            emit(as_json, {"how": how}, lambda console: console.print(f"It went {how}."))


@pytest.fixture(autouse=True)
def a_probe_among_the_commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = types.ModuleType("regulars.cli.probe")
    module.probe = probe
    monkeypatch.setitem(sys.modules, "regulars.cli.probe", module)
    monkeypatch.setitem(COMMANDS, "probe", Entry("probe", Needs.NOTHING, "Probe."))
    return


def run(*arguments: str) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(main, list(arguments))
    return outcome.exit_code, outcome.stdout, outcome.stderr


@pytest.mark.capability("H5")
class TestEndings:
    def test_success_is_0(self) -> None:
        assert run("probe") == (0, "It went well.\n", "")

    def test_json_is_one_object_on_standard_output_and_nothing_else(self) -> None:
        code, out, err = run("probe", "--json")

        assert (code, err) == (0, "")
        assert orjson.loads(out) == {"how": "well"}

    def test_a_refusal_is_1_with_its_sentence(self) -> None:
        assert run("probe", "--how", "refused") == (1, "", "The shop is closed until 9.\n")

    def test_a_refusal_in_json_has_code_and_facts(self) -> None:
        code, out, _ = run("probe", "--how", "refused", "--json")

        assert code == 1
        assert orjson.loads(out)["error"]["facts"] == {"hour": 9}
        assert orjson.loads(out)["error"]["message"] == "The shop is closed until 9."

    def test_an_absent_database_is_a_sentence(self) -> None:
        code, _, err = run("probe", "--how", "away")

        assert code == 1
        assert "regulars doctor" in err

    def test_findings_are_1(self) -> None:
        assert run("probe", "--how", "findings")[0] == 1

    @pytest.mark.parametrize("wrong", [["no-such-command"], ["probe", "--no-such-option"]])
    def test_misuse_is_2(self, wrong: list[str]) -> None:
        assert run(*wrong)[0] == 2


class TestHelp:
    def test_lists_every_command_without_loading_any(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cli.importlib, "import_module", pytest.fail)

        code, out, _ = run("--help")

        assert code == 0
        assert all(name in out for name in COMMANDS)

    @pytest.mark.parametrize("name", ["db", "serve", "web", "worker", "doctor"])
    def test_of_a_command_starts_no_database(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cli.environment, "bring_up", lambda: pytest.fail("started"))

        assert run(name, "--help")[0] == 0

    def test_every_command_is_where_the_list_says(self) -> None:
        for name in COMMANDS:
            command = main.get_command(click.Context(main), name)

            assert command is not None
            assert command.name == name

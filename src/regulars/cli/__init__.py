"""The command line: one group whose commands are loaded when they are called.

A command says what it needs: nothing, Django, or the database. The embedded database is started
for it and left running. Exit codes: 0 done, 1 refused or findings, 2 usage. With `--json` a command
prints exactly one JSON object on standard output and nothing else there.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click
import orjson
from rich.console import Console

from regulars.cli import environment
from regulars.cli.environment import Needs
from regulars.kit.errors import Refusal

AS_JSON = "regulars.as_json"
OK, FINDINGS, USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, what it needs before it is loaded, and its line in the help."""

    module: str
    needs: Needs
    line: str


COMMANDS = {
    "demo": Entry("demo", Needs.DATABASE, "Make a believable brand, load it and serve it."),
    "serve": Entry("serve", Needs.NOTHING, "Serve web, worker and scheduler."),
    "web": Entry("serve", Needs.NOTHING, "Serve the web alone."),
    "worker": Entry("serve", Needs.NOTHING, "Work on the queue alone, with the scheduler."),
    "db": Entry("db", Needs.NOTHING, "Start, stop, back up and restore the database."),
    "doctor": Entry("doctor", Needs.NOTHING, "Say what is wrong and how to mend it."),
    "import": Entry("imports", Needs.DATABASE, "Import files; undo or resume an import."),
    "member": Entry("members", Needs.DATABASE, "Show, merge, export or erase a member."),
    "programme": Entry("programme", Needs.DATABASE, "Show and change how points are given."),
    "sources": Entry("sources", Needs.DATABASE, "Name where facts come from."),
    "dead-letters": Entry("sources", Needs.DATABASE, "List and replay what could not be applied."),
    "verify": Entry("verify", Needs.DATABASE, "Prove that every balance adds up."),
    "retention": Entry("retention", Needs.DATABASE, "Count or end what was kept long enough."),
    "staff": Entry("staff_acts", Needs.DATABASE, "Create and change staff accounts."),
    "policy": Entry("policy", Needs.DATABASE, "Show and change limits and second persons."),
    "keys": Entry("access", Needs.DATABASE, "Create and revoke API keys."),
}


class Lazy(click.Group):
    """A group that loads a command when it is called, and says refusals as sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """List the commands in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load the module of a command and find the command of this name in it."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if entry.needs is not Needs.NOTHING:
            environment.set_up_django()
        module = importlib.import_module(f"regulars.cli.{entry.module}")
        for found in vars(module).values():
            if isinstance(found, click.Command) and found.name == cmd_name:
                return found
        raise LookupError(f"regulars.cli.{entry.module} declares no command named {cmd_name}")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve the command; its database is brought up unless only help is asked for."""
        name, command, rest = super().resolve_command(ctx, args)
        ctx.meta[AS_JSON] = "--json" in rest
        entry = COMMANDS.get(name or "")
        if entry and entry.needs is Needs.DATABASE and "--help" not in rest:
            environment.bring_up()
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without loading any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal or an absent database becomes a sentence and exit code 1."""
        try:
            return super().invoke(ctx)
        except Refusal as no:
            _say_no(ctx, code=no.code, sentence=environment.words(no), facts=no.facts)
        except Exception as trouble:
            if not environment.is_database_away(trouble):
                raise
            sentence = "The database does not answer. Run regulars doctor."
            _say_no(ctx, code="web.database_away", sentence=sentence, facts={})
        raise click.exceptions.Exit(FINDINGS)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="regulars")
def main() -> None:
    """Regulars: members, points and tiers on your own machine.

    State lives under VAR (REGULARS_VAR, ./var by default). DATABASE_URL and DATABASE_OWNER_URL
    switch from the embedded PostgreSQL to a server of your own.
    """


def emit(
    as_json: bool,
    payload: Mapping[str, Any],
    text: Callable[[Console], None],
) -> None:
    """Print the outcome: one JSON object, or what `text` draws on the console."""
    if as_json:
        click.echo(orjson.dumps(payload, default=str, option=orjson.OPT_NON_STR_KEYS))
    else:
        text(Console(highlight=False, soft_wrap=True))


def notes() -> Console:
    """Give the console for progress and remarks: standard error, so that `--json` stays clean."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def _say_no(ctx: click.Context, *, code: str, sentence: str, facts: Mapping[str, Any]) -> None:
    if ctx.meta.get(AS_JSON):
        refused = {"error": {"code": code, "message": sentence, "facts": facts}}
        click.echo(orjson.dumps(refused, default=str, option=orjson.OPT_NON_STR_KEYS))
    click.echo(sentence, err=True)

"""`regulars policy`: limits, second persons and sessions, from the command line."""

from dataclasses import replace
from typing import Any

import click
from rich.console import Console

from regulars.access import selectors, services
from regulars.access.domain import Actor, Policy, policy_lines
from regulars.cli import emit
from regulars.web import clock

_OPERATOR = replace(Actor.system(), name="command line")


@click.group(name="policy")
def policy() -> None:
    """Show and change limits, who decides in pairs, and how long sessions last."""


@policy.command(name="show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_policy(as_json: bool) -> None:
    """Show what holds now."""
    _emit(as_json, selectors.policy(clock.now()))


@policy.command(name="set")
@click.argument("lines", nargs=-1, required=True, metavar="NAME=VALUE…")
@click.option("--note", help="Why; kept encrypted in the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def set_policy(lines: tuple[str, ...], note: str | None, as_json: bool) -> None:
    """Change lines as `policy show` names them, such as adjust_points_max.clerk=50.

    The command line is the system itself: no second person is asked. Only here are separated
    administrators joined again: separated_administrators=false.
    """
    changes = _read(lines)
    changed = services.change_policy(changes=changes, actor=_OPERATOR, at=clock.now(), note=note)
    _emit(as_json, changed)


def _read(lines: tuple[str, ...]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for line in lines:
        name, equals, text = line.partition("=")
        if not equals:
            raise click.UsageError(f"Write NAME=VALUE, not “{line}”.")
        setting, _, inner = name.strip().partition(".")
        value = _value(text.strip())
        if inner:
            changes.setdefault(setting, {})[inner] = value
        else:
            changes[setting] = value
    return changes


def _value(text: str) -> int | bool | str:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.lstrip("-").isdecimal() else text


def _emit(as_json: bool, found: Policy) -> None:
    lines = policy_lines(found)

    def draw(console: Console) -> None:
        for name, value in lines.items():
            console.print(f"{name}={str(value).lower()}", markup=False)

    emit(as_json, {"version": found.version, **lines}, draw)

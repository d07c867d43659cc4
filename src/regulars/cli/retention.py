"""`regulars retention`: what is over its limit, counted without a change, or ended."""

from collections.abc import Sequence
from dataclasses import replace

import click
from rich.console import Console
from rich.table import Table

from regulars.access.domain import Actor
from regulars.cli import emit
from regulars.console import services
from regulars.console.domain.retaining import ClassReport
from regulars.web import clock

_OPERATOR = replace(Actor.system(), name="command line")


@click.group(name="retention")
def retention() -> None:
    """Count or end what has been kept for as long as it may be."""


@retention.command(name="report")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def report(as_json: bool) -> None:
    """Say what a run would end now, class by class; nothing is changed."""
    at = clock.now()
    found = services.report_retention(at=at)
    payload = {"at": at.isoformat(), "classes": [each.as_json() for each in found]}
    emit(as_json, payload, lambda console: _draw(console, found))


@retention.command(name="run")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def run(as_json: bool) -> None:
    """End what is over its limit, on the record; a run that was cut short is finished first."""
    done = services.run_retention(origin="command", actor=_OPERATOR, at=clock.now())
    found = services.reports_of(done)
    payload = {
        "run": done.id,
        "at": done.started_at.isoformat(),
        "rows": done.rows,
        "classes": [each.as_json() for each in found],
    }
    emit(as_json, payload, lambda console: _draw(console, found))


def _draw(console: Console, found: Sequence[ClassReport]) -> None:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("class")
    for heading in ("days", "rows", "held back"):
        table.add_column(heading, justify="right")
    table.add_column("oldest")
    for each in found:
        table.add_row(
            each.name,
            "for ever" if each.limit is None else f"{each.limit.days:,}",
            f"{each.rows:,}",
            f"{each.held:,}",
            each.oldest_at.isoformat(timespec="seconds") if each.oldest_at else "",
        )
    console.print(table)

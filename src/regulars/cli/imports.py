"""Bring files in: stores, products, members, orders, lines, balances; undo or resume an import.

The columns are understood by their names; the text answer shows how, and `--map` corrects it.
Progress goes to standard error. Exit code 0: every row is in; 1: some rows are in the error file.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from regulars.cli import FINDINGS, emit, environment, notes
from regulars.ingest import services as ingest
from regulars.ingest.domain.batches import DEFAULT_SOURCE, ImportOptions, ImportReport
from regulars.ingest.domain.files import FileKind
from regulars.ingest.parsers.mapping import read_map_file
from regulars.web import clock

WRITERS = 2  # one prepares while the database works for the other
WRITERS_BESIDE = 1  # people who wait at a till come first
NICENESS = 10
PHASES = {
    "survey": "Looking over the file",
    "read": "Reading",
    "apply": "Applying",
    "undo": "Taking back",
}
KINDS = {
    FileKind.STORES: "Stores: code, name, region, type, zone.",
    FileKind.PRODUCTS: "Products: SKU, name, category, brand, price, cost.",
    FileKind.MEMBERS: "Members: identities, profile, tags; never balances.",
    FileKind.ORDERS: "Orders, one row each, or one row per line where the number repeats.",
    FileKind.LINES: "Lines of orders that are already in.",
    FileKind.BALANCES: "Opening balances: points, growth, stored value; lots with dates.",
}

Tick = Callable[[str, int, int], None]


class AsOf(click.ParamType[date | datetime]):
    """A day (2025-12-31, meaning its end) or a moment (2025-12-31T18:00+08:00)."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> date | datetime:
        """Read the day or moment; a wrong one is a usage error."""
        try:
            return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2025-12-31", param, ctx)


@click.group(name="import")
def imports() -> None:
    """Import files (.csv, .csv.gz, .xlsx); undo or resume an import."""


def _command(kind: FileKind, line: str) -> click.Command:
    """Make the command of one kind of file; all take the same options."""

    @click.argument("file", type=click.Path(path_type=Path))
    @click.option(
        "--source", default=DEFAULT_SOURCE, show_default=True, help="Where it comes from."
    )
    @click.option(
        "--map", "map_file", type=click.Path(path_type=Path), help="JSON or YAML mapping."
    )
    @click.option("--zone", help="Zone of times without an offset, e.g. Asia/Shanghai.")
    @click.option("--currency", help="Currency of the amounts, e.g. CNY.")
    @click.option("--as-of", type=AsOf(), help="The day of which the balances are.")
    @click.option("--no-award", is_flag=True, help="Keep the orders, award nothing for them.")
    @click.option("--dry-run", is_flag=True, help="Do it all, count, and take it back.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.pass_context
    def command(
        ctx: click.Context,
        file: Path,
        source: str,
        map_file: Path | None,
        zone: str | None,
        currency: str | None,
        as_of: date | datetime | None,
        no_award: bool,
        dry_run: bool,
        as_json: bool,
    ) -> None:
        options = ImportOptions(
            kind=kind,
            source=source,
            zone=zone,
            currency=currency,
            as_of=as_of,
            award=not no_award,
            said=read_map_file(map_file) if map_file else {},
        )
        with _progress() as tick:
            report = _run(file, options, tick, dry_run=dry_run)
        _answer(ctx, report, as_json=as_json, dry_run=dry_run)

    return click.command(kind.value, help=line, short_help=line)(command)


for _kind, _line in KINDS.items():
    imports.add_command(_command(_kind, _line))


@imports.command()
@click.argument("batch")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def undo(batch: str, as_json: bool) -> None:
    """Take back the import BATCH: what only it made goes, what it changed becomes what it was."""
    with _progress() as tick:
        report = ingest.undo_import(batch=batch, tick=tick)
    emit(as_json, report.payload(), lambda console: _draw(console, report, dry_run=False))


@imports.command()
@click.argument("batch")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def resume(ctx: click.Context, batch: str, as_json: bool) -> None:
    """Go on with the import BATCH where it was stopped."""
    with _progress() as tick:
        report = ingest.resume_import(batch=batch, tick=tick, writers=_writers())
    _answer(ctx, report, as_json=as_json, dry_run=False)


def _run(file: Path, options: ImportOptions, tick: Tick, *, dry_run: bool) -> ImportReport:
    at = clock.now()
    if dry_run:
        return ingest.rehearse_file(path=file, options=options, at=at, tick=tick)
    return ingest.import_file(path=file, options=options, at=at, tick=tick, writers=_writers())


def _writers() -> int:
    """Give way where a web process serves: one writer instead of two, and a lower priority."""
    if not environment.is_served():
        return WRITERS
    os.nice(NICENESS)
    return WRITERS_BESIDE


@contextmanager
def _progress() -> Iterator[Tick]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=notes(), transient=True) as progress:
        task = progress.add_task("", total=None)

        def tick(phase: str, done: int, total: int) -> None:
            progress.update(
                task, description=PHASES.get(phase, phase), completed=done, total=total or None
            )

        yield tick


def _answer(ctx: click.Context, report: ImportReport, *, as_json: bool, dry_run: bool) -> None:
    payload = {**report.payload(), "dry_run": dry_run}
    emit(as_json, payload, lambda console: _draw(console, report, dry_run=dry_run))
    if report.tally.errors:
        ctx.exit(FINDINGS)


def _draw(console: Console, report: ImportReport, *, dry_run: bool) -> None:
    if report.mapping.get("columns"):
        console.print(_mapping(report))
    if report.balances_left:
        console.print(
            f"Left alone: {', '.join(report.balances_left)}."
            " Read them with: regulars import balances"
        )
    if report.seen_before:
        console.print("This file is already in; nothing was changed.")
    tally = report.tally
    console.print(
        f"{'Rehearsed' if dry_run else report.state.value.capitalize()}: {tally.new} new,"
        f" {tally.updated} updated, {tally.skipped} skipped, {tally.errors} errors"
        + (f", {tally.parked} waiting for their order" if tally.parked else "")
    )
    if report.error_file:
        console.print(f"Rows in error: {report.error_file}")
    console.print(f"Batch {report.batch}")


def _mapping(report: ImportReport) -> Table:
    table = Table("field", "column", title=f"Read as {report.layout}", title_justify="left")
    for name, column in report.mapping["columns"].items():
        table.add_row(name, column)
    for name, value in report.mapping.get("constants", {}).items():
        table.add_row(name, f"always “{value}”")
    if report.left:
        table.add_row("(not read)", ", ".join(report.left))
    return table

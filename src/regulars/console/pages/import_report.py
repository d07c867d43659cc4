"""One import as a page: what came of it, why rows stayed out, and what undoing it would touch."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.console.domain import operations
from regulars.console.domain.cells import Cell, Fact, PageAction
from regulars.console.domain.formatting import whole
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Heading, Section
from regulars.console.pages.confirming import Impact
from regulars.console.pages.import_upload import progress_of
from regulars.console.pages.sections import draw_sections, reason_of, way_cell
from regulars.ingest import selectors as ingest
from regulars.ingest import services
from regulars.ingest.domain.batches import Batch, BatchState


def draw_batch(request: HttpRequest, batch: Batch, actor: Actor, *, at: datetime) -> HttpResponse:
    """Draw one import: counts, rows in error by reason, columns, what may be done with it."""
    work = progress_of(batch.progress_id)
    has_errors = bool(batch.error_file) and Path(batch.error_file).is_file()
    runs = work is not None and not work.is_over
    sections = [*_reasons(batch), _columns(batch), _circumstances(batch, actor, at=at)]
    return draw_sections(
        request,
        heading=batch.file_name,
        purpose=gettext(operations.FILE_KINDS[batch.kind.value]),
        status=state_cell(batch),
        crumbs=[Crumb(gettext("Imports"), reverse("console-imports"))],
        facts=_facts(batch),
        sections=sections,
        at=at,
        template="console/import.html",
        extra={
            "batch": batch,
            "work": work,
            "runs": runs,
            "undo": PageAction(
                gettext("Undo the import"),
                reverse("console-import-undo", args=[batch.public_id]),
                "undo-2",
                why_not=_why_no_undo(batch, runs=runs),
            ),
            "errors": PageAction(
                gettext("Download the error file"),
                reverse("console-import-errors", args=[batch.public_id]),
                "download",
                why_not="" if has_errors else gettext("No row was in error, so there is no file."),
            ),
            "may_resume": batch.may_be_resumed and not runs,
            "is_rehearsal": batch.state is BatchState.REHEARSED,
        },
    )


def _why_no_undo(batch: Batch, *, runs: bool) -> str:
    if runs:
        return gettext("Work on this import is under way. Wait for its end.")
    if batch.may_be_undone:
        return ""
    match batch.state:
        case BatchState.REVERTED:
            return gettext("This import is undone already.")
        case BatchState.REHEARSED:
            return gettext("This was a dry run: there is nothing to undo.")
        case _:
            return gettext("The file is still being read: nothing is written yet.")


def _facts(batch: Batch) -> list[Fact]:
    tally = batch.tally
    return [
        Fact(gettext("New"), whole(tally.new)),
        Fact(gettext("Updated"), whole(tally.updated)),
        Fact(gettext("Skipped"), whole(tally.skipped), gettext("as they were already")),
        Fact(gettext("Waiting"), whole(tally.parked), gettext("for their order")),
        Fact(gettext("In error"), whole(tally.errors)),
        Fact(gettext("Rows"), whole(batch.rows)),
    ]


def _circumstances(batch: Batch, actor: Actor, *, at: datetime) -> Section:
    sources = {each.source.id: each.source for each in ingest.list_sources(at=at)}
    source = sources.get(batch.source_id)
    awards = gettext("yes") if batch.options.get("award") else gettext("no")
    return Section(
        title=gettext("Circumstances"),
        pairs=(
            (gettext("Begun"), Cell.moment(batch.started_at)),
            (gettext("Ended at"), Cell.moment(batch.finished_at)),
            (gettext("Undone"), Cell.moment(batch.reverted_at)),
            (gettext("By"), Cell.text(who_of(batch, names_of([batch])))),
            (
                gettext("Data source"),
                way_cell(actor, "sources.manage", source.name, "console-source", source.public_id)
                if source
                else Cell.dash(),
            ),
            (gettext("Zone"), Cell.text(str(batch.options.get("zone", "")))),
            (gettext("Currency"), Cell.text(str(batch.options.get("currency", "")))),
            (gettext("Awards"), Cell.text(awards)),
            (gettext("Events"), _events(batch, actor)),
        ),
        aside=True,
    )


def _reasons(batch: Batch) -> list[Section]:
    """Gather the rows in error by reason; the file has each row."""
    found = ingest.list_problem_reasons(batch_id=batch.id)
    if not found:
        return []
    return [
        Section(
            title=gettext("Rows in error"),
            purpose=gettext("Gathered by reason. The other rows are not touched by them."),
            headings=(
                Heading(gettext("Reason and remedy")),
                Heading(gettext("Column")),
                Heading(gettext("First row"), numeric=True),
                Heading(gettext("Rows"), numeric=True),
            ),
            rows=[
                (
                    Cell.text(reason_of(each.code, each.facts)),
                    Cell.text(each.column),
                    Cell.number(each.first_row),
                    Cell.number(each.rows),
                )
                for each in found
            ],
        )
    ]


def _columns(batch: Batch) -> Section:
    read = {header: field for field, header in batch.mapping.get("columns", {}).items() if header}
    return Section(
        title=gettext("Match columns"),
        purpose=gettext("How each column of the file was read"),
        headings=(Heading(gettext("Column")), Heading(gettext("Read as"))),
        rows=[
            (
                Cell.text(header),
                Cell.text(gettext(operations.FIELDS.get(read[header], read[header])))
                if header in read
                else Cell.status("mute", gettext("not read")),
            )
            for header in batch.headers
        ],
    )


def _events(batch: Batch, actor: Actor) -> Cell:
    if not actor.may("operations.read"):
        return Cell.dash()
    href = f"{reverse('console-events')}?import={batch.public_id}"
    return Cell.link(gettext("Events of this import"), href)


def names_of(batches: Iterable[Batch]) -> dict[str, str]:
    """Answer the names of the staff who began these imports."""
    ids = {int(b.started_by[6:]) for b in batches if b.started_by.startswith("staff:")}
    return {f"staff:{each}": name for each, name in access.names_of(sorted(ids)).items()}


def who_of(batch: Batch, names: Mapping[str, str]) -> str:
    """Say who began an import."""
    if batch.started_by.startswith("staff:"):
        return names.get(batch.started_by, batch.started_by)
    return gettext("command line")


def state_cell(batch: Batch) -> Cell:
    """Say where an import stands."""
    word = operations.BATCH_STATES[batch.state.value]
    return Cell.status(word.tone, gettext(word.title))  # type: ignore[arg-type]


def undo_impacts(batch: Batch) -> list[Impact]:
    """Say what undoing an import takes back, and what stays."""
    made = services.count_made(batch_id=batch.id)
    return [
        Impact(
            gettext("Members only this import made"),
            after=whole(made.members),
            note=gettext("They leave, unless they bought or have points from elsewhere since."),
        ),
        Impact(
            gettext("Orders and returns it brought"),
            after=whole(made.orders),
            note=gettext("They go, and the points they earned are taken back."),
        ),
        Impact(
            gettext("Orders it changed"),
            after=whole(made.orders_changed),
            note=gettext("They become what they were, unless changed since."),
        ),
        Impact(
            gettext("Balances it declared"),
            after=gettext("are taken back by counter-entries; nothing is deleted"),
        ),
        Impact(gettext("What others changed since"), after=gettext("stays")),
    ]

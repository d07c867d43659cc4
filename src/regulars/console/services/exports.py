"""Hand a list out as a file: asked for with a reason, written by a job, gone after a day.

A file shows one moment: it is read in one snapshot. Who is erased while it is written, or later,
takes the whole file with them. Every file is asked for, made and opened on the record.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.urls import reverse
from django.utils import translation

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Approval, Approved, Executor, Scope
from regulars.console.domain.exports import (
    KEPT,
    TRIES_MAX,
    Ask,
    Asked,
    Export,
    Exportable,
    ExportBroken,
    ExportNotFound,
    ExportOvertaken,
    Wish,
)
from regulars.console.domain.sections import WholeHouseNeeded
from regulars.console.selectors.exporting import exportable, get_export
from regulars.console.services import export_files as files
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.web import clock, later, notices, progress, sql
from regulars.web.leases import LeaseLost
from regulars.web.permissions import PermissionMissing
from regulars.web.retention import Sweep, end_all

KIND = "export"
TASK = "console.write_export"
GATE = 0x4558504F  # "EXPO": erasures pass it together, the end of a file alone
ERASED_PAGE = 20_000
COUNTED_TOGETHER = timedelta(days=1)
ROWS_COUNTED_MAX = 2**31

FILES: Final = Sweep(
    name="exports",
    title=message("Exported files"),
    purpose=message("To hand a list out as a file to whoever asked for it."),
    since=message("the end of its day"),
    table="console_export",
    key="public_id",
    where="made_at IS NOT NULL AND gone_at IS NULL",
    aged_by="expires_at",
    end=lambda ended, at: _drop([one for one, _ in ended], because="expired", at=at),
)

READY = message("Your file with {rows} rows is ready.")
FAILED = message("Your file could not be made.")


@transaction.atomic
def ask_export(*, actor: Actor, wish: Wish, at: datetime) -> Asked:
    """Ask for a list as a file; a long one waits for a second person's yes.

    Raises PermissionMissing, WholeHouseNeeded, ExportUnknown, ExportReasonMissing,
    ExportColumnsMissing, ExportTooLong.
    """
    kind = exportable(wish.what)
    _check(actor, kind, is_masked=wish.is_masked)
    zone = loyalty.get_programme().tz
    wish = wish.checked(kind, today=at.astimezone(zone).date())
    ask = _ask(wish, actor, at=at)
    most = access_selectors.policy(at).export_rows_max
    rows = kind.count(ask, most + 1)
    size = rows + _taken_today(actor, at)
    if not access.approvals.needs_approval("export", actor=actor, size=size, at=at):
        return Asked(work=_begin(wish, actor, rows=rows, approval=None, at=at))
    proposed = access.approvals.propose(
        kind="export",
        payload=wish.as_json(),
        object_kind="list",
        object_id=wish.what,
        maker=actor,
        at=at,
        size=size,
        reason_code=wish.reason_code,
    )
    return Asked(approval=proposed.public_id)


def _taken_today(actor: Actor, at: datetime) -> int:
    """Sum the rows this person took out alone within a day: many short files are one long one."""
    found = sql.row(
        "SELECT COALESCE(sum(rows), 0)::bigint FROM console_export WHERE staff_id = %s::bigint"
        " AND approval IS NULL AND asked_at > %s::timestamptz",
        [actor.id, at - COUNTED_TOGETHER],
    )
    return int(found[0]) if found else 0


def _begin(
    wish: Wish, actor: Actor, *, rows: int | None, approval: UUID | None, at: datetime
) -> UUID:
    """Write the wish down and put the work on the queue; answers the work's id.

    `rows` is how many are expected; it counts with later wishes until the file says how many.
    """
    facts = {"what": wish.what, "form": wish.form}
    work = progress.begin(kind=KIND, owner=actor.caller, at=at, facts=facts)
    sql.run(
        "INSERT INTO console_export (public_id, what, filters, columns, form, is_masked,"
        " reason_code, language, staff_id, approval, asked_at, rows, gone_because, opened) VALUES"
        " (%s::uuid, %s::text, %s::jsonb, %s::text[], %s::text, %s::boolean, %s::text, %s::text,"
        " %s::bigint, %s::uuid, %s::timestamptz, %s::bigint, '', 0)",
        [
            work, wish.what, files.json_of(wish.filters), list(wish.columns), wish.form,
            wish.is_masked, wish.reason_code, wish.language, actor.id, approval, at,
            rows,
        ],
    )  # fmt: skip
    details = {"what": wish.what, "filters": urlencode(wish.filters)}
    _audit("exports.ask", actor, work, at, wish.reason_code, details)
    later.defer(TASK, lock=TASK, export_id=str(work))
    return work


def _execute(approved: Approved) -> Mapping[str, Any]:
    """Begin an export that a second person said yes to, in the name of who asked."""
    wish = Wish.from_json(approved.approval.payload)
    _check(approved.maker, exportable(wish.what), is_masked=wish.is_masked)
    work = _begin(
        wish, approved.maker, rows=None, approval=approved.approval.public_id, at=approved.at
    )
    return {"work": str(work)}


def _within(approvals: Sequence[Approval], scope: Scope) -> frozenset[int]:
    """Answer the proposals whose makers see no more than this scope."""
    makers = access.find_actors(staff_ids=[each.maker_id for each in approvals], at=clock.now())
    return frozenset(
        each.id
        for each in approvals
        if (maker := makers.get(each.maker_id)) is not None
        and scope.contains(maker.scope_for("exports.make"))
    )


EXPORTS = Executor(execute=_execute, within=_within)


def write_export(*, export_id: UUID, at: datetime) -> None:
    """Write the file of an export, again from the start after a worker died.

    What cannot be written ends the work with its reason; nothing of the file is left behind.
    """
    export = get_export(export_id=export_id)
    if not progress.start(export_id, at=at):
        return
    files.remove(export_id)  # what a worker that died had written
    owner = f"staff:{export.staff_id}"
    try:
        _write(export, at=at)
    except progress.Cancelled:
        files.remove(export_id)
        progress.stop(export_id, at=clock.now())
    except Refusal as no:
        _give_up(export_id, owner, code=no.code, facts=no.facts)
    except (OperationalError, InterfaceError, LeaseLost):
        raise  # the queue tries again
    except Exception:
        _give_up(export_id, owner, code=ExportBroken.name())
        raise


def _give_up(
    export_id: UUID, owner: str, *, code: str, facts: Mapping[str, object] | None = None
) -> None:
    """End the work for good, and tell who waits for it."""
    files.remove(export_id)
    progress.fail(export_id, at=clock.now(), code=code, facts=facts or {})
    notices.tell(owners=[owner], words=FAILED, at=clock.now(), href=_page_of(export_id))


@transaction.atomic
def open_export(*, export_id: UUID, actor: Actor, at: datetime) -> Export:
    """Note that the file is fetched, by whoever asked for it; raises ExportNotFound."""
    export = get_export(export_id=export_id, staff_id=actor.id)
    if actor.kind != "staff" or not export.is_there(at) or not files.path_of(export).exists():
        raise ExportNotFound
    _check(actor, exportable(export.what), is_masked=export.is_masked)
    sql.run("UPDATE console_export SET opened = opened + 1 WHERE public_id = %s::uuid", [export_id])
    details = {"what": export.what, "rows": export.rows}
    _audit("exports.open", actor, export_id, at, export.reason_code, details)
    return export


def purge_exports_of(*, member_ids: Sequence[int], at: datetime) -> int:
    """Drop every file in which one of these stands; inside the transaction that erases them."""
    sql.run("SELECT pg_advisory_xact_lock_shared(%s::bigint)", [GATE])
    alive = sql.rows(
        "SELECT public_id FROM console_export WHERE made_at IS NOT NULL AND gone_at IS NULL"
    )
    hit = [one for (one,) in alive if files.names_any(one, member_ids)]
    _drop(hit, because="erased", at=at)
    return len(hit)


@transaction.atomic
def drop_over_exports(*, at: datetime) -> int:
    """Drop files whose day is over; answers how many."""
    return end_all(FILES, at=at)


def _ask(wish: Wish, actor: Actor, *, at: datetime) -> Ask:
    return Ask(
        actor=actor,
        filters=wish.filters,
        is_masked=wish.is_masked,
        at=at,
        language=wish.language,
    )


def _check(actor: Actor, kind: Exportable, *, is_masked: bool) -> None:
    needed = ("exports.make", kind.permission, *(() if is_masked else ("members.reveal",)))
    for permission in needed:
        if not actor.may(permission):
            raise PermissionMissing(permission=permission)
    if kind.is_whole and not actor.scope_for(kind.permission).everything:
        raise WholeHouseNeeded


def _write(export: Export, *, at: datetime) -> None:
    """Read and write until a file stands in which nobody is erased."""
    actor = access.find_actor(staff_id=export.staff_id, at=at)
    if actor is None:
        raise PermissionMissing(permission="exports.make")
    _check(actor, exportable(export.what), is_masked=export.is_masked)
    for _ in range(TRIES_MAX):
        with files.Writer(export) as writer:
            _write_rows(export, actor, writer, at=at)
            if _keep(export, actor, writer, at=clock.now()):
                return
    raise ExportOvertaken


def _write_rows(export: Export, actor: Actor, writer: files.Writer, *, at: datetime) -> None:
    """Read every row in one snapshot; progress is told on a connection beside it."""
    kind = exportable(export.what)
    ask = _ask(export.wish, actor, at=at)
    zone = loyalty.get_programme().tz
    with progress.reporting(export.id) as reporter, translation.override(export.language):
        writer.begin(kind.chosen(export.columns), zone=zone)
        with transaction.atomic():
            sql.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            total = kind.count(ask, ROWS_COUNTED_MAX)
            reporter.advance(0, total=total if total < ROWS_COUNTED_MAX else None)
            for batch in kind.batches(ask):
                writer.write(batch)
                reporter.advance(writer.rows)
        writer.end()


@transaction.atomic
def _keep(export: Export, actor: Actor, writer: files.Writer, *, at: datetime) -> bool:
    """Hand the file out unless somebody in it has been erased meanwhile.

    The lock waits for erasures that are on their way and lets later ones find the file.
    """
    sql.run("SELECT pg_advisory_xact_lock(%s::bigint)", [GATE])
    for ids in writer.pages_of_ids(ERASED_PAGE):
        if members.erased_of(member_ids=ids):
            return False
    size, rows = writer.settle(), writer.rows
    sql.run(
        "UPDATE console_export SET made_at = %s::timestamptz, rows = %s::bigint,"
        " size_bytes = %s::bigint, expires_at = %s::timestamptz WHERE public_id = %s::uuid",
        [at, rows, size, at + KEPT, export.id],
    )
    progress.finish(export.id, at=at, result={"rows": rows})
    details = {"what": export.what, "rows": rows, "filters": urlencode(export.filters)}
    _audit("exports.make", actor, export.id, at, export.reason_code, details)
    notices.tell(
        owners=[actor.caller], words=READY, at=at, facts={"rows": rows}, href=_page_of(export.id)
    )
    return True


def _page_of(export_id: UUID) -> str:
    """Answer the address of the work's page: an export and its work have one id."""
    return reverse("console-job", args=[export_id])


def _drop(export_ids: Sequence[UUID], *, because: str, at: datetime) -> None:
    sql.run(
        "UPDATE console_export SET gone_at = %s::timestamptz, gone_because = %s::text"
        " WHERE public_id = ANY(%s::uuid[])",
        [at, because, list(export_ids)],
    )
    for export_id in export_ids:
        transaction.on_commit(lambda export_id=export_id: files.remove(export_id))  # type: ignore[misc]


def _audit(
    action: str,
    actor: Actor,
    export_id: UUID,
    at: datetime,
    reason_code: str,
    details: Mapping[str, object],
) -> None:
    access.audit(
        actor=actor,
        action=action,
        object_kind="export",
        object_id=str(export_id),
        at=at,
        reason_code=reason_code,
        details=dict(details),
    )

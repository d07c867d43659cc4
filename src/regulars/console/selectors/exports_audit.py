"""The audit log as a file: who, what, when, to what; names of colleagues only unmasked."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from regulars.access import selectors as access
from regulars.access.domain import KeptEntry, Names
from regulars.console.domain.audit_list import AUDIT as AUDIT_LIST
from regulars.console.domain.exports import Ask, Exportable, ExportColumn, ExportRow, Value
from regulars.console.domain.lists import read_state
from regulars.console.selectors import auditing
from regulars.console.selectors.auditing import Asked
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty

BATCH = 2_000


def _asked(ask: Ask) -> Asked:
    said: Mapping[str, str] = ask.filters
    zone = loyalty.get_programme().tz
    span = read_state(AUDIT_LIST, said).span("at", at=ask.at, zone=zone)
    return auditing.read_asked(
        action=said.get("action", ""),
        actor=said.get("actor", ""),
        about=said.get("object", ""),
        result=said.get("result", ""),
        since=span.since,
        until=span.until or ask.at,
    )


def _count(ask: Ask, at_most: int) -> int:
    asked = _asked(ask)
    if asked.about:
        return len(access.list_audit(limit=at_most, **asked.as_filters()))
    return access.count_audit(at_most=at_most, **asked.countable())


def _batches(ask: Ask) -> Iterator[Sequence[ExportRow]]:
    asked = _asked(ask)
    before: tuple[datetime, int] | None = None
    while found := access.list_audit(before=before, limit=BATCH, **asked.as_filters()):
        names = auditing.names_in(found)
        yield [_row(each, names, is_masked=ask.is_masked) for each in found]
        before = (found[-1].at, found[-1].id)


def _row(entry: KeptEntry, names: Names, *, is_masked: bool) -> ExportRow:
    name = auditing.who(entry, names)
    is_person = entry.actor_kind == "staff"
    values: dict[str, Value] = {
        "id": entry.id,
        "at": entry.at,
        "actor": f"{entry.actor_kind}:{entry.actor_id}",
        "name": "" if is_masked and is_person else name,
        "action": entry.action,
        "result": entry.result,
        "object_kind": entry.object_kind,
        "object_id": entry.object_id,
        "reason": entry.reason_code or "",
        "network": entry.network or "",
        "details": _told(entry.details),
    }
    return ExportRow(member_ids=(), values=values)


def _told(details: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}={value}" for name, value in sorted(details.items()))


AUDIT = Exportable(
    code="audit",
    title=message("Audit log"),
    permission="audit.read",
    is_whole=True,
    filters=AUDIT_LIST.filters,
    columns=(
        ExportColumn("id", message("Entry")),
        ExportColumn("at", message("When")),
        ExportColumn("actor", message("Actor")),
        ExportColumn("name", message("Name"), is_personal=True),
        ExportColumn("action", message("Action code")),
        ExportColumn("result", message("Result")),
        ExportColumn("object_kind", message("Kind of object")),
        ExportColumn("object_id", message("Id of the object")),
        ExportColumn("reason", message("Reason")),
        ExportColumn("network", message("Network")),
        ExportColumn("details", message("Details")),
    ),
    count=_count,
    batches=_batches,
)

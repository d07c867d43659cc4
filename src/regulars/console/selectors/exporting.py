"""Which lists can leave the house as files, and how their rows are read, many at a time."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import orjson

from regulars.console.domain.exports import Export, Exportable, ExportNotFound, ExportUnknown
from regulars.console.domain.listings import Listing
from regulars.console.selectors.exports_audit import AUDIT
from regulars.console.selectors.exports_members import MEMBERS
from regulars.console.selectors.exports_orders import ORDERS
from regulars.console.selectors.listings import exportable_of
from regulars.web import paging, sql

_OWN: Final = (MEMBERS, ORDERS, AUDIT)  # files with columns of their own, beside the list's
_known: dict[str, Exportable] = {each.code: each for each in _OWN}

EXPORTABLES: Mapping[str, Exportable] = MappingProxyType(_known)

_COLUMNS = (
    "public_id, what, filters::text, columns, form, is_masked, reason_code, language, staff_id,"
    " asked_at, made_at, rows, size_bytes, expires_at, gone_at, gone_because, opened"
)


def install_listings(listings: Iterable[Listing]) -> None:
    """Offer declared lists as files, under the code each names. Called once, at start."""
    _known.update({each.code: each for each in map(exportable_of, listings)})


def exportable(code: str) -> Exportable:
    """Find what can be exported by its code; raises ExportUnknown."""
    found = EXPORTABLES.get(code)
    if found is None:
        raise ExportUnknown(what=code[:40])
    return found


def get_export(*, export_id: UUID, staff_id: int | None = None) -> Export:
    """Read one file, of this member of staff where one is named; raises ExportNotFound."""
    found = sql.row(
        f"SELECT {_COLUMNS} FROM console_export WHERE public_id = %s::uuid"
        " AND (%s::bigint IS NULL OR staff_id = %s::bigint)",
        [export_id, staff_id, staff_id],
    )
    if found is None:
        raise ExportNotFound
    return _export(found)


def list_exports(
    *, staff_id: int | None, cursor: str | None = None, limit: int | None = None
) -> tuple[list[Export], str | None]:
    """Answer a page of files, newest first: one's own, or everybody's with `staff_id` None."""
    size = paging.clamp(limit)
    before = paging.decode_id(cursor) if cursor else None
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM console_export"
        " WHERE (%s::bigint IS NULL OR staff_id = %s::bigint)"
        " AND (%s::text IS NULL OR public_id::text < %s::text)"
        " ORDER BY public_id DESC LIMIT %s::int",
        [staff_id, staff_id, before, before, size + 1],
    )
    page = [_export(row) for row in found[:size]]
    return page, paging.encode(page[-1].id) if len(found) > size else None


def _export(row: tuple[Any, ...]) -> Export:
    names = (
        "id what filters columns form is_masked reason_code language staff_id asked_at made_at"
        " rows size_bytes expires_at gone_at gone_because opened"
    ).split()
    values = dict(zip(names, row, strict=True))
    values["filters"] = orjson.loads(values["filters"])
    values["columns"] = tuple(values["columns"])
    return Export(**values)

"""Open a file for import: its table, its mapping, its keys; nothing is written yet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.ingest.domain import Source
from regulars.ingest.domain.batches import ImportOptions
from regulars.ingest.domain.files import (
    FileKind,
    ReadingRules,
)
from regulars.ingest.parsers.catalogue import key_reader
from regulars.ingest.parsers.gathering import Survey, survey_rows
from regulars.ingest.parsers.mapping import (
    ColumnMapping,
    adjust_mapping,
    as_said,
    propose_mapping,
    require_fields,
)
from regulars.ingest.parsers.sheets import Sheet, open_sheet
from regulars.ingest.parsers.streams import Found, stream
from regulars.ingest.parsers.text_files import Record
from regulars.ingest.parsers.words import KNOWN_HEADERS
from regulars.kit.amounts import exponent
from regulars.kit.periods import zone as find_zone
from regulars.web import sql

STORES_MAX = 5_000
DEFAULT_REGION = "CN"
PHONE_REGIONS = {
    "GBP": "GB", "USD": "US", "HKD": "HK", "TWD": "TW", "MOP": "MO", "SGD": "SG", "JPY": "JP",
    "KRW": "KR", "AUD": "AU", "CAD": "CA",
}  # fmt: skip
Tick = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose table was found and whose columns are understood."""

    sheet: Sheet
    mapping: ColumnMapping
    rules: ReadingRules

    @property
    def said(self) -> dict[str, Any]:
        """Answer the mapping as a mapping file would say it."""
        return as_said(self.mapping)


def open_file(*, path: Path, options: ImportOptions, source: Source, at: datetime) -> OpenFile:
    """Find the table and the meaning of its columns. Raises FileRefused.

    Columns are understood by their names, then by what somebody said about a sheet with the same
    headers before, then by what is said now.
    """
    sheet = open_sheet(path, known_headers=KNOWN_HEADERS[options.kind])
    mapping = understand(
        kind=options.kind, headers=sheet.headers, signature=sheet.signature, said=options.said
    )
    zone, currency = options.zone or source.zone, (options.currency or source.currency).upper()
    exponent(currency)
    rules = ReadingRules(
        zone=zone,
        currency=currency,
        file_at=options.dated(at=at, zone=find_zone(zone)),
        region=mapping.region or PHONE_REGIONS.get(currency, DEFAULT_REGION),
        stores=_store_codes(),
    )
    return OpenFile(sheet, require_fields(mapping), rules)


def understand(
    *, kind: FileKind, headers: Sequence[str], signature: bytes, said: Mapping[str, Any]
) -> ColumnMapping:
    """Match columns by their names, then by what was said of such headers before, then by now.

    Raises MapUnreadable, MapColumnMissing; what the kind cannot do without may still be missing.
    """
    mapping = propose_mapping(kind, headers)
    for words in (_remembered(kind, signature), said):
        if words:
            mapping = adjust_mapping(mapping, words, headers)
    return mapping


def is_remembered(*, kind: FileKind, signature: bytes) -> bool:
    """Tell whether somebody has matched the columns of such a sheet before."""
    return bool(_remembered(kind, signature))


def remember_mapping(*, file: OpenFile, at: datetime) -> None:
    """Keep what was said about the columns for the next sheet with these headers."""
    sql.run(
        "INSERT INTO ingest_headermapping (kind, signature, said, used_at)"
        " VALUES (%s::text, %s::bytea, %s::jsonb, %s::timestamptz)"
        " ON CONFLICT (kind, signature) DO UPDATE SET said = excluded.said,"
        " used_at = excluded.used_at",
        [file.mapping.kind.value, file.sheet.signature, orjson.dumps(file.said).decode(), at],
    )


def survey_file(file: OpenFile, *, tick: Tick) -> Survey:
    """Pass over the keys of the file once. Raises OrdersScattered."""
    key_of = key_reader(file.sheet.headers, file.mapping)
    rows = _ticking(file.sheet.iter_rows(), tick)
    return survey_rows(rows, key_of, may_repeat=file.mapping.gathers)


def iter_candidates(file: OpenFile, survey: Survey) -> Iterator[Found]:
    """Stream what the file says: candidates, problems of rows, and counts of plain copies."""
    return stream(file.sheet, file.mapping, file.rules, survey)


def _ticking(rows: Iterator[Record], tick: Tick) -> Iterator[Record]:
    for count, record in enumerate(rows, 1):
        if count % 10_000 == 0:
            tick("survey", count, 0)
        yield record


def _remembered(kind: FileKind, signature: bytes) -> Mapping[str, Any]:
    found = sql.row(
        "SELECT said::text FROM ingest_headermapping"
        " WHERE kind = %s::text AND signature = %s::bytea",
        [kind.value, signature],
    )
    return orjson.loads(found[0]) if found else {}


def _store_codes() -> dict[str, str]:
    """Lead from the names of stores to their codes; a name that two stores share leads nowhere."""
    stores = access.list_stores(Scope.all(), limit=STORES_MAX)
    codes = {store.code for store in stores}
    names: dict[str, str] = {}
    for store in stores:
        names[store.name] = "" if store.name in names else store.code
    return {name: code for name, code in names.items() if code and name not in codes}

"""The import wizard: its steps, how columns are matched, the template of each kind of file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regulars.console.domain import operations
from regulars.ingest.domain.files import FileKind
from regulars.ingest.domain.uploads import (
    ColumnNamedTwice,
    Upload,
    UploadState,
    masked_sample,
)
from regulars.kit.messages import message

STEPS = (
    message("Upload"),
    message("Match columns"),
    message("Dry run"),
    message("Import"),
    message("Report"),
)
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: what it is called, what stands in it, and what it is read as."""

    place: int
    header: str
    samples: tuple[str, ...]
    field: str
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows as they would be read, masked; only columns that are read."""

    fields: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def step_of(upload: Upload) -> int:
    """Answer which step of the wizard an upload is at, from 0."""
    return {
        UploadState.MAPPING: 1,
        UploadState.REHEARSING: 2,
        UploadState.REHEARSED: 3,
        UploadState.IMPORTING: 3,
        UploadState.IMPORTED: 4,
        UploadState.DROPPED: 0,
    }[upload.state]


def columns_of(
    upload: Upload, *, read_as: Mapping[str, str], sample: Sequence[Sequence[str]]
) -> list[Column]:
    """Answer every column with masked samples; `read_as` leads from field to header."""
    fields = {header: field for field, header in read_as.items()}
    columns = []
    for place, header in enumerate(upload.headers):
        field = fields.get(header, "")
        cells = [row[place] for row in sample if place < len(row) and row[place].strip()]
        shown = [masked_sample(cell, field=field, kind=upload.kind) for cell in cells[:SAMPLES]]
        repeated = header.endswith(")") and header.rpartition(" (")[0] in upload.headers
        columns.append(Column(place, header, tuple(shown), field, repeated))
    return columns


def preview_of(
    upload: Upload, *, read_as: Mapping[str, str], sample: Sequence[Sequence[str]]
) -> Preview:
    """Answer the first rows, field by field, masked."""
    places = {header: place for place, header in enumerate(upload.headers)}
    fields = tuple(field for field in read_as if read_as[field] in places)
    rows = tuple(
        tuple(
            masked_sample(_cell(row, places[read_as[field]]), field=field, kind=upload.kind)
            for field in fields
        )
        for row in sample
    )
    return Preview(fields, rows)


def said_by(
    upload: Upload, *, known: Sequence[str], chosen: Mapping[int, str]
) -> dict[str, str | None]:
    """Write what was chosen, column by column, as field → header; None for what is not read.

    Raises ColumnNamedTwice.
    """
    said: dict[str, str | None] = dict.fromkeys(known)
    for place, field in sorted(chosen.items()):
        if field not in said or not 0 <= place < len(upload.headers):
            continue
        if said[field] is not None:
            raise ColumnNamedTwice(field=field)
        said[field] = upload.headers[place]
    return said


def fields_of(synonyms: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Answer the fields of a kind with their titles, in the order of a choice."""
    return [(field, operations.FIELDS.get(field, field)) for field in synonyms]


def template_headers(synonyms: Mapping[str, Sequence[str]], *, is_chinese: bool) -> list[str]:
    """Answer the headers of a template: for each field the first word of the reader's language."""
    return [
        next((word for word in words if word.isascii() != is_chinese), words[0])
        for words in synonyms.values()
    ]


def takes_awards(kind: FileKind) -> bool:
    """Tell whether files of this kind may award points."""
    return kind in {FileKind.ORDERS, FileKind.LINES}


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""

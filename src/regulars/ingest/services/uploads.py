"""Take a file in over the console: check it, keep it sealed, match its columns.

The file lies below VAR in pieces sealed under a key of its own, bound to their place, so that no
piece can be taken away, moved or put elsewhere. It is opened into a private file only while an
import reads it. After a day, or once it is imported, key and file go.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.ingest import selectors
from regulars.ingest.domain.batches import DEFAULT_SOURCE
from regulars.ingest.domain.files import FileKind
from regulars.ingest.domain.sources import clean_name
from regulars.ingest.domain.uploads import (
    SAMPLE_ROWS,
    UPLOAD_BYTES_MAX,
    UPLOAD_LIVES,
    Upload,
    UploadMissing,
    UploadNotReady,
    UploadState,
    UploadTooLarge,
    clean_upload_name,
)
from regulars.ingest.parsers.mapping import ColumnMapping, as_said, require_fields
from regulars.ingest.parsers.sheets import Sheet, open_sheet
from regulars.ingest.parsers.uploads import check_upload
from regulars.ingest.parsers.words import KNOWN_HEADERS, SYNONYMS
from regulars.ingest.selectors.imports import UPLOAD_CONTEXT
from regulars.ingest.services.files_reading import understand
from regulars.kit import amounts, periods
from regulars.kit.ids import time_ordered_uuid
from regulars.kit.messages import message
from regulars.web import crypto, sql
from regulars.web.retention import Rows, Sweep, end_all

FOLDER = "uploads"
PIECE_BYTES = 1 << 20
LENGTH_BYTES = 4
FILE_CONTEXT = "ingest_upload|file"
OPEN_STATES = frozenset({UploadState.MAPPING, UploadState.REHEARSED})


def receive_upload(
    *, name: str, pieces: Iterable[bytes], kind: FileKind, actor: Actor, at: datetime
) -> Upload:
    """Take a file in: check it, read its header and first rows, keep it sealed for a day.

    Raises FileRefused: a name that is a path, too large, not what it is called, nothing in it.
    """
    file_name = clean_upload_name(name)
    public_id, key = time_ordered_uuid(at), crypto.new_subject_key()
    with tempfile.TemporaryDirectory(dir=folder()) as private:
        path = Path(private) / file_name
        size = _write(path, pieces)
        check_upload(path)
        sheet = open_sheet(path, known_headers=KNOWN_HEADERS[kind])
        sample = [cells for _, cells, _ in islice(sheet.iter_rows(), SAMPLE_ROWS)]
        _seal(path, _place(public_id), key=key, public_id=public_id)
    try:
        _insert(public_id, kind, file_name, size, sheet, sample, key=key, actor=actor, at=at)
    except BaseException:
        _place(public_id).unlink(missing_ok=True)
        raise
    return selectors.get_upload(public_id=public_id)


@transaction.atomic
def adjust_upload(
    *, public_id: UUID, options: Mapping[str, Any], at: datetime, actor: Actor
) -> Upload:
    """Say how the file is to be read: columns, source, zone, currency, date, awards or not.

    A rehearsal of before counts no more. Raises UploadMissing, UploadNotReady, HeaderMissing,
    MapUnreadable, MapColumnMissing, UnknownZone, UnknownCurrency, SourceNameInvalid.
    """
    upload = selectors.lock_upload(public_id=public_id)
    if upload.state not in OPEN_STATES or upload.expires_at <= at:
        raise UploadNotReady
    said = {**upload.options, **options}
    said["source"] = clean_name(said.get("source") or DEFAULT_SOURCE)
    if said.get("zone"):
        periods.zone(said["zone"])
    if said.get("currency"):
        said["currency"] = str(said["currency"]).upper()
        amounts.exponent(said["currency"])
    mapping = mapping_of(upload=upload, said=said.get("said", {}))
    said["said"] = _said_whole(upload, require_fields(mapping))
    sql.run(
        "UPDATE ingest_upload SET options = %s::jsonb, state = 'mapping', rehearsal_id = NULL,"
        " progress_id = NULL WHERE id = %s::bigint",
        [orjson.dumps(said).decode(), upload.id],
    )
    access.audit(
        actor=actor,
        action="import.mapped",
        object_kind="upload",
        object_id=str(public_id),
        at=at,
        details={"kind": upload.kind.value, "columns": len(mapping.columns)},
    )
    return selectors.get_upload(public_id=public_id)


def mapping_of(*, upload: Upload, said: Mapping[str, Any] | None = None) -> ColumnMapping:
    """Answer how the columns of an upload are read, as said so far or as said now.

    Raises MapUnreadable, MapColumnMissing.
    """
    words = upload.options.get("said", {}) if said is None else said
    return understand(
        kind=upload.kind, headers=upload.headers, signature=upload.signature, said=words
    )


def _said_whole(upload: Upload, mapping: ColumnMapping) -> dict[str, Any]:
    """Write a mapping with what it leaves out, so that a name does not bring it back."""
    proposed = understand(
        kind=upload.kind, headers=upload.headers, signature=upload.signature, said={}
    )
    unread = dict.fromkeys(set(proposed.columns) - set(mapping.columns))
    said = as_said(mapping)
    return {**said, "columns": {**said["columns"], **unread}}


def synonyms_of(*, kind: str) -> dict[str, list[str]]:
    """Answer the fields of a kind of file and what their columns are called; UploadMissing."""
    if kind not in set(FileKind):
        raise UploadMissing
    return {field: list(words) for field, words in SYNONYMS[FileKind(kind)].items()}


@contextmanager
def opened(upload: Upload) -> Iterator[Path]:
    """Open a sealed file into a private one, gone at the end. Raises UploadMissing, SealBroken."""
    key = selectors.upload_key(upload_id=upload.id)
    sealed = _place(upload.public_id)
    if key is None or not sealed.is_file():
        raise UploadMissing
    with tempfile.TemporaryDirectory(dir=folder()) as private:
        path = Path(private) / upload.file_name
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as into:
            for piece in _pieces(sealed, key=key, public_id=upload.public_id):
                into.write(piece)
        yield path


@transaction.atomic
def drop_upload(*, public_id: UUID, actor: Actor, at: datetime) -> None:
    """Throw an upload away, file and key. Raises UploadMissing, UploadNotReady while it works."""
    upload = selectors.lock_upload(public_id=public_id)
    if upload.state not in OPEN_STATES:
        raise UploadNotReady
    forget_file(upload=upload, state=UploadState.DROPPED)
    access.audit(
        actor=actor,
        action="import.upload_dropped",
        object_kind="upload",
        object_id=str(public_id),
        at=at,
    )


def _unlink_all(ended: Rows, _at: datetime) -> None:
    for public_id, _ in ended:
        _unlink_later(public_id)


UPLOADS: Final = Sweep(
    name="uploads",
    title=message("Files handed over"),
    purpose=message("To rehearse and import a file somebody chose."),
    since=message("the end of its day"),
    table="ingest_upload",
    key="public_id",
    where="wrapped_key IS NOT NULL AND state NOT IN ('rehearsing', 'importing')",
    aged_by="expires_at",
    blanks="wrapped_key = NULL, sample = NULL,"
    " state = CASE state WHEN 'imported' THEN state ELSE 'dropped' END",
    then=_unlink_all,
)


def drop_uploads(*, at: datetime) -> int:
    """Throw away uploads whose day is over and that nobody works on; answers how many."""
    return end_all(UPLOADS, at=at)


def sweep_private_files(*, at: datetime) -> int:
    """Remove opened files whose worker was killed before it could; answers how many places."""
    oldest = (at - UPLOAD_LIVES).timestamp()
    swept = 0
    for place in folder().glob("tmp*"):
        with suppress(FileNotFoundError):  # its own worker has just removed it
            if place.stat().st_mtime < oldest:
                shutil.rmtree(place)
                swept += 1
    return swept


def forget_file(*, upload: Upload, state: UploadState) -> None:
    """Destroy the key of an upload and remove its file with the commit."""
    sql.run(
        "UPDATE ingest_upload SET wrapped_key = NULL, sample = NULL, state = %s::text"
        " WHERE id = %s::bigint",
        [state.value, upload.id],
    )
    _unlink_later(upload.public_id)


def folder() -> Path:
    """Answer the folder of uploads, made for nobody else to read."""
    place = Path(settings.REGULARS_VAR) / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _place(public_id: UUID) -> Path:
    return folder() / f"{public_id}.sealed"


def _unlink_later(public_id: UUID) -> None:
    transaction.on_commit(lambda: _place(public_id).unlink(missing_ok=True))


def _write(path: Path, pieces: Iterable[bytes]) -> int:
    size = 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as into:
        for piece in pieces:
            size += len(piece)
            if size > UPLOAD_BYTES_MAX:
                raise UploadTooLarge(limit_mb=UPLOAD_BYTES_MAX // 1_000_000)
            into.write(piece)
    return size


def _seal(path: Path, place: Path, *, key: bytes, public_id: UUID) -> None:
    """Write the file in sealed pieces; the last one says that it is the last."""
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with path.open("rb") as source, os.fdopen(handle, "wb") as into:
        number, piece = 0, source.read(PIECE_BYTES)
        while True:
            following = source.read(PIECE_BYTES)
            context = _piece_context(public_id, number, is_last=not following)
            sealed = crypto.seal_bytes(piece, key=key, context=context)
            into.write(len(sealed).to_bytes(LENGTH_BYTES, "big"))
            into.write(sealed)
            if not following:
                return
            number, piece = number + 1, following


def _pieces(place: Path, *, key: bytes, public_id: UUID) -> Iterator[bytes]:
    size = place.stat().st_size
    with place.open("rb") as source:
        number = 0
        while True:
            length = int.from_bytes(source.read(LENGTH_BYTES), "big")
            sealed = source.read(length)
            is_last = source.tell() >= size
            context = _piece_context(public_id, number, is_last=is_last)
            yield crypto.unseal_bytes(sealed, key=key, context=context)
            if is_last:
                return
            number += 1


def _piece_context(public_id: UUID, number: int, *, is_last: bool) -> str:
    return f"{FILE_CONTEXT}|{public_id}|{number}|{'last' if is_last else 'more'}"


@transaction.atomic
def _insert(
    public_id: UUID,
    kind: FileKind,
    file_name: str,
    size: int,
    sheet: Sheet,
    sample: list[list[str]],
    *,
    key: bytes,
    actor: Actor,
    at: datetime,
) -> None:
    mapping = understand(kind=kind, headers=sheet.headers, signature=sheet.signature, said={})
    options = {"source": DEFAULT_SOURCE, "award": True, "said": as_said(mapping)}
    rows = orjson.dumps(sample).decode()
    sql.run(
        "INSERT INTO ingest_upload (public_id, owner, kind, file_name, size_bytes, options,"
        " headers, signature, sample, wrapped_key, state, uploaded_at, expires_at) VALUES"
        " (%s::uuid, %s::text, %s::text, %s::text, %s::bigint, %s::jsonb, %s::jsonb, %s::bytea,"
        " %s::bytea, %s::bytea, 'mapping', %s::timestamptz, %s::timestamptz)",
        [
            *(public_id, actor.caller, kind.value, file_name, size),
            *(orjson.dumps(options).decode(), orjson.dumps(list(sheet.headers)).decode()),
            sheet.signature,
            crypto.seal(rows, key=key, context=f"{UPLOAD_CONTEXT}|{public_id}"),
            *(key, at, at + UPLOAD_LIVES),
        ],
    )
    access.audit(
        actor=actor,
        action="import.uploaded",
        object_kind="upload",
        object_id=str(public_id),
        at=at,
        details={"kind": kind.value, "bytes": size},
    )

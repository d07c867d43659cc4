"""A file handed over in the console: what may come in, how far it is, and how it is shown.

An upload is a draft of an import: its columns are matched, it is rehearsed, then it is imported
and the file is gone. It is kept sealed, and a day at the most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from regulars.ingest.domain.batches import ImportOptions
from regulars.ingest.domain.files import FileKind, FileRefused
from regulars.kit.errors import Kind, Refusal
from regulars.kit.masking import mask_email, mask_name, mask_phone, mask_tail
from regulars.kit.messages import message

UPLOAD_BYTES_MAX = 200_000_000
UPLOAD_LIVES = timedelta(hours=24)
SAMPLE_ROWS = 20
NAME_LENGTH_MAX = 120

_FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|\x7f')


class UploadState(StrEnum):
    """How far an upload has come."""

    MAPPING = "mapping"
    REHEARSING = "rehearsing"
    REHEARSED = "rehearsed"
    IMPORTING = "importing"
    IMPORTED = "imported"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file handed over, with what was said about it.

    `rehearsal` and `batch` are the public ids of what came of it; `progress_id` is the work that
    runs, or ran last.
    """

    id: int
    public_id: UUID
    owner: str
    kind: FileKind
    file_name: str
    size_bytes: int
    options: Mapping[str, Any]
    headers: tuple[str, ...]
    signature: bytes
    state: UploadState
    rehearsal: str | None
    batch: str | None
    progress_id: UUID | None
    uploaded_at: datetime
    expires_at: datetime

    def import_options(self) -> ImportOptions:
        """Answer what was said as the options of an import."""
        said = self.options
        as_of = said.get("as_of")
        return ImportOptions(
            kind=self.kind,
            source=said["source"],
            zone=said.get("zone"),
            currency=said.get("currency"),
            as_of=date.fromisoformat(as_of) if as_of else None,
            award=bool(said.get("award", True)),
            said=said.get("said", {}),
        )


class UploadMissing(Refusal):
    """There is no such upload, or it was somebody else's, or its day is over."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such upload. Files are kept for a day: upload it again.")


class UploadNotReady(Refusal):
    """The upload is at work, done or dropped, so the next step is not open."""

    kind = Kind.CONFLICT
    reason = message("The file is being worked on, or is imported already. Reload the page.")


class WorkBroke(Refusal):
    """The work on a file broke for a reason that nobody foresaw."""

    kind = Kind.CONFLICT
    reason = message("Something broke on our side. Try again; if it stays so, look into the log.")


class ColumnNamedTwice(Refusal):
    """Two columns were said to hold the same thing."""

    kind: ClassVar[Kind] = Kind.INVALID
    reason = message("Only one column can be read as “{field}”. Leave the others unread.")


class UploadNameRefused(FileRefused):
    """The name of the file is a path, hidden, or holds what no name holds."""

    reason = message("The file name is not a plain name. Rename it, for example members.csv.")


class UploadTooLarge(FileRefused):
    """The file is larger than the console takes."""

    reason = message(
        "The file is larger than {limit_mb} MB. Split it, or import it on the command line."
    )


class UploadDisguised(FileRefused):
    """The file is something else than its name says, or two things at once."""

    reason = message("The content is not what the name says. Save it again as .csv or .xlsx.")


class UploadInfected(FileRefused):
    """The file holds the pattern by which virus scanners are tested."""

    reason = message("The file was refused by the virus check.")


def clean_upload_name(name: str) -> str:
    """Answer the name of a file if it is one; raises UploadNameRefused."""
    plain = name.strip()
    is_wrong = (
        not 0 < len(plain) <= NAME_LENGTH_MAX
        or plain.startswith(".")
        or ".." in plain
        or not plain.isprintable()
        or any(letter in _FORBIDDEN_IN_NAMES for letter in plain)
    )
    if is_wrong:
        raise UploadNameRefused
    return plain


_MASKS = {
    "phone": mask_phone,
    "email": mask_email,
    "name": mask_name,
    "nickname": mask_name,
    "associate": mask_name,
    "card": mask_tail,
    "external_id": mask_tail,
    "unionid": mask_tail,
    "openid": mask_tail,
}
_WITHOUT_PEOPLE = frozenset({FileKind.STORES, FileKind.PRODUCTS})


def masked_sample(text: str, *, field: str, kind: FileKind) -> str:
    """Show a cell to whoever matches columns: enough to tell what it is, not whose it is.

    A cell nobody has said anything about may hold anything, so it is masked hard.
    """
    shown = " ".join(text.split())[:60]
    if not shown:
        return ""
    if field in _MASKS:
        return _MASKS[field](shown)
    if field == "birthday":
        return f"{shown[:4]}-**-**" if shown[:4].isdigit() else "****"
    if not field:
        return shown if kind in _WITHOUT_PEOPLE else f"{shown[0]}***"
    return shown

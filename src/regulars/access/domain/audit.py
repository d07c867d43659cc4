"""The audit log's chain: each entry is hashed together with the hash before it.

Whoever alters, removes or reorders a sealed entry breaks the chain at that place. Whoever cuts
off the tail, seals included, is found by a signed checkpoint kept outside the database.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

GENESIS = hashlib.sha256(b"regulars.audit.1").digest()
SEALED_AFTER = timedelta(seconds=2)
UNSEALED_AFTER_MAX = timedelta(minutes=10)


class AuditResult(StrEnum):
    """How the audited action ended."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


class ChainProblem(StrEnum):
    """What is wrong at the first bad place of the chain."""

    ENTRY_MISSING = "entry_missing"
    ENTRY_ALTERED = "entry_altered"
    SEAL_MISSING = "seal_missing"
    CHECKPOINT_DIFFERS = "checkpoint_differs"
    CHECKPOINT_FORGED = "checkpoint_forged"
    TAIL_CUT = "tail_cut"
    NEVER_SEALED = "never_sealed"


class EntryNotFound(Refusal):
    """The log has no entry of this number."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such entry.")


class DetailsNotPlain(Refusal):
    """Details hold codes, numbers and ids; free text belongs in the encrypted note."""

    kind = Kind.INVALID
    reason = message("The audit detail “{name}” is not a plain value.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing somebody did. `details` holds no personal data; `note` is kept encrypted."""

    actor_kind: str
    actor_id: int
    action: str
    object_kind: str
    object_id: str
    result: AuditResult = AuditResult.OK
    on_behalf_id: int | None = None
    reason_code: str | None = None
    details: dict[str, Any] | None = None
    network: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEntry:
    """An entry as it stands in the table; the note only as the ciphertext it is kept as."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: int
    on_behalf_id: int | None
    action: str
    object_kind: str
    object_id: str
    result: str
    reason_code: str | None
    details: dict[str, Any]
    network: str | None
    note: bytes | None


@dataclass(frozen=True, slots=True)
class Link:
    """One place of the chain with the entry found there, or None where it is gone."""

    seq: int
    hash: bytes
    entry: KeptEntry | None


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How far the chain was walked and what its last hash is."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a check of the audit log found; `first_bad_seq` is None when all is whole."""

    entries: int
    sealed: int
    unsealed: int
    checkpoints: int
    first_bad_seq: int | None = None
    problem: ChainProblem | None = None

    @property
    def is_whole(self) -> bool:
        return self.problem is None


def check_details(details: dict[str, Any] | None) -> dict[str, Any]:
    """Refuse details that are not plain: codes, numbers, ids, and lists of them."""
    for name, value in (details or {}).items():
        values = value if isinstance(value, list | tuple) else [value]
        if not all(item is None or isinstance(item, str | int | bool) for item in values):
            raise DetailsNotPlain(name=name)
    return details or {}


def seal(previous: bytes, entry: KeptEntry) -> bytes:
    """Hash an entry together with the hash before it."""
    return hashlib.sha256(previous + canonical(entry)).digest()


def canonical(entry: KeptEntry) -> bytes:
    """Write an entry in the one form that is hashed; the note counts as ciphertext."""
    fields = {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": [entry.actor_kind, entry.actor_id, entry.on_behalf_id],
        "action": entry.action,
        "object": [entry.object_kind, entry.object_id],
        "result": [entry.result, entry.reason_code],
        "details": entry.details,
        "network": entry.network,
        "note": None if entry.note is None else hashlib.sha256(entry.note).hexdigest(),
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def seal_all(previous: ChainEnd, entries: Iterable[KeptEntry]) -> Iterator[Link]:
    """Continue the chain over these entries, in the order given."""
    seq, last = previous.seq, previous.hash
    for entry in entries:
        seq, last = seq + 1, seal(last, entry)
        yield Link(seq=seq, hash=last, entry=entry)


def walk(
    links: Iterable[Link], *, checkpoints: dict[int, bytes]
) -> tuple[ChainEnd, tuple[int, ChainProblem] | None]:
    """Walk the chain from its start and stop at the first bad place.

    `checkpoints` are the hashes known from outside, by place.
    """
    end = ChainEnd(seq=0, hash=GENESIS)
    for link in links:
        expected = end.seq + 1
        if link.seq != expected:
            return end, (expected, ChainProblem.SEAL_MISSING)
        if link.entry is None:
            return end, (expected, ChainProblem.ENTRY_MISSING)
        if seal(end.hash, link.entry) != link.hash:
            return end, (expected, ChainProblem.ENTRY_ALTERED)
        if checkpoints.get(link.seq, link.hash) != link.hash:
            return end, (expected, ChainProblem.CHECKPOINT_DIFFERS)
        end = ChainEnd(seq=link.seq, hash=link.hash)
    if checkpoints and max(checkpoints) > end.seq:
        return end, (end.seq + 1, ChainProblem.TAIL_CUT)
    return end, None


def checkpoint_statement(*, end: ChainEnd, at: datetime) -> bytes:
    """Write the sentence that a checkpoint signs: so far the chain reached, with this hash."""
    moment = at.astimezone(UTC).isoformat(timespec="seconds")
    return f"regulars.audit.checkpoint.1\n{end.seq}\n{end.hash.hex()}\n{moment}\n".encode()

"""Write the audit log, seal it, check it, and leave signed checkpoints outside the database."""

import hmac
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction

from regulars.access import domain
from regulars.access.domain import (
    Actor,
    AuditResult,
    ChainCheck,
    ChainEnd,
    ChainProblem,
    Entry,
    KeptEntry,
    Link,
)
from regulars.access.selectors import audit as selectors
from regulars.kit.errors import Kind, Refusal
from regulars.web import crypto, sql

SEALED_AT_ONCE_MAX = 1_000
_WORTH_AUDITING = frozenset({Kind.DENIED, Kind.CONFLICT, Kind.NOT_FOUND})
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('access.audit'))"

_told_by: WeakKeyDictionary[Refusal, list[tuple[Entry, datetime]]] = WeakKeyDictionary()

log = structlog.get_logger(__name__)


def audit(
    *,
    actor: Actor,
    action: str,
    object_kind: str,
    object_id: str,
    at: datetime,
    result: str = AuditResult.OK,
    reason_code: str | None = None,
    details: dict[str, Any] | None = None,
    note: str | None = None,
    note_key: bytes | None = None,
    on_behalf_id: int | None = None,
    network: str | None = None,
) -> None:
    """Write one entry, in the transaction of what it tells of.

    `details` holds codes, numbers and ids. A `note` in people's words is encrypted: under the
    subject's wrapped key where `note_key` is given, so that erasing the subject erases it too.
    """
    entry = Entry(
        actor_kind=actor.kind,
        actor_id=actor.id,
        action=action,
        object_kind=object_kind,
        object_id=str(object_id),
        result=AuditResult(result),
        on_behalf_id=actor.viewing_id if on_behalf_id is None else on_behalf_id,
        reason_code=reason_code,
        details=details,
        network=network,
        note=note,
    )
    audit_batch([entry], at=at, note_key=note_key)


@transaction.atomic
def audit_batch(entries: Sequence[Entry], *, at: datetime, note_key: bytes | None = None) -> None:
    """Write many entries at once, and put them on the sealer's list."""
    if not entries:
        return
    columns: list[list[object]] = [
        list(column) for column in zip(*map(_columns, entries), strict=True)
    ]
    notes = [_sealed_note(entry, note_key) for entry in entries]
    sql.run(
        "WITH added AS (INSERT INTO access_audit_entry (at, actor_kind, actor_id, on_behalf_id,"
        " action, object_kind, object_id, result, reason_code, details, network, note)"
        " SELECT %s::timestamptz, * FROM unnest(%s::text[], %s::bigint[], %s::bigint[],"
        " %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::text[],"
        " %s::bytea[]) RETURNING id, at)"
        " INSERT INTO access_audit_waiting (entry_id, at) SELECT id, at FROM added",
        [at, *columns, notes],
    )


@contextmanager
def refusals_audited(
    *, actor: Actor, action: str, object_kind: str, object_id: str, at: datetime
) -> Iterator[None]:
    """Write down that an act inside the block was refused, after its transaction is undone.

    What is merely malformed, or to be tried again, is not worth an entry. Where the block stands
    in a caller's transaction that is undone, too, `audit_again` writes it afterwards.
    """
    try:
        yield
    except Refusal as no:
        if no.kind in _WORTH_AUDITING:
            entry = Entry(
                actor_kind=actor.kind,
                actor_id=actor.id,
                action=action,
                object_kind=object_kind,
                object_id=object_id,
                result=AuditResult.REFUSED,
                reason_code=no.code,
            )
            _told_by.setdefault(no, []).append((entry, at))
            audit_batch([entry], at=at)
        raise


def audit_again(no: Refusal) -> None:
    """Write the entries about a refusal once more, where the first ones were undone with it."""
    for entry, at in _told_by.pop(no, []):
        audit_batch([entry], at=at)


def audit_denial(actor: Actor, permission: str, path: str, at: datetime) -> None:
    """Write down that someone tried to change something without the permission for it."""
    audit(
        actor=actor,
        action="permission.missing",
        object_kind="page",
        object_id=path,
        at=at,
        result=AuditResult.REFUSED,
        reason_code=permission,
    )


def read_note(entry: KeptEntry, *, note_key: bytes | None = None) -> str | None:
    """Open the note of an entry; raises SealBroken when its subject's key is gone."""
    if entry.note is None:
        return None
    context = _note_context(entry.object_kind, entry.object_id)
    if note_key is not None:
        return crypto.unseal(entry.note, key=note_key, context=context)
    return crypto.unseal_house(entry.note, context=context).decode()


@transaction.atomic
def seal_audit(at: datetime) -> int:
    """Take waiting entries into the chain, in order; answers how many.

    Only one sealer works at a time; a second one finds the lock held and answers 0.
    """
    locked = sql.row(_LOCK)
    if locked is None or not locked[0]:
        return 0
    waiting = selectors.list_waiting(until=at - domain.SEALED_AFTER, limit=SEALED_AT_ONCE_MAX)
    links = list(domain.seal_all(selectors.chain_end(), waiting))
    _write_seals(links)
    return len(links)


def verify_audit(*, at: datetime, folder: Path | None = None) -> ChainCheck:
    """Walk the whole chain and hold it against the checkpoints; names the first bad place."""
    kept = _read_checkpoints(folder or checkpoint_folder())
    forged = sorted(seq for seq, hash_ in kept.items() if hash_ is None)
    checkpoints = {seq: hash_ for seq, hash_ in kept.items() if hash_ is not None}
    with transaction.atomic():
        end, bad = domain.walk(selectors.iter_links(), checkpoints=checkpoints)
        entries, unsealed = selectors.count_entries()
        oldest = selectors.find_oldest_unsealed()
    if bad is None and forged:
        bad = (forged[0], ChainProblem.CHECKPOINT_FORGED)
    if bad is None and oldest is not None and at - oldest > domain.UNSEALED_AFTER_MAX:
        bad = (end.seq + 1, ChainProblem.NEVER_SEALED)
    return ChainCheck(
        entries=entries,
        sealed=entries - unsealed,
        unsealed=unsealed,
        checkpoints=len(kept),
        first_bad_seq=bad[0] if bad else None,
        problem=bad[1] if bad else None,
    )


def write_checkpoint(*, at: datetime, folder: Path | None = None) -> Path | None:
    """Sign how far the chain reaches and write it outside the database and to the log.

    Answers None when the chain has not grown since the last one. Keep copies off the machine:
    only what an intruder cannot reach shows that the tail was cut.
    """
    end = selectors.chain_end()
    folder = folder or checkpoint_folder()
    path = folder / f"checkpoint-{end.seq:012d}.json"
    if end.seq == 0 or path.exists():
        return None
    body = _signed_checkpoint(end, at=at)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    log.info("audit_checkpoint", seq=end.seq, hash=body["hash"], signature=body["signature"])
    return path


def checkpoint_folder() -> Path:
    """Answer where checkpoints are kept."""
    return Path(settings.REGULARS_VAR) / "audit"


def _columns(entry: Entry) -> tuple[object, ...]:
    return (
        entry.actor_kind,
        entry.actor_id,
        entry.on_behalf_id,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.result.value,
        entry.reason_code,
        json.dumps(domain.check_details(entry.details)),
        entry.network,
    )


def _sealed_note(entry: Entry, key: bytes | None) -> bytes | None:
    if entry.note is None:
        return None
    context = _note_context(entry.object_kind, entry.object_id)
    if key is not None:
        return crypto.seal(entry.note, key=key, context=context)
    return crypto.seal_house(entry.note.encode(), context=context)


def _note_context(object_kind: str, object_id: str) -> str:
    return f"access_audit_entry|note|{object_kind}|{object_id}"


def _write_seals(links: Sequence[Link]) -> None:
    entry_ids = [link.entry.id for link in links if link.entry is not None]
    sql.run(
        "INSERT INTO access_audit_seal (seq, entry_id, hash)"
        " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[])",
        [[link.seq for link in links], entry_ids, [link.hash for link in links]],
    )
    sql.run("DELETE FROM access_audit_waiting WHERE entry_id = ANY(%s::bigint[])", [entry_ids])


def _signing_key() -> Ed25519PrivateKey:
    seed = hmac.digest(crypto.keyring().master, b"regulars.audit.checkpoint", "sha256")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _signed_checkpoint(end: ChainEnd, *, at: datetime) -> dict[str, Any]:
    key = _signing_key()
    statement = domain.checkpoint_statement(end=end, at=at)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {
        "statement": statement.decode(),
        "seq": end.seq,
        "hash": end.hash.hex(),
        "public_key": public.hex(),
        "signature": key.sign(statement).hex(),
    }


def _read_checkpoints(folder: Path) -> dict[int, bytes | None]:
    """Read the checkpoints by place; None stands for one whose signature does not hold."""
    kept: dict[int, bytes | None] = {}
    for path in sorted(folder.glob("checkpoint-*.json")):
        seq = int(path.stem.removeprefix("checkpoint-"))
        kept[seq] = _hash_signed_in(path, seq)
    return kept


def _hash_signed_in(path: Path, seq: int) -> bytes | None:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        statement = str(body["statement"])
        _signing_key().public_key().verify(bytes.fromhex(body["signature"]), statement.encode())
        _, signed_seq, signed_hash, _ = statement.strip().split("\n")
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    return bytes.fromhex(signed_hash) if int(signed_seq) == seq else None

"""Say it twice, have it once: a caller's retry token is kept in the same commit as its effect.

A racing twin waits at the unique key, then reads the stored reply. Refusals are kept too; bugs
and time-outs are not, so that a retry can succeed. Only status and ids are stored: the reply is
rendered again, and so never holds personal data.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import contention, crypto, sql
from regulars.web.retention import Sweep

KEY_LENGTH_MAX = 255
REPLIES = Sweep(
    name="replies",
    title=message("Replies to repeated requests"),
    purpose=message("To answer a request that is sent twice as the first time."),
    since=message("the reply"),
    table="web_idempotency",
    key="caller, route, key",
    aged_by="recorded_at",
    limit=timedelta(days=35),
)


class KeyMissing(Refusal):
    """Every write over the API names itself."""

    kind = Kind.INVALID
    reason = message("Send an Idempotency-Key header of 1 to 255 characters with every write.")


class KeyReused(Refusal):
    """The key has already stood for another request."""

    kind = Kind.CONFLICT
    reason = message("This Idempotency-Key was used for a different request.")


class Replayed(Refusal):
    """A refusal given before, told again with its code and facts."""

    kind = Kind.CONFLICT
    reason = message("The request was refused before.")

    def __init__(self, *, kind: Kind, code: str, text: str, facts: dict[str, Any]) -> None:
        self.kind = kind  # type: ignore[misc]
        self.reason = text  # type: ignore[misc]
        self._code = code
        super().__init__(**facts)

    @property
    def code(self) -> str:
        """Answer the code of the refusal that was stored."""
        return self._code


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of a write: an HTTP status and the ids from which the reply is rendered."""

    status: int
    result: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False


_hears: list[Callable[[Refusal], None]] = []


def install_refusal_note(note: Callable[[Refusal], None]) -> None:
    """Say who is told of a refusal once its effect is undone; `access` writes it down."""
    _hears[:] = [note]


def once(
    *,
    caller: str,
    route: str,
    key: str,
    body: bytes,
    at: datetime,
    effect: Callable[[], Done],
) -> Done:
    """Run `effect` in one transaction with its idempotency row, or answer what it answered.

    Where others are in the way of the transaction it begins again, so `effect` may run more than
    once. Raises KeyMissing, KeyReused (same key, other body), Contended, or the effect's own
    refusal, which is stored and raised again on replay.
    """
    if not 0 < len(key) <= KEY_LENGTH_MAX:
        raise KeyMissing
    # under the index key: who reads the table cannot try which phone number was sent
    digest = crypto.blind_index("web_idempotency.request_hash", hashlib.sha256(body).hexdigest())

    def attempt() -> tuple[Done, Refusal | None]:
        if not _claim(caller, route, key, digest, at):
            return _stored(caller, route, key, digest), None
        refusal: Refusal | None = None
        try:
            with transaction.atomic():
                done = effect()
        except Refusal as no:
            if no.kind is Kind.TRY_LATER:
                raise
            refusal, done = no, _as_done(no)
            for note in _hears:
                note(no)
        sql.run(
            "UPDATE web_idempotency SET status = %s::smallint, result = %s::jsonb"
            " WHERE caller = %s AND route = %s AND key = %s",
            [done.status, orjson.dumps(done.result, default=str).decode(), caller, route, key],
        )
        return done, refusal

    done, refusal = contention.retried(attempt)
    if refusal is not None:
        raise refusal
    return done


def _claim(caller: str, route: str, key: str, digest: bytes, at: datetime) -> bool:
    return bool(
        sql.run(
            "INSERT INTO web_idempotency (caller, route, key, request_hash, status, result,"
            " recorded_at) VALUES (%s, %s, %s, %s, 0, '{}', %s::timestamptz)"
            " ON CONFLICT DO NOTHING",
            [caller, route, key, digest, at],
        )
    )


def _stored(caller: str, route: str, key: str, digest: bytes) -> Done:
    found = sql.row(
        "SELECT request_hash, status, result::text FROM web_idempotency"
        " WHERE caller = %s AND route = %s AND key = %s",
        [caller, route, key],
    )
    assert found is not None
    if bytes(found[0]) != digest:
        raise KeyReused
    result = orjson.loads(found[2])
    if "refusal" in result:
        raise Replayed(**{**result["refusal"], "kind": Kind(result["refusal"]["kind"])})
    return replace(Done(status=found[1], result=result), replayed=True)


def _as_done(no: Refusal) -> Done:
    kept = {"kind": no.kind.value, "code": no.code, "text": no.reason, "facts": no.facts}
    return Done(status=STATUS_OF[no.kind], result={"refusal": kept})


STATUS_OF: dict[Kind, int] = {
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.INVALID: 422,
    Kind.DENIED: 403,
    Kind.LIMITED: 429,
    Kind.TRY_LATER: 503,
}

"""Recognise and revoke API keys."""

import hmac
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import Actor, ApiKey, KeyMalformed, Scope
from regulars.access.selectors import keys as selectors
from regulars.access.services.audit import audit
from regulars.web import clock, sql
from regulars.web.permissions import PERMISSIONS

REMEMBERED_SECONDS = 4.0  # a revoked key is refused within five seconds everywhere
_REMEMBERED_MAX = 2_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A key recognised a moment ago, and until when that is believed."""

    actor: Actor
    networks: tuple[str, ...]
    until: float


_known: dict[bytes, _Known] = {}


@transaction.atomic
def revoke_key(*, name: str, actor: Actor, at: datetime) -> ApiKey:
    """End a key: here at once, in other processes within five seconds. Raises KeyNotFound."""
    selectors.get_key(name=name)
    sql.run(
        "UPDATE access_apikey SET revoked_at = COALESCE(revoked_at, %s::timestamptz)"
        " WHERE name = %s::text",
        [at, name],
    )
    audit(actor=actor, action="key.revoked", object_kind="key", object_id=name, at=at)
    transaction.on_commit(forget_keys)
    return selectors.get_key(name=name)


def find_actor_of_key(*, text: str, address: str) -> Actor | None:
    """Recognise a presented key, or answer None: mistyped, unknown, ended, or from elsewhere.

    A key seen within the last seconds costs no query, so the busy path asks nothing.
    """
    try:
        presented = domain.read_key(text)
    except KeyMalformed:
        return None
    place = presented.name.encode() + presented.secret_hash
    known = _known.get(place)
    if known is None or known.until < time.monotonic():
        known = _recognised(presented, until=time.monotonic() + REMEMBERED_SECONDS)
        if known is None:
            return None
        if len(_known) >= _REMEMBERED_MAX:
            _known.clear()
        _known[place] = known
    return known.actor if domain.is_from_allowed_network(address, known.networks) else None


def find_live_key_actor(*, key_id: int, at: datetime) -> Actor | None:
    """Answer a key as an actor with the permissions it has now; None when it ended."""
    key = selectors.find_key(key_id=key_id)
    return actor_of(key) if key is not None and key.is_live(at) else None


def actor_of(key: ApiKey) -> Actor:
    """Answer a key as an actor; what it may was written down when it was made."""
    return Actor(
        kind="key",
        id=key.id,
        name=key.title,
        permissions=key.permissions & frozenset(PERMISSIONS),
        scope=_scope(key.store_id),
        made_by=key.created_by,
    )


def forget_keys() -> None:
    """Ask the table again for every key: one was revoked here."""
    _known.clear()


def _recognised(presented: domain.PresentedKey, *, until: float) -> _Known | None:
    found = selectors.find_key_with_hash(name=presented.name)
    kept = found[1] if found else bytes(32)
    if not hmac.compare_digest(kept, presented.secret_hash) or found is None:
        return None
    key, at = found[0], clock.now()
    if not key.is_live(at):
        return None
    if key.is_use_worth_recording(at):
        _record_use(key.id, at)
    return _Known(actor=actor_of(key), networks=key.networks, until=until)


def _record_use(key_id: int, at: datetime) -> None:
    """Write the last use down, at most once a minute whoever asks."""
    sql.run(
        "UPDATE access_apikey SET last_used_at = %s::timestamptz WHERE id = %s::bigint"
        " AND (last_used_at IS NULL OR last_used_at <= %s::timestamptz)",
        [at, key_id, at - domain.USE_RECORDED_EVERY],
    )


def _scope(store_id: int | None) -> Scope:
    return Scope.all() if store_id is None else Scope(store_ids=(store_id,))

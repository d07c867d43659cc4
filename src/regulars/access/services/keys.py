"""Make, revoke and recognise API keys."""

import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import Actor, ApiKey, KeyMalformed, Scope
from regulars.access.selectors import keys as selectors
from regulars.access.selectors import stores
from regulars.access.services.audit import audit
from regulars.web import clock, sql
from regulars.web.permissions import PERMISSIONS

REMEMBERED_SECONDS = 4.0  # a revoked key is refused within five seconds everywhere
_REMEMBERED_MAX = 2_000


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `text` is the whole key and is shown this once."""

    key: ApiKey
    text: str


@dataclass(frozen=True, slots=True)
class _Known:
    """A key recognised a moment ago, and until when that is believed."""

    actor: Actor
    networks: tuple[str, ...]
    until: float


_known: dict[bytes, _Known] = {}


@transaction.atomic
def create_key(
    *,
    permissions: Sequence[str],
    actor: Actor,
    at: datetime,
    title: str = "",
    store: str | None = None,
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key for these permissions (`all` for every one), for all stores or one.

    It lives a year unless it is to end sooner. Raises UnknownPermission, GrantAboveOwn,
    KeyLifeTooLong, NetworkUnreadable, StoreNotFound.
    """
    wanted = _permissions(permissions)
    store_id = stores.get_store(code=store, scope=Scope.all()).id if store else None
    domain.check_may_give(actor, permissions=wanted, scope=_scope(store_id))
    name = domain.compose_name(secrets.token_bytes(16))
    text = domain.compose_key(name=name, secret=secrets.token_bytes(32))
    sql.run(
        "INSERT INTO access_apikey (name, secret_hash, title, permissions, store_id, networks,"
        " created_at, created_by, expires_at) VALUES (%s::text, %s::bytea, %s::text, %s::text[],"
        " %s::bigint, %s::text[], %s::timestamptz, %s::bigint, %s::timestamptz)",
        [
            name,
            domain.read_key(text).secret_hash,
            title or name,
            sorted(wanted),
            store_id,
            list(domain.read_networks(networks)),
            at,
            actor.id if actor.kind == "staff" else None,
            domain.life_of(at=at, expires_at=expires_at),
        ],
    )
    details = {"permissions": sorted(wanted), "store": store}
    audit(
        actor=actor,
        action="key.created",
        object_kind="key",
        object_id=name,
        at=at,
        details=details,
    )
    return NewKey(key=selectors.get_key(name=name), text=text)


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
    actor = Actor(
        kind="key",
        id=key.id,
        name=key.title,
        permissions=key.permissions & frozenset(PERMISSIONS),
        scope=_scope(key.store_id),
    )
    return _Known(actor=actor, networks=key.networks, until=until)


def _record_use(key_id: int, at: datetime) -> None:
    """Write the last use down, at most once a minute whoever asks."""
    sql.run(
        "UPDATE access_apikey SET last_used_at = %s::timestamptz WHERE id = %s::bigint"
        " AND (last_used_at IS NULL OR last_used_at <= %s::timestamptz)",
        [at, key_id, at - domain.USE_RECORDED_EVERY],
    )


def _permissions(asked: Sequence[str]) -> frozenset[str]:
    if list(asked) == ["all"]:
        return frozenset(PERMISSIONS)
    for permission in asked:
        if permission not in PERMISSIONS:
            raise domain.UnknownPermission(permission=permission)
    return frozenset(asked)


def _scope(store_id: int | None) -> Scope:
    return Scope.all() if store_id is None else Scope(store_ids=(store_id,))

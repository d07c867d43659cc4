"""Make API keys: alone or with a second person, exchange them, and hand each secret over once.

A key that a second person approved exists without a secret that anybody knows. Its maker collects
it: the secret is made then, shown in that one answer, and only its hash is kept.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import Actor, ApiKey, Approval, Approved, Scope
from regulars.access.selectors import keys as selectors
from regulars.access.selectors import stores
from regulars.access.services import approvals
from regulars.access.services.audit import audit, refusals_audited
from regulars.access.services.keys import forget_keys
from regulars.web import clock, sql
from regulars.web.permissions import PERMISSIONS

KIND = "key.create"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `text` is the whole key and is shown this once."""

    key: ApiKey
    text: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A key as asked for, read and checked."""

    permissions: frozenset[str]
    title: str
    store_id: int | None
    store: str | None
    networks: tuple[str, ...]
    expires_at: datetime


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
    KeyLifeTooLong, NetworkUnreadable, StoreNotFound; ApprovalNeeded where a second person is to
    look first (see `propose_key`).
    """
    with _audited(actor, at):
        wanted = _read(permissions, actor, at, title, store, networks, expires_at)
        approvals.demand_alone(KIND, actor=actor, size=len(wanted.permissions), at=at)
        return _make(wanted, actor=actor, at=at)


def check_key(
    *,
    permissions: Sequence[str],
    actor: Actor,
    at: datetime,
    title: str = "",
    store: str | None = None,
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> None:
    """Refuse what `create_key` would refuse, and make nothing."""
    with _audited(actor, at):
        _read(permissions, actor, at, title, store, networks, expires_at)


def propose_key(
    *,
    permissions: Sequence[str],
    actor: Actor,
    at: datetime,
    title: str = "",
    store: str | None = None,
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
    note: str | None = None,
) -> Approval:
    """Propose a key to a second person; it has no secret until its maker collects it."""
    with _audited(actor, at):
        wanted = _read(permissions, actor, at, title, store, networks, expires_at)
    return approvals.propose(
        kind=KIND,
        payload={
            "permissions": sorted(wanted.permissions),
            "title": wanted.title,
            "store": wanted.store,
            "networks": list(wanted.networks),
            "expires_at": wanted.expires_at.isoformat(),
        },
        object_kind="key",
        object_id=wanted.store or "all",
        size=len(wanted.permissions),
        maker=actor,
        note=note,
        at=at,
    )


def execute(approved: Approved) -> Mapping[str, Any]:
    """Make the approved key, for its maker to collect; both must be able to give what it holds."""
    payload = approved.approval.payload
    ends_at = datetime.fromisoformat(payload["expires_at"])
    asked = (payload["permissions"], payload["title"], payload["store"], payload["networks"])
    permissions, title, store, networks = asked
    wanted = _read(permissions, approved.maker, approved.at, title, store, networks, ends_at)
    _check_gift(approved.checker, wanted)
    made = _write(
        wanted, secrets.token_bytes(32), actor=approved.maker, at=approved.at, is_collected=False
    )
    _note("key.created", made.name, approved.checker, wanted, approved.at, approved.maker.person_id)
    return {"key": made.name}


@transaction.atomic
def collect_key(*, name: str, actor: Actor, at: datetime) -> NewKey:
    """Give an approved key its secret and answer it, once, to whoever proposed it.

    Raises KeyNotFound for everybody else, KeyCollected when it was collected or waited too long.
    """
    key = selectors.lock_key(name=name)
    if key.created_by is None or actor.kind != "staff" or key.created_by != actor.id:
        raise domain.KeyNotFound(name=name)
    at = clock.after_locks(at)
    domain.check_collectable(key, at=at)
    text = domain.compose_key(name=name, secret=secrets.token_bytes(32))
    sql.run(
        "UPDATE access_apikey SET secret_hash = %s::bytea, collected_at = %s::timestamptz"
        " WHERE name = %s::text",
        [domain.read_key(text).secret_hash, at, name],
    )
    audit(actor=actor, action="key.collected", object_kind="key", object_id=name, at=at)
    return NewKey(key=selectors.get_key(name=name), text=text)


def rotate_key(
    *, name: str, actor: Actor, at: datetime, overlap: timedelta = domain.KEY_OVERLAP
) -> NewKey:
    """Make a key that may do the same, and let the old one end when the overlap is over.

    It widens nothing, so no second person is asked. Raises KeyNotFound, KeyOver, GrantAboveOwn.
    """
    with _audited(actor, at, name), transaction.atomic():
        old = selectors.lock_key(name=name)
        if not old.is_live(at):
            raise domain.KeyOver
        wanted = _Wanted(
            old.permissions, old.title, old.store_id, None, old.networks,
            domain.life_of(at=at, expires_at=at + (old.expires_at - old.created_at)),
        )  # fmt: skip
        _check_gift(actor, wanted)
        made = _make(wanted, actor=actor, at=at)
        sql.run(
            "UPDATE access_apikey SET expires_at = LEAST(expires_at, %s::timestamptz)"
            " WHERE name = %s::text",
            [max(at + overlap, old.created_at + timedelta(seconds=1)), name],
        )
        audit(
            actor=actor,
            action="key.rotated",
            object_kind="key",
            object_id=name,
            at=at,
            details={"new_key": made.key.name},
        )
    transaction.on_commit(forget_keys)
    return made


def _audited(actor: Actor, at: datetime, name: str = "new") -> Any:
    return refusals_audited(
        actor=actor, action="key.created", object_kind="key", object_id=name, at=at
    )


def _read(
    permissions: Sequence[str],
    actor: Actor,
    at: datetime,
    title: str,
    store: str | None,
    networks: Sequence[str],
    expires_at: datetime | None,
) -> _Wanted:
    found = stores.get_store(code=store, scope=Scope.all()) if store else None
    wanted = _Wanted(
        permissions=_permissions(permissions),
        title=title,
        store_id=found.id if found else None,
        store=found.code if found else None,
        networks=domain.read_networks(networks),
        expires_at=domain.life_of(at=at, expires_at=expires_at),
    )
    _check_gift(actor, wanted)
    return wanted


def _check_gift(actor: Actor, wanted: _Wanted) -> None:
    scope = Scope.all() if wanted.store_id is None else Scope(store_ids=(wanted.store_id,))
    domain.check_may_give(actor, permissions=wanted.permissions, scope=scope)


@transaction.atomic
def _make(wanted: _Wanted, *, actor: Actor, at: datetime) -> NewKey:
    secret = secrets.token_bytes(32)
    key = _write(wanted, secret, actor=actor, at=at, is_collected=True)
    _note("key.created", key.name, actor, wanted, at)
    return NewKey(key=key, text=domain.compose_key(name=key.name, secret=secret))


def _write(
    wanted: _Wanted, secret: bytes, *, actor: Actor, at: datetime, is_collected: bool
) -> ApiKey:
    name = domain.compose_name(secrets.token_bytes(16))
    text = domain.compose_key(name=name, secret=secret)
    sql.run(
        "INSERT INTO access_apikey (name, secret_hash, title, permissions, store_id, networks,"
        " created_at, created_by, expires_at, collected_at) VALUES (%s::text, %s::bytea, %s::text,"
        " %s::text[], %s::bigint, %s::text[], %s::timestamptz, %s::bigint, %s::timestamptz,"
        " %s::timestamptz)",
        [
            name,
            domain.read_key(text).secret_hash,
            wanted.title or name,
            sorted(wanted.permissions),
            wanted.store_id,
            list(wanted.networks),
            at,
            actor.person_id,
            wanted.expires_at,
            at if is_collected else None,
        ],
    )
    return selectors.get_key(name=name)


def _note(
    action: str,
    name: str,
    actor: Actor,
    wanted: _Wanted,
    at: datetime,
    on_behalf_id: int | None = None,
) -> None:
    audit(
        actor=actor,
        action=action,
        object_kind="key",
        object_id=name,
        at=at,
        details={"permissions": sorted(wanted.permissions), "store": wanted.store},
        on_behalf_id=on_behalf_id,
    )


def _permissions(asked: Sequence[str]) -> frozenset[str]:
    if list(asked) == ["all"]:
        return frozenset(PERMISSIONS)
    for permission in asked:
        if permission not in PERMISSIONS:
            raise domain.UnknownPermission(permission=permission)
    return frozenset(asked)

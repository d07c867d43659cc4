"""Sessions of staff: begun anew at sign-in, over after idleness, age, or a change of the account.

The browser's session names a row that knows the account and its epoch. Ending the row ends the
session; raising the epoch on the account ends every session that holds the old one. Both are
looked at with every request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest

from regulars.access import domain
from regulars.access.domain import (
    Actor,
    Granted,
    Policy,
    Reach,
    Role,
    Scope,
    ScopeKind,
    SessionMark,
)
from regulars.access.domain.factors import (
    PROOF_FRESH,
    Proof,
)
from regulars.access.domain.sessions import (
    SessionNotFound,
    device_of,
    seen_through,
)
from regulars.access.selectors import policies, roles
from regulars.access.selectors import sessions as running
from regulars.access.selectors import staff as selectors
from regulars.access.services import keys
from regulars.access.services.audit import audit, audit_denial
from regulars.kit.ids import time_ordered_uuid
from regulars.web import clock, sql
from regulars.web.permissions import PERMISSIONS

_PLACE = "staff"
_READING = frozenset(
    name for name in PERMISSIONS if name.endswith(".read") or name == "console.use"
)


def authenticate(request: HttpRequest) -> Actor | None:
    """Find who sends a request: the API key it carries, or the session of its browser.

    A request with an Authorization header is judged by that alone. The API takes keys only, so
    a browser's session can never be abused to write through it.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        return keys.find_actor_of_key(text=text.strip(), address=address_of(request))
    if request.path_info.startswith("/api/") or _PLACE not in request.session:
        return None
    return find_actor_of_session(session=request.session, at=clock.met(request))


def note_denial(request: HttpRequest, *, permission: str) -> None:
    """Audit that a colleague sent a change they lack the permission for.

    Calls by key are bounded and counted, and not audited one by one. The entry names the page
    by its pattern, never what was sent.
    """
    actor = getattr(request, "actor", None)
    if isinstance(actor, Actor) and actor.kind == "staff":
        match = request.resolver_match
        place = match.route if match is not None else ""
        audit_denial(actor, permission, place, clock.now())


def address_of(request: HttpRequest) -> str:
    """Answer the address a request comes from.

    What a client says of itself counts only as far as proxies of ours wrote it: with two of
    them, the second last address of X-Forwarded-For; with none, whoever is at the socket.
    """
    proxies: int = settings.TRUSTED_PROXIES
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if proxies and len(told) >= proxies:
        return told[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))


def start_session(
    *,
    session: SessionBase,
    staff_id: int,
    at: datetime,
    how: str = "password",
    device: str = "",
    network: str = "unknown",
    proves: bool = True,
) -> None:
    """Begin a session under a new id; nothing of what was there before is kept.

    `proves` says that what let them in is as good as a fresh proof of who they are.
    """
    found = sql.row(
        "INSERT INTO access_session (public_id, staff_id, epoch, how, device, network,"
        " started_at, seen_at, proved_at)"
        " SELECT %s::uuid, id, session_epoch, %s::text, %s::text, %s::text, %s::timestamptz,"
        " %s::timestamptz, %s::timestamptz FROM access_staff"
        " WHERE id = %s::bigint AND is_active RETURNING id",
        [time_ordered_uuid(at), how, device, network, at, at, at if proves else None, staff_id],
    )
    if found is None:
        raise domain.StaffNotFound
    session.flush()
    session[_PLACE] = {"id": staff_id, "session": found[0]}


def enter(request: HttpRequest, *, staff_id: int, how: str, at: datetime, proves: bool) -> None:
    """Begin a session for whoever sends this request, under a new id."""
    start_session(
        session=request.session,
        staff_id=staff_id,
        at=at,
        how=how,
        device=device_of(request.headers.get("User-Agent", "")),
        network=domain.network_of(address_of(request)),
        proves=proves,
    )


def end_session(*, session: SessionBase, actor: Actor | None, at: datetime) -> None:
    """End one session here and now, and audit that its owner left."""
    held: dict[str, Any] = session.get(_PLACE) or {}
    session.flush()
    _end([held["session"]] if held else [], at=at)
    if actor is not None:
        staff = selectors.get_staff(staff_id=actor.id)
        audit(
            actor=actor,
            action="staff.sign_out",
            object_kind="staff",
            object_id=str(staff.public_id),
            at=at,
        )


@transaction.atomic
def end_session_of(*, public_id: UUID, actor: Actor, at: datetime, staff_id: int) -> None:
    """End one open session of an account, from elsewhere. Raises SessionNotFound."""
    found = running.get_session(public_id=public_id)
    if found.staff_id != staff_id:
        raise SessionNotFound
    _end([found.id], at=at)
    _note_ended(staff_id, actor, at=at, sessions=1)


@transaction.atomic
def end_other_sessions(*, staff_id: int, keep: int | None, actor: Actor, at: datetime) -> int:
    """End every open session of an account but one; answers how many."""
    ended = sql.run(
        "UPDATE access_session SET ended_at = %s::timestamptz WHERE staff_id = %s::bigint"
        " AND ended_at IS NULL AND id IS DISTINCT FROM %s::bigint",
        [at, staff_id, keep],
    )
    _note_ended(staff_id, actor, at=at, sessions=ended)
    return ended


def find_actor_of_session(*, session: SessionBase, at: datetime) -> Actor | None:
    """Answer whose session this is, or None when it is over; an ended one is dropped."""
    held: dict[str, Any] = session.get(_PLACE) or {}
    if not held:
        return None
    found = running.find_running(session_id=held.get("session", 0), at=at)
    actor = _actor_of(found, at=at) if found is not None else None
    if found is None or actor is None:
        session.flush()
        return None
    if at - found.seen_at >= domain.SEEN_EVERY:
        sql.run(
            "UPDATE access_session SET seen_at = %s::timestamptz WHERE id = %s::bigint",
            [at, found.id],
        )
    if found.viewing_id is not None and found.viewing_until and at < found.viewing_until:
        return _through_eyes_of(actor, staff_id=found.viewing_id, at=at)
    return actor


def note_proof(*, actor: Actor, how: Proof, at: datetime) -> None:
    """Write down that whoever sits at this session has just proved who they are."""
    if actor.session is None:
        raise SessionNotFound
    sql.run(
        "UPDATE access_session SET proved_at = %s::timestamptz WHERE id = %s::bigint",
        [at, actor.session.id],
    )
    staff = selectors.get_staff(staff_id=actor.id)
    audit(
        actor=actor,
        action="staff.stepped_up",
        object_kind="staff",
        object_id=str(staff.public_id),
        at=at,
        details={"how": how.value},
    )


def is_proved(*, actor: Actor, at: datetime) -> bool:
    """Tell whether the actor's session holds a proof that is still fresh."""
    mark = actor.session
    return mark is not None and mark.proved_at is not None and at - mark.proved_at < PROOF_FRESH


def find_actor(*, staff_id: int, at: datetime) -> Actor | None:
    """Answer an account as an actor with the roles it holds now; None when it is switched off."""
    return find_actors(staff_ids=[staff_id], at=at).get(staff_id)


def find_actors(*, staff_ids: Iterable[int], at: datetime) -> dict[int, Actor]:
    """Answer accounts as actors with the roles they hold now; who is switched off is left out."""
    return _as_actors(running.find_accounts(staff_ids=staff_ids), at=at, rules=None)


def _as_actors(
    accounts: Iterable[running.Account], *, at: datetime, rules: Policy | None
) -> dict[int, Actor]:
    """Answer accounts as actors; `rules` is the policy that holds, where it has been read."""
    held = [(each, [grant for grant in each.grants if grant.is_live(at)]) for each in accounts]
    names = {grant.role for _, grants in held for grant in grants}
    if names & domain.ASLEEP:
        separated = (rules or policies.policy(at)).separated_administrators
        names = {each for each in names if not domain.is_asleep(each, separated=separated)}
    known = roles.roles_for(names)
    return {
        account.id: Actor.of_reaches(
            kind="staff",
            id=account.id,
            name=account.name,
            reaches=tuple(
                _reach(grant, account.id, account.inside, known)
                for grant in grants
                if grant.role in names
            ),
        )
        for account, grants in held
    }


def _reach(
    grant: Granted,
    staff_id: int,
    inside: Mapping[int, tuple[int, ...]],
    known: Mapping[str, Role],
) -> Reach:
    role = known.get(grant.role)
    permissions = role.permissions_in(frozenset(PERMISSIONS)) if role else frozenset[str]()
    place = grant.scope_id or 0
    match grant.scope_kind:
        case ScopeKind.ALL:
            scope = Scope.all()
        case ScopeKind.OWN:
            scope = Scope(associate_id=staff_id)
        case ScopeKind.STORE:
            scope = Scope(store_ids=(place,))
        case ScopeKind.REGION:
            scope = Scope(store_ids=inside.get(place, ()))
    return Reach(permissions=permissions, scope=scope, role=grant.role)


def _actor_of(found: running.Running, *, at: datetime) -> Actor | None:
    is_over = domain.is_session_over(
        started_at=found.started_at,
        seen_at=found.seen_at,
        at=at,
        idle=timedelta(minutes=found.rules.idle_minutes),
        longest=timedelta(hours=found.rules.absolute_hours),
    )
    if is_over:
        _end([found.id], at=at)
    if is_over or found.account is None:
        return None
    actor = _as_actors([found.account], at=at, rules=found.rules)[found.account.id]
    return replace(actor, session=SessionMark(found.id, found.proved_at))


def _through_eyes_of(viewer: Actor, *, staff_id: int, at: datetime) -> Actor:
    """Answer the viewer as the other reads; an account switched off meanwhile shows nothing."""
    other = find_actor(staff_id=staff_id, at=at)
    if other is None:
        return viewer
    reading = frozenset(
        name for name in PERMISSIONS if name.endswith(".read") or name == "console.use"
    )
    return seen_through(viewer, other, reading=reading)


def _end(session_ids: list[int], *, at: datetime) -> None:
    sql.run(
        "UPDATE access_session SET ended_at = %s::timestamptz"
        " WHERE id = ANY(%s::bigint[]) AND ended_at IS NULL",
        [at, session_ids],
    )


def _note_ended(staff_id: int, actor: Actor, *, at: datetime, sessions: int) -> None:
    staff = selectors.get_staff(staff_id=staff_id)
    audit(
        actor=actor,
        action="staff.sessions_ended",
        object_kind="staff",
        object_id=str(staff.public_id),
        at=at,
        details={"sessions": sessions},
    )

"""Sessions of staff: begun anew at sign-in, over after idleness, age, or a change of the account.

A session holds the account's id and its epoch. Raising the epoch on the account ends every
session that holds the old one at its next request.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from regulars.access import domain
from regulars.access.domain import Actor, Granted, Reach, Scope, ScopeKind
from regulars.access.selectors import policies, stores
from regulars.access.selectors import staff as selectors
from regulars.access.services import keys
from regulars.access.services.audit import audit, audit_denial
from regulars.web import clock, sql
from regulars.web.permissions import PERMISSIONS

_PLACE = "staff"


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
    return find_actor_of_session(session=request.session, at=clock.now())


def note_denial(request: HttpRequest, permission: str) -> None:
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


def start_session(*, session: SessionBase, staff_id: int, at: datetime) -> None:
    """Begin a session under a new id; nothing of what was there before is kept."""
    found = sql.row(
        "SELECT session_epoch FROM access_staff WHERE id = %s::bigint AND is_active", [staff_id]
    )
    if found is None:
        raise domain.StaffNotFound
    session.flush()
    session[_PLACE] = {
        "id": staff_id,
        "epoch": found[0],
        "started": at.isoformat(),
        "seen": at.isoformat(),
    }


def end_session(*, session: SessionBase, actor: Actor | None, at: datetime) -> None:
    """End one session here and now, and audit that its owner left."""
    session.flush()
    if actor is not None:
        staff = selectors.get_staff(staff_id=actor.id)
        audit(
            actor=actor,
            action="staff.sign_out",
            object_kind="staff",
            object_id=str(staff.public_id),
            at=at,
        )


def find_actor_of_session(*, session: SessionBase, at: datetime) -> Actor | None:
    """Answer whose session this is, or None when it is over; an ended one is dropped."""
    held: dict[str, Any] = session.get(_PLACE) or {}
    if not held:
        return None
    seen_at = datetime.fromisoformat(held["seen"])
    started_at = datetime.fromisoformat(held["started"])
    is_over = domain.is_session_over(started_at=started_at, seen_at=seen_at, at=at)
    actor = None if is_over else find_actor(staff_id=held["id"], epoch=held["epoch"], at=at)
    if actor is None:
        session.flush()
        return None
    if at - seen_at >= domain.SEEN_EVERY:
        session[_PLACE] = {**held, "seen": at.isoformat()}
    return actor


def forget_old_sessions(at: datetime) -> int:
    """Drop sessions whose cookie has ended; answers how many."""
    return sql.run("DELETE FROM django_session WHERE expire_date < %s::timestamptz", [at])


def find_actor(*, staff_id: int, epoch: int | None = None, at: datetime) -> Actor | None:
    """Answer an account as an actor with the roles it holds now; None when it is switched off.

    With `epoch` given, an account whose epoch has moved on answers None too.
    """
    found = sql.row(
        "SELECT public_id, name_sealed FROM access_staff WHERE id = %s::bigint AND is_active"
        " AND session_epoch = COALESCE(%s::int, session_epoch)",
        [staff_id, epoch],
    )
    if found is None:
        return None
    grants = [
        grant for grant in selectors.grants_of([staff_id]).get(staff_id, ()) if grant.is_live(at)
    ]
    if any(grant.role in domain.ASLEEP for grant in grants):
        separated = policies.policy(at).separated_administrators
        grants = [each for each in grants if not domain.is_asleep(each.role, separated=separated)]
    regions = [grant.scope_id or 0 for grant in grants if grant.scope_kind is ScopeKind.REGION]
    inside = stores.store_ids_of_regions(regions) if regions else {}
    return Actor.of_reaches(
        kind="staff",
        id=staff_id,
        name=selectors.opened(found[1], column="name", public_id=found[0]),
        reaches=tuple(_reach(grant, staff_id, inside) for grant in grants),
    )


def _reach(grant: Granted, staff_id: int, inside: dict[int, tuple[int, ...]]) -> Reach:
    role = domain.ROLES.get(grant.role)
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

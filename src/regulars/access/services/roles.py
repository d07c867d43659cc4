"""Give and take roles: never above one's own, never one's own, strong ones with a second person."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import STRONG, Actor, Approval, Approved, Role, Scope, ScopeKind, Staff
from regulars.access.selectors import policies, stores
from regulars.access.selectors import roles as catalogue
from regulars.access.selectors import staff as selectors
from regulars.access.services import approvals
from regulars.access.services.accounts import end_sessions
from regulars.access.services.audit import audit, refusals_audited
from regulars.web import sql
from regulars.web.permissions import PERMISSIONS

KIND = "role.grant"


@dataclass(frozen=True, slots=True)
class WantedGrant:
    """A role in a place, read and known to exist."""

    role: Role
    scope: str
    kind: ScopeKind
    place_id: int | None
    reach: Scope
    expires_at: datetime | None = None

    @property
    def permissions(self) -> frozenset[str]:
        return self.role.permissions_in(frozenset(PERMISSIONS))

    @property
    def size(self) -> int:
        """Count the strong permissions it gives: what a second person looks at."""
        return len(self.permissions & STRONG)


def grant_role(
    *,
    staff_id: int,
    role: str,
    scope: str,
    actor: Actor,
    at: datetime,
    expires_at: datetime | None = None,
) -> Staff:
    """Give an account one more role; its open sessions end. Said twice, it is given once.

    Raises UnknownRole, ScopeNotForRole, GrantAboveOwn, OwnAccess, AccountAboveOwn,
    AdministratorAlone, RoleAsleep, AuditorProtected; ApprovalNeeded for a strong role that a
    second person is to look at (see `propose_role`).
    """
    public_id = selectors.get_staff(staff_id=staff_id).public_id
    with audited(actor, "role.granted", public_id, at), transaction.atomic():
        lock(staff_id)
        wanted = read_grant(role, scope, expires_at)
        _check_grant(actor, staff_id, wanted, at=at)
        demand_alone(actor, wanted, at=at)
        write_grant(staff_id, wanted, actor=actor, at=at)
        return selectors.get_staff(staff_id=staff_id)


def check_grant(
    *,
    staff_id: int,
    role: str,
    scope: str,
    actor: Actor,
    at: datetime,
    expires_at: datetime | None = None,
) -> bool:
    """Refuse what `grant_role` would refuse; tell whether it would need a second person."""
    public_id = selectors.get_staff(staff_id=staff_id).public_id
    with audited(actor, "role.granted", public_id, at):
        wanted = read_grant(role, scope, expires_at)
        _check_grant(actor, staff_id, wanted, at=at)
    return needs_two(actor, wanted, at=at)


def may_give(actor: Actor, *, role: Role, separated: bool) -> bool:
    """Tell whether an actor could give a role in some place, for the choices of a form."""
    if domain.is_asleep(role.name, separated=separated):
        return False
    if separated and role.name == domain.AUDITOR and actor.kind != "system":
        return False
    if actor.may("roles.assign"):
        return not role.everything or actor.may_all(frozenset(PERMISSIONS))
    return actor.may_all(role.permissions_in(frozenset(PERMISSIONS)))


def propose_role(
    *,
    staff_id: int,
    role: str,
    scope: str,
    actor: Actor,
    at: datetime,
    expires_at: datetime | None = None,
    note: str | None = None,
) -> Approval:
    """Propose a role for an account to a second person; refuses as `grant_role` does."""
    staff = selectors.get_staff(staff_id=staff_id)
    with audited(actor, "role.granted", staff.public_id, at):
        wanted = read_grant(role, scope, expires_at)
        _check_grant(actor, staff_id, wanted, at=at)
    return approvals.propose(
        kind=KIND,
        payload={
            "staff_id": staff_id,
            "role": role,
            "scope": scope,
            "expires_at": expires_at.isoformat() if expires_at else None,
        },
        object_kind="staff",
        object_id=str(staff.public_id),
        size=wanted.size,
        maker=actor,
        note=note,
        at=at,
    )


def execute(approved: Approved) -> Mapping[str, Any]:
    """Give the approved role; maker and decider must both be able to give it, now."""
    payload = approved.approval.payload
    ends = payload["expires_at"]
    staff_id = int(payload["staff_id"])
    lock(staff_id)
    wanted = read_grant(
        payload["role"], payload["scope"], datetime.fromisoformat(ends) if ends else None
    )
    _check_grant(approved.maker, staff_id, wanted, at=approved.at)
    _check_grant(approved.checker, staff_id, wanted, at=approved.at)
    write_grant(staff_id, wanted, actor=approved.checker, at=approved.at, maker=approved.maker)
    return {"role": payload["role"], "scope": payload["scope"]}


def revoke_role(*, staff_id: int, role: str, scope: str, actor: Actor, at: datetime) -> Staff:
    """Take a role from an account; its open sessions end.

    Raises LastOwner, GrantAboveOwn, OwnAccess, AuditorProtected.
    """
    public_id = selectors.get_staff(staff_id=staff_id).public_id
    with audited(actor, "role.revoked", public_id, at), transaction.atomic():
        lock(staff_id)
        wanted = read_grant(role, scope)
        _check_not_own(actor, staff_id)
        _check_kept_apart(actor, None, held=_held(staff_id, at), at=at)
        _check_role_gift(actor, wanted)
        if role == "owner" and not selectors.has_owner(besides=staff_id):
            raise domain.LastOwner
        sql.run(
            "DELETE FROM access_grant WHERE staff_id = %s::bigint AND role = %s::text"
            " AND scope_kind = %s::text AND scope_id IS NOT DISTINCT FROM %s::bigint",
            [staff_id, role, wanted.kind.value, wanted.place_id],
        )
        end_sessions(staff_id=staff_id)
        note(actor, "role.revoked", public_id, at, role=role, scope=scope)
        return selectors.get_staff(staff_id=staff_id)


def read_grant(role: str, scope: str, expires_at: datetime | None = None) -> WantedGrant:
    """Read a role and its place. Raises UnknownRole, ScopeNotForRole, ScopeUnreadable."""
    found = catalogue.roles_for([role]).get(role) or domain.role_named(role)
    kind, code = domain.read_scope(scope)
    domain.check_width(found, kind)
    match kind:
        case ScopeKind.STORE:
            store_id = stores.get_store(code=code or "", scope=Scope.all()).id
            return WantedGrant(
                found, scope, kind, store_id, Scope(store_ids=(store_id,)), expires_at
            )
        case ScopeKind.REGION:
            region_id = stores.get_region(code=code or "").id
            inside = stores.store_ids_of_regions([region_id]).get(region_id, ())
            return WantedGrant(found, scope, kind, region_id, Scope(store_ids=inside), expires_at)
        case ScopeKind.ALL | ScopeKind.OWN:  # what is `own` to another is inside everything
            return WantedGrant(found, scope, kind, None, Scope.all(), expires_at)


def reaches_of(scopes: Iterable[str]) -> dict[str, Scope]:
    """Answer how far each written scope reaches; a place that is gone counts as everywhere."""
    read = {scope: domain.read_scope(scope) for scope in scopes}
    regions = {code for kind, code in read.values() if kind is ScopeKind.REGION}
    ids = stores.store_ids_by_code({code or "" for _, code in read.values()})
    named = {each.code: each.id for each in (stores.list_regions(Scope.all()) if regions else ())}
    inside = stores.store_ids_of_regions(list(named.values())) if regions else {}
    reaches: dict[str, Scope] = {}
    for scope, (kind, code) in read.items():
        if kind is ScopeKind.STORE and code in ids:
            reaches[scope] = Scope(store_ids=(ids[code],))
        elif kind is ScopeKind.REGION and code in named:
            reaches[scope] = Scope(store_ids=inside.get(named[code], ()))
        else:  # what is `own` to another is inside everything
            reaches[scope] = Scope.all()
    return reaches


def check_gift(actor: Actor, wanted: WantedGrant, *, held: Iterable[str], at: datetime) -> None:
    """Refuse a role above the giver's own, one that sleeps, or one that must stand alone."""
    held = tuple(held)
    _check_kept_apart(actor, wanted.role.name, held=held, at=at)
    domain.check_exclusive(held, wanted.role.name)
    _check_role_gift(actor, wanted)


def check_may_touch(actor: Actor, *, staff_id: int, at: datetime) -> None:
    """Refuse to change an account that may do more than the actor could give, or one's own."""
    _check_not_own(actor, staff_id)
    staff = selectors.get_staff(staff_id=staff_id)
    live = [grant for grant in staff.grants if grant.is_live(at)]
    _check_kept_apart(actor, None, held=[grant.role for grant in live], at=at)
    for grant in live:
        try:
            _check_role_gift(actor, read_grant(grant.role, grant.scope))
        except domain.GrantAboveOwn as no:
            raise domain.AccountAboveOwn from no


def permissions_of(staff: Staff, *, at: datetime) -> frozenset[str]:
    """Answer all an account may do, somewhere."""
    names = [grant.role for grant in staff.grants if grant.is_live(at)]
    known, every = catalogue.roles_for(names), frozenset(PERMISSIONS)
    held = [known[name] for name in names if name in known]
    return frozenset[str]().union(*(role.permissions_in(every) for role in held))


def needs_two(actor: Actor, wanted: WantedGrant, *, at: datetime) -> bool:
    """Tell whether a role is proposed rather than given."""
    return approvals.needs_approval(KIND, actor=actor, size=wanted.size, at=at)


def demand_alone(actor: Actor, wanted: WantedGrant, *, at: datetime) -> None:
    """Refuse a strong role that a second person is to look at. Raises ApprovalNeeded."""
    approvals.demand_alone(KIND, actor=actor, size=wanted.size, at=at)


def lock(staff_id: int) -> UUID:
    """Hold the account, and the question who is owner, until the transaction ends."""
    sql.row("SELECT pg_advisory_xact_lock(hashtext('access.owners'))")
    found = sql.row(
        "SELECT public_id FROM access_staff WHERE id = %s::bigint FOR UPDATE", [staff_id]
    )
    if found is None:
        raise domain.StaffNotFound
    public_id: UUID = found[0]
    return public_id


def write_grant(
    staff_id: int, wanted: WantedGrant, *, actor: Actor, at: datetime, maker: Actor | None = None
) -> None:
    """Write a grant down, once, and end the sessions that do not know of it."""
    sql.run(
        "INSERT INTO access_grant (staff_id, role, scope_kind, scope_id, granted_at, granted_by,"
        " expires_at) VALUES (%s::bigint, %s::text, %s::text, %s::bigint, %s::timestamptz,"
        " %s::bigint, %s::timestamptz) ON CONFLICT (staff_id, role, scope_kind, scope_id)"
        " DO UPDATE SET expires_at = EXCLUDED.expires_at",
        [
            staff_id,
            wanted.role.name,
            wanted.kind.value,
            wanted.place_id,
            at,
            actor.person_id,
            wanted.expires_at,
        ],
    )
    end_sessions(staff_id=staff_id)
    public_id = selectors.get_staff(staff_id=staff_id).public_id
    by = maker.person_id if maker else None
    note(actor, "role.granted", public_id, at, by, role=wanted.role.name, scope=wanted.scope)


def audited(
    actor: Actor, action: str, public_id: UUID | str, at: datetime
) -> AbstractContextManager[None]:
    """Write down what is refused inside the block."""
    return refusals_audited(
        actor=actor, action=action, object_kind="staff", object_id=str(public_id), at=at
    )


def note(
    actor: Actor,
    action: str,
    public_id: UUID,
    at: datetime,
    on_behalf_id: int | None = None,
    **details: str | int,
) -> None:
    """Audit a change of an account."""
    audit(
        actor=actor,
        action=action,
        object_kind="staff",
        object_id=str(public_id),
        at=at,
        details=dict(details),
        on_behalf_id=on_behalf_id,
    )


def _check_grant(actor: Actor, staff_id: int, wanted: WantedGrant, *, at: datetime) -> None:
    _check_not_own(actor, staff_id)
    check_gift(actor, wanted, held=_held(staff_id, at), at=at)
    check_may_touch(actor, staff_id=staff_id, at=at)


def _check_not_own(actor: Actor, staff_id: int) -> None:
    if actor.person_id == staff_id:
        raise domain.OwnAccess


def _check_role_gift(actor: Actor, wanted: WantedGrant) -> None:
    domain.check_may_give_role(
        actor, wanted.role, permissions=wanted.permissions, scope=wanted.reach
    )


def _check_kept_apart(
    actor: Actor, wanted: str | None, *, held: Iterable[str], at: datetime
) -> None:
    separated = policies.policy(at).separated_administrators
    domain.check_separation(actor, wanted=wanted, held=held, separated=separated)


def _held(staff_id: int, at: datetime) -> list[str]:
    staff = selectors.get_staff(staff_id=staff_id)
    return [grant.role for grant in staff.grants if grant.is_live(at)]

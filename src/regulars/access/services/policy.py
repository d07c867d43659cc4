"""Change the operating policy: each change is a new version, audited line by line."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import SEPARATED, Actor, Policy
from regulars.access.selectors import policies as selectors
from regulars.access.services import approvals
from regulars.access.services.audit import audit, refusals_audited
from regulars.web import sql
from regulars.web.permissions import PermissionMissing

KIND = "policy.change"
PERMISSION = "settings.manage"


def change_policy(
    *,
    changes: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    note: str | None = None,
    version: int | None = None,
) -> Policy:
    """Write the next version of the policy; what `changes` does not name stays as it is.

    With `version`, the change is refused where that is not the version that holds. Raises
    PermissionMissing, PolicyUnknown, PolicyOutOfBounds, PolicyChanged, ApprovalNeeded (the change
    loosens something and somebody else may decide: see `propose_policy`), SeparationNotReady.
    """
    with refusals_audited(
        actor=actor, action="policy.changed", object_kind="policy", object_id="policy", at=at
    ):
        before = selectors.newest_policy()
        loose = domain.loosened(before, changed(changes, actor=actor))
        approvals.demand_alone(KIND, actor=actor, size=len(loose), at=at)
        judged = before.version if version is None else version
        return write_policy(changes=changes, actor=actor, at=at, note=note, version=judged)


def check_policy(*, changes: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    """Refuse what `change_policy` would refuse, and write nothing."""
    with refusals_audited(
        actor=actor, action="policy.changed", object_kind="policy", object_id="policy", at=at
    ):
        changed(changes, actor=actor)


def propose_policy(
    *, changes: Mapping[str, Any], actor: Actor, at: datetime, note: str | None = None
) -> domain.Approval:
    """Propose a change of the policy to a second person."""
    with refusals_audited(
        actor=actor, action="policy.changed", object_kind="policy", object_id="policy", at=at
    ):
        after = changed(changes, actor=actor)
    before = selectors.newest_policy()
    return approvals.propose(
        kind=KIND,
        payload={"changes": dict(changes), "version": before.version},
        object_kind="policy",
        object_id="policy",
        size=len(domain.loosened(before, after)),
        maker=actor,
        note=note,
        at=at,
    )


def execute(approved: domain.Approved) -> dict[str, Any]:
    """Write the version that was approved; refused where another was written since."""
    payload = approved.approval.payload
    changed(payload["changes"], actor=approved.maker)
    written = write_policy(
        changes=payload["changes"],
        version=payload["version"],
        actor=approved.checker,
        on_behalf_id=approved.maker.person_id,
        at=approved.at,
    )
    return {"version": written.version}


def changed(changes: Mapping[str, Any], *, actor: Actor) -> Policy:
    """Answer the policy as it would be, once it is known that this actor may change it."""
    if not actor.may(PERMISSION):
        raise PermissionMissing(permission=PERMISSION)
    before = selectors.newest_policy()
    after = domain.changed_policy(before, changes)
    joins = before.separated_administrators and not after.separated_administrators
    if joins and actor.kind != "system":
        raise domain.SeparationStays
    if after.separated_administrators and not before.separated_administrators:
        _check_separable()
    return after


@transaction.atomic
def write_policy(
    *,
    changes: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    note: str | None = None,
    version: int | None = None,
    on_behalf_id: int | None = None,
) -> Policy:
    """Write the next version and audit every line that differs."""
    sql.row("SELECT pg_advisory_xact_lock(hashtext('access.policy'))")
    before = selectors.newest_policy()
    if version is not None and version != before.version:
        raise domain.PolicyChanged
    after = domain.changed_policy(before, changes)
    lines = domain.differences(before, after)
    if not lines:
        return before
    sql.run(
        "INSERT INTO access_policy_version (version, settings, changed_at, changed_by_kind,"
        " changed_by_id) VALUES (%s::int, %s::jsonb, %s::timestamptz, %s::text, %s::bigint)",
        [before.version + 1, json.dumps(domain.values_of(after)), at, actor.kind, actor.id],
    )
    details: dict[str, Any] = {"version": before.version + 1}
    for name, (was, becomes) in lines.items():
        details |= {name: becomes, f"{name}_before": was}
    audit(
        actor=actor,
        action="policy.changed",
        object_kind="policy",
        object_id="policy",
        at=at,
        details=details,
        note=note,
        on_behalf_id=on_behalf_id,
    )
    return selectors.newest_policy()


def _check_separable() -> None:
    """Refuse to separate administrators while one of the three is nobody."""
    found = sql.rows(
        "SELECT DISTINCT g.role FROM access_grant g JOIN access_staff s ON s.id = g.staff_id"
        " WHERE s.is_active AND g.expires_at IS NULL AND g.role = ANY(%s::text[])",
        [list(SEPARATED)],
    )
    missing = [role for role in SEPARATED if (role,) not in found]
    if missing:
        raise domain.SeparationNotReady(missing=", ".join(missing))

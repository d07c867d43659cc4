"""Read the operating policy: the version that holds, and the versions before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from regulars.access.domain import Policy, policy_from
from regulars.web import sql

HOLDING = (
    "SELECT version, settings FROM access_policy_version"
    " WHERE changed_at <= %s::timestamptz ORDER BY version DESC LIMIT 1"
)
_VERSION = "version, settings::text, changed_at, changed_by_kind, changed_by_id"


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version of the policy with who wrote it, and when."""

    policy: Policy
    changed_at: datetime
    changed_by_kind: str
    changed_by_id: int


def policy(at: datetime) -> Policy:
    """Answer the policy that holds at a moment; before the first change, what we ship."""
    found = sql.row(f"SELECT version, settings::text FROM ({HOLDING}) p", [at])
    return policy_of(found)


def policy_of(row: Sequence[Any] | None) -> Policy:
    """Build the policy from its version and settings; where none was written, what we ship."""
    if row is None or row[0] is None:
        return Policy()
    return policy_from(row[0], orjson.loads(row[1]))


def newest_policy() -> Policy:
    """Answer the newest version, whenever it was written; for those who write the next."""
    found = list_policy_versions(limit=1)
    return found[0].policy if found else Policy()


def list_policy_versions(*, before: int | None = None, limit: int = 50) -> list[PolicyVersion]:
    """List versions, newest first."""
    found = sql.rows(
        f"SELECT {_VERSION} FROM access_policy_version"
        " WHERE %s::int IS NULL OR version < %s::int ORDER BY version DESC LIMIT %s::int",
        [before, before, limit],
    )
    return [_version(row) for row in found]


def _version(row: tuple[Any, ...]) -> PolicyVersion:
    version, settings, at, kind, by = row
    return PolicyVersion(policy_from(version, orjson.loads(settings)), at, kind, by)

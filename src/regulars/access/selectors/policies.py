"""Read the operating policy: the version that holds, and the versions before it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from regulars.access.domain import Policy, policy_from
from regulars.web import sql

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
    found = sql.row(
        "SELECT version, settings::text FROM access_policy_version"
        " WHERE changed_at <= %s::timestamptz ORDER BY version DESC LIMIT 1",
        [at],
    )
    return Policy() if found is None else policy_from(found[0], orjson.loads(found[1]))


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

"""Put questions to people: a few tries, ten minutes, one right answer."""

import json
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.access.domain.factors import (
    CHALLENGE_LIFE,
    CHALLENGE_TRIES_MAX,
    ChallengeLate,
    ChallengeOver,
    ChallengePurpose,
)
from regulars.web import crypto, sql


def begin_challenge(
    *,
    purpose: ChallengePurpose,
    staff_id: int | None,
    at: datetime,
    state: dict[str, Any] | None = None,
) -> int:
    """Put a question; what the answer must fit is sealed. Answers the question's id."""
    found = sql.row(
        "INSERT INTO access_challenge (staff_id, purpose, tries, created_at, expires_at)"
        " VALUES (%s::bigint, %s::text, 0, %s::timestamptz, %s::timestamptz) RETURNING id",
        [staff_id, purpose.value, at, at + CHALLENGE_LIFE],
    )
    assert found is not None
    challenge_id: int = found[0]
    if state is not None:
        sealed = crypto.seal_house(json.dumps(state).encode(), context=_context(challenge_id))
        sql.run(
            "UPDATE access_challenge SET state_sealed = %s::bytea WHERE id = %s::bigint",
            [sealed, challenge_id],
        )
    return challenge_id


def take_try(
    challenge_id: int, *, purpose: ChallengePurpose, staff_id: int | None, at: datetime
) -> dict[str, Any]:
    """Use up one try of an open question; answers what was sealed with it.

    Written down at once, so that many tries at the same moment count as many. Raises
    ChallengeOver, or its kind ChallengeLate where only the time is over.
    """
    found = sql.row(
        "UPDATE access_challenge SET tries = tries + 1 WHERE id = %s::bigint"
        " AND purpose = %s::text AND staff_id IS NOT DISTINCT FROM %s::bigint"
        " AND tries < %s::int AND answered_at IS NULL AND expires_at > %s::timestamptz"
        " RETURNING state_sealed",
        [challenge_id, purpose.value, staff_id, CHALLENGE_TRIES_MAX, at],
    )
    if found is None:
        raise _over(challenge_id)
    if found[0] is None:
        return {}
    state: dict[str, Any] = json.loads(
        crypto.unseal_house(found[0], context=_context(challenge_id))
    )
    return state


@transaction.atomic
def close_challenge(challenge_id: int, *, at: datetime) -> None:
    """Take the right answer; a second one at the same moment raises ChallengeOver."""
    closed = sql.run(
        "UPDATE access_challenge SET answered_at = %s::timestamptz"
        " WHERE id = %s::bigint AND answered_at IS NULL",
        [at, challenge_id],
    )
    if not closed:
        raise ChallengeOver


def peek(challenge_id: int, *, staff_id: int, at: datetime) -> dict[str, Any]:
    """Look again at what was sealed with an open question; raises ChallengeOver."""
    found = sql.row(
        "SELECT state_sealed FROM access_challenge WHERE id = %s::bigint"
        " AND staff_id = %s::bigint AND tries < %s::int AND answered_at IS NULL"
        " AND expires_at > %s::timestamptz AND state_sealed IS NOT NULL",
        [challenge_id, staff_id, CHALLENGE_TRIES_MAX, at],
    )
    if found is None:
        raise ChallengeOver
    state: dict[str, Any] = json.loads(
        crypto.unseal_house(found[0], context=_context(challenge_id))
    )
    return state


def _over(challenge_id: int) -> ChallengeOver:
    found = sql.row("SELECT tries FROM access_challenge WHERE id = %s::bigint", [challenge_id])
    is_spent = found is not None and found[0] >= CHALLENGE_TRIES_MAX
    return ChallengeOver() if is_spent else ChallengeLate()


def _context(challenge_id: int) -> str:
    return f"access_challenge|state|{challenge_id}"

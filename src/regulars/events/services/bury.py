"""Keep what could not be applied: sealed, with the reason, until somebody replays or drops it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from regulars.events import models
from regulars.events.domain.keys import BODY_CONTEXT
from regulars.web import crypto, sql


@transaction.atomic
def bury(
    *,
    kind: str,
    error_code: str,
    at: datetime,
    body: bytes | None = None,
    error_facts: dict[str, Any] | None = None,
    source_id: int | None = None,
    batch_id: int | None = None,
    member_id: int | None = None,
    event_id: int | None = None,
    consumer: str = "",
    attempts: int = 1,
) -> int:
    """Keep one rejected row, webhook body or event; answers the dead letter's id.

    The body is sealed under the house key; `error_facts` must hold nothing personal.
    """
    letter = models.DeadLetter.objects.create(
        kind=kind,
        consumer=consumer,
        event_id=event_id,
        source_id=source_id,
        batch_id=batch_id,
        member_id=member_id,
        body=None if body is None else crypto.seal_house(body, context=BODY_CONTEXT),
        error_code=error_code,
        error_facts=orjson.loads(orjson.dumps(error_facts or {}, default=str)),
        attempts=attempts,
        created_at=at,
    )
    return letter.id


@transaction.atomic
def settle(*, ids: Sequence[int], state: str, at: datetime) -> int:
    """Close open dead letters as replayed or dropped; their bodies go with it."""
    return sql.run(
        "UPDATE events_deadletter SET state = %s, settled_at = %s::timestamptz, body = NULL"
        " WHERE id = ANY(%s::bigint[]) AND state = 'open'",
        [state, at, list(ids)],
    )


@transaction.atomic
def forget_members(*, member_ids: Sequence[int], at: datetime) -> int:
    """Drop the open dead letters of erased members; every body they had goes."""
    return sql.run(
        "UPDATE events_deadletter SET state = CASE state WHEN 'open' THEN 'dropped' ELSE state END,"
        " settled_at = COALESCE(settled_at, %s::timestamptz), body = NULL"
        " WHERE member_id = ANY(%s::bigint[])",
        [at, list(member_ids)],
    )

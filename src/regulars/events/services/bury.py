"""Keep what could not be applied: sealed, with the reason, until somebody replays or drops it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from regulars.events import models
from regulars.events.domain.keys import BODY_CONTEXT
from regulars.kit.messages import message
from regulars.web import crypto, sql
from regulars.web.retention import Sweep


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
    names: Sequence[bytes] = (),
    event_id: int | None = None,
    consumer: str = "",
    attempts: int = 1,
) -> int:
    """Keep one rejected row, webhook body or event; answers the dead letter's id.

    The body is sealed under the house key; `error_facts` must hold nothing personal. `names` are
    blind indexes of the people in it, by which an erasure finds it.
    """
    letter = models.DeadLetter.objects.create(
        kind=kind,
        consumer=consumer,
        event_id=event_id,
        source_id=source_id,
        batch_id=batch_id,
        member_id=member_id,
        names=list(names),
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
        "UPDATE events_deadletter SET state = %s, settled_at = %s::timestamptz, body = NULL,"
        " names = '{}' WHERE id = ANY(%s::bigint[]) AND state = 'open'",
        [state, at, list(ids)],
    )


@transaction.atomic
def drop_batch(*, batch_id: int, at: datetime) -> int:
    """Drop the open dead letters of an import that is undone; answers how many."""
    return sql.run(
        "UPDATE events_deadletter SET state = 'dropped', settled_at = %s::timestamptz,"
        " body = NULL, names = '{}' WHERE batch_id = %s::bigint AND state = 'open'",
        [at, batch_id],
    )


@transaction.atomic
def forget_members(*, member_ids: Sequence[int], at: datetime, names: Sequence[bytes] = ()) -> int:
    """Drop the open dead letters of erased members; every body they had goes.

    `names` are the blind indexes of what the members held: letters that came before they were
    known here are found by them.
    """
    return sql.run(
        "UPDATE events_deadletter SET state = CASE state WHEN 'open' THEN 'dropped' ELSE state END,"
        " settled_at = COALESCE(settled_at, %s::timestamptz), body = NULL, names = '{}'"
        " WHERE member_id = ANY(%s::bigint[]) OR names && %s::bytea[]",
        [at, list(member_ids), list(names)],
    )


def letter_sweeps(*, open_days: int, settled_days: int) -> tuple[Sweep, ...]:
    """Say how long dead letters stay: settled ones go, what nobody settled is dropped, emptied.

    Letters of consumers hold events that stand in the log and stay until somebody settles them.
    """
    return (
        Sweep(
            name="letters_settled",
            title=message("Rejected rows, settled"),
            purpose=message("To show what became of rows that were not taken."),
            since=message("the day it was settled"),
            table="events_deadletter",
            where="state <> 'open'",
            aged_by="settled_at",
            limit=timedelta(days=settled_days),
            spares="member_id = ANY(%s::bigint[])",
        ),
        Sweep(
            name="letters_open",
            title=message("Rejected rows nobody settled"),
            purpose=message("To mend and replay what was not taken."),
            since=message("its arrival"),
            table="events_deadletter",
            where="state = 'open' AND kind <> 'event'",
            aged_by="created_at",
            limit=timedelta(days=open_days),
            blanks="state = 'dropped', settled_at = %s::timestamptz, body = NULL, names = '{}'",
            spares="member_id = ANY(%s::bigint[])",
        ),
    )

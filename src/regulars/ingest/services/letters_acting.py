"""Act on dead letters from the console: replay, book as returns, drop; at once or as a job.

Every act is on the record. A job goes through what matched when it was asked for, oldest first,
and keeps a report: how many came through, and why each of the others did not.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.selectors import DeadLetter, LetterQuery
from regulars.ingest import selectors
from regulars.ingest.domain import DeliveryGone, Outcome
from regulars.ingest.services.letters import Replayed, book_letters, replay_letters
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.web import clock, crypto, later, notices, progress

KIND = "replay"
TASK = "ingest.act_on_letters"
AT_ONCE = 200
REPORTED_MAX = 500
TOLD = message("{done} rejected rows are settled, {left} are not.")
HAPPY = frozenset({"applied", "exists", "parked", "queued", "dropped"})


class LetterAct(StrEnum):
    """What can be done with a dead letter."""

    REPLAY = "replay"
    BOOK = "book"
    DROP = "drop"


def act_on_letters(
    *,
    act: LetterAct,
    ids: Sequence[int],
    actor: Actor,
    at: datetime,
    reason_code: str | None = None,
) -> list[Replayed]:
    """Do one act on these dead letters, each on its own; answers what became of each.

    One that is settled or gone meanwhile is answered as such; the others are done all the same.
    """
    done = [_act_on(act, letter_id, at) for letter_id in ids]
    with transaction.atomic():
        _audit(act, ids, done, actor=actor, at=at, reason_code=reason_code)
    return done


@transaction.atomic
def ask_letters(
    *,
    act: LetterAct,
    query: LetterQuery,
    actor: Actor,
    at: datetime,
    reason_code: str | None = None,
) -> UUID:
    """Queue one act on all open dead letters that match now; answers the id of the work."""
    facts = {
        "act": act.value,
        "state": query.state,
        "kind": query.kind,
        "source": query.source_id,
        "code": query.error_code,
        "since": query.since and query.since.isoformat(),
        "until": (query.until or at).isoformat(),
        "reason": reason_code,
    }
    total = log.count_letters(query=query)
    facts["page"] = "console-dead-letters"
    work = progress.begin(kind=KIND, owner=actor.caller, at=at, total=total, facts=facts)
    later.defer(TASK, lock=TASK, progress_id=str(work), staff_id=actor.id)
    return work


def run_letters(*, progress_id: UUID, actor: Actor) -> None:
    """Do what was asked for on all that matched, a few hundred at a time, and report."""
    if not progress.start(progress_id, at=clock.now()):
        return
    work = progress.get(progress_id=progress_id)
    act, query = LetterAct(work.facts["act"]), _query(work.facts)
    counts: Counter[str] = Counter()
    failed: list[list[Any]] = []
    done, last = 0, 0
    try:
        while ids := log.list_letter_ids(query=query, after_id=last, limit=AT_ONCE):
            reason = work.facts.get("reason")
            for each in act_on_letters(
                act=act, ids=ids, actor=actor, at=clock.now(), reason_code=reason
            ):
                counts[each.outcome] += 1
                if each.outcome not in HAPPY and len(failed) < REPORTED_MAX:
                    failed.append([each.letter_id, each.outcome, each.code])
            done, last = done + len(ids), ids[-1]
            progress.advance(progress_id, done=done)
    except progress.Cancelled:
        progress.stop(progress_id, at=clock.now(), result=_result(counts, failed))
        return
    _finish(progress_id, work.owner, counts, failed)


@transaction.atomic
def reveal_letter(*, letter_id: int, reason_code: str, actor: Actor, at: datetime) -> str:
    """Open what a dead letter holds, on the record; raises DeadLetterMissing, DeliveryGone."""
    letter = log.get_dead_letter(letter_id=letter_id)
    access.audit(
        actor=actor,
        action="dead_letters.reveal",
        object_kind="dead_letter",
        object_id=str(letter_id),
        at=at,
        reason_code=reason_code,
        details={"kind": letter.kind, "code": letter.error_code},
    )
    body = _body_of(letter)
    if body is None:
        raise DeliveryGone
    return body.decode("utf-8", "replace")


def _body_of(letter: DeadLetter) -> bytes | None:
    body = log.open_body(letter_id=letter.id)
    if letter.kind != "webhook" or body is None or not body.isdigit():
        return body
    sealed = selectors.sealed_delivery(delivery_id=int(body))
    if sealed is None:
        return None
    return crypto.unseal_house(sealed, context=selectors.DELIVERY_CONTEXT)


def _act_on(act: LetterAct, letter_id: int, at: datetime) -> Replayed:
    try:
        letter = log.get_dead_letter(letter_id=letter_id)
        if letter.state != "open":
            return Replayed(letter_id, letter.state, "ingest.letter_settled")
        match act:
            case LetterAct.DROP:
                events.settle(ids=[letter_id], state="dropped", at=at)
                return Replayed(letter_id, "dropped")
            case LetterAct.BOOK:
                with transaction.atomic():
                    return book_letters(ids=[letter_id], at=at)[0]
            case LetterAct.REPLAY if letter.kind == "event":
                code = events.replay_event(letter_id=letter_id, at=at)
                return Replayed(letter_id, "dead_letter" if code else "applied", code)
            case LetterAct.REPLAY:
                return replay_letters(ids=[letter_id], at=at)[0]
    except Refusal as no:
        return Replayed(letter_id, Outcome.REFUSED.value, no.code)


def _query(facts: Mapping[str, Any]) -> LetterQuery:
    return LetterQuery(
        state=facts.get("state", "open"),
        kind=facts["kind"],
        source_id=facts["source"],
        error_code=facts["code"],
        since=datetime.fromisoformat(facts["since"]) if facts["since"] else None,
        until=datetime.fromisoformat(facts["until"]),
    )


@transaction.atomic
def _finish(progress_id: UUID, owner: str, counts: Counter[str], failed: list[list[Any]]) -> None:
    at, result = clock.now(), _result(counts, failed)
    progress.finish(progress_id, at=at, result=result)
    notices.tell(
        owners=[owner],
        words=TOLD,
        facts={"done": result["done"], "left": result["left"]},
        href=reverse("console-dead-letters-report", args=[progress_id]),
        at=at,
    )


def _result(counts: Counter[str], failed: list[list[Any]]) -> dict[str, Any]:
    done = sum(count for outcome, count in counts.items() if outcome in HAPPY)
    left = sum(counts.values()) - done
    return {"counts": dict(counts), "failed": failed, "done": done, "left": left}


def _audit(
    act: LetterAct,
    ids: Sequence[int],
    done: Sequence[Replayed],
    *,
    actor: Actor,
    at: datetime,
    reason_code: str | None,
) -> None:
    settled = sum(each.outcome in HAPPY for each in done)
    access.audit(
        actor=actor,
        action=f"dead_letters.{act.value}",
        object_kind="dead_letter",
        object_id=str(ids[0]) if len(ids) == 1 else "many",
        at=at,
        reason_code=reason_code,
        details={"letters": len(ids), "settled": settled, "ids": list(ids[:AT_ONCE])},
    )

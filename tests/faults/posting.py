"""Post points from several threads, and remember what was answered to every single posting."""

import random
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.db import DatabaseError, InterfaceError, connections

from regulars.kit.errors import Refusal
from regulars.ledger import services as ledger
from regulars.ledger.domain import Earn, Posting, Spend
from tests.faults.saying import answer, say

MEMBERS = 200
BATCH = 20
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)

Wish = tuple[str, str, int, int]  # id, kind, member, amount


def posting_of(wish: Wish) -> Posting:
    """Build the same posting from the same wish, however often it is asked for."""
    name, kind, member_id, amount = wish
    if kind == "earn":
        return Earn(
            id=UUID(name),
            member_id=member_id,
            amount=amount,
            occurred_at=AT,
            usable_from=AT,
            expires_at=AT + timedelta(days=365),
        )
    return Spend(id=UUID(name), member_id=member_id, amount=amount, occurred_at=AT)


def a_batch(dice: random.Random) -> list[Wish]:
    """Wish for a batch: four in five earn, one spends."""
    return [
        (
            str(uuid4()),
            "earn" if dice.random() < 0.8 else "spend",
            dice.randint(1, MEMBERS),
            dice.randint(1, 100),
        )
        for _ in range(BATCH)
    ]


def post_under_load(threads: str, seconds: str, journal: str, seed: str) -> None:
    """Post until the time is over or the database is gone; write every answer to the journal."""
    answers: list[list[tuple[Wish, str]]] = [[] for _ in range(int(threads))]
    until = time.monotonic() + float(seconds)
    posters = [
        threading.Thread(target=_post_on, args=(kept, until, random.Random(f"{seed}/{number}")))
        for number, kept in enumerate(answers)
    ]
    say("POSTING")
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join()
    flat = [answer for kept in answers for answer in kept]
    Path(journal).write_bytes(orjson.dumps(flat))
    counts = {word: sum(said == word for _, said in flat) for word in ("ok", "refused", "unknown")}
    answer(counts)


def settle(journal: str) -> None:
    """Ask again for everything that stayed unknown, and compare every answer with the books."""
    from regulars.web import sql

    flat: list[tuple[Wish, str]] = [
        (tuple(wish), said) for wish, said in orjson.loads(Path(journal).read_bytes())
    ]
    unknown = [wish for wish, said in flat if said == "unknown"]
    resolved = _ask(unknown) if unknown else []
    booked = {str(row[0]) for row in sql.rows("SELECT id FROM ledger_transfer")}
    ok = {wish[0] for wish, said in [*flat, *resolved] if said == "ok"}
    refused = {wish[0] for wish, said in [*flat, *resolved] if said == "refused"}
    report = {
        "acknowledged": len(ok),
        "lost": len(ok - booked),
        "refused_but_booked": len(refused & booked),
        "unresolved": len(unknown) - len(resolved),
    }
    answer(report)


def _post_on(kept: list[tuple[Wish, str]], until: float, dice: random.Random) -> None:
    try:
        while time.monotonic() < until:
            wishes = a_batch(dice)
            try:
                kept.extend(_ask(wishes))
            except (DatabaseError, InterfaceError, Refusal):
                kept.extend((wish, "unknown") for wish in wishes)
                return
    finally:
        connections.close_all()


def _ask(wishes: Sequence[Wish]) -> list[tuple[Wish, str]]:
    """Post one batch and answer what was said to each posting."""
    posted = ledger.post([posting_of(wish) for wish in wishes], at=AT)
    said: list[Any] = [answer.outcome.value for answer in posted]
    return [
        (wish, "refused" if word == "refused" else "ok")
        for wish, word in zip(wishes, said, strict=True)
    ]

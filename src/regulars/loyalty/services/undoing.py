"""Undo the balances that an import declared: what counts is what the words that are left say."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from regulars.events import selectors as log
from regulars.events.domain import Event
from regulars.ingest.domain import BALANCE_DECLARED, IMPORT_REVERTED
from regulars.kit.batches import chunked
from regulars.ledger import services as ledger
from regulars.ledger.domain import Currency, Joined, Parted, Said, State, Word, fold_words
from regulars.loyalty import selectors
from regulars.loyalty.domain import Declaration, read_declaration
from regulars.loyalty.services.openings import (
    Live,
    begin_openings,
    book_growth,
    end_openings,
    judge_orders,
    list_openings,
)
from regulars.loyalty.services.tiers import judge_tiers
from regulars.members import selectors as members
from regulars.web import sql

MEMBERS_AT_ONCE: Final = 500
WORDS: Final = (BALANCE_DECLARED, "member.merged", "member.unmerged")

Key = tuple[int, int, str]  # who declared it, currency, shape


@transaction.atomic(savepoint=False)
def revert_openings(*, batch_id: int, event_id: int, at: datetime) -> int:
    """Undo the declarations of an import: their growth goes, the orders award again.

    What they had replaced counts again, and what others declare too goes on counting. Said again,
    it changes nothing. Answers how many openings ended.
    """
    told = log.count_batches(kind=IMPORT_REVERTED)
    if told.get(batch_id, 0) > 1:
        return 0
    undone = frozenset(told)
    concerned = log.members_of_batch(batch_id=batch_id, kind=BALANCE_DECLARED)
    return sum(
        _revert(some, batch_id, undone, event_id, at)
        for some in chunked(concerned, MEMBERS_AT_ONCE)
    )


def _revert(
    member_ids: Sequence[int], batch_id: int, undone: frozenset[int], event_id: int, at: datetime
) -> int:
    ids = _everybody(member_ids)
    words, declared = _words(ids)
    before = fold_words(words, undone=undone - {batch_id})
    after = fold_words(words, undone=undone | {batch_id})
    rows = list_openings(ids)
    ledger.lock_accounts(keys={(Currency(row.currency), row.member_id) for row in rows}, at=at)
    gone = _matching([row for row in rows if row.is_live], _less(before, after))
    back = _less(after, before)
    again = _matching([row for row in reversed(rows) if not row.is_live], back)
    rest = [
        declared[key] for key in back.elements() if key in declared
    ]  # said again while the same stood, so that it never had a row
    end_openings([row.id for row in gone], at)
    _revive(again, declared, event_id, at)
    begin_openings(rest, at, again=event_id)
    changed = [*((row.member_id, row.as_of) for row in (*gone, *again)),
               *((each.member_id, each.as_of) for each in rest)]  # fmt: skip
    if changed:
        causes = {member_id: event_id for member_id, _ in changed}
        judge_orders(causes, max(as_of for _, as_of in changed), at)
        judge_tiers(member_ids=causes, at=at)
    return len(gone)


def _everybody(member_ids: Sequence[int]) -> list[int]:
    """Answer these members under every id they have, and who is part of them."""
    standing = members.survivors(member_ids=member_ids)
    roots = {standing.get(member_id, member_id) for member_id in member_ids}
    known = members.aliases_of(member_ids=sorted(roots))
    return sorted({*member_ids, *(each for some in known.values() for each in some)})


def _words(member_ids: Sequence[int]) -> tuple[list[Word], dict[Key, Declaration]]:
    """Read what was said in order, and for each shape the last declaration that has it."""
    tz = selectors.get_programme().tz
    words: list[Word] = []
    declared: dict[Key, Declaration] = {}
    for event in log.list_history(member_ids=member_ids, types=WORDS):
        if event.type == "member.merged":
            words.append(Joined(event.facts["winner_id"], event.facts["loser_id"]))
        elif event.type == "member.unmerged":
            words.append(Parted(event.facts["loser_id"]))
        elif (said := _declaration(event, tz)) is not None:
            key = (said.member_id, int(said.currency), said.shape)
            declared[key] = said
            words.append(Said(*key[:2], said.batch_id, said.replaces, (said.shape,)))
    return words, declared


def _declaration(event: Event, tz: ZoneInfo) -> Declaration | None:
    assert event.member_id is not None
    return read_declaration(
        event.facts,
        event_id=event.id,
        member_id=event.member_id,
        batch_id=event.batch_id,
        tz=tz,
    )


def _less(some: State, others: State) -> Counter[Key]:
    """Count what stands in the first and not in the second."""
    return Counter({
        (*key, str(shape)): count
        for key, parts in some.items()
        for shape, count in (parts - others.get(key, Counter())).items()
    })  # fmt: skip


def _matching(rows: Sequence[Live], wanted: Counter[Key]) -> list[Live]:
    """Choose a row for each key that is wanted, and take what was found from the wanted."""
    chosen = []
    for row in rows:
        key = (row.origin_member_id, row.currency, row.shape)
        if wanted[key] > 0:
            wanted[key] -= 1
            chosen.append(row)
    return chosen


def _revive(
    rows: Sequence[Live], declared: Mapping[Key, Declaration], event_id: int, at: datetime
) -> None:
    """Let openings that had ended count again, with their growth."""
    if not rows:
        return
    sql.run(
        "UPDATE loyalty_opening SET ended_at = NULL WHERE id = ANY(%s::bigint[])",
        [[row.id for row in rows]],
    )
    said = [
        replace(
            declared[row.origin_member_id, row.currency, row.shape],
            event_id=row.event_id,
            member_id=row.member_id,
        )
        for row in rows
    ]
    book_growth(said, {row.event_id: row.id for row in rows}, at, again=event_id)

"""Undo what an import declared: the balances are what the words that are left make them.

What every import said stands in the log. Said again without those that are undone, it tells which
lots are one too many and which are missing; only that difference is posted.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from regulars.events import selectors as log
from regulars.events.domain import Event
from regulars.ingest.domain import BALANCE_DECLARED, IMPORT_REVERTED
from regulars.kit.batches import chunked
from regulars.kit.ids import uuid_from
from regulars.kit.periods import zone
from regulars.ledger import selectors
from regulars.ledger.domain import Books, Clawback, Currency, Open, read_declaration
from regulars.ledger.domain.declared import Joined, Parted, Said, State, Word, fold_words
from regulars.ledger.selectors import locks
from regulars.ledger.services.books import lock_keys
from regulars.ledger.services.posting import post, retried
from regulars.members import selectors as members
from regulars.web import sql

MEMBERS_AT_ONCE: Final = 500
WORDS: Final = (BALANCE_DECLARED, "member.merged", "member.unmerged")

_KEYS: Final = (
    "SELECT DISTINCT currency, member_id FROM ledger_opening WHERE member_id = ANY(%s::bigint[])"
)
_OPENINGS: Final = """
SELECT o.transfer_id, o.member_id, o.currency, t.amount, l.expires_at, t.occurred_at, o.as_of,
    o.event_id, COALESCE(r.reversed, 0)::bigint, COALESCE(r.replaced, 0)::bigint
FROM ledger_opening AS o JOIN ledger_transfer AS t ON t.id = o.transfer_id
JOIN ledger_lot AS l ON l.id = t.seq
LEFT JOIN LATERAL (
    SELECT sum(amount) AS reversed, sum(amount) FILTER (WHERE event_id IS NOT NULL) AS replaced
    FROM ledger_transfer WHERE reverses = o.transfer_id
) AS r ON true
WHERE o.member_id = ANY(%s::bigint[]) ORDER BY t.seq
"""
_NOTE_AGAIN: Final = (
    "INSERT INTO ledger_opening (transfer_id, member_id, currency, batch_id, event_id, as_of)"
    " SELECT x.now_id, o.member_id, o.currency, o.batch_id, o.event_id, o.as_of"
    " FROM unnest(%s::uuid[], %s::uuid[]) AS x (now_id, was_id)"
    " JOIN ledger_opening AS o ON o.transfer_id = x.was_id"
    " JOIN ledger_transfer AS t ON t.id = x.now_id ON CONFLICT DO NOTHING"
)


class _Opening(Struct, gc=False):
    """A lot that a declaration brought in, and how much of it was taken back, by whom."""

    id: UUID
    member_id: int
    currency: int
    amount: int
    expires_at: datetime | None
    earned_at: datetime
    as_of: datetime
    event_id: int
    reversed: int
    replaced: int  # taken back by declarations, not by staff or by an undo
    shape: Hashable = None
    is_again: bool = False  # came back already

    @property
    def again_id(self) -> UUID:
        """Name the transfer that brings the lot back."""
        return uuid_from("opening", self.id, "reopened")


def revert_openings(*, batch_id: int, at: datetime) -> dict[int, int]:
    """Take back what this import declared; answers how many points by member.

    What its declarations had replaced comes back, and what others declare too stays. Said again,
    it changes nothing.
    """
    told = log.count_batches(kind=IMPORT_REVERTED)
    if told.get(batch_id, 0) > 1:
        return {}
    totals: dict[int, int] = {}
    concerned = log.members_of_batch(batch_id=batch_id, kind=BALANCE_DECLARED)
    for some in chunked(concerned, MEMBERS_AT_ONCE):
        totals |= retried(partial(_revert, some, batch_id, frozenset(told), at))
    return totals


def _revert(
    member_ids: Sequence[int], batch_id: int, undone: frozenset[int], at: datetime
) -> dict[int, int]:
    ids = _everybody(member_ids)
    keys = {(row[0], row[1]) for row in sql.rows(_KEYS, [locks.bigints(ids)])}
    lock_keys(Books(at=at, numbers=iter(())), keys=keys, debts=set())
    words = _words(ids)
    before = fold_words(words, undone=undone - {batch_id})
    after = fold_words(words, undone=undone | {batch_id})
    surplus, missing = _difference(_openings(ids), before, after)
    again = {each.id: _open_again(each, at) for each in missing}
    answers = post([*(_take_back(each, at) for each in surplus), *again.values()], at=at)
    totals: dict[int, int] = {}
    for opening, posted in zip(surplus, answers, strict=False):
        moved = posted.taken + posted.owed + posted.lapsed
        totals[opening.member_id] = totals.get(opening.member_id, 0) + moved
    if again:
        ids_now = locks.uuids([opening.id for opening in again.values()])
        sql.run(_NOTE_AGAIN, [ids_now, locks.uuids(again)])
    return totals


def _everybody(member_ids: Sequence[int]) -> list[int]:
    """Answer these members under every id they have, and who is part of them."""
    standing = members.survivors(member_ids=member_ids)
    roots = {standing.get(member_id, member_id) for member_id in member_ids}
    known = members.aliases_of(member_ids=sorted(roots))
    return sorted({*member_ids, *(each for some in known.values() for each in some)})


def _words(member_ids: Sequence[int]) -> list[Word]:
    tz = zone(selectors.get_zone_name())
    found = log.list_history(member_ids=member_ids, types=WORDS)
    return [word for event in found if (word := _word(event, tz)) is not None]


def _word(event: Event, tz: Any) -> Word | None:
    if event.type == "member.merged":
        return Joined(event.facts["winner_id"], event.facts["loser_id"])
    if event.type == "member.unmerged":
        return Parted(event.facts["loser_id"])
    assert event.member_id is not None
    said = read_declaration(
        event.facts,
        event_id=event.id,
        member_id=event.member_id,
        batch_id=event.batch_id,
        tz=tz,
    )
    if said is None:
        return None
    shapes = tuple(lot.shape for lot in said.lots)
    return Said(said.member_id, int(said.currency), said.batch_id, said.replaces, shapes)


def _openings(member_ids: Sequence[int]) -> list[_Opening]:
    """Read what declarations brought in, oldest first; what came back counts as what it was."""
    found = [_Opening(*row) for row in sql.rows(_OPENINGS, [locks.bigints(member_ids)])]
    known = {each.id: each for each in found}
    for each in found:
        each.shape = each.shape or (each.amount, each.expires_at)
        again = known.get(each.again_id)
        if again is not None:
            again.shape, each.is_again = each.shape, True
    return found


def _difference(
    openings: Collection[_Opening], before: State, after: State
) -> tuple[list[_Opening], list[_Opening]]:
    """Find the lots that are one too many now, and those that a declaration took too early."""
    gone = {key: parts - after.get(key, Counter()) for key, parts in before.items()}
    back = {key: parts - before.get(key, Counter()) for key, parts in after.items()}
    surplus, missing = [], []
    for each in openings:
        wanted = gone.get((each.member_id, each.currency), Counter())
        if each.reversed < each.amount and wanted[each.shape] > 0:
            wanted[each.shape] -= 1
            surplus.append(each)
    for each in sorted(openings, key=lambda opening: opening.event_id, reverse=True):
        wanted = back.get((each.member_id, each.currency), Counter())
        if each.replaced and not each.is_again and wanted[each.shape] > 0:
            wanted[each.shape] -= 1
            missing.append(each)
    return surplus, missing


def _open_again(opening: _Opening, at: datetime) -> Open:
    return Open(
        id=opening.again_id,
        member_id=opening.member_id,
        currency=Currency(opening.currency),
        amount=opening.replaced,
        occurred_at=opening.earned_at,
        usable_from=min(opening.as_of, at),
        expires_at=opening.expires_at,
        event_id=opening.event_id,
        business_id=uuid_from("opening", opening.event_id),
    )


def _take_back(opening: _Opening, at: datetime) -> Clawback:
    return Clawback(
        id=uuid_from("opening", opening.id, "taken back"),
        member_id=opening.member_id,
        currency=Currency(opening.currency),
        reverses=opening.id,
        amount=None,
        occurred_at=at,
    )

"""Balances declared by an earlier system: brought in as lots, replaced, and taken back.

What a member's declared balance consists of is compared with what was brought in before, so the
same declaration said again changes nothing, and a corrected one moves only the difference.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from regulars.kit.ids import uuid_from
from regulars.ledger.domain import Clawback, Currency, Open, Posted
from regulars.ledger.selectors import locks
from regulars.ledger.services.posting import post, retried
from regulars.web import sql

Shape = tuple[int, datetime | None]  # amount, expires_at

_STANDING: Final = """
SELECT o.transfer_id, o.member_id, o.currency, t.amount, l.expires_at
FROM ledger_opening AS o JOIN ledger_transfer AS t ON t.id = o.transfer_id
JOIN ledger_lot AS l ON l.id = t.seq
WHERE {which} AND NOT EXISTS (SELECT 1 FROM ledger_transfer AS r WHERE r.reverses = o.transfer_id)
ORDER BY t.seq
"""
_STANDING_OF_MEMBERS: Final = _STANDING.format(which="o.member_id = ANY(%s::bigint[])")
_STANDING_OF_BATCHES: Final = _STANDING.format(which="o.batch_id = ANY(%s::bigint[])")
_NOTE: Final = (
    "INSERT INTO ledger_opening (transfer_id, member_id, currency, batch_id, event_id, as_of)"
    " SELECT x.transfer_id, x.member_id, x.currency, NULLIF(x.batch_id, 0), x.event_id, x.as_of"
    " FROM unnest(%s::uuid[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[],"
    " %s::timestamptz[]) AS x (transfer_id, member_id, currency, batch_id, event_id, as_of)"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class DeclaredLot:
    """A part of a declared balance with dates of its own."""

    amount: int
    earned_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an earlier system says a member had at a moment."""

    event_id: int
    member_id: int
    currency: Currency
    lots: tuple[DeclaredLot, ...]
    as_of: datetime
    batch_id: int | None = None
    replaces: bool = True


@dataclass(frozen=True, slots=True)
class Declared:
    """What became of one declaration, in points moved."""

    event_id: int
    opened: int = 0
    taken_back: int = 0
    refused: Posted | None = None


def declare_balances(declarations: Sequence[Declaration], *, at: datetime) -> list[Declared]:
    """Bring declared balances in; each answer says what moved for its declaration.

    With `replaces`, lots brought in before that are not declared again are taken back. A lot
    whose date has passed comes in and expires at once.
    """

    def attempt() -> list[Declared]:
        standing = _standing(_STANDING_OF_MEMBERS, {d.member_id for d in declarations})
        opens: list[tuple[Declaration, Open]] = []
        backs: list[tuple[Declaration, Clawback]] = []
        for declaration in declarations:
            before = standing.setdefault((declaration.member_id, declaration.currency), [])
            fresh, gone = _difference(declaration, before)
            opens.extend((declaration, posting) for posting in fresh)
            backs.extend((declaration, posting) for posting in gone)
        # Taken back first, so that what replaces it is not taken instead.
        answers = post([p for _, p in backs] + [p for _, p in opens], at=at)
        _note([(d, p) for d, p in opens])
        return _answers(declarations, [d for d, _ in backs], [d for d, _ in opens], answers)

    return retried(attempt)


def revert_openings(*, batch_ids: Collection[int], at: datetime) -> dict[int, int]:
    """Take back what these batches brought in; answers how many points by member."""

    def attempt() -> dict[int, int]:
        standing = _standing(_STANDING_OF_BATCHES, batch_ids)
        owners: list[int] = []
        postings: list[Clawback] = []
        for (member_id, currency), lots in standing.items():
            for transfer_id, _ in lots:
                owners.append(member_id)
                postings.append(_take_back(transfer_id, member_id, currency, at, event_id=None))
        totals: dict[int, int] = {}
        for owner, posted in zip(owners, post(postings, at=at), strict=True):
            totals[owner] = totals.get(owner, 0) + posted.taken + posted.owed + posted.lapsed
        return totals

    return retried(attempt)


def _standing(
    statement: str, ids: Collection[int]
) -> dict[tuple[int, Currency], list[tuple[UUID, Shape]]]:
    found: dict[tuple[int, Currency], list[tuple[UUID, Shape]]] = {}
    for transfer_id, member_id, currency, amount, expires_at in sql.rows(
        statement, [locks.bigints(ids)]
    ):
        key = (member_id, Currency(currency))
        found.setdefault(key, []).append((transfer_id, (amount, expires_at)))
    return found


def _difference(
    declaration: Declaration, before: list[tuple[UUID, Shape]]
) -> tuple[list[Open], list[Clawback]]:
    """Compare lots by amount and date: which are new, which are no longer declared."""
    there = Counter(shape for _, shape in before)
    fresh: list[Open] = []
    for place, lot in enumerate(declaration.lots):
        shape = (lot.amount, lot.expires_at)
        if there[shape] > 0:
            there[shape] -= 1
            continue
        fresh.append(_open(declaration, lot, place))
    gone: list[Clawback] = []
    if declaration.replaces:
        for transfer_id, shape in before:
            if there[shape] > 0:
                there[shape] -= 1
                gone.append(
                    _take_back(
                        transfer_id,
                        declaration.member_id,
                        declaration.currency,
                        declaration.as_of,
                        event_id=declaration.event_id,
                    )
                )
    taken = {posting.reverses for posting in gone}
    before[:] = [entry for entry in before if entry[0] not in taken]
    before.extend((posting.id, (posting.amount, posting.expires_at)) for posting in fresh)
    return fresh, gone


def _open(declaration: Declaration, lot: DeclaredLot, place: int) -> Open:
    return Open(
        id=uuid_from("opening", declaration.event_id, place),
        member_id=declaration.member_id,
        currency=declaration.currency,
        amount=lot.amount,
        occurred_at=lot.earned_at,
        usable_from=declaration.as_of,
        expires_at=lot.expires_at,
        event_id=declaration.event_id,
        business_id=uuid_from("opening", declaration.event_id),
    )


def _take_back(
    transfer_id: UUID, member_id: int, currency: Currency, at: datetime, *, event_id: int | None
) -> Clawback:
    return Clawback(
        id=uuid_from("opening", transfer_id, "taken back"),
        member_id=member_id,
        currency=currency,
        reverses=transfer_id,
        amount=None,
        occurred_at=at,
        event_id=event_id,
    )


def _note(opens: Sequence[tuple[Declaration, Open]]) -> None:
    if not opens:
        return
    sql.run(
        _NOTE,
        [
            locks.uuids([posting.id for _, posting in opens]),
            locks.bigints([posting.member_id for _, posting in opens]),
            locks.bigints([int(posting.currency) for _, posting in opens]),
            locks.bigints([declaration.batch_id or 0 for declaration, _ in opens]),
            locks.bigints([declaration.event_id for declaration, _ in opens]),
            "{" + ",".join(declaration.as_of.isoformat() for declaration, _ in opens) + "}",
        ],
    )


def _answers(
    declarations: Sequence[Declaration],
    backs: Sequence[Declaration],
    opens: Sequence[Declaration],
    answers: Sequence[Posted],
) -> list[Declared]:
    opened: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    refused: dict[int, Posted] = {}
    for place, (declaration, posted) in enumerate(zip([*backs, *opens], answers, strict=True)):
        if posted.refusal is not None:
            refused.setdefault(declaration.event_id, posted)
        elif place < len(backs):
            taken[declaration.event_id] += posted.taken + posted.owed + posted.lapsed
        else:
            opened[declaration.event_id] += posted.taken
    return [
        Declared(d.event_id, opened[d.event_id], taken[d.event_id], refused.get(d.event_id))
        for d in declarations
    ]

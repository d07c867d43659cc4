"""Balances declared by an earlier system: brought in as lots, replaced, and taken back.

What a member's declared balance consists of is compared with what was brought in before, so the
same declaration said again changes nothing, and a corrected one moves only the difference.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regulars.kit.ids import uuid_from
from regulars.ledger.domain import Books, Clawback, Currency, Open, Posted
from regulars.ledger.domain.openings import (
    Declaration,
    DeclaredLot,
    StandingLot,
    plan_declaration,
)
from regulars.ledger.selectors import locks
from regulars.ledger.services.books import lock_keys
from regulars.ledger.services.posting import post, retried
from regulars.members import selectors as members
from regulars.web import sql

Standing = dict[tuple[int, Currency], list[StandingLot]]

_STANDING: Final = """
SELECT o.transfer_id, o.member_id, o.currency, t.amount, l.expires_at
FROM ledger_opening AS o JOIN ledger_transfer AS t ON t.id = o.transfer_id
JOIN ledger_lot AS l ON l.id = t.seq
WHERE {which} AND t.amount > COALESCE(
    (SELECT sum(r.amount) FROM ledger_transfer AS r WHERE r.reverses = o.transfer_id), 0)
ORDER BY t.seq
"""
_STANDING_OF_MEMBERS: Final = _STANDING.format(which="o.member_id = ANY(%s::bigint[])")
_NOTE: Final = (
    "INSERT INTO ledger_opening (transfer_id, member_id, currency, batch_id, event_id, as_of)"
    " SELECT x.transfer_id, x.member_id, x.currency, NULLIF(x.batch_id, 0), x.event_id, x.as_of"
    " FROM unnest(%s::uuid[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[],"
    " %s::timestamptz[]) AS x (transfer_id, member_id, currency, batch_id, event_id, as_of)"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Declared:
    """What became of one declaration, in points moved; `refused` where part of it was."""

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
        # Held before it is read what stands: two imports of one balance do not both miss it.
        keys = {(int(d.currency), d.member_id) for d in declarations}
        lock_keys(Books(at=at, numbers=iter(())), keys=keys, debts=set())
        standing = _standing_of_members({d.member_id for d in declarations})
        opens: list[tuple[Declaration, Open]] = []
        backs: list[tuple[Declaration, Clawback]] = []
        for declaration in declarations:
            key = (declaration.member_id, declaration.currency)
            there = standing.setdefault(key, [])
            difference = plan_declaration(declaration, there)
            fresh = [_open(declaration, lot, place, at) for place, lot in difference.opened]
            opens.extend((declaration, posting) for posting in fresh)
            backs.extend(
                (declaration, _take_back(lot, *key, at, event_id=declaration.event_id))
                for lot in difference.taken_back
            )
            kept = [lot for lot in there if lot not in difference.taken_back]
            standing[key] = kept + [StandingLot(p.id, (p.amount, p.expires_at)) for p in fresh]
        # Taken back first, so that what replaces it is not taken instead.
        answers = post([*(p for _, p in backs), *(p for _, p in opens)], at=at)
        _note(opens)
        return _answers(declarations, [d for d, _ in backs], [d for d, _ in opens], answers)

    return retried(attempt)


def _standing_of_members(member_ids: Collection[int]) -> Standing:
    """Find what stands of each member, under every id the member has had."""
    aliases = members.aliases_of(member_ids=sorted(member_ids))
    survivors = {alias: member for member, known in aliases.items() for alias in known}
    found: Standing = {}
    for (member_id, currency), lots in _standing(_STANDING_OF_MEMBERS, survivors).items():
        found.setdefault((survivors[member_id], currency), []).extend(lots)
    return found


def _standing(statement: str, ids: Collection[int]) -> Standing:
    found: Standing = {}
    for transfer_id, member_id, currency, amount, expires_at in sql.rows(
        statement, [locks.bigints(ids)]
    ):
        key = (member_id, Currency(currency))
        found.setdefault(key, []).append(StandingLot(transfer_id, (amount, expires_at)))
    return found


def _open(declaration: Declaration, lot: DeclaredLot, place: int, at: datetime) -> Open:
    return Open(
        id=uuid_from("opening", declaration.event_id, place),
        member_id=declaration.member_id,
        currency=declaration.currency,
        amount=lot.amount,
        occurred_at=lot.earned_at,
        usable_from=min(declaration.as_of, at),
        expires_at=lot.expires_at,
        event_id=declaration.event_id,
        business_id=uuid_from("opening", declaration.event_id),
    )


def _take_back(
    lot: StandingLot, member_id: int, currency: Currency, at: datetime, *, event_id: int | None
) -> Clawback:
    return Clawback(
        id=uuid_from("opening", lot.transfer_id, "taken back"),
        member_id=member_id,
        currency=currency,
        reverses=lot.transfer_id,
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
            taken[declaration.event_id] += _moved(posted)
        else:
            opened[declaration.event_id] += posted.taken
    return [
        Declared(d.event_id, opened[d.event_id], taken[d.event_id], refused.get(d.event_id))
        for d in declarations
    ]


def _moved(posted: Posted) -> int:
    return posted.taken + posted.owed + posted.lapsed

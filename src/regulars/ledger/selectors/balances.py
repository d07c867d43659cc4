"""What members hold: balances, open lots, and the statement of their entries."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from regulars.ledger.domain import (
    AccountKind,
    Balance,
    Currency,
    Entry,
    EntryPage,
    OpenLot,
    TransferKind,
)
from regulars.ledger.selectors.locks import bigints
from regulars.web import sql

LIMIT_MAX: Final = 200

# Pins count only where the hold is live and the lot could otherwise be spent.
_BALANCES: Final = """
SELECT a.member_id, a.currency, a.kind, a.posted, a.frozen_at IS NOT NULL,
    COALESCE(l.usable, 0)::bigint, COALESCE(l.waiting, 0)::bigint,
    COALESCE(h.held, 0)::bigint, COALESCE(h.pinned, 0)::bigint
FROM ledger_account AS a
LEFT JOIN LATERAL (
    SELECT sum(remaining) FILTER (WHERE usable_from <= %s::timestamptz) AS usable,
        sum(remaining) FILTER (WHERE usable_from IS NULL OR usable_from > %s::timestamptz)
            AS waiting
    FROM ledger_lot WHERE account_id = a.id AND is_open
        AND (expires_at IS NULL OR expires_at > %s::timestamptz)
) AS l ON a.kind = 0
LEFT JOIN LATERAL (
    SELECT sum(p.amount) AS held, sum(p.amount) FILTER (
        WHERE t.expires_at IS NULL OR t.expires_at > %s::timestamptz) AS pinned
    FROM ledger_hold AS o JOIN ledger_hold_lot AS p ON p.hold_id = o.id
    JOIN ledger_lot AS t ON t.id = p.lot_id
    WHERE o.account_id = a.id AND o.state = 0 AND o.expires_at > %s::timestamptz
) AS h ON a.held > 0
WHERE a.member_id = ANY(%s::bigint[]) AND a.programme_id = %s::int
"""
_LOTS: Final = """
SELECT l.id, l.transfer_id, l.granted, l.remaining, COALESCE((
    SELECT sum(p.amount) FROM ledger_hold_lot AS p
    JOIN ledger_hold AS h ON h.id = p.hold_id AND h.state = 0 AND h.expires_at > %s::timestamptz
    WHERE p.lot_id = l.id), 0)::bigint, l.usable_from, l.expires_at, l.origin_member_id,
    t.occurred_at, t.kind
FROM ledger_account AS a JOIN ledger_lot AS l ON l.account_id = a.id AND l.is_open
JOIN ledger_transfer AS t ON t.id = l.transfer_id
WHERE a.member_id = %s::bigint AND a.programme_id = %s::int AND a.currency = %s::smallint
    AND a.kind = 0 AND (l.expires_at IS NULL OR l.expires_at > %s::timestamptz)
ORDER BY l.expires_at NULLS LAST, l.id LIMIT %s::bigint
"""
_ENTRY = (
    "t.seq, t.id, t.business_id, t.kind, t.currency, t.occurred_at, t.recorded_at, t.event_id,"
    " t.rule_version_id, t.store_id, t.reason_code, t.reverses, t.hold_id, t.actor_id"
)
_ENTRIES: Final = f"""
SELECT {_ENTRY}, t.moved, l.usable_from, l.expires_at, a.posted
FROM ledger_account AS a CROSS JOIN LATERAL (
    (SELECT {_ENTRY}, t.amount AS moved FROM ledger_transfer AS t
        WHERE t.credit_id = a.id AND t.credit_id > 0 AND t.seq < %s::bigint
        ORDER BY t.seq DESC LIMIT %s::bigint)
    UNION ALL
    (SELECT {_ENTRY}, -t.amount FROM ledger_transfer AS t
        WHERE t.debit_id = a.id AND t.debit_id > 0 AND t.seq < %s::bigint
        ORDER BY t.seq DESC LIMIT %s::bigint)
) AS t LEFT JOIN ledger_lot AS l ON l.id = t.seq AND t.moved > 0
WHERE a.programme_id = %s::int AND a.currency = %s::smallint AND a.member_id = %s::bigint
    AND a.kind = 0
ORDER BY t.seq DESC LIMIT %s::bigint
"""
_END: Final = 2**63 - 1


def balances(
    *, member_ids: Collection[int], at: datetime, programme_id: int = 1
) -> dict[int, Balance]:
    """Answer what each member holds at a moment; whoever never held anything has zeros.

    `available` is what could be spent right now: usable, unexpired lots, less live holds, less
    what is owed. It does not depend on when the sweeper last ran.
    """
    parts: dict[int, dict[str, int | bool]] = {member_id: {} for member_id in member_ids}
    debts: dict[int, int] = {}
    found = sql.rows(_BALANCES, [at] * 5 + [bigints(member_ids), programme_id])
    for member, currency, kind, posted, frozen, usable, waiting, held, pinned in found:
        part = parts[member]
        if kind == AccountKind.OWED:
            if currency == Currency.POINTS:
                part["owed"] = debts[member] = -posted
        elif currency == Currency.POINTS:
            part.update(available=usable - pinned, pending=waiting, held=held, is_frozen=frozen)
            part.update(posted=posted, lapsed=posted - usable - waiting)
        elif currency == Currency.GROWTH:
            part["growth"] = posted
        else:
            part[Currency(currency).name.lower()] = usable - pinned
    for member, debt in debts.items():
        parts[member]["available"] = max(0, int(parts[member].get("available", 0)) - debt)
    return {member: Balance(**part) for member, part in parts.items()}  # type: ignore[arg-type]


def get_balance(*, member_id: int, at: datetime, programme_id: int = 1) -> Balance:
    """Answer what one member holds at a moment."""
    return balances(member_ids=[member_id], at=at, programme_id=programme_id)[member_id]


def list_lots(
    *,
    member_id: int,
    at: datetime,
    currency: Currency = Currency.POINTS,
    programme_id: int = 1,
    limit: int = LIMIT_MAX,
) -> list[OpenLot]:
    """List a member's lots that still hold something, soonest to expire first."""
    found = sql.rows(_LOTS, [at, member_id, programme_id, int(currency), at, limit])
    return [_lot(row) for row in found]


def list_entries(
    *,
    member_id: int,
    before: tuple[int, int] | None = None,
    limit: int = 50,
    currency: Currency = Currency.POINTS,
    programme_id: int = 1,
) -> EntryPage:
    """List a member's movements, newest first, each with the balance after it.

    `before` is `next_before` of the last page: a sequence number and the balance before it.
    """
    limit = max(1, min(limit, LIMIT_MAX))
    side = [_END if before is None else before[0], limit + 1]
    whose = [programme_id, int(currency), member_id]
    found = sql.rows(_ENTRIES, [*side, *side, *whose, limit + 1])
    if not found:
        return EntryPage((), None)
    balance = found[0][17] if before is None else before[1]
    entries: list[Entry] = []
    for row in found[:limit]:
        entries.append(_entry(row, balance))
        balance -= entries[-1].amount
    more = len(found) > limit
    return EntryPage(tuple(entries), (entries[-1].seq, balance) if more else None)


def _lot(row: tuple[Any, ...]) -> OpenLot:
    return OpenLot(
        id=row[0],
        transfer_id=row[1],
        granted=row[2],
        remaining=row[3],
        pinned=row[4],
        usable_from=row[5],
        expires_at=row[6],
        origin_member_id=row[7],
        granted_at=row[8],
        kind=TransferKind(row[9]),
    )


def _entry(row: tuple[Any, ...], balance: int) -> Entry:
    return Entry(
        seq=row[0],
        transfer_id=row[1],
        business_id=row[2],
        kind=TransferKind(row[3]),
        currency=Currency(row[4]),
        amount=row[14],
        balance_after=balance,
        occurred_at=row[5],
        recorded_at=row[6],
        event_id=row[7],
        rule_version_id=row[8],
        store_id=row[9],
        reason_code=row[10],
        reverses=row[11],
        hold_id=row[12],
        usable_from=row[15],
        expires_at=row[16],
        actor_id=row[13],
    )

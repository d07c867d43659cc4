"""Read a member's statement: the ledger's entries, each with the reason why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from regulars.ledger import selectors as ledger
from regulars.ledger.domain import Currency, Entry, TransferKind
from regulars.loyalty.domain import Explanation, Programme, explain, explain_entry
from regulars.loyalty.selectors.awards import list_awards_of_transfers
from regulars.loyalty.selectors.programme import get_programme
from regulars.web import paging

INT64 = range(-(2**63), 2**63)
AWARDED_KINDS = frozenset(
    {TransferKind.EARN, TransferKind.REVERSE, TransferKind.OWE, TransferKind.FORGIVE}
)  # the legs of an award; its expiry and what it repays explain themselves


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement, why it came about, and the order it belongs to."""

    entry: Entry
    explanation: Explanation
    order_id: int | None


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Lines, newest first, and where the next page begins.

    `orders` answers for the transfers asked about beside the lines which order each belongs to.
    """

    lines: tuple[StatementLine, ...]
    next_cursor: str | None
    orders: Mapping[UUID, int] = field(default_factory=dict)


def list_statement(
    *,
    member_id: int,
    cursor: str | None = None,
    limit: int | None = None,
    currency: Currency = Currency.POINTS,
    programme: Programme | None = None,
    beside: Collection[UUID] = (),
) -> StatementPage:
    """List the movements of a survivor's points or growth, newest first, explained.

    `beside` are transfers whose orders are asked for in the same question. Raises CursorMalformed.
    """
    programme = programme or get_programme()
    page = ledger.list_entries(
        member_id=member_id,
        before=_before(cursor),
        limit=paging.clamp(limit),
        currency=currency,
        programme_id=programme.id,
    )
    causes = {each.business_id for each in page.entries if each.kind in AWARDED_KINDS}
    awards = list_awards_of_transfers(member_id=member_id, transfer_ids=list(causes | set(beside)))
    orders = {
        transfer_id: award.order_id
        for (transfer_id, awarded), award in awards.items()
        if awarded is currency and transfer_id in beside
    }
    lines = []
    for entry in page.entries:
        awarded = entry.kind in AWARDED_KINDS
        award = awards.get((entry.business_id, currency)) if awarded else None
        why = explain_entry(entry) if award is None else explain(award, currency, programme)
        order_id = None if award is None else award.order_id
        lines.append(StatementLine(entry, why, order_id))
    following = None if page.next_before is None else paging.encode(*page.next_before)
    return StatementPage(tuple(lines), following, orders)


def _before(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    seq, balance = paging.decode(cursor, parts=2)
    numbers = isinstance(seq, int) and isinstance(balance, int)
    if not numbers or seq not in INT64 or balance not in INT64:
        raise paging.CursorMalformed
    return seq, balance

"""A copy of a member's data: the ticket by which it is fetched, and how orders and points read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from regulars.commerce.domain import OrderView
from regulars.kit.amounts import plain_amount
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.ledger.domain import Entry
from regulars.members.domain import ExportRow

FORMS = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


class CopyExpired(Refusal):
    """The ticket for a copy is over, altered, or somebody else's."""

    kind = Kind.NOT_FOUND
    reason = message("This download is over. Ask for the copy again.")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to fetch one copy: of whom, why, until when."""

    public_id: str
    reason_code: str
    ends_at: datetime


def order_rows(orders: Iterable[OrderView]) -> list[ExportRow]:
    """Write orders as rows of a copy."""
    return [
        ExportRow(
            "orders",
            order.number,
            f"{plain_amount(order.net_minor, order.currency)} {order.currency} {order.state}",
            order.paid_at or order.created_at,
        )
        for order in orders
    ]


def movement_rows(section: str, entries: Iterable[Entry]) -> list[ExportRow]:
    """Write movements of points or growth as rows of a copy, each with the balance after it."""
    return [
        ExportRow(
            section,
            entry.kind.name.lower(),
            f"{entry.amount} ({entry.balance_after})",
            entry.occurred_at,
        )
        for entry in entries
    ]

"""What of one member's record leaves the house as a file: the statement of points, the orders.

The tabs of the record show the same rows in a layout of their own. The member is named by the
public id, and is found only within the reach of who asked.
"""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from regulars.access import selectors as access
from regulars.commerce import selectors as commerce
from regulars.console.domain import formatting
from regulars.console.domain.cells import Cell, ListRow
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import Column, Filter, ListSpec, read_state
from regulars.console.domain.movements import OrderRow, Statement
from regulars.console.domain.stories import Teller
from regulars.console.pages.drawing import language_of, teller_of
from regulars.console.selectors import house, orders, points
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members.domain import Member, MemberNotFound

ONE_MEMBER = Filter("member", message("Member id"), kind="text")
POINTS = ListSpec(
    name="member_points",
    url_name="console-member-tab",
    title=message("Points statement of a member"),
    purpose=message("Every movement of a member's points, newest first, with its reason."),
    columns=(
        Column("at", message("Time")),
        Column("kind", message("Movement")),
        Column("why", message("Why")),
        Column("source", message("Source")),
        Column("amount", message("Amount"), numeric=True),
        Column("balance", message("Balance"), numeric=True),
        Column("expires", message("Lot expires")),
        Column("operator", message("Operator")),
        Column("seq", message("Number")),
    ),
    filters=(ONE_MEMBER,),
    sort="-at",
    export="member_points",
    is_personal=True,
)
ORDERS = ListSpec(
    name="member_orders",
    url_name="console-member-tab",
    title=message("Orders of a member"),
    purpose=message("Every order of a member, newest received first."),
    columns=(
        Column("number", message("Order")),
        Column("at", message("Time")),
        Column("state", message("State")),
        Column("store", message("Store")),
        Column("channel", message("Channel")),
        Column("goods", message("Goods"), numeric=True),
        Column("refunded", message("Refunded"), numeric=True),
        Column("net", message("Net"), numeric=True),
        Column("currency", message("Currency")),
    ),
    filters=(ONE_MEMBER,),
    sort="-at",
    export="member_orders",
    is_personal=True,
)


def _open_points(reader: Reader) -> Opened:
    member, programme = _member(reader, "points.read"), loyalty.get_programme()
    teller = _teller(reader)

    def read(cursor: str | None, size: int) -> Part:
        found = points.read_movements(
            member_id=member.id, programme=programme, cursor=cursor, limit=size
        )
        names = access.names_in_use(operator_ids=found.operator_ids)
        told = points.statement_of(found, names=names, at=reader.at, teller=teller)
        return Part([_movement(row, member, reader) for row in told], found.next_cursor)

    return Opened(state=read_state(POINTS, reader.params), read=read)


def _open_orders(reader: Reader) -> Opened:
    member, teller = _member(reader, "orders.read"), _teller(reader)
    aliases = members.aliases(member_id=member.id)

    def read(cursor: str | None, size: int) -> Part:
        found = commerce.list_orders_of(member_ids=aliases, cursor=cursor, limit=size)
        stores = house.store_names(order.store_id for order in found.items)
        told = orders.rows_of(found.items, stores=stores, teller=teller)
        return Part([_order(row, member) for row in told], found.next_cursor)

    return Opened(state=read_state(ORDERS, reader.params), read=read)


def _member(reader: Reader, permission: str) -> Member:
    """Find the member within the reach of the reader; raises MemberNotFound."""
    try:
        public_id = UUID(reader.params.get("member", ""))
    except ValueError as error:
        raise MemberNotFound from error
    scope = reader.actor.scope_for("members.read") & reader.actor.scope_for(permission)
    return members.get_by_public(public_id=public_id, scope=scope)


def _teller(reader: Reader) -> Teller:
    return teller_of(loyalty.get_programme(), language=language_of(), at=reader.at)


def _movement(row: Statement, member: Member, reader: Reader) -> ListRow:
    until = row.expires_at
    return ListRow(
        str(row.seq),
        {
            "at": Cell.moment(row.at),
            "kind": Cell.text(row.kind, row.status),
            "why": Cell.text(row.explanation),
            "source": Cell.text(row.link.text) if row.link else Cell.dash(),
            "amount": Cell.points(row.amount, signed=True),
            "balance": Cell.points(row.balance),
            "expires": Cell.text(formatting.last_day(until, zone=reader.zone))
            if until
            else Cell.dash(),
            "operator": Cell.text(row.operator or gettext("System")),
            "seq": Cell.code(str(row.seq)),
        },
        reverse("console-ledger-movement", args=[row.seq]),
        member_ids=(member.id,),
    )


def _order(row: OrderRow, member: Member) -> ListRow:
    return ListRow(
        str(row.public_id),
        {
            "number": Cell.text(row.number),
            "at": Cell.moment(row.at),
            "state": Cell.text(row.state),
            "store": Cell.text(row.store),
            "channel": Cell.text(row.channel),
            "goods": Cell.money(row.goods_minor, row.currency),
            "refunded": Cell.money(-row.refunded_minor, row.currency)
            if row.refunded_minor
            else Cell.dash(),
            "net": Cell.money(row.net_minor, row.currency),
            "currency": Cell.text(row.currency),
        },
        reverse("console-order", args=[row.public_id]),
        member_ids=(member.id,),
    )


LISTINGS = (
    Listing(spec=POINTS, permission="points.read", open=_open_points),
    Listing(spec=ORDERS, permission="orders.read", open=_open_orders),
)

"""The list of orders: its columns and filters, for the page and for the file."""

from regulars.console.domain import wording
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec
from regulars.kit.messages import message

ORDERS = ListSpec(
    name="orders",
    url_name="console-orders",
    title=message("Orders"),
    purpose=message("Every order: where it came from, who bought, what was paid and what is left."),
    columns=(
        Column("number", message("Order")),
        Column("paid_at", message("Paid"), sorts=True),
        Column("state", message("State")),
        Column("member", message("Member")),
        Column("store", message("Store")),
        Column("channel", message("Channel")),
        Column("goods", message("Goods paid"), numeric=True, hidden=True),
        Column("refunded", message("Refunded"), numeric=True),
        Column(
            "net",
            message("Net"),
            numeric=True,
            help=message("Goods paid less goods refunded, without shipping and points tender"),
        ),
        Column("lines", message("Lines"), numeric=True, hidden=True),
        Column("recorded_at", message("Received here"), sorts=True, hidden=True),
    ),
    filters=(
        Filter(
            "state",
            message("State"),
            choices=tuple(Choice(c, w.title) for c, w in wording.ORDER_STATES.items()),
        ),
        Filter("channel", message("Channel")),
        Filter("store", message("Store")),
        Filter("paid", message("Paid"), kind="days"),
        Filter(
            "member",
            message("Member"),
            choices=(
                Choice("yes", message("Belongs to a member")),
                Choice("no", message("Belongs to nobody yet")),
            ),
        ),
    ),
    export="orders",
    is_personal=True,
)

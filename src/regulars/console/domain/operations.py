"""Words for stores, sources, imports, rejected rows, events and the ledger's accounts.

Keys are what other apps store; an unknown code is shown as it is.
"""

from collections.abc import Mapping
from types import MappingProxyType

from regulars.console.domain.wording import Worded
from regulars.kit.messages import message

Words = Mapping[str, str]

STORE_KINDS: Words = MappingProxyType(
    {
        "shop": message("Shop"),
        "counter": message("Counter"),
        "franchise": message("Franchise"),
        "web": message("Web shop"),
        "mini_program": message("Mini program"),
        "warehouse": message("Warehouse"),
        "other": message("Other"),
    }
)
SOURCE_KINDS: Words = MappingProxyType(
    {"file": message("Files"), "webhook": message("Webhook"), "api": message("API")}
)
DELIVERY_STATES: Mapping[str, Worded] = MappingProxyType(
    {
        "received": Worded(message("Waiting"), "warn"),
        "applied": Worded(message("Applied"), "ok"),
        "failed": Worded(message("Failed"), "bad"),
        "dropped": Worded(message("Dropped"), "mute"),
    }
)
OUTCOMES: Words = MappingProxyType(
    {
        "applied": message("Applied"),
        "exists": message("Seen before"),
        "parked": message("Waits for its order"),
        "refused": message("Refused"),
        "dead_letter": message("Kept as rejected"),
        "queued": message("Queued"),
    }
)
LETTER_KINDS: Words = MappingProxyType(
    {
        "row": message("Row"),
        "webhook": message("Webhook body"),
        "event": message("Event of the log"),
    }
)
LETTER_STATES: Mapping[str, Worded] = MappingProxyType(
    {
        "open": Worded(message("Open"), "bad"),
        "replayed": Worded(message("Replayed"), "ok"),
        "dropped": Worded(message("Dropped"), "mute"),
    }
)
CODES: Words = MappingProxyType(
    {
        "ingest.row_broke": message("Something broke on our side while the row was applied."),
        "events.behind_another": message(
            "It waits behind an earlier event of the same member, so that their order is kept."
        ),
    }
)
BROKE = message("A reader of the log broke: {error}")
DROP_REASONS: Words = MappingProxyType(
    {
        "test_data": message("Test data"),
        "duplicate": message("A copy of something that is in already"),
        "sender_wrong": message("The sender was wrong and sent it anew"),
        "not_ours": message("Not ours"),
    }
)
LOOK_REASONS: Words = MappingProxyType(
    {
        "find_fault": message("Finding out why it was rejected"),
        "ask_sender": message("Asking the sender to correct it"),
        "data_correction": message("Correcting wrong data"),
    }
)
FILE_KINDS: Words = MappingProxyType(
    {
        "members": message("Members"),
        "orders": message("Orders"),
        "lines": message("Order lines"),
        "products": message("Products"),
        "stores": message("Stores"),
        "balances": message("Opening balances"),
    }
)
FILE_PURPOSES: Words = MappingProxyType(
    {
        "members": message("Identities, profile, tags. Never balances."),
        "orders": message("One row an order, or one row a line where the number repeats."),
        "lines": message("Lines of orders that are in already."),
        "products": message("Code, name, category, brand, price, cost."),
        "stores": message("Code, name, region, kind, zone."),
        "balances": message("Points, growth and stored value as of a day; lots with dates."),
    }
)
BATCH_STATES: Mapping[str, Worded] = MappingProxyType(
    {
        "reading": Worded(message("Reading"), "info"),
        "applying": Worded(message("Applying"), "info"),
        "finished": Worded(message("Imported"), "ok"),
        "rehearsed": Worded(message("Dry run"), "mute"),
        "reverting": Worded(message("Being undone"), "warn"),
        "reverted": Worded(message("Undone"), "mute"),
    }
)
WORK_STATES: Mapping[str, Worded] = MappingProxyType(
    {
        "waiting": Worded(message("Waits to begin"), "info"),
        "running": Worded(message("Running"), "info"),
        "done": Worded(message("Done"), "ok"),
        "failed": Worded(message("Failed"), "bad"),
        "cancelled": Worded(message("Stopped"), "mute"),
    }
)
HOUSE_ACCOUNTS: Words = MappingProxyType(
    {
        "owed": message("Owed by members"),
        "issued": message("Issued"),
        "redeemed": message("Redeemed"),
        "expired": message("Expired"),
        "adjusted": message("Adjustments"),
        "migrated": message("Brought over"),
        "partner": message("Partners"),
        "forgiven": message("Forgiven debts"),
        "closed": message("Closed accounts"),
    }
)
VERIFY_KINDS: Words = MappingProxyType(
    {"full": message("Everything"), "recent": message("What moved since the last run")}
)
VERIFY_ORIGINS: Words = MappingProxyType(
    {
        "clock": message("by the clock"),
        "command": message("on the command line"),
        "console": message("in the console"),
    }
)
FIELDS: Words = MappingProxyType(
    {
        "phone": message("Phone"),
        "card": message("Member card"),
        "external_id": message("Outside id"),
        "email": message("E-mail"),
        "unionid": message("WeChat unionid"),
        "openid": message("WeChat openid"),
        "name": message("Name"),
        "nickname": message("Nickname"),
        "birthday": message("Birthday"),
        "gender": message("Gender"),
        "joined_at": message("Joined at"),
        "home_store": message("Home store"),
        "associate": message("Sales associate"),
        "tags": message("Tags"),
        "number": message("Order number"),
        "state": message("State"),
        "channel": message("Channel"),
        "store": message("Store"),
        "created_at": message("Ordered at"),
        "paid_at": message("Paid at"),
        "completed_at": message("Completed at"),
        "closed_at": message("Closed at"),
        "updated_at": message("Changed at"),
        "original": message("Original order number"),
        "goods": message("Goods amount"),
        "shipping": message("Shipping"),
        "discount": message("Discount"),
        "points_tender": message("Paid with points"),
        "paid": message("Amount paid"),
        "refunded": message("Amount refunded"),
        "refund_state": message("Refund state"),
        "currency": message("Currency"),
        "sku": message("Product code"),
        "line_name": message("Product name"),
        "quantity": message("Quantity"),
        "unit_price": message("Unit price"),
        "line_amount": message("Line amount"),
        "code": message("Code"),
        "region": message("Region"),
        "brand": message("Brand"),
        "kind": message("Kind"),
        "zone": message("Zone"),
        "category": message("Category"),
        "price": message("Price"),
        "cost": message("Cost"),
        "points": message("Points"),
        "growth": message("Growth value"),
        "stored_value": message("Stored value"),
        "lot_amount": message("Points of the lot"),
        "earned_on": message("Earned on"),
        "expires_on": message("Expires on"),
        "as_of": message("As of"),
    }
)
DATE_ORDERS: Words = MappingProxyType(
    {
        "ymd": message("Year, month, day"),
        "mdy": message("Month, day, year"),
        "dmy": message("Day, month, year"),
    }
)

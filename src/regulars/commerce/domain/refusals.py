"""The noes of commerce."""

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class OrderMissing(Refusal):
    """No order of this source has that number, or it is not the caller's to see."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such order.")


class ProductMissing(Refusal):
    """No product has that SKU."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such product.")


class RefundChanged(Refusal):
    """A refund is a fact: the same id cannot stand for another amount."""

    kind = Kind.CONFLICT
    reason = message("This refund is known with another amount.")


class OtherCurrency(Refusal):
    """A refund is paid in the currency of its order."""

    kind = Kind.INVALID
    reason = message("The order is in {order_currency}, the refund in {currency}.")


class OrdersBusy(Refusal):
    """Others kept writing the same new orders."""

    kind = Kind.TRY_LATER
    reason = message("Too many writers meet at the same orders. Try again.")

"""Write commerce: orders, refunds and products in batches, attribution, withdrawal of a batch."""

from regulars.commerce.services.attribution import TASK as ATTRIBUTE_WAITING
from regulars.commerce.services.attribution import (
    attribute_orders,
    attribute_waiting,
    forget_waiting,
    link_stores,
)
from regulars.commerce.services.orders import record_orders
from regulars.commerce.services.products import record_products
from regulars.commerce.services.refunds import record_refunds, record_returns
from regulars.commerce.services.withdrawal import Withdrawn, withdraw_orders

__all__ = [
    "ATTRIBUTE_WAITING",
    "Withdrawn",
    "attribute_orders",
    "attribute_waiting",
    "forget_waiting",
    "link_stores",
    "record_orders",
    "record_products",
    "record_refunds",
    "record_returns",
    "withdraw_orders",
]

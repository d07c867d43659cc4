"""Write commerce: orders, refunds and products in batches, attribution, withdrawal of a batch."""

from regulars.commerce.services.attribution import attribute_orders, link_stores
from regulars.commerce.services.orders import record_orders
from regulars.commerce.services.products import record_products
from regulars.commerce.services.refunds import record_refunds, record_returns
from regulars.commerce.services.withdrawal import Withdrawn, withdraw_orders

__all__ = [
    "Withdrawn",
    "attribute_orders",
    "link_stores",
    "record_orders",
    "record_products",
    "record_refunds",
    "record_returns",
    "withdraw_orders",
]

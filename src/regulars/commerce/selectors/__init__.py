"""Read orders and products: held rows for the writers, frozen values for everybody else."""

from regulars.commerce.selectors.catalogue import get_product, list_products
from regulars.commerce.selectors.locks import (
    HeldOrder,
    find_order_keys,
    list_unlinked_returns,
    lock_orders,
    lock_orders_by_id,
    stores_of_orders,
)
from regulars.commerce.selectors.orders import (
    OrderPage,
    buyers_among,
    count_orders,
    get_order,
    list_orders,
    orders_total_of,
)

__all__ = [
    "HeldOrder",
    "OrderPage",
    "buyers_among",
    "count_orders",
    "find_order_keys",
    "get_order",
    "get_product",
    "list_orders",
    "list_products",
    "list_unlinked_returns",
    "lock_orders",
    "lock_orders_by_id",
    "orders_total_of",
    "stores_of_orders",
]

"""Read orders and products: held rows for the writers, frozen values for everybody else."""

from regulars.commerce.selectors.catalogue import (
    count_products,
    get_product,
    get_product_by_id,
    list_brands,
    list_categories,
    list_products,
    list_products_matching,
)
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
    count_of_batch,
    count_orders,
    count_orders_matching,
    get_order,
    list_channels,
    list_orders,
    list_orders_matching,
    list_orders_of,
    orders_total_of,
)

__all__ = [
    "HeldOrder",
    "OrderPage",
    "buyers_among",
    "count_of_batch",
    "count_orders",
    "count_orders_matching",
    "count_products",
    "find_order_keys",
    "get_order",
    "get_product",
    "get_product_by_id",
    "list_brands",
    "list_categories",
    "list_channels",
    "list_orders",
    "list_orders_matching",
    "list_orders_of",
    "list_products",
    "list_products_matching",
    "list_unlinked_returns",
    "lock_orders",
    "lock_orders_by_id",
    "orders_total_of",
    "stores_of_orders",
]

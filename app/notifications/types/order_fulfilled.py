"""The whole order is on its way; with a tracking link where Shopify has one."""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import Order, about_order, notify_on


@notify_on(
    "orders/fulfilled",
    Order,
    kind="order_fulfilled",
    label="Order fulfilled",
    description="Sent when every item of an order has been fulfilled.",
    scope="read_orders",
    enabled_by_default=True,
    place=12,
    max_age=timedelta(hours=48),
    uses_tracking=True,
)
def announce(order: Order) -> About | None:
    return about_order(order)

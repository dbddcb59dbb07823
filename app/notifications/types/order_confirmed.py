"""The order confirmation: right after the order, at any hour, or not at all."""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import Order, about_order, notify_on


@notify_on(
    "orders/create",
    Order,
    kind="order_confirmed",
    label="Order confirmed",
    description="Sent right after a customer places an order.",
    scope="read_orders",
    enabled_by_default=True,
    place=10,
    max_age=timedelta(hours=3),
    # People who have just bought something expect this text now, also at night.
    heeds_quiet_hours=False,
)
def confirm(order: Order) -> About | None:
    return about_order(order)

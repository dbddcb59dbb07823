"""An order that was placed first and paid later: an invoice, a bank transfer, cash on collection.

Shopify also tells of the payment of an order that is paid at checkout, within a minute of the order; its confirmation
says that already.
"""

from datetime import timedelta
from typing import Final

from app.messages.facts import OrderFacts
from app.messages.models import Message
from app.messages.queue import About
from app.notifications.declare import Order, about_order, notify_on

AT_CHECKOUT: Final = timedelta(minutes=15)


def returned(facts: OrderFacts, message: Message) -> tuple[str, str] | None:
    if facts.payment in ("REFUNDED", "VOIDED"):
        return "payment_returned", "The payment was returned meanwhile."
    return None


@notify_on(
    "orders/paid",
    Order,
    kind="order_paid",
    label="Payment received",
    description="Sent when an order that was placed unpaid has been paid. Orders paid at checkout get no such text.",
    scope="read_orders",
    max_age=timedelta(hours=24),
    place=15,
    no_longer_true=returned,
)
def thank(order: Order) -> About | None:
    if order.created_at is None or order.updated_at is None or order.updated_at - order.created_at < AT_CHECKOUT:
        return None
    return about_order(order)

"""The order was cancelled, by the shop or at the customer's wish. Texts about it that still wait are not sent."""

from datetime import timedelta

from app.messages.facts import OrderFacts
from app.messages.models import Message
from app.messages.queue import About
from app.messages.reasons import NOT_CANCELLED
from app.notifications.declare import Order, about_order, notify_on


def still_stands(facts: OrderFacts, message: Message) -> tuple[str, str] | None:
    return None if facts.cancelled else (NOT_CANCELLED.code, NOT_CANCELLED.sentence)


@notify_on(
    "orders/cancelled",
    Order,
    kind="order_cancelled",
    label="Order canceled",
    description="Sent when you cancel an order in Shopify.",
    scope="read_orders",
    max_age=timedelta(hours=24),
    after_cancellation=True,
    place=90,
    no_longer_true=still_stands,
)
def tell(order: Order) -> About | None:
    return about_order(order)

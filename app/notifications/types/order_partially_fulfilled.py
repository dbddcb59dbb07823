"""A part of an order is on its way: one text for each parcel but the last, which `order_fulfilled` tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.messages.facts import OrderFacts
from app.messages.models import Message
from app.messages.queue import About
from app.notifications.declare import Order, about_order, notify_on


def taken_back(facts: OrderFacts, message: Message) -> tuple[str, str] | None:
    parcel = facts.parcel(message.fulfillment_id)
    if parcel is not None and parcel.status in ("CANCELLED", "ERROR", "FAILURE"):
        return "fulfillment_cancelled", "This fulfillment was canceled."
    return None


@notify_on(
    "orders/partially_fulfilled",
    Order,
    kind="order_partially_fulfilled",
    label="Part of an order fulfilled",
    description="Sent for each parcel of an order that is not complete yet.",
    scope="read_orders",
    max_age=timedelta(hours=48),
    uses_tracking=True,
    place=30,
    no_longer_true=taken_back,
)
def announce(order: Order) -> About | None:
    good = [parcel for parcel in order.fulfillments if parcel.status not in ("cancelled", "error", "failure")]
    if not good:
        return None
    newest = max(good, key=lambda parcel: (parcel.created_at or datetime.min.replace(tzinfo=UTC), parcel.id))
    return replace(about_order(order), subject=str(newest.id), fulfillment_id=str(newest.id))

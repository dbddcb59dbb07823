"""Money went back to the customer, in full or in part: one text for each refund.

Source: Shopify, `refunds/create` ("created without errors on an order, independent from the movement of money"). A
refund that only takes items back moves no money and brings no text.
"""

from datetime import timedelta

import msgspec

from app.messages.facts import OrderFacts
from app.messages.models import Message
from app.messages.queue import About
from app.notifications.declare import notify_on


class Transaction(msgspec.Struct):
    kind: str | None = None
    status: str | None = None


class Refund(msgspec.Struct):
    id: int
    order_id: int
    transactions: list[Transaction] = msgspec.field(default_factory=list)


def no_money_went_back(facts: OrderFacts, message: Message) -> tuple[str, str] | None:
    refund = facts.refund(message.subject)
    if refund is None or not refund.amount:
        return "nothing_refunded", "Shopify shows no money that went back with this refund."
    return None


@notify_on(
    "refunds/create",
    Refund,
    kind="order_refunded",
    label="Refund sent",
    description="Sent for each refund that returns money, with its amount.",
    scope="read_orders",
    max_age=timedelta(hours=24),
    after_cancellation=True,
    place=95,
    no_longer_true=no_money_went_back,
)
def tell(refund: Refund) -> About | None:
    if not any(each.kind == "refund" and each.status in ("success", "pending") for each in refund.transactions):
        return None
    return About(subject=str(refund.id), order_id=str(refund.order_id))

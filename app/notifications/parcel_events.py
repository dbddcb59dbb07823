"""What carriers report of a parcel, and when such news is out of date.

Source: Shopify, `fulfillment_events/create`; the words are those of `FulfillmentEventStatus`, in lower case in a
payload, and of `FulfillmentDisplayStatus` in the Admin API. Scans on the way ("in transit") are deliberately nobody's
kind: they come by the dozen and tell a customer nothing.
"""

import msgspec

from app.messages.facts import OrderFacts
from app.messages.models import Message
from app.messages.queue import About
from app.notifications.declare import Objection, about_parcel


class ParcelEvent(msgspec.Struct):
    """What a `fulfillment_events/*` payload is read for."""

    fulfillment_id: int
    order_id: int
    status: str
    happened_at: str | None = None


TAKEN_BACK = ("CANCELED", "LABEL_VOIDED")


def overtaken_by(*later: str) -> Objection:
    """The objection of a kind that is no longer news once the parcel has come as far as one of *later*."""

    def objection(facts: OrderFacts, message: Message) -> tuple[str, str] | None:
        parcel = facts.parcel(message.fulfillment_id)
        if parcel is None or parcel.status == "CANCELLED" or parcel.progress in TAKEN_BACK:
            return "fulfillment_cancelled", "This fulfillment was canceled."
        if parcel.progress in later:
            return "parcel_moved_on", "The parcel has moved on since: its state is a later one by now."
        return None

    return objection


def about_event(event: ParcelEvent, status: str, *, each_day: bool = False) -> About | None:
    """What *event* is about if it is of *status*: once per parcel, or once for *each_day* on which it happens."""
    if event.status.lower() != status:
        return None
    day = f"{event.fulfillment_id}/{(event.happened_at or '')[:10]}" if each_day else None
    return about_parcel(event.order_id, event.fulfillment_id, day)

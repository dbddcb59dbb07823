"""A parcel got a tracking number after it was announced, or another one.

Shopify repeats `fulfillments/update` at every scan of the carrier. So a text is asked for once per parcel and number,
and the gate drops it where another text about the order has told the same number, or is about to.
"""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import Parcel, about_parcel, notify_on


@notify_on(
    "fulfillments/update",
    Parcel,
    kind="tracking_updated",
    label="Tracking added",
    description="Sent when a parcel gets a tracking number that the customer has not been told yet.",
    scope="read_fulfillments",
    optional_scope=True,
    max_age=timedelta(hours=48),
    uses_tracking=True,
    only_new_tracking=True,
    place=40,
)
def tell(parcel: Parcel) -> About | None:
    known = [*parcel.tracking_numbers, *parcel.tracking_urls]
    if not known or parcel.status in ("cancelled", "error", "failure"):
        return None
    return about_parcel(parcel.order_id, parcel.id, f"{parcel.id}/{known[0][:100]}")

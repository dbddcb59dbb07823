"""The parcel is with the driver. Held over night it is dropped once it has arrived."""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import notify_on
from app.notifications.parcel_events import ParcelEvent, about_event, overtaken_by


@notify_on(
    "fulfillment_events/create",
    ParcelEvent,
    kind="out_for_delivery",
    label="Out for delivery",
    description="Sent when the carrier takes the parcel out for delivery.",
    scope="read_fulfillments",
    optional_scope=True,
    max_age=timedelta(hours=12),
    uses_tracking=True,
    place=50,
    no_longer_true=overtaken_by("DELIVERED", "ATTEMPTED_DELIVERY", "NOT_DELIVERED", "FAILURE"),
)
def tell(event: ParcelEvent) -> About | None:
    return about_event(event, "out_for_delivery")

"""The parcel has arrived, says the carrier."""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import notify_on
from app.notifications.parcel_events import ParcelEvent, about_event, overtaken_by


@notify_on(
    "fulfillment_events/create",
    ParcelEvent,
    kind="delivered",
    label="Delivered",
    description="Sent when the carrier reports that the parcel was delivered.",
    scope="read_fulfillments",
    optional_scope=True,
    max_age=timedelta(hours=24),
    uses_tracking=True,
    place=60,
    no_longer_true=overtaken_by("NOT_DELIVERED", "FAILURE"),
)
def tell(event: ParcelEvent) -> About | None:
    return about_event(event, "delivered")

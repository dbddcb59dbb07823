"""The carrier says that it will be later than announced; told once for each parcel."""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import notify_on
from app.notifications.parcel_events import ParcelEvent, about_event, overtaken_by


@notify_on(
    "fulfillment_events/create",
    ParcelEvent,
    kind="delivery_delayed",
    label="Delivery delayed",
    description="Sent once when the carrier reports that a parcel is delayed.",
    scope="read_fulfillments",
    optional_scope=True,
    max_age=timedelta(hours=24),
    uses_tracking=True,
    place=45,
    no_longer_true=overtaken_by("OUT_FOR_DELIVERY", "DELIVERED", "PICKED_UP", "READY_FOR_PICKUP"),
)
def tell(event: ParcelEvent) -> About | None:
    return about_event(event, "delayed")

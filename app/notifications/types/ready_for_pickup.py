"""The parcel waits for the customer, at the carrier's pickup point or in the store."""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import notify_on
from app.notifications.parcel_events import ParcelEvent, about_event, overtaken_by


@notify_on(
    "fulfillment_events/create",
    ParcelEvent,
    kind="ready_for_pickup",
    label="Ready for pickup",
    description="Sent when a parcel waits to be picked up.",
    scope="read_fulfillments",
    optional_scope=True,
    max_age=timedelta(hours=48),
    uses_tracking=True,
    place=58,
    no_longer_true=overtaken_by("DELIVERED", "PICKED_UP"),
)
def tell(event: ParcelEvent) -> About | None:
    return about_event(event, "ready_for_pickup")

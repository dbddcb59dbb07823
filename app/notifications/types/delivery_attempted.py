"""Nobody was there: one text for each day on which the carrier tried."""

from datetime import timedelta

from app.messages.queue import About
from app.notifications.declare import notify_on
from app.notifications.parcel_events import ParcelEvent, about_event, overtaken_by


@notify_on(
    "fulfillment_events/create",
    ParcelEvent,
    kind="delivery_attempted",
    label="Delivery attempted",
    description="Sent when the carrier could not hand the parcel over.",
    scope="read_fulfillments",
    optional_scope=True,
    max_age=timedelta(hours=24),
    uses_tracking=True,
    place=55,
    no_longer_true=overtaken_by("DELIVERED", "PICKED_UP"),
)
def tell(event: ParcelEvent) -> About | None:
    return about_event(event, "attempted_delivery", each_day=True)

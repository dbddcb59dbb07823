"""What becomes of an outbound text, computed from the clock whenever somebody looks.

Source: RingCentral developer guide, "SMS errors". Codes of RingCentral and its gateway (SMS-RC, SMS-UP) end in
SendingFailed as soon as the text leaves the queue; codes of the carrier (SMS-CAR) in DeliveryFailed when the receipt
comes, except the two that say there was no receipt, which leave the text at Sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.simulator.ringcentral.platform import Platform
from app.simulator.ringcentral.state import Message, Number

NO_RECEIPT = {"SMS-CAR-104", "SMS-CAR-199"}
MAGIC_OUTCOMES = {
    "+15005550410": "SMS-RC-410",
    "+15005550411": "SMS-CAR-411",
    "+15005550412": "SMS-CAR-412",
    "+15005550413": "SMS-RC-413",
    "+15005550430": "SMS-CAR-430",
    "+15005550450": "SMS-CAR-450",
    "+15005550500": "SMS-RC-500",
    "+15005550199": "SMS-CAR-199",
    "+15005550200": "Sent",
}
"""Recipients whose texts always end like this, for hands-on trials; tests name theirs in `delivery_outcomes`."""


@dataclass(frozen=True, slots=True)
class Status:
    word: str
    since: datetime
    error_code: str | None = None


def status_of(platform: Platform, message: Message) -> Status:
    if message.direction == "Inbound":
        return Status("Received", message.created_at)
    now, outcome = platform.clock(), message.outcome
    sent_at = message.created_at + timedelta(seconds=platform.sent_after)
    settled_at = message.created_at + timedelta(seconds=platform.delivered_after)
    if now < sent_at:
        return Status("Queued", message.created_at)
    if outcome.startswith(("SMS-RC-", "SMS-UP-")):
        return Status("SendingFailed", sent_at, outcome)
    if now < settled_at or outcome == "Sent":
        return Status("Sent", sent_at)
    if outcome in NO_RECEIPT:
        return Status("Sent", settled_at, outcome)
    if outcome.startswith("SMS-"):
        return Status("DeliveryFailed", settled_at, outcome)
    return Status("Delivered", settled_at)


def outcome_for(platform: Platform, number: Number, recipient: str) -> str:
    """Decided when the text is accepted."""
    if platform.state.has_opted_out(number.phone, recipient):
        return "SMS-RC-413"
    if number.payment_type == "TollFree" and not number.toll_free_verified:
        return "SMS-CAR-461"
    if number.payment_type != "TollFree" and number.campaign_status != "Confirmed":
        return "SMS-RC-503"
    return platform.delivery_outcomes.get(recipient) or MAGIC_OUTCOMES.get(recipient, "Delivered")


def reaches_handset(outcome: str) -> bool:
    return outcome in ("Delivered", "Sent") or outcome in NO_RECEIPT

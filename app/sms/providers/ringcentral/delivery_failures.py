"""What RingCentral says became of a text that it had accepted, code by code.

Source: "SMS error codes" of the RingCentral developer guide.
"""

from dataclasses import replace

from app.sms.contract import DeliveryFailure, FailureKind

HOURS = 3600.0
UNTIL_TOMORROW = 24 * HOURS
"""Carriers count by US days whose hour of change they do not publish; a whole day is always enough."""


def _failure(
    kind: FailureKind, sentence: str, *, pause: float | None = None, days: int | None = None
) -> DeliveryFailure:
    return DeliveryFailure("", kind, sentence, pause_seconds=pause, unusable_days=days)


OPTED_OUT = _failure(FailureKind.OPTED_OUT, "The customer has opted out of texts from this number.")
NO_SUCH_NUMBER = _failure(FailureKind.NUMBER_UNUSABLE, "The phone number is invalid or a landline; correct it.")
NOT_REACHED = _failure(FailureKind.NUMBER_UNUSABLE, "The phone could not be reached.", days=7)
SPAM = _failure(
    FailureKind.TEXT_REFUSED,
    "A spam filter stopped the text; reword the template and use links of your own shop, not of a link shortener.",
)
TOO_LONG = _failure(FailureKind.TEXT_REFUSED, "The carrier refused the text as too long; shorten the template.")
FLAGGED = _failure(
    FailureKind.SENDER_STOPPED, "Carriers have marked the sending number as spam; talk to RingCentral before going on."
)
NOT_VERIFIED = _failure(
    FailureKind.SENDER_STOPPED, "The toll-free number is not verified yet; finish the verification with RingCentral."
)
NOT_PROVISIONED = _failure(
    FailureKind.SENDER_STOPPED,
    "The sending number is not set up for SMS; check its campaign registration with RingCentral.",
)
OWN_LIMIT = _failure(
    FailureKind.SENDER_PAUSED,
    "The RingCentral account has reached its message limit; sending goes on tomorrow.",
    pause=UNTIL_TOMORROW,
)
CARRIER_LIMIT = _failure(
    FailureKind.SENDER_PAUSED,
    "The carrier's daily limit for your brand is used up; sending goes on tomorrow. "
    "A higher trust score of the brand raises the limit.",
    pause=UNTIL_TOMORROW,
)
NO_RECEIPT = _failure(FailureKind.NOT_FINAL, "The carrier has not told whether the text arrived.")
SERVICE = _failure(FailureKind.RETRY_ONCE, "The text could not be delivered because of a passing fault.")
PROVIDER_FAULT = _failure(
    FailureKind.PROVIDER_FAULT, "RingCentral could not deliver the text; ask RingCentral's support with this code."
)

DELIVERY_FAILURES: dict[str, DeliveryFailure] = {
    "SMS-RC-413": OPTED_OUT,
    "SMS-UP-413": OPTED_OUT,
    "SMS-CAR-413": OPTED_OUT,
    "SMS-RC-410": NO_SUCH_NUMBER,
    "SMS-UP-410": NO_SUCH_NUMBER,
    "SMS-UP-411": NO_SUCH_NUMBER,
    "SMS-CAR-400": NO_SUCH_NUMBER,
    "SMS-CAR-411": NO_SUCH_NUMBER,
    "SMS-CAR-412": NOT_REACHED,
    "SMS-UP-412": NOT_REACHED,
    "SMS-RC-430": SPAM,
    "SMS-UP-430": SPAM,
    "SMS-CAR-430": SPAM,
    "SMS-UP-433": SPAM,
    "SMS-CAR-433": SPAM,
    "SMS-CAR-435": SPAM,
    "SMS-UP-431": FLAGGED,
    "SMS-UP-432": TOO_LONG,
    "SMS-CAR-432": TOO_LONG,
    "SMS-CAR-434": TOO_LONG,
    "SMS-RC-403": OWN_LIMIT,
    "SMS-CAR-450": CARRIER_LIMIT,
    "SMS-CAR-451": CARRIER_LIMIT,
    "SMS-CAR-452": CARRIER_LIMIT,
    "SMS-CAR-461": NOT_VERIFIED,
    "SMS-UP-414": NOT_PROVISIONED,
    "SMS-CAR-414": NOT_PROVISIONED,
    "SMS-RC-503": NOT_PROVISIONED,
    "SMS-RC-504": NOT_PROVISIONED,
    "SMS-CAR-104": NO_RECEIPT,
    "SMS-CAR-199": NO_RECEIPT,
    "SMS-CAR-410": SERVICE,
    "SMS-CAR-431": SERVICE,
    "SMS-CAR-500": SERVICE,
    "SMS-UP-500": SERVICE,
    "SMS-RC-500": SERVICE,
    "SMS-RC-501": PROVIDER_FAULT,
    "SMS-CAR-460": PROVIDER_FAULT,
}


def delivery_failure(code: str | None) -> DeliveryFailure:
    """What a `deliveryErrorCode` means; an unknown or missing one is permanent."""
    code = code or "SMS-NO-CODE"
    return replace(DELIVERY_FAILURES.get(code, PROVIDER_FAULT), code=code)

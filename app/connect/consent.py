"""Whether a customer of an API order agreed to texts: the evidence that the order carries, and what Shopify says.

An order carries `sms_consent` with the state, when and where it was collected, and the words that the customer saw.
The newest evidence of a phone is kept with the customer's profile, and counts for later orders too. Without any, the
customer's consent in Shopify counts. Where both speak, an opt-out wins unless the evidence is newer than it. A STOP
(the suppression of the whole shop) is no part of this: it wins over everything, at the gate.
Reference: CTIA Messaging Principles 5.1 (a record of consent holds the time, the medium and the wording).
"""

from dataclasses import dataclass, field
from datetime import datetime

from app.core.phone import to_e164
from app.deps import Deps
from app.messages import reasons
from app.messages.reasons import Reason
from app.shopify.client import operation
from app.shops.admin_api import run_operation

SUBSCRIBED, UNSUBSCRIBED, PENDING = "subscribed", "unsubscribed", "pending"
STATES = (SUBSCRIBED, UNSUBSCRIBED, PENDING)


@dataclass(frozen=True)
class Evidence:
    """*source*: where it was collected, such as "checkout". *wording*: what the customer was shown."""

    state: str
    collected_at: datetime | None
    source: str | None
    wording: str | None = field(repr=False)


@dataclass(frozen=True)
class ShopifyConsent:
    """*state* is Shopify's word ("SUBSCRIBED", …)."""

    state: str | None
    updated_at: datetime | None


@dataclass(frozen=True)
class Verdict:
    """*state* as the gate reads it: "SUBSCRIBED" or what is in its way. *source* names who said so."""

    state: str | None
    source: str

    @property
    def refusal(self) -> Reason | None:
        match self.state:
            case "SUBSCRIBED":
                return None
            case "UNSUBSCRIBED":
                return Reason(reasons.UNSUBSCRIBED.code, f"The customer has unsubscribed from texts ({self.source}).")
            case "PENDING":
                return reasons.PENDING
            case _:
                return NO_EVIDENCE


NO_EVIDENCE = Reason(
    reasons.NEVER_SUBSCRIBED.code,
    "The customer has not agreed to text messages: the order carries no sms_consent, and Shopify knows of none.",
)


def judge(evidence: Evidence | None, shopify: ShopifyConsent | None) -> Verdict:
    """*shopify* None: the shop has no such customer."""
    in_shopify = shopify.state if shopify is not None else None
    if evidence is None:
        return Verdict(in_shopify, "Shopify")
    if in_shopify == "UNSUBSCRIBED" and evidence.state == SUBSCRIBED and not _newer(evidence, shopify):
        return Verdict("UNSUBSCRIBED", "Shopify")
    return Verdict(evidence.state.upper(), f"order, {evidence.source or 'API'}")


async def ask_shopify(deps: Deps, shop_id: int, phone: str) -> ShopifyConsent | None:
    """What Shopify has for the customer with this number; None when there is none. Raises `ShopifyError`s."""
    answer = await run_operation(deps, shop_id, operation("app.connect", "consent_by_phone"), {"phone": phone})
    customer = answer["customerByIdentifier"] or {}
    number = customer.get("defaultPhoneNumber") or {}
    consent = number.get("smsMarketingConsent") or {}
    if to_e164(number.get("phoneNumber")) != phone or not consent.get("state"):
        return None
    return ShopifyConsent(str(consent["state"]), _moment(consent.get("updatedAt")))


def _newer(evidence: Evidence, shopify: ShopifyConsent | None) -> bool:
    if evidence.collected_at is None or shopify is None or shopify.updated_at is None:
        return False
    return evidence.collected_at > shopify.updated_at


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None

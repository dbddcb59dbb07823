"""Consent that changed in Shopify. It never lifts a local opt-out: only START or a recorded fresh consent does."""

from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import add_consent_event, is_suppressed
from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.webhooks import Delivery, on_topic


class SmsConsent(msgspec.Struct):
    state: str | None = None


class ConsentUpdate(msgspec.Struct):
    """`id` is the customer's; the phone may be missing."""

    id: int
    phone: str | None = None
    sms_marketing_consent: SmsConsent | None = None


@on_topic("customers_marketing_consent/update", name="consent.adopt", scope="read_customers")
async def note_shopify_consent(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """Remembered as an event. The gate asks Shopify afresh before each text, so nothing has to be copied."""
    update = delivery.payload(ConsentUpdate)
    phone = to_e164(update.phone, "US")
    state = ((update.sms_marketing_consent and update.sms_marketing_consent.state) or "").upper()
    if delivery.shop_id is None or phone is None or not state:
        return "nothing to remember"
    phone_hash = deps.vault.fingerprint(phone)
    suppressed = await is_suppressed(session, delivery.shop_id, phone_hash)
    values: dict[str, Any] = {
        "shop_id": delivery.shop_id,
        "phone_hash": phone_hash,
        "phone_encrypted": deps.vault.encrypt(phone),
        "at": delivery.event_at,
        "change": f"shopify_{state.lower()}",
        "source": "shopify",
        "actor": "shopify",
        "state_before": "suppressed" if suppressed else "not_suppressed",
        "state_after": "suppressed" if suppressed else "not_suppressed",
    }
    await add_consent_event(session, values)
    return "remembered"

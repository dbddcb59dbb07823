"""Consent that changed in Shopify. It never lifts a local opt-out: only START or a recorded fresh consent does."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.shopify_news import note_shopify_state
from app.consent.shopify_states import read_state
from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.webhooks import Delivery, on_topic


class SmsConsent(msgspec.Struct):
    state: str | None = None
    consent_updated_at: str | None = None


class ConsentUpdate(msgspec.Struct):
    """`id` is the customer's; the phone may be missing."""

    id: int
    phone: str | None = None
    sms_marketing_consent: SmsConsent | None = None


@on_topic("customers_marketing_consent/update", name="consent.adopt", scope="read_customers")
async def note_shopify_consent(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """Remembered as an event. The gate asks Shopify afresh before each text, so nothing has to be copied."""
    update = delivery.payload(ConsentUpdate)
    phone, consent = to_e164(update.phone, "US"), update.sms_marketing_consent
    if delivery.shop_id is None or phone is None or consent is None or not consent.state:
        return "nothing to remember"
    changed_at = _moment(consent.consent_updated_at) or delivery.event_at
    return await note_shopify_state(
        deps, session, delivery.shop_id, phone, read_state(consent.state), changed_at, method="webhook"
    )


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None

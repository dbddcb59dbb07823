"""The second policy, "order-update consent": a person who agreed to order texts in the shop's own words, not in
Shopify's.

Informational texts need prior express consent, not necessarily the marketing consent that Shopify keeps. A shop that
asks for it itself declares the words and the place; from that day on, an order placed under them is an agreement,
written to the ledger with those words. It never covers who unsubscribed or has a sign-up pending, nor who opted out
here, and there is no third policy.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import ConsentPolicy
from app.consent.opt_out import AGREED, Evidence, record_event
from app.consent.queries import current_policy, latest_decision, latest_of_source
from app.consent.shopify_states import ShopifyConsent
from app.core.errors import Invalid
from app.deps import Deps
from app.shops.models import Shop
from app.shops.queries import write_audit

SUBSCRIBERS: Final = "subscribers"
ORDER_UPDATES: Final = "order_updates"
SHORTEST_WORDING: Final = 30
LONGEST: Final = 1000


async def agreement_for(
    session: AsyncSession, shop_id: int, state: ShopifyConsent, ordered_at: datetime | None
) -> Evidence | None:
    """What the ledger is told when this order's buyer agreed under the shop's policy; None when nobody agreed."""
    policy = await current_policy(session, shop_id)
    if policy is None or policy.policy != ORDER_UPDATES or state is not ShopifyConsent.NEVER_SUBSCRIBED:
        return None
    if ordered_at is None or ordered_at < policy.at:
        return None
    return Evidence(
        source="checkout",
        actor="customer",
        method=ORDER_UPDATES,
        rule=f"policy {policy.id}: {policy.place}",
        wording=policy.wording,
        at=ordered_at,
    )


async def covers_phone(
    deps: Deps, session: AsyncSession, shop_id: int, phone: str, ordered_at: datetime | None
) -> bool:
    """Whether a phone given with an order may be texted instead of the customer's own, which is the one that Shopify's
    consent is about: its owner opted in here, or ordered under words that are about the phone in the order. Who opted
    out is not passed over for another phone either: the text is skipped for that."""
    if await latest_decision(session, shop_id, deps.vault.fingerprint(phone)) is not None:
        return True
    policy = await current_policy(session, shop_id)
    return policy is not None and policy.policy == ORDER_UPDATES and ordered_at is not None and ordered_at >= policy.at


async def record_agreement(deps: Deps, session: AsyncSession, shop_id: int, phone: str, agreement: Evidence) -> None:
    """Once for each phone and policy."""
    known = await latest_of_source(session, shop_id, deps.vault.fingerprint(phone), "checkout", AGREED)
    if known is None or known.rule != agreement.rule:
        await record_event(deps, session, shop_id, phone, agreement, change=AGREED)


async def describe_policy(session: AsyncSession, shop_id: int) -> dict[str, Any]:
    policy = await current_policy(session, shop_id)
    if policy is None:
        return {"policy": SUBSCRIBERS, "wording": None, "place": None, "since": None, "actor": None}
    return {
        "policy": policy.policy,
        "wording": policy.wording or None,
        "place": policy.place or None,
        "since": policy.at.isoformat(),
        "actor": policy.actor,
    }


async def save_policy(deps: Deps, session: AsyncSession, shop: Shop, form: dict[str, Any], *, actor: str) -> None:
    """A new row each time, so that it can be shown later what was declared when. Raises `Invalid`."""
    policy, wording, place = (form.get(name) for name in ("policy", "wording", "place"))
    wrong = {}
    if policy not in (SUBSCRIBERS, ORDER_UPDATES):
        wrong["policy"] = f"Choose {SUBSCRIBERS} or {ORDER_UPDATES}."
    elif policy == ORDER_UPDATES:
        if not isinstance(wording, str) or not SHORTEST_WORDING <= len(wording.strip()) <= LONGEST:
            wrong["wording"] = "Give the words your customers agree to, exactly as they are shown."
        elif "stop" not in wording.lower():
            wrong["wording"] = "The words have to say that the texts can be stopped, for example “Reply STOP to end”."
        if not isinstance(place, str) or not 3 <= len(place.strip()) <= LONGEST:
            wrong["place"] = "Say where customers see these words, for example “checkout, below the phone field”."
        if form.get("confirmed") is not True:
            wrong["confirmed"] = "Confirm that every customer sees these words before ordering."
    if wrong:
        raise Invalid(wrong)
    declared = policy == ORDER_UPDATES
    session.add(
        ConsentPolicy(
            shop_id=shop.id,
            policy=policy,
            wording=str(wording).strip() if declared else "",
            place=str(place).strip() if declared else "",
            actor=actor,
            at=deps.clock(),
        )
    )
    await write_audit(
        session, shop.domain, at=deps.clock(), actor=actor, action="consent_policy_changed", detail={"policy": policy}
    )

"""What Shopify says about a phone's consent: remembered when it is news, listed as a difference when it is laxer.

Source: Shopify, `customers_marketing_consent/update`. Our own change comes back through this topic, and the nightly
look reads the same state again, so a state that is already on record with its time is no news.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.drift import SHOPIFY_SUBSCRIBED, close_drifts, open_drift
from app.consent.models import ConsentEvent
from app.consent.opt_out import OPT_IN, Evidence, record_event
from app.consent.queries import find_suppression, latest_decision, latest_of_source
from app.consent.shopify_states import ShopifyConsent
from app.deps import Deps

SAME_MOMENT = timedelta(seconds=1)
"""Shopify keeps whole seconds."""


async def note_shopify_state(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    phone: str,
    state: ShopifyConsent,
    changed_at: datetime,
    *,
    method: str,
) -> str:
    """Answers in a few words what came of it. *changed_at*: when Shopify dates the state."""
    phone_hash = deps.vault.fingerprint(phone)
    await _compare(deps, session, shop_id, phone, phone_hash, state, changed_at)
    if await _is_ours(session, shop_id, phone_hash, state, changed_at):
        return "our own change"
    last = await latest_of_source(session, shop_id, phone_hash, "shopify")
    if last is not None and last.change == _change(state) and abs(last.at - changed_at) <= SAME_MOMENT:
        return "known"
    evidence = Evidence(source="shopify", actor="shopify", method=method, at=changed_at)
    await record_event(deps, session, shop_id, phone, evidence, change=_change(state))
    return "remembered"


async def _compare(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    phone: str,
    phone_hash: bytes,
    state: ShopifyConsent,
    changed_at: datetime,
) -> None:
    suppression = await find_suppression(session, shop_id, phone_hash)
    if suppression is None or suppression.held:
        return
    if state is not ShopifyConsent.SUBSCRIBED:
        await close_drifts(session, shop_id, phone_hash, deps.clock(), by="shopify", kind=SHOPIFY_SUBSCRIBED)
    elif changed_at > suppression.since or not await _waits_to_be_told(session, shop_id, phone_hash):
        await open_drift(deps, session, shop_id, phone, SHOPIFY_SUBSCRIBED)


async def _waits_to_be_told(session: AsyncSession, shop_id: int, phone_hash: bytes) -> bool:
    """The opt-out is on its way to Shopify: an older state seen meanwhile is no difference."""
    decision = await latest_decision(session, shop_id, phone_hash)
    return decision is not None and decision.written_to_shopify_at is None


async def _is_ours(
    session: AsyncSession, shop_id: int, phone_hash: bytes, state: ShopifyConsent, changed_at: datetime
) -> bool:
    decision = await latest_decision(session, shop_id, phone_hash)
    if decision is None:
        return False
    ours = ShopifyConsent.SUBSCRIBED if decision.change == OPT_IN else ShopifyConsent.UNSUBSCRIBED
    return state is ours and _sent_moment(decision) <= changed_at <= _sent_moment(decision) + SAME_MOMENT


def _sent_moment(decision: ConsentEvent) -> datetime:
    """The time that `jobs` gave to Shopify: whole seconds, of the event or of its recording."""
    moment = decision.at if decision.change == OPT_IN else decision.recorded_at
    return moment.astimezone(UTC).replace(microsecond=0)


def _change(state: ShopifyConsent) -> str:
    return f"shopify_{state.lower()}"

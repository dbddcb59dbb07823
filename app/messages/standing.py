"""May this number be texted, and why or why not: the three lists side by side, and the checks of the gate.

For a person who asks about one phone. Nothing is decided here: the same functions answer as at the gate, only that all
are asked and not the first refusal ends it. Shopify and RingCentral are asked with no transaction open and for a few
seconds at most; a side that does not answer is shown as unknown, never as a yes.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import Suppression
from app.consent.queries import current_policy, find_suppression
from app.consent.shopify_look import ShopifySays, ask_shopify
from app.consent.shopify_states import ShopifyConsent
from app.core.language import in_english
from app.core.log import get_logger
from app.core.phone import country_of
from app.deps import Deps
from app.messages import reasons
from app.messages.agreement import ORDER_UPDATES
from app.messages.gate import Checks, inside_hours, not_opted_out, within_daily_cap
from app.messages.known import what_is_known
from app.messages.unusable import why_unusable
from app.shopify.client import ShopifyError
from app.shops.models import Sender, Shop
from app.shops.provider_access import call_provider
from app.shops.queries import find_sender, senders_of_shop
from app.shops.settings import read_settings_of
from app.sms.contract import ConsentRecord, SmsError

log = get_logger(__name__)

T = TypeVar("T")
PATIENCE: Final = 6.0
"""Seconds that a page waits for Shopify and RingCentral."""
UNKNOWN: Final = "unknown"
CONSENT_REASONS: Final = {
    ShopifyConsent.UNSUBSCRIBED: reasons.UNSUBSCRIBED,
    ShopifyConsent.PENDING: reasons.PENDING,
}


@dataclass(frozen=True, slots=True)
class Outside:
    """What the other two lists say; None where they did not answer. *blocks*: RingCentral's entries against it."""

    shopify: ShopifySays | None
    blocks: list[ConsentRecord] | None


async def standing_of(deps: Deps, shop: Shop, phone: str) -> dict[str, Any]:
    """*verdict* is "yes", "later", "no" or "unknown"; *reason* is the first check that speaks against it."""
    async with deps.db.transaction() as session:
        senders = await senders_of_shop(session, shop.id)
    shopify, blocks = await asyncio.gather(
        _patiently(ask_shopify(deps, shop.id, phone)), _patiently(_blocks(deps, senders, phone))
    )
    outside = Outside(shopify, blocks)
    checks = Checks()
    async with deps.db.transaction() as session:
        suppression = await find_suppression(session, shop.id, deps.vault.fingerprint(phone))
        await _check(deps, session, shop, phone, outside, checks)
    verdict, reason = _verdict(checks)
    return {
        "phone": phone,
        "verdict": verdict,
        "reason": reason,
        "checks": checks.rows,
        "lists": {
            "app": _ours(suppression),
            "shopify": _shopify(outside.shopify),
            "ringcentral": _ringcentral(outside.blocks, senders),
        },
    }


async def _patiently(asked: Awaitable[T]) -> T | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await asked
    except (ShopifyError, SmsError, TimeoutError) as error:
        log.info("consent.side_unknown", error=type(error).__name__)
        return None


async def _blocks(deps: Deps, senders: list[Sender], phone: str) -> list[ConsentRecord]:
    found = [record for sender in senders for record in await _entries(deps, sender, phone)]
    return [each for each in found if each.opted_out]


async def _entries(deps: Deps, sender: Sender, phone: str) -> list[ConsentRecord]:
    number, user_id = sender.phone_number or "", sender.provider_user_id or 0
    return await call_provider(
        deps, user_id, lambda p, access: p.search_consents(access, sender=number, recipient=phone)
    )


async def _check(deps: Deps, session: AsyncSession, shop: Shop, phone: str, outside: Outside, checks: Checks) -> None:
    sender = await find_sender(session, shop.id)
    if sender is None or sender.phone_number is None:
        checks.failed(reasons.NOT_CONNECTED)
    else:
        checks.passed("number_connected", f"Your number {sender.phone_number} is connected")
    await _check_agreement(session, shop, outside.shopify, checks)
    known = await what_is_known(deps, shop.id, phone)
    not_opted_out(deps, known, phone, checks)
    _check_provider(outside.blocks, checks)
    country = country_of(phone)
    if country in read_settings_of(shop).countries:
        checks.passed("country_allowed", f"You send to this country ({in_english([country])})")
    else:
        checks.failed(reasons.COUNTRY_CLOSED)
    unusable = why_unusable(deps, known, sender.provider) if sender is not None else None
    if unusable is not None:
        checks.failed(*unusable)
    inside_hours(deps, shop, phone, checks)
    await within_daily_cap(deps, session, shop, phone, checks)


async def _check_agreement(session: AsyncSession, shop: Shop, shopify: ShopifySays | None, checks: Checks) -> None:
    if shopify is None:
        checks.held("shopify_unknown", "Shopify did not answer, so it is not known whether the customer agreed.")
    elif shopify.customer_id is None:
        checks.failed(reasons.NO_CUSTOMER, "Shopify has no customer with this number.")
    elif shopify.state is ShopifyConsent.SUBSCRIBED:
        checks.passed("consent_subscribed", "The customer agreed to texts in Shopify.")
    else:
        policy = await current_policy(session, shop.id)
        under_policy = policy is not None and policy.policy == ORDER_UPDATES
        if under_policy and shopify.state is ShopifyConsent.NEVER_SUBSCRIBED:
            checks.passed("order_update_consent", "By ordering under your words the customer agrees to order updates.")
        else:
            checks.failed(CONSENT_REASONS.get(shopify.state, reasons.NEVER_SUBSCRIBED))


def _check_provider(blocks: list[ConsentRecord] | None, checks: Checks) -> None:
    if blocks is None:
        checks.held("provider_unknown", "RingCentral's own list could not be read just now.")
    elif blocks:
        checks.failed(reasons.OPTED_OUT, "RingCentral's own list blocks this number.")
    else:
        checks.passed("provider_open", "RingCentral's own list does not block it.")


def _verdict(checks: Checks) -> tuple[str, str | None]:
    against = next((row for row in checks.rows if row["passed"] is False), None)
    if against is not None:
        return "no", str(against["sentence"])
    waiting = [row for row in checks.rows if row["passed"] is None]
    unknown = next((row for row in waiting if row["code"] == "shopify_unknown"), None)
    if unknown is not None:
        return UNKNOWN, str(unknown["sentence"])
    held = next((row for row in waiting if row["code"] != "provider_unknown"), None)
    return ("later", str(held["sentence"])) if held is not None else ("yes", None)


def _ours(suppression: Suppression | None) -> dict[str, str | None]:
    if suppression is None:
        return {"state": "open", "since": None}
    return {"state": "held" if suppression.held else "opted_out", "since": suppression.since.isoformat()}


def _shopify(says: ShopifySays | None) -> dict[str, str | None]:
    if says is None:
        return {"state": UNKNOWN, "since": None, "customer_id": None}
    state = "no_customer" if says.customer_id is None else says.state.lower()
    return {
        "state": state,
        "since": says.since.isoformat() if says.since is not None else None,
        "customer_id": says.customer_id,
    }


def _ringcentral(blocks: list[ConsentRecord] | None, senders: list[Sender]) -> dict[str, str | None]:
    if not senders:
        return {"state": "not_connected", "since": None}
    if blocks is None:
        return {"state": UNKNOWN, "since": None}
    if not blocks:
        return {"state": "open", "since": None}
    first = min((each.at for each in blocks if each.at is not None), default=None)
    return {"state": "opted_out", "since": first.isoformat() if first is not None else None}

"""Every night the three lists are laid side by side: Shopify's consent, the app's opt-outs, RingCentral's own list.

Source: RingCentral, "SMS consent management" (one search for each number of ours); Shopify, `customers` searched by
phone, a page of numbers at a time. Opt-outs that only RingCentral has are adopted; what is laxer elsewhere than here is
listed (`app.consent.drift`). The head of each shop's chain goes to the log, an anchor outside the database.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.consent.chain import verify_chain
from app.consent.drift import PROVIDER_MISSING, close_drifts, open_drift
from app.consent.models import ConsentEvent, Suppression
from app.consent.queries import latest_decision, longest_uncompared, mark_compared
from app.consent.shopify_news import note_shopify_state
from app.consent.shopify_states import ShopifyConsent, read_state
from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.messages.provider_consent import adopt_record
from app.messages.queries import recently_texted
from app.shopify.client import ShopifyError, operation
from app.shops.admin_api import run_operation
from app.shops.listings import comparison
from app.shops.models import Sender, SenderState
from app.shops.provider_access import call_provider
from app.shops.queries import get_sender, get_shop
from app.sms.contract import ConsentRecord, SmsError, Throttled

log = get_logger(__name__)

COMPARED_A_NIGHT = 2000
PHONES_A_SEARCH = 25
LATELY = timedelta(days=2)
NIGHT = timedelta(hours=12)
"""What was marked as compared within this time is tonight's, though a number whose turn comes late has not seen it."""


async def reconcile_shop(deps: Deps, shop_id: int) -> None:
    """May run again at any time; each night takes the opt-outs that were compared longest ago."""
    async with deps.db.transaction() as session:
        shop = await get_shop(session, shop_id)
        suppressed = await longest_uncompared(session, shop_id, limit=COMPARED_A_NIGHT)
        texted = await recently_texted(session, shop_id, since=deps.clock() - LATELY, limit=COMPARED_A_NIGHT)
    if not shop.installed:
        return
    phones = {deps.vault.decrypt(each.phone_encrypted) for each in suppressed if each.phone_encrypted is not None}
    phones |= {deps.vault.decrypt(each) for each in texted}
    read = await _compare_with_shopify(deps, shop_id, sorted(phones))
    async with deps.db.transaction() as session:
        if read:
            await mark_compared(session, [each.id for each in suppressed], deps.clock())
        proof = await verify_chain(deps, session, shop_id)
    log.info("consent.chain", shop_id=shop_id, intact=proof.intact, events=proof.events, head=proof.head)
    if not proof.intact:
        log.error("consent.chain_broken", shop_id=shop_id, seq=proof.broken_at, problem=proof.problem)


async def reconcile_number(deps: Deps, shop_id: int, sender_id: int) -> None:
    """RingCentral's list of one number, with the opt-outs of the same night's `reconcile_shop`, before or after it.

    Raises `Throttled` when it cannot be read now.
    """
    async with deps.db.transaction() as session:
        shop, sender = await get_shop(session, shop_id), await get_sender(session, shop_id, sender_id)
    number, user_id = sender.phone_number, sender.provider_user_id
    if not shop.installed or number is None or user_id is None or sender.state == SenderState.DISCONNECTED:
        return
    try:
        with comparison(deps.lanes, user_id) as listing:
            listing.take_place()
            begun = deps.clock()
            suppressed = await _opt_outs_of_the_night(deps, shop_id)
            records = await call_provider(
                deps, user_id, lambda p, access: p.search_consents(access, sender=number), listing=listing
            )
    except Throttled:
        raise
    except SmsError as error:
        # Not every account offers the list; the app's own decides anyway.
        log.warning("consent.provider_list_unread", sender_id=sender.id, code=error.code)
        return
    blocked = {phone: each for each in records if each.opted_out and (phone := to_e164(each.recipient)) is not None}
    for phone, record in blocked.items():
        async with deps.db.transaction() as session:
            await adopt_record(deps, session, sender, phone, record)
    for suppression in suppressed:
        await _expect_on_list(deps, sender, suppression, blocked, begun)


async def _opt_outs_of_the_night(deps: Deps, shop_id: int) -> Sequence[Suppression]:
    night = deps.clock() - NIGHT
    async with deps.db.transaction() as session:
        return await longest_uncompared(session, shop_id, limit=COMPARED_A_NIGHT, marked_since=night)


async def _expect_on_list(
    deps: Deps, sender: Sender, suppression: Suppression, blocked: dict[str, ConsentRecord], begun: datetime
) -> None:
    """What was decided or written since the list was *begun* may be missing from the pages that were read first."""
    if suppression.phone_encrypted is None:
        return
    phone = deps.vault.decrypt(suppression.phone_encrypted)
    async with deps.db.transaction() as session:
        if phone in blocked:
            kind, now = PROVIDER_MISSING, deps.clock()
            await close_drifts(
                session, sender.shop_id, suppression.phone_hash, now, by="ringcentral", kind=kind, sender_id=sender.id
            )
            return
        decision = await latest_decision(session, sender.shop_id, suppression.phone_hash)
        if suppression.since < begun and (decision is None or _written_before(decision, begun)):
            await open_drift(deps, session, sender.shop_id, phone, PROVIDER_MISSING, sender_id=sender.id)


def _written_before(decision: ConsentEvent, moment: datetime) -> bool:
    written = decision.written_to_provider_at
    return decision.recorded_at < moment and written is not None and written < moment


async def _compare_with_shopify(deps: Deps, shop_id: int, phones: Sequence[str]) -> bool:
    """False when Shopify could not be read to the end; the next night goes on."""
    for start in range(0, len(phones), PHONES_A_SEARCH):
        page = phones[start : start + PHONES_A_SEARCH]
        try:
            found = await _customers(deps, shop_id, page)
        except ShopifyError as error:
            log.warning("consent.shopify_unread", shop_id=shop_id, error=type(error).__name__)
            return False
        for phone, state, changed_at in found:
            if phone in page:
                async with deps.db.transaction() as session:
                    await note_shopify_state(deps, session, shop_id, phone, state, changed_at, method="nightly")
    return True


async def _customers(deps: Deps, shop_id: int, phones: Sequence[str]) -> list[tuple[str, ShopifyConsent, datetime]]:
    """(phone, state, since when) of the customers whose own number is one of *phones*, unless they were never asked."""
    query = operation("app.messages", "customers_by_phones")
    variables: dict[str, Any] = {"q": " OR ".join(f'phone:"{phone}"' for phone in phones), "cursor": None}
    found = []
    while True:
        page = (await run_operation(deps, shop_id, query, variables))["customers"] or {}
        found += [row for node in page.get("nodes") or [] if (row := _read(node)) is not None]
        info = page.get("pageInfo") or {}
        if not info.get("hasNextPage") or not info.get("endCursor"):
            return found
        variables["cursor"] = info["endCursor"]


def _read(node: dict[str, Any]) -> tuple[str, ShopifyConsent, datetime] | None:
    own = node.get("defaultPhoneNumber") or {}
    consent = own.get("smsMarketingConsent") or {}
    phone, updated_at = to_e164(own.get("phoneNumber")), consent.get("updatedAt")
    if phone is None or not isinstance(updated_at, str):
        return None
    try:
        return phone, read_state(consent.get("state")), datetime.fromisoformat(updated_at)
    except ValueError:
        return None

"""Writes a consent change outward, to Shopify and to the provider's own list, until both have it.

Source: Shopify, `customerSmsMarketingConsentUpdate`. SUBSCRIBED needs an opt-in level; a time in the future is
refused, so ours is never later than now; repeating the mutation only sets the state again. All customers with the
phone are changed, because a search may find several. The provider's list is kept per number of ours, so every number of
the brand is written to. A newer decision about the same phone makes an older write pointless.

Confirm first, then block: from the moment its list has an opt-out the provider refuses the number, so every write of
one, whoever caused it, waits until the confirmation of a STOP that is under way has left or has become too late.
"""

from datetime import UTC, timedelta
from typing import Any

from app.consent.models import ConsentEvent
from app.consent.opt_out import (
    CONFIRM_STOP_WITHIN,
    CONFIRMED_ELSEWHERE,
    CONFIRMED_HERE,
    DOUBLE_OPT_IN,
    OPT_IN,
    OPT_OUT,
    WRITE_TO_PROVIDER,
    WRITE_TO_SHOPIFY,
)
from app.consent.queries import get_consent_event, latest_confirmed, latest_decision, lock_phone, note_blocking
from app.core.jobs import Discard, Snooze, job
from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.client import AccessTokenRejected, ShopifyError, ShopifyUnavailable, operation
from app.shops.admin_api import run_operation
from app.shops.models import Sender
from app.shops.provider_access import call_provider
from app.shops.queries import get_shop, senders_of_shop
from app.sms.contract import OutcomeUnknown, ProviderUnavailable, SmsError, Throttled

log = get_logger(__name__)

PACKAGE = "app.consent"
ACCESS_PAUSE = timedelta(minutes=15)
CONFIRMATION_LEAVES_IN = CONFIRM_STOP_WITHIN + timedelta(minutes=1)
"""A minute more than it may wait here, for the provider to pass it on to the carrier."""


BLOCKING_TAKES = timedelta(minutes=5)
"""More than the calls for all numbers of a brand; a write whose process died counts as under way for so long."""


class ConsentNotWritten(Exception):
    """Shopify refused the change; the job is tried again."""


@job(WRITE_TO_SHOPIFY, attempts=40)
async def write_to_shopify(deps: Deps, event_id: str) -> None:
    event, phone = await _current(deps, event_id)
    if event.written_to_shopify_at is None:
        await _write_to_shopify(deps, event, phone)


@job(WRITE_TO_PROVIDER, attempts=20)
async def write_to_provider(deps: Deps, event_id: str) -> None:
    event, phone = await _current(deps, event_id)
    if event.written_to_provider_at is not None:
        return
    if event.change != OPT_OUT:
        await _write_to_provider(deps, event, phone)
        return
    await _let_the_confirmation_leave(deps, event)
    try:
        await _write_to_provider(deps, event, phone)
    finally:
        async with deps.db.transaction() as session:
            await note_blocking(session, event.shop_id, event.phone_hash, None)


async def _current(deps: Deps, event_id: str) -> tuple[ConsentEvent, str]:
    async with deps.db.transaction() as session:
        event = await get_consent_event(session, int(event_id))
        newest = await latest_decision(session, event.shop_id, event.phone_hash)
    if event.phone_encrypted is None:
        raise Discard("the phone has been redacted")
    if newest is None or newest.id != event.id:
        raise Discard("a newer decision follows")
    return event, deps.vault.decrypt(event.phone_encrypted)


async def _write_to_shopify(deps: Deps, event: ConsentEvent, phone: str) -> None:
    try:
        customers = await _customers_with(deps, event.shop_id, phone)
        for customer_id in customers:
            await _update(deps, event, customer_id)
    except AccessTokenRejected:
        async with deps.db.transaction() as session:
            installed = (await get_shop(session, event.shop_id)).installed
        if not installed:
            raise Discard("the shop has uninstalled the app") from None
        # Access comes back when the merchant opens the app; until then the local list decides.
        raise Snooze(ACCESS_PAUSE) from None
    result = (
        f"{len(customers)} customer{'' if len(customers) == 1 else 's'} changed" if customers else "no such customer"
    )
    async with deps.db.transaction() as session:
        stored = await get_consent_event(session, event.id)
        stored.written_to_shopify_at = deps.clock()
        stored.shopify_result = result


async def _customers_with(deps: Deps, shop_id: int, phone: str) -> list[str]:
    """Ids of the customers whose own number this is. The search index may lag, the direct look-up does not."""
    direct = await run_operation(deps, shop_id, operation(PACKAGE, "customer_by_phone"), {"phone": phone})
    known = direct.whole("customerByIdentifier")
    found = [known] if known else []
    try:
        search = await run_operation(deps, shop_id, operation(PACKAGE, "customers_by_phone"), {"q": f"phone:{phone}"})
        found += [each for each in (search["customers"] or {}).get("nodes") or [] if _owns(each, phone)]
    except ShopifyUnavailable:
        raise
    except ShopifyError as error:
        # The search only finds further customers with the same phone; the first one must not wait for it.
        log.warning("consent.search_refused", shop_id=shop_id, error=type(error).__name__)
    return list(dict.fromkeys(str(customer["id"]) for customer in found))


def _owns(customer: dict[str, Any], phone: str) -> bool:
    return to_e164((customer.get("defaultPhoneNumber") or {}).get("phoneNumber")) == phone


async def _update(deps: Deps, event: ConsentEvent, customer_id: str) -> None:
    # Shopify keeps the newest record. An opt-out is dated when it was recorded, so it wins over what came between.
    moment = min(event.recorded_at if event.change == OPT_OUT else event.at, deps.clock()).astimezone(UTC)
    consent: dict[str, str] = {"marketingState": "UNSUBSCRIBED" if event.change == OPT_OUT else "SUBSCRIBED"}
    if event.change == OPT_IN:
        consent["marketingOptInLevel"] = "CONFIRMED_OPT_IN" if event.method == DOUBLE_OPT_IN else "SINGLE_OPT_IN"
    consent["consentUpdatedAt"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = await run_operation(
        deps,
        event.shop_id,
        operation(PACKAGE, "sms_consent_update"),
        {"input": {"customerId": customer_id, "smsMarketingConsent": consent}},
    )
    errors = (answer.whole("customerSmsMarketingConsentUpdate") or {}).get("userErrors") or []
    if errors:
        codes = sorted(str(error.get("code")) for error in errors)
        log.warning("consent.refused_by_shopify", shop_id=event.shop_id, event_id=event.id, codes=codes)
        raise ConsentNotWritten(", ".join(codes))


async def _let_the_confirmation_leave(deps: Deps, event: ConsentEvent) -> None:
    """Decided under the phone's lock, which a STOP takes too: either it came before and its confirmation is waited for,
    or it finds that the number is being blocked and confirms nothing that would not get through."""
    now = deps.clock()
    since = now - CONFIRMATION_LEAVES_IN
    async with deps.db.transaction() as session:
        await lock_phone(session, event.shop_id, event.phone_hash)
        stop = await latest_confirmed(
            session, event.shop_id, event.phone_hash, by=(CONFIRMED_HERE, CONFIRMED_ELSEWHERE), since=since
        )
        if stop is None:
            await note_blocking(session, event.shop_id, event.phone_hash, now + BLOCKING_TAKES)
    if stop is not None:
        raise Snooze(stop.recorded_at - since)


async def _write_to_provider(deps: Deps, event: ConsentEvent, phone: str) -> None:
    """The provider's list follows for every number of the brand where its own words did not cover the change."""
    async with deps.db.transaction() as session:
        senders = await senders_of_shop(session, event.shop_id)
    open_ones = [each for each in senders if each.id != event.covered_sender_id]
    results = [await _write_for_sender(deps, event, sender, phone) for sender in open_ones]
    async with deps.db.transaction() as session:
        stored = await get_consent_event(session, event.id)
        stored.written_to_provider_at = deps.clock()
        stored.provider_result = "; ".join(results) or "no further number is connected"


async def _write_for_sender(deps: Deps, event: ConsentEvent, sender: Sender, phone: str) -> str:
    number, user_id = sender.phone_number or "", sender.provider_user_id or 0
    opting_out = event.change == OPT_OUT
    try:
        await call_provider(
            deps,
            user_id,
            lambda p, access: (
                p.record_opt_out(access, sender=number, recipient=phone)
                if opting_out
                else p.record_opt_in(access, sender=number, recipient=phone)
            ),
        )
    except Throttled as throttled:
        raise Snooze(timedelta(seconds=throttled.retry_after + 1)) from None
    except (ProviderUnavailable, OutcomeUnknown):
        raise
    except SmsError as error:
        # The local list decides; the provider's is a second lock that not every account offers.
        return f"{number}: not on its list ({error.code})"
    return f"{number}: written"

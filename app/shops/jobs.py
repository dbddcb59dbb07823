"""Work on shops outside a request: reading facts, caring for webhook subscriptions, disconnecting."""

import re
from datetime import timedelta

from app.core.jobs import Discard, Snooze, enqueue, every, job
from app.core.log import get_logger
from app.deps import Deps
from app.shops.disconnecting import LEAVE, disconnect_all, end_subscription, forget_user
from app.shops.facts import read_facts
from app.shops.pace import UNSUBSCRIBING
from app.shops.pauses import after
from app.shops.provider_access import call_provider
from app.shops.queries import get_provider_user, installed_shop_ids, plan_sync, subscribed_user_ids
from app.shops.subscription_care import CARE_FOR_SUBSCRIPTION, care_for_subscription
from app.sms.contract import CredentialsRefused, Throttled

log = get_logger(__name__)

READ_FACTS = "shops.read_facts"
DISCONNECT = "shops.disconnect"
DELETE_STRAY = "shops.delete_stray"
STRAY_AFTER = timedelta(minutes=1)
"""A subscription calls us while it is being made, before its id is stored."""
SUBSCRIPTION_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@job(READ_FACTS)
async def read_shop_facts(deps: Deps, shop_id: str) -> None:
    await read_facts(deps, int(shop_id))


@every(timedelta(days=1), "shops.read_all_facts")
async def read_all_facts(deps: Deps) -> None:
    """Daily; it also renews the tokens of idle shops long before their 90 days are over."""
    async with deps.db.transaction() as session:
        await enqueue(session, READ_FACTS, await installed_shop_ids(session), once=True)


@job(DISCONNECT)
async def disconnect_shop(deps: Deps, shop_id: str) -> None:
    await disconnect_all(deps, int(shop_id))


@job(LEAVE, attempts=6)
async def leave_provider(deps: Deps, provider_user_id: str) -> None:
    try:
        await end_subscription(deps, int(provider_user_id))
    except Throttled as throttled:
        raise Snooze(after(throttled)) from None
    async with deps.db.transaction() as session:
        await forget_user(session, int(provider_user_id))


@every(timedelta(hours=1), "shops.care_for_subscriptions")
async def care_for_subscriptions(deps: Deps) -> None:
    """Blacklisting is silent, so every subscription is looked at each hour."""
    async with deps.db.transaction() as session:
        await enqueue(session, CARE_FOR_SUBSCRIPTION, await subscribed_user_ids(session), once=True)


@job(CARE_FOR_SUBSCRIPTION, attempts=6)
async def care_for_one_subscription(deps: Deps, provider_user_id: str) -> None:
    try:
        await care_for_subscription(deps, int(provider_user_id))
    except CredentialsRefused as refused:
        raise Discard(refused.code) from None
    except Throttled as throttled:
        raise Snooze(after(throttled)) from None


async def is_stray(deps: Deps, provider_user_id: int, subscription_id: str | None) -> bool:
    """Whether an event comes from another subscription than the stored one. Then it is not believed: the message store
    is read instead, which tells the same and is RingCentral's own, and that subscription is deleted."""
    if subscription_id is None:
        return False
    async with deps.db.transaction() as session:
        known = (await get_provider_user(session, provider_user_id)).subscription_id
        if known is None or known == subscription_id:
            return False
        await plan_sync(session, provider_user_id, earliest=deps.clock(), debounce=timedelta(0))
        if SUBSCRIPTION_ID.fullmatch(subscription_id):
            await enqueue(
                session, DELETE_STRAY, [f"{provider_user_id} {subscription_id}"], delay=STRAY_AFTER, once=True
            )
    log.warning("provider.stray_event", provider_user_id=provider_user_id)
    return True


@job(DELETE_STRAY, attempts=3)
async def delete_stray(deps: Deps, user_and_subscription: str) -> None:
    provider_user_id, _, subscription_id = user_and_subscription.partition(" ")
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, int(provider_user_id))
    if user.subscription_id in (None, subscription_id):
        return
    try:
        await call_provider(
            deps, user.id, lambda provider, access: provider.unsubscribe(access, subscription_id), cost=UNSUBSCRIBING
        )
    except CredentialsRefused as refused:
        raise Discard(refused.code) from None
    except Throttled as throttled:
        raise Snooze(after(throttled)) from None
    log.info("provider.stray_deleted", provider_user_id=user.id)

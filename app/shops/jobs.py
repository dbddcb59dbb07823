"""Work on shops outside a request: reading facts, caring for webhook subscriptions, disconnecting."""

from datetime import timedelta

from app.core.jobs import Discard, Snooze, enqueue, every, job
from app.deps import Deps
from app.shops.connection import care_for_subscription, disconnect_all
from app.shops.facts import read_facts
from app.shops.queries import installed_shop_ids, subscribed_user_ids
from app.sms.contract import CredentialsRefused, Throttled

READ_FACTS = "shops.read_facts"
DISCONNECT = "shops.disconnect"
CARE_FOR_SUBSCRIPTION = "shops.care_for_subscription"


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
        raise Snooze(timedelta(seconds=throttled.retry_after + 1)) from None

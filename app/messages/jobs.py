"""Recurring work of the outbox: texts whose notification was lost, old pace slots, and the nightly look at consent."""

from datetime import datetime, timedelta

from app.core.jobs import Discard, Snooze, enqueue, every, job
from app.core.log import get_logger
from app.deps import Deps
from app.messages.days import keep_finished_days
from app.messages.models import MessageState
from app.messages.queries import hand_over, move, stranded
from app.messages.reasons import NOT_CONNECTED
from app.messages.receive import receive_text
from app.messages.reconcile import reconcile_number, reconcile_shop
from app.messages.trouble import mail_problems
from app.shops.listings import Listing, missed_texts
from app.shops.pace import forget_old_slots
from app.shops.pauses import after
from app.shops.provider_access import call_provider
from app.shops.queries import (
    get_provider_user,
    get_shop,
    installed_shop_ids,
    lines_of_user,
    numbers_by_transport,
    senders_of_shop,
    shops_with_alerts,
    subscribed_user_ids,
    update_user,
)
from app.sms.contract import CredentialsRefused, InboundText, Throttled, Transport

log = get_logger(__name__)

READ_MISSED = "messages.read_missed_texts"
RECONCILE = "messages.reconcile_consent"
RECONCILE_NUMBER = "messages.reconcile_consent_of_number"
WARN = "messages.warn_merchant"
KEEP_DAYS = "messages.keep_days_of_shop"
OVERLAP = timedelta(seconds=60)


@every(timedelta(minutes=5), "messages.repair_inbound")
async def repair_inbound(deps: Deps) -> None:
    """A lost STOP is a legal problem, so the store is read whether or not the webhook works."""
    async with deps.db.transaction() as session:
        await enqueue(session, READ_MISSED, await subscribed_user_ids(session), once=True)


@job(READ_MISSED, attempts=5)
async def read_missed_texts(deps: Deps, provider_user_id: str) -> None:
    """Read inbound texts since the last look, with some overlap, through the same road as notified ones."""
    user_id, started = int(provider_user_id), deps.clock()
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, user_id)
        numbers = numbers_by_transport(await lines_of_user(session, user_id))
    since = (user.inbound_read_until or user.created_at) - OVERLAP
    missed: list[InboundText] = []
    try:
        with missed_texts(deps.lanes) as listing:
            for road, ours in numbers.items():
                missed += await _inbound(deps, user_id, road, ours, since, listing)
    except Throttled as throttled:
        raise Snooze(after(throttled)) from None
    except CredentialsRefused as refused:
        raise Discard(refused.code) from None
    found = sum([await receive_text(deps, user_id, text) for text in missed])
    async with deps.db.transaction() as session:
        await update_user(session, user_id, inbound_read_until=started)
    if found:
        log.warning("inbound.repaired", provider_user_id=user_id, count=found)


async def _inbound(
    deps: Deps, provider_user_id: int, transport: Transport, numbers: list[str], since: datetime, listing: Listing
) -> list[InboundText]:
    return await call_provider(
        deps,
        provider_user_id,
        lambda provider, access: provider.list_inbound(access, since=since, numbers=numbers),
        transport=transport,
        listing=listing,
    )


@every(timedelta(minutes=1), "messages.rescue_stranded")
async def rescue_stranded(deps: Deps) -> None:
    """Texts that waited for a sender which was replaced go on from the new one; without one they end with a reason."""
    async with deps.db.transaction() as session:
        for message_id, sender_id in await stranded(session):
            if sender_id is not None:
                await hand_over(session, message_id, sender_id)
            else:
                await move(
                    session,
                    message_id,
                    MessageState.CANCELLED,
                    origin=[MessageState.QUEUED],
                    now=deps.clock(),
                    cause=NOT_CONNECTED.code,
                    reason_code=NOT_CONNECTED.code,
                    reason=NOT_CONNECTED.sentence,
                )
    deps.outbox_changed.set()


@every(timedelta(minutes=10), "messages.forget_old_slots")
async def forget_slots(deps: Deps) -> None:
    async with deps.db.transaction() as session:
        await forget_old_slots(session, deps.clock())


@every(timedelta(hours=24), "messages.reconcile_consent_nightly")
async def reconcile_nightly(deps: Deps) -> None:
    async with deps.db.transaction() as session:
        await enqueue(session, RECONCILE, await installed_shop_ids(session), once=True)


@job(RECONCILE, attempts=5)
async def reconcile_consent(deps: Deps, shop_id: str) -> None:
    async with deps.db.transaction() as session:
        numbers = [f"{shop_id}:{sender.id}" for sender in await senders_of_shop(session, int(shop_id))]
        await enqueue(session, RECONCILE_NUMBER, numbers, once=True)
    await reconcile_shop(deps, int(shop_id))


@job(RECONCILE_NUMBER, attempts=5)
async def reconcile_consent_of_number(deps: Deps, shop_and_sender: str) -> None:
    shop_id, _, sender_id = shop_and_sender.partition(":")
    try:
        await reconcile_number(deps, int(shop_id), int(sender_id))
    except Throttled as throttled:
        raise Snooze(after(throttled)) from None


@every(timedelta(hours=1), "messages.keep_days")
async def keep_days(deps: Deps) -> None:
    """A job for each shop: recurring work is run one after the other, and a lost STOP is not to wait for counting."""
    async with deps.db.transaction() as session:
        await enqueue(session, KEEP_DAYS, await installed_shop_ids(session), once=True)


@job(KEEP_DAYS, attempts=3)
async def keep_days_of_shop(deps: Deps, shop_id: str) -> None:
    async with deps.db.transaction() as session:
        await keep_finished_days(deps, session, await get_shop(session, int(shop_id)))


@every(timedelta(minutes=15), "messages.warn_merchants")
async def warn_merchants(deps: Deps) -> None:
    """Only where the operator has a mail server."""
    if deps.settings.smtp_url is None:
        return
    async with deps.db.transaction() as session:
        await enqueue(session, WARN, await shops_with_alerts(session), once=True)


@job(WARN, attempts=4)
async def warn_merchant(deps: Deps, shop_id: str) -> None:
    await mail_problems(deps, int(shop_id))

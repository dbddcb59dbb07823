"""From stored webhook calls to handlers: the fair pump, and the job that hands one call to its subscribers.

A call's handlers and the mark that it is done are one transaction, so running the job again changes nothing.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.jobs import Snooze, enqueue, every, job
from app.core.log import get_logger
from app.deps import Deps
from app.messages.provider_consent import adopt_provider_consents
from app.messages.receive import receive_text
from app.messages.status import adopt_reports, look_soon
from app.shopify.webhooks import BadPayload, Delivery, topics
from app.shops.jobs import is_stray
from app.sms.contract import ConsentChanged, InboundReceived, StatusesChanged, StatusReported
from app.webhooks.intake import open_body
from app.webhooks.models import DeliveryState, StoredDelivery
from app.webhooks.queries import delete_old, find_delivery, finish, pick_stored, requeue_lost

log = get_logger(__name__)

HANDLE = "webhooks.handle"
PER_LANE = 25
MOST_IN_A_ROUND = 500
LOST_AFTER = timedelta(minutes=2)
STOP_TEXT_FIRST = timedelta(seconds=20)
KEEP_FOR = timedelta(days=30)
"""The most that a shop may choose; its own, shorter wish is seen to by `compliance`."""


async def pump(deps: Deps) -> int:
    """Turn stored calls into jobs, a round at a time. Answers how many."""
    async with deps.db.transaction() as session:
        ids = await pick_stored(session, per_lane=PER_LANE, most=MOST_IN_A_ROUND, now=deps.clock())
        await enqueue(session, HANDLE, ids)
    return len(ids)


@job(HANDLE, attempts=10)
async def handle(deps: Deps, delivery_id: str) -> None:
    async with deps.db.transaction() as session:
        stored = await find_delivery(session, int(delivery_id))
    if stored is None or stored.state != DeliveryState.QUEUED or stored.body_sealed is None:
        return
    if stored.source == "ringcentral":
        await _handle_provider_event(deps, stored)
    else:
        await _handle_topic(deps, stored)


async def _handle_topic(deps: Deps, stored: StoredDelivery) -> None:
    delivery = Delivery(
        id=stored.id,
        shop_id=stored.shop_id,
        shop_domain=stored.shop_domain,
        topic=stored.topic,
        webhook_id=stored.webhook_id,
        event_id=stored.event_id,
        triggered_at=stored.triggered_at,
        received_at=stored.received_at,
        body=open_body(deps.vault, stored.body_sealed or b""),
    )
    async with deps.db.transaction() as session:
        state, outcome = await _hand_over(deps, session, delivery)
        await finish(session, stored.id, state, outcome, deps.clock())
    log.info("webhook.handled", delivery_id=stored.id, shop_id=stored.shop_id, topic=stored.topic, outcome=outcome)


async def _hand_over(deps: Deps, session: AsyncSession, delivery: Delivery) -> tuple[DeliveryState, str]:
    subscribers = topics.of(delivery.topic)
    if not subscribers:
        return DeliveryState.DONE, "nobody cares for this topic"
    outcomes = []
    for subscriber in subscribers:
        try:
            outcomes.append(f"{subscriber.name}: {await subscriber.handle(deps, session, delivery)}")
        except BadPayload as error:
            # It is signed, so it is Shopify's; repeating it cannot make it readable.
            log.error("webhook.unreadable", delivery_id=delivery.id, topic=delivery.topic)
            return DeliveryState.FAILED, f"{subscriber.name}: unreadable ({error})"
    return DeliveryState.DONE, "; ".join(outcomes)


async def _handle_provider_event(deps: Deps, stored: StoredDelivery) -> None:
    if stored.provider_user_id is None:
        return
    user_id = stored.provider_user_id
    event = deps.provider("ringcentral").parse_event(open_body(deps.vault, stored.body_sealed or b""))
    if await is_stray(deps, user_id, event.subscription_id):
        async with deps.db.transaction() as session:
            await finish(session, stored.id, DeliveryState.DONE, "of another subscription, not believed", deps.clock())
        return
    match event:
        case InboundReceived(message=message):
            outcome = f"inbound text for {await receive_text(deps, user_id, message)} shops"
        case StatusesChanged():
            await look_soon(deps, user_id)
            outcome = "statuses will be read"
        case StatusReported(reports=reports):
            await adopt_reports(deps, user_id, reports)
            outcome = "statuses adopted"
        case ConsentChanged(records=records):
            if deps.clock() - stored.received_at < STOP_TEXT_FIRST:
                # A STOP also changes RingCentral's list. Its text says more, so it is given the time to come first.
                raise Snooze(STOP_TEXT_FIRST)
            outcome = f"{await adopt_provider_consents(deps, user_id, records)} opt-outs adopted"
        case _:
            outcome = "nothing to do"
    async with deps.db.transaction() as session:
        await finish(session, stored.id, DeliveryState.DONE, outcome, deps.clock())
    log.info("webhook.handled", delivery_id=stored.id, topic=stored.topic, outcome=outcome)


@every(timedelta(minutes=1), "webhooks.requeue_lost")
async def requeue_lost_deliveries(deps: Deps) -> None:
    """Losing the whole job table loses no call."""
    async with deps.db.transaction() as session:
        lost = await requeue_lost(session, before=deps.clock() - LOST_AFTER)
    if lost:
        log.warning("webhooks.requeued", count=lost)


@every(timedelta(hours=6), "webhooks.delete_old")
async def delete_old_deliveries(deps: Deps) -> None:
    async with deps.db.transaction() as session:
        await delete_old(session, now=deps.clock(), keep=KEEP_FOR)

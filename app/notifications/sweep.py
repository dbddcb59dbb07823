"""Finds events whose webhook never came: reads the orders that changed since the last look and replays what is missing.

Source: Shopify, "Webhooks: best practices" (delivery is not guaranteed; reconcile) and `orders`. A missing event is
handed to the very functions that its webhook would have reached, so switches, business key and age limit decide as they
always do: what came before brings nothing, and what is older than the shop's limit expires with a reason instead of
being sent. Merchants who would rather not send late get an explained skip, once Shopify has stopped repeating.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.log import get_logger
from app.deps import Deps
from app.messages.kinds import Kind, kinds
from app.messages.models import MessageState
from app.messages.queries import move
from app.messages.reasons import Reason
from app.notifications.queries import known_messages, read_until, set_read_until, switched_on_at, switches
from app.shopify.client import operation, plain_id
from app.shopify.webhooks import Delivery, topics
from app.shops.admin_api import run_operation
from app.shops.models import Shop
from app.shops.queries import get_shop
from app.shops.settings import read_settings_of

log = get_logger(__name__)

OVERLAP = timedelta(minutes=15)
"""Shopify's search lags a little behind its orders, and so may our clock."""
SHOPIFY_REPEATS_FOR = timedelta(hours=4, minutes=30)
"""A webhook may still come this long after its event; only then is it certain that it was missed."""
NEVER_CAME = Reason(
    "missed_event", "Shopify's notification never came, and your settings say not to send late. Nothing was sent."
)


@dataclass(frozen=True)
class Event:
    """What one webhook would have told: *subject* is what its text is about, *payload* the part of the body we read."""

    topic: str
    subject: str
    at: datetime
    payload: dict[str, Any]


@dataclass(frozen=True)
class Look:
    """One shop's sweep: which of its kinds count since when, and whether late texts are wanted."""

    shop: Shop
    since: datetime
    kinds: dict[str, tuple[Kind, datetime]]
    send_late: bool


async def sweep_missed_events(deps: Deps, shop_id: int, *, back: timedelta | None = None) -> int:
    """Answers how many events had been missed. Without *back* it goes on from the last look. Raises `ShopifyError`s."""
    started = deps.clock()
    look = await _begin(deps, shop_id, back)
    if look is None:
        return 0
    found = 0
    cursor: str | None = None
    while True:
        orders, cursor = await _page(deps, look, cursor)
        async with deps.db.transaction() as session:
            found += await _replay_missing(deps, session, look, orders)
            if back is None:
                # Kept page by page, so that a long look can be taken up again where it broke off.
                reached = started if cursor is None else _moment(orders[-1]["updatedAt"])
                await set_read_until(session, shop_id, reached)
        if cursor is None:
            break
    if found:
        log.warning("orders.swept", shop_id=shop_id, found=found)
    return found


async def _begin(deps: Deps, shop_id: int, back: timedelta | None) -> Look | None:
    async with deps.db.transaction() as session:
        shop = await get_shop(session, shop_id)
        if not shop.installed or shop.installed_at is None:
            return None
        installed_at = shop.installed_at
        switched, on_since = await switches(session, shop_id), await switched_on_at(session, shop_id)
        last_look = await read_until(session, shop_id)
    send_late = read_settings_of(shop).missed_events == "send_late"
    overlap = OVERLAP if send_late else OVERLAP + SHOPIFY_REPEATS_FOR
    start = (last_look or installed_at) - overlap if back is None else deps.clock() - back
    counting = {
        kind.name: (kind, max(on_since.get(kind.name, installed_at), installed_at))
        for kind in kinds.notifications()
        if kind.topic in EVENTS and switched.get(kind.name, kind.enabled_by_default)
    }
    return Look(shop, max(start, installed_at), counting, send_late) if counting else None


async def _page(deps: Deps, look: Look, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Orders by the time of their last change, and the cursor of the next page, if there is one."""
    query = f"updated_at:>='{look.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
    document = operation(__package__ or "app.notifications", "orders_since")
    answer = await run_operation(deps, look.shop.id, document, {"query": query, "cursor": cursor})
    connection = answer["orders"] or {}
    orders = [order for order in connection.get("nodes") or [] if isinstance(order, dict)]
    page = connection.get("pageInfo") or {}
    return orders, page.get("endCursor") if page.get("hasNextPage") and orders else None


async def _replay_missing(deps: Deps, session: AsyncSession, look: Look, orders: list[dict[str, Any]]) -> int:
    events = [event for order in orders for event in events_of(order)]
    known = await known_messages(session, look.shop.id, {event.subject for event in events})
    found = 0
    for event in events:
        for kind, counts_since in look.kinds.values():
            fresh = event.at >= max(look.since, counts_since) and (kind.name, event.subject) not in known
            if kind.topic == event.topic and fresh and _has_surely_been_missed(deps, look, event):
                found += await _replay(deps, session, look, kind, event)
    return found


def _has_surely_been_missed(deps: Deps, look: Look, event: Event) -> bool:
    """A late text does no harm if the webhook comes after all, but a skip would keep it from being sent."""
    return look.send_late or event.at <= deps.clock() - SHOPIFY_REPEATS_FOR


async def _replay(deps: Deps, session: AsyncSession, look: Look, kind: Kind, event: Event) -> int:
    delivery = Delivery(
        id=0,
        shop_id=look.shop.id,
        shop_domain=look.shop.domain,
        topic=event.topic,
        webhook_id=f"sweep/{event.subject}",
        event_id="",
        triggered_at=event.at,
        received_at=deps.clock(),
        body=json.dumps(event.payload).encode(),
    )
    for subscriber in topics.of(event.topic):
        if subscriber.name == f"notifications.{kind.name}":
            await subscriber.handle(deps, session, delivery)
    made = (await known_messages(session, look.shop.id, {event.subject})).get((kind.name, event.subject))
    if made is not None and not look.send_late:
        await move(
            session,
            made,
            MessageState.SKIPPED,
            origin=[MessageState.QUEUED],
            now=deps.clock(),
            cause=NEVER_CAME.code,
            reason_code=NEVER_CAME.code,
            reason=NEVER_CAME.sentence,
        )
    return int(made is not None)


def events_of(order: dict[str, Any]) -> Iterator[Event]:
    """Everything that an order's present state tells of its past, as webhooks would have told it."""
    for topic, read in EVENTS.items():
        for subject, at, payload in read(order):
            yield Event(topic, subject, at, payload)


Told = Iterator[tuple[str, datetime, dict[str, Any]]]


def _created(order: dict[str, Any]) -> Told:
    yield _id(order), _moment(order["createdAt"]), _payload(order)


def _fulfilled(order: dict[str, Any]) -> Told:
    parcels = [_moment(parcel["createdAt"]) for parcel in _good_parcels(order)]
    if order.get("displayFulfillmentStatus") == "FULFILLED" and parcels:
        yield _id(order), max(parcels), _payload(order)


def _cancelled(order: dict[str, Any]) -> Told:
    if order.get("cancelledAt"):
        yield _id(order), _moment(order["cancelledAt"]), _payload(order)


def _parcels(order: dict[str, Any]) -> Told:
    for parcel in _good_parcels(order):
        number = plain_id(parcel["id"]) or ""
        payload = {"id": int(number), "order_id": int(_id(order)), "status": "success", "name": order.get("name")}
        yield number, _moment(parcel["createdAt"]), {**payload, "created_at": parcel["createdAt"]}


def _in_part(order: dict[str, Any]) -> Told:
    """Every parcel but the one that made the order complete, which `orders/fulfilled` tells of."""
    parcels = sorted(_good_parcels(order), key=lambda parcel: str(parcel["createdAt"]))
    complete = order.get("displayFulfillmentStatus") == "FULFILLED"
    for parcel in parcels[:-1] if complete else parcels:
        number = plain_id(parcel["id"]) or ""
        only = {"id": int(number), "order_id": int(_id(order)), "status": "success", "created_at": parcel["createdAt"]}
        yield number, _moment(parcel["createdAt"]), {**_payload(order), "fulfillments": [only]}


def _refunds(order: dict[str, Any]) -> Told:
    for refund in order.get("refunds") or []:
        amount = ((refund.get("totalRefundedSet") or {}).get("shopMoney") or {}).get("amount")
        moved = [{"kind": "refund", "status": "success"}] if float(amount or 0) > 0 else []
        number = plain_id(refund["id"]) or ""
        payload = {"id": int(number), "order_id": int(_id(order)), "transactions": moved}
        yield number, _moment(refund["createdAt"]), payload


def _deliveries(order: dict[str, Any]) -> Told:
    """Of what a carrier reports, only the arrival leaves its time behind."""
    for parcel in _good_parcels(order):
        if parcel.get("deliveredAt"):
            number = plain_id(parcel["id"]) or ""
            payload = {"fulfillment_id": int(number), "order_id": int(_id(order)), "status": "delivered"}
            yield number, _moment(parcel["deliveredAt"]), {**payload, "happened_at": parcel["deliveredAt"]}


EVENTS: dict[str, Callable[[dict[str, Any]], Told]] = {
    "orders/create": _created,
    "orders/fulfilled": _fulfilled,
    "orders/cancelled": _cancelled,
    "fulfillments/create": _parcels,
    "orders/partially_fulfilled": _in_part,
    "refunds/create": _refunds,
    "fulfillment_events/create": _deliveries,
}


def _good_parcels(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [parcel for parcel in order.get("fulfillments") or [] if parcel.get("status") == "SUCCESS"]


def _payload(order: dict[str, Any]) -> dict[str, Any]:
    """The order as its webhook spells it, as far as any text is decided by it."""
    customer, shipping = order.get("customer") or {}, order.get("shippingAddress") or {}
    number = plain_id(customer.get("id"))
    phone = (customer.get("defaultPhoneNumber") or {}).get("phoneNumber")
    return {
        "id": int(_id(order)),
        "name": order.get("name"),
        "created_at": order.get("createdAt"),
        "updated_at": order.get("updatedAt"),
        "cancelled_at": order.get("cancelledAt"),
        "test": bool(order.get("test")),
        "customer": {"id": int(number), "phone": phone} if number else None,
        "shipping_address": {"country_code": shipping.get("countryCodeV2")} if shipping else None,
    }


def _id(order: dict[str, Any]) -> str:
    return plain_id(order["id"]) or ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""Keeps a shop's webhook subscriptions equal to what its enabled texts need.

Source: Shopify, "webhookSubscriptionCreate". Subscriptions made by API vanish after eight failed deliveries in a row,
so they are compared after install, after every change of a switch, and daily. Topics of shopify.app.toml are never made
here: a topic registered both ways would be delivered twice.
"""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.config import ADMIN_API_VERSION
from app.core.jobs import Snooze, enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.messages.kinds import kinds
from app.notifications.queries import switches
from app.shopify.client import operation
from app.shopify.webhooks import topics
from app.shops.admin_api import run_operation
from app.shops.queries import end_registration, get_shop, take_registration
from app.shops.tokens import covers

log = get_logger(__name__)

REGISTER = "notifications.register_webhooks"
PACKAGE = "app.notifications"
LONGEST_LOOK = timedelta(minutes=6)
"""A process that died is waited for so long; one that lives ends in half of it."""
COME_BACK = timedelta(seconds=3)
NEW_ORDERS = "orders/create"
"""Needed without any text too, by shops whose orders may be a connected account's."""


async def request_registration(session: AsyncSession, shop_id: int) -> None:
    """Have the subscriptions compared soon; asking again meanwhile changes nothing."""
    await enqueue(session, REGISTER, [shop_id])


async def register_webhooks(deps: Deps, shop_id: int) -> None:
    """Create what is missing, delete strays: ours by address or by a topic nobody needs any more.

    One after the other for each shop, since who began before a switch was changed and ended after would undo what came
    of the change. Raises `Snooze` while another is at it.
    """
    async with deps.db.transaction() as session:
        if not await take_registration(session, shop_id, deps.clock(), until=deps.clock() + LONGEST_LOOK):
            raise Snooze(COME_BACK)
    try:
        async with asyncio.timeout(LONGEST_LOOK.total_seconds() / 2):
            await _register(deps, shop_id)
    finally:
        async with deps.db.transaction() as session:
            await end_registration(session, shop_id)


async def _register(deps: Deps, shop_id: int) -> None:
    async with deps.db.transaction() as session:
        shop = await get_shop(session, shop_id)
        wanted = needed_topics(await switches(session, shop_id), granted=shop.scopes)
        if shop.attributes_orders:
            wanted.add(NEW_ORDERS)
    existing = await _existing(deps, shop_id)
    missing, strays = compare(wanted, existing, address=webhook_address(deps))
    for subscription_id in strays:
        await _delete(deps, shop_id, subscription_id)
    refused = [topic for topic in missing if not await _create(deps, shop_id, topic)]
    if missing or strays:
        log.info("webhooks.registered", shop_id=shop_id, created=len(missing) - len(refused), deleted=len(strays))
    if refused:
        raise RegistrationRefused(", ".join(refused))


def needed_topics(switched: dict[str, bool], *, granted: str = "") -> set[str]:
    """Shop topics of enabled kinds, and those that features always need.

    *granted*: the shop's scopes, comma-separated; without its optional scope Shopify would refuse a kind's topic.
    """
    on: set[str | None] = set()
    off: set[str | None] = set()
    for kind in kinds.notifications():
        allowed = kind.optional_scope is None or covers(granted, [kind.optional_scope])
        (on if allowed and switched.get(kind.name, kind.enabled_by_default) else off).add(kind.topic)
    per_shop = {each.topic for each in topics.subscribers.values() if each.registered == "shop"}
    return per_shop - (off - on)


def compare(wanted: set[str], existing: list[dict[str, Any]], *, address: str) -> tuple[list[str], list[str]]:
    """(topics to create, subscription ids to delete). A subscription counts only as we make it: our address and
    version, whole bodies as JSON, of every event."""
    names = {_enum(topic): topic for topic in wanted}
    kept: set[str] = set()
    strays = []
    for subscription in existing:
        topic = names.get(str(subscription.get("topic")))
        if topic is not None and topic not in kept and _is_as_we_make_it(subscription, address):
            kept.add(topic)
        else:
            strays.append(str(subscription["id"]))
    return sorted(wanted - kept), strays


def _is_as_we_make_it(subscription: dict[str, Any], address: str) -> bool:
    version = (subscription.get("apiVersion") or {}).get("handle")
    whole = not subscription.get("filter") and not subscription.get("includeFields")
    as_json = subscription.get("format") in (None, "JSON")
    return subscription.get("uri") == address and version in (None, ADMIN_API_VERSION) and whole and as_json


def webhook_address(deps: Deps) -> str:
    return f"{deps.settings.shopify_app_url}/webhooks/shopify"


async def _existing(deps: Deps, shop_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await run_operation(deps, shop_id, operation(PACKAGE, "webhooks_list"), {"cursor": cursor})
        page = answer.whole("webhookSubscriptions") or {}
        found += page.get("nodes") or []
        info = page.get("pageInfo") or {}
        cursor = info.get("endCursor")
        if not info.get("hasNextPage") or cursor is None:
            return found


async def _create(deps: Deps, shop_id: int, topic: str) -> bool:
    """False when Shopify refuses it, for want of a permission mostly: no reason to go without the other topics."""
    answer = await run_operation(
        deps,
        shop_id,
        operation(PACKAGE, "webhook_create"),
        {"topic": _enum(topic), "sub": {"uri": webhook_address(deps), "format": "JSON"}},
    )
    errors = (answer.whole("webhookSubscriptionCreate") or {}).get("userErrors") or []
    # "already been taken": another process was quicker, or an answer was lost. Both are what we wanted.
    if not errors or any("taken" in str(error.get("message")) for error in errors):
        return True
    log.error("webhooks.refused", shop_id=shop_id, topic=topic, fields=[error.get("field") for error in errors])
    return False


async def _delete(deps: Deps, shop_id: int, subscription_id: str) -> None:
    await run_operation(deps, shop_id, operation(PACKAGE, "webhook_delete"), {"id": subscription_id})


def _enum(topic: str) -> str:
    return topic.upper().replace("/", "_")


class RegistrationRefused(Exception):
    """Shopify refused these topics; the job is tried again."""

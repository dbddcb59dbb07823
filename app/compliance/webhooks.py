"""`customers/data_request`, `customers/redact`, `shop/redact`.

Source: Shopify, "Privacy law compliance". They come for shops that uninstalled long ago, so no token is used. The
customer may be named by id, e-mail or a phone in any spelling; phones of the customer's own messages are added, so that
inbound texts are found too. Each is idempotent and leaves an audit entry without personal data.
"""

from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.compliance.data_request import Whom, store_file
from app.compliance.queries import erase, messages_about, redact, was_installed_again
from app.core.jobs import Discard, enqueue, job
from app.core.phone import to_e164
from app.deps import Deps
from app.messages.names import forget_names_of
from app.shopify.webhooks import Delivery, on_topic
from app.shops.disconnecting import disconnect_all
from app.shops.models import Shop
from app.shops.queries import find_shop, write_audit

ERASE_SHOP = "compliance.erase_shop"
REDACT_DELAY = timedelta(hours=48)


class Customer(msgspec.Struct):
    id: int | str | None = None
    phone: str | None = None


class DataRequestId(msgspec.Struct):
    id: int | str


class PrivacyRequest(msgspec.Struct):
    customer: Customer | None = None
    data_request: DataRequestId | None = None
    orders_requested: list[int | str] = msgspec.field(default_factory=list)
    orders_to_redact: list[int | str] = msgspec.field(default_factory=list)


@on_topic("customers/data_request", name="compliance.data_request", registered="app")
async def answer_data_request(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """Gathers what is stored into a file that the merchant finds under Settings. The same request makes one file."""
    request = delivery.payload(PrivacyRequest)
    shop = await find_shop(session, delivery.shop_domain)
    if shop is None:
        await _audit(deps, session, delivery, "data_requested", {"stored": 0})
        return "nothing is stored"
    customer = await _whom(deps, session, shop, request, request.orders_requested)
    number = str(request.data_request.id) if request.data_request else delivery.webhook_id.rsplit("/", 1)[-1]
    found = await store_file(deps, session, shop, customer, request_id=number, received_at=delivery.received_at)
    await _audit(deps, session, delivery, "data_requested", {**found, "request": number})
    return "file made"


@on_topic("customers/redact", name="compliance.redact_customer", registered="app")
async def redact_customer(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    request = delivery.payload(PrivacyRequest)
    erased: dict[str, int] = {}
    shop = await find_shop(session, delivery.shop_domain)
    if shop is not None:
        whom = await _whom(deps, session, shop, request, request.orders_to_redact)
        erased = await redact(session, shop.id, whom.customer_id, whom.order_ids, whom.phone_hashes, deps.clock())
        forget_names_of(deps, shop.id, whom.phone_hashes)
    await _audit(deps, session, delivery, "customer_redacted", erased)
    return "redacted"


@on_topic("shop/redact", name="compliance.redact_shop", registered="app")
async def redact_shop(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    """48 hours after an uninstall: everything of the shop goes, unless it has installed the app again since."""
    shop = await find_shop(session, delivery.shop_domain)
    if shop is None:
        await _audit(deps, session, delivery, "shop_redacted", {})
        return "nothing is stored"
    if shop.installed and await was_installed_again(session, shop, since=delivery.event_at - REDACT_DELAY):
        await _audit(deps, session, delivery, "shop_redact_refused", {})
        return "the shop has installed the app again"
    shop.uninstalled_at = shop.uninstalled_at or deps.clock()
    await enqueue(session, ERASE_SHOP, [shop.id])
    await _audit(deps, session, delivery, "shop_redacted", {})
    return "will be erased"


@job(ERASE_SHOP)
async def erase_shop(deps: Deps, shop_id: str) -> None:
    """Ends the RingCentral connections first: their credentials go with the shop. A shop that has come back since the
    request, while this job waited, is no longer meant."""
    async with deps.db.transaction() as session:
        await _refuse_if_back(session, int(shop_id))
    await disconnect_all(deps, int(shop_id))
    async with deps.db.transaction() as session:
        await _refuse_if_back(session, int(shop_id))
        await erase(session, int(shop_id))
    forget_names_of(deps, int(shop_id))


async def _refuse_if_back(session: AsyncSession, shop_id: int) -> None:
    shop = await session.get(Shop, shop_id, with_for_update=True)
    if shop is not None and shop.installed:
        raise Discard("the shop has installed the app again")


async def _whom(
    deps: Deps, session: AsyncSession, shop: Shop, request: PrivacyRequest, orders: list[int | str]
) -> Whom:
    """Every phone that the customer's messages went to counts, besides the one that Shopify names."""
    customer = request.customer or Customer()
    customer_id = str(customer.id) if customer.id is not None else None
    order_ids = [str(order) for order in orders]
    phone = to_e164(customer.phone, shop.country)
    given = [deps.vault.fingerprint(phone)] if phone is not None else []
    messages = await messages_about(session, shop.id, customer_id, order_ids, given)
    hashes = {*given, *(message.phone_hash for message in messages if message.phone_hash is not None)}
    return Whom(customer_id, order_ids, sorted(hashes))


async def _audit(deps: Deps, session: AsyncSession, delivery: Delivery, action: str, detail: dict[str, Any]) -> None:
    await write_audit(
        session,
        delivery.shop_domain,
        at=deps.clock(),
        actor="shopify",
        action=action,
        detail={**detail, "webhook": delivery.webhook_id.rsplit("/", 1)[-1]},
    )

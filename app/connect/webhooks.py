"""What Connect hears of Shopify's orders: whose a new one is."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.attribution import Order, attribute_webhook
from app.connect.money import format_money, read_cents
from app.connect.rules import Marks, landing_of
from app.deps import Deps
from app.shopify.webhooks import Delivery, on_topic
from app.shops.queries import get_shop


class Code(msgspec.Struct):
    code: str | None = None


class NoteAttribute(msgspec.Struct):
    name: str | None = None
    value: str | int | float | bool | None = None


class Customer(msgspec.Struct):
    id: int | None = None


class NewOrder(msgspec.Struct):
    """What an `orders/create` payload is read for. It carries no tags of the customer."""

    id: int
    name: str | None = None
    tags: str | None = None
    landing_site: str | None = None
    discount_codes: list[Code] | None = None
    note_attributes: list[NoteAttribute] | None = None
    customer: Customer | None = None
    current_total_price: str | None = None
    currency: str | None = None


@on_topic("orders/create", name="connect.attribute", scope="read_orders")
async def attribute_new_order(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
    if delivery.shop_id is None:
        return "unknown shop"
    shop = await get_shop(session, delivery.shop_id)
    if not shop.installed or not shop.attributes_orders:
        return "no rules"
    given = delivery.payload(NewOrder)
    order = Order(str(given.id), given.name, _marks(given), _total(given))
    return await attribute_webhook(deps, session, shop, order)


def _marks(order: NewOrder) -> Marks:
    tags = (tag.strip() for tag in (order.tags or "").split(","))
    return Marks(
        discount_codes=tuple(each.code for each in order.discount_codes or () if each.code),
        order_tags=tuple(tag for tag in tags if tag),
        note_attributes=tuple((each.name, str(each.value)) for each in order.note_attributes or () if each.name),
        customer_tags=None if order.customer is not None else (),
        landing=landing_of(order.landing_site),
    )


def _total(order: NewOrder) -> str:
    cents, currency = read_cents({"amount": order.current_total_price, "currencyCode": order.currency})
    return format_money(cents, currency) if currency else ""

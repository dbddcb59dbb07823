"""Declares a kind of text: the one decorator that a file in `types/` needs.

The kind says which topic it answers, what it is called, and which order an event is about. Consent, quiet hours,
wording, pace and the business key belong to the engine. From the declaration follow the switch, the editor, the
preview, the test text and the webhook subscription.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.phone import to_e164
from app.deps import Deps
from app.messages.facts import OrderFacts
from app.messages.kinds import Kind, kinds
from app.messages.models import Message
from app.messages.queue import About, queue_message
from app.notifications.queries import is_enabled
from app.shopify.webhooks import Delivery, on_topic
from app.shops.queries import get_shop
from app.shops.settings import read_settings_of

Payload = TypeVar("Payload", bound=msgspec.Struct)
Objection = Callable[[OrderFacts, Message], tuple[str, str] | None]


class Address(msgspec.Struct):
    phone: str | None = None
    country_code: str | None = None


class Customer(msgspec.Struct):
    id: int | None = None
    phone: str | None = None


class Parcel(msgspec.Struct):
    """What a `fulfillments/*` payload, or an order's `fulfillments`, is read for."""

    id: int
    order_id: int
    status: str | None = None
    created_at: datetime | None = None
    tracking_numbers: list[str] = msgspec.field(default_factory=list)
    tracking_urls: list[str] = msgspec.field(default_factory=list)


class Order(msgspec.Struct):
    """What an `orders/*` payload is read for; everything else is asked for at the gate."""

    id: int
    name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    fulfillments: list[Parcel] = msgspec.field(default_factory=list)
    phone: str | None = None
    customer: Customer | None = None
    shipping_address: Address | None = None


def about_order(order: Order) -> About:
    """An order's text: once per order. The phone only serves the log's search; the gate reads the one that agreed."""
    country = order.shipping_address.country_code if order.shipping_address else None
    return About(
        subject=str(order.id),
        order_id=str(order.id),
        order_name=order.name,
        customer_id=str(order.customer.id) if order.customer and order.customer.id else None,
        phone=to_e164(order.customer.phone if order.customer else None, country),
    )


def about_parcel(order_id: int, parcel_id: int, subject: str | None = None) -> About:
    """A parcel's text: once per parcel, or per *subject*. Name and phone are read at the gate."""
    return About(subject=subject or str(parcel_id), order_id=str(order_id), fulfillment_id=str(parcel_id))


def notify_on(
    topic: str,
    payload: type[Payload],
    *,
    kind: str,
    label: str,
    description: str,
    scope: str,
    max_age: timedelta,
    heeds_quiet_hours: bool = True,
    uses_tracking: bool = False,
    enabled_by_default: bool = False,
    optional_scope: bool = False,
    after_cancellation: bool = False,
    only_new_tracking: bool = False,
    place: int = 100,
    no_longer_true: Objection = lambda facts, message: None,
    example: Mapping[str, Any] | None = None,
) -> Callable[[Callable[[Payload], About | None]], Callable[[Payload], About | None]]:
    """Declare the function that answers *topic* with what the text is about, or None for no text.

    *optional_scope*: the scope is asked for when a merchant switches the kind on, not when the app is installed.
    """
    declared = kinds.add(
        Kind(
            kind,
            label,
            description,
            max_age=max_age,
            heeds_quiet_hours=heeds_quiet_hours,
            uses_tracking=uses_tracking,
            enabled_by_default=enabled_by_default,
            topic=topic,
            optional_scope=scope if optional_scope else None,
            after_cancellation=after_cancellation,
            only_new_tracking=only_new_tracking,
            place=place,
            no_longer_true=no_longer_true,
            example=dict(example or {}),
        )
    )

    def declare(about: Callable[[Payload], About | None]) -> Callable[[Payload], About | None]:
        @on_topic(topic, name=f"notifications.{kind}", scope=scope, optional=optional_scope)
        async def notify(deps: Deps, session: AsyncSession, delivery: Delivery) -> str:
            return await _notify(deps, session, delivery, declared, about(delivery.payload(payload)))

        return about

    return declare


async def _notify(deps: Deps, session: AsyncSession, delivery: Delivery, kind: Kind, about: About | None) -> str:
    if delivery.shop_id is None:
        return "unknown shop"
    shop = await get_shop(session, delivery.shop_id)
    if not shop.installed:
        return "shop has uninstalled the app"
    if about is None:
        return "no text for this event"
    if not await is_enabled(session, shop.id, kind):
        return "switched off"
    worth_sending = _for_shop(kind, read_settings_of(shop).confirmation_max_age_minutes)
    message_id = await queue_message(deps, session, shop.id, worth_sending, about, event_at=delivery.event_at)
    return "queued" if message_id is not None else "queued before"


def _for_shop(kind: Kind, confirmation_max_age_minutes: int) -> Kind:
    """The shop decides how late a confirmation may be."""
    if kind.name != "order_confirmed":
        return kind
    return replace(kind, max_age=timedelta(minutes=confirmation_max_age_minutes))

"""The evidence file of one phone: every consent event with its proof, every text with its checks, every reply.

What was erased stays erased: an event then shows its fingerprints only, and still proves itself. Local times are those
of the number's area code, else of the shop, as a person there would have read them on a clock. The same collection
answers a customer's request for their data.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.chain import proven_fields, verify_chain
from app.consent.models import ConsentEvent
from app.consent.queries import events_of_phone, find_suppression
from app.core.phone import zones_of
from app.deps import Deps
from app.messages.agreement import describe_policy
from app.messages.kinds import kinds, shown
from app.messages.models import InboundMessage, Message
from app.shops.models import Sender, Shop
from app.shops.zone import zone_of as shop_zone

HOW_TO_CHECK: Final = (
    "Each event's hash is SHA-256 over the previous event's hash (32 bytes) followed by the event's proven fields as "
    "JSON with sorted keys and no blanks, in UTF-8. Phone, words and address enter as keyed fingerprints."
)


async def evidence_of(
    deps: Deps, session: AsyncSession, shop: Shop, phone: str, *, tell: Callable[[float], None] = lambda share: None
) -> dict[str, Any]:
    """Everything that is known about *phone* in this shop, oldest first. *tell*: see `verify_chain`."""
    phone_hash, now = deps.vault.fingerprint(phone), deps.clock()
    zone = zone_of(shop, phone)
    suppression = await find_suppression(session, shop.id, phone_hash)
    proof = await verify_chain(deps, session, shop.id, only_words_of=phone_hash, tell=tell)
    events = await events_of_phone(session, shop.id, phone_hash)
    senders = await numbers_of(session, shop.id)
    return {
        "phone": phone,
        "shop": {"name": shop.name, "domain": shop.domain},
        "made_at": now.isoformat(),
        "time_zone": zone.key,
        "state": "open" if suppression is None else "held" if suppression.held else "opted_out",
        "since": suppression.since.isoformat() if suppression is not None else None,
        "policy": await describe_policy(session, shop.id),
        "chain": {**asdict(proof), "how_to_check": HOW_TO_CHECK},
        "consent_events": [told_event(deps, event, zone) for event in events],
        "texts": [told_text(deps, message, zone, senders) for message in await _messages(session, shop.id, phone_hash)],
        "replies": [told_reply(deps, inbound, zone) for inbound in await _replies(session, shop.id, phone_hash)],
    }


async def numbers_of(session: AsyncSession, shop_id: int) -> dict[int, str | None]:
    """Sender to number, former ones included."""
    return {
        each.id: each.phone_number for each in await session.scalars(select(Sender).where(Sender.shop_id == shop_id))
    }


def told_event(deps: Deps, event: ConsentEvent, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": _utc(event.at),
        "local_time": _local(event.at, zone),
        "recorded_at": _utc(event.recorded_at),
        "change": event.change,
        "source": event.source,
        "method": event.method,
        "words": _open(deps, event.words_encrypted),
        "wording": event.wording,
        "rule": event.rule,
        "matcher_version": event.matcher_version,
        "actor": event.actor,
        "address": _open(deps, event.address_encrypted),
        "before": event.state_before,
        "after": event.state_after,
        "confirmation": event.confirmation,
        "told_shopify_at": _utc(event.written_to_shopify_at),
        "shopify_result": event.shopify_result,
        "told_provider_at": _utc(event.written_to_provider_at),
        "provider_result": event.provider_result,
        "proven": proven_fields(event),
        "previous_hash": event.previous_hash.hex(),
        "hash": event.hash.hex(),
    }


def told_text(deps: Deps, message: Message, zone: ZoneInfo, senders: dict[int, str | None]) -> dict[str, Any]:
    kind = kinds.find(message.kind)
    return {
        "id": message.id,
        "kind": message.kind,
        "label": kind.label if kind is not None else message.kind,
        "order_name": message.order_name,
        "from": senders.get(message.sender_id or 0),
        "text": shown(kind, _open(deps, message.text_encrypted)),
        "state": message.state,
        "reason": message.reason,
        "asked_for_at": _utc(message.event_at),
        "sent_at": _utc(message.sent_at),
        "local_time": _local(message.sent_at, zone),
        "delivered_at": _utc(message.delivered_at),
        "checks": message.checks,
    }


def told_reply(deps: Deps, inbound: InboundMessage, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": inbound.id,
        "received_at": _utc(inbound.received_at),
        "local_time": _local(inbound.received_at, zone),
        "handled_at": _utc(inbound.handled_at),
        "text": _open(deps, inbound.text_encrypted),
        "meaning": inbound.meaning,
        "rule": inbound.rule,
    }


async def _messages(session: AsyncSession, shop_id: int, phone_hash: bytes) -> list[Message]:
    query = select(Message).where(Message.shop_id == shop_id, Message.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(Message.id)))


async def _replies(session: AsyncSession, shop_id: int, phone_hash: bytes) -> list[InboundMessage]:
    query = select(InboundMessage).where(InboundMessage.shop_id == shop_id, InboundMessage.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(InboundMessage.id)))


def zone_of(shop: Shop, phone: str | None) -> ZoneInfo:
    zones = zones_of(phone) if phone is not None else ()
    return ZoneInfo(zones[0]) if zones else shop_zone(shop)


def _local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)

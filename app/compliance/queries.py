"""SQL that finds and erases one customer's data in every table that holds any; the shop always comes first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.compliance.models import DataRequest
from app.consent.models import ConsentDrift, ConsentEvent, Suppression
from app.messages.kinds import REPLY_FORWARD
from app.messages.models import InboundMessage, Message, MessageState
from app.messages.queries import move
from app.shops.models import AuditEvent, OAuthState, Shop

NOBODY = b""
"""Stands where a fingerprint was: not even an equal number can be told from it."""


def _messages_about(
    shop_id: int, customer_id: str | None, order_ids: Sequence[str], phone_hashes: Sequence[bytes]
) -> Select[Message]:
    about: list[ColumnElement[bool]] = [Message.order_id.in_(order_ids), Message.phone_hash.in_(phone_hashes)]
    if customer_id is not None:
        about.append(Message.customer_id == customer_id)
    return select(Message).where(Message.shop_id == shop_id, or_(*about))


async def messages_about(
    session: AsyncSession,
    shop_id: int,
    customer_id: str | None,
    order_ids: Sequence[str],
    phone_hashes: Sequence[bytes],
) -> list[Message]:
    return list(
        await session.scalars(_messages_about(shop_id, customer_id, order_ids, phone_hashes).order_by(Message.id))
    )


async def inbound_of(session: AsyncSession, shop_id: int, phone_hashes: Sequence[bytes]) -> list[InboundMessage]:
    query = select(InboundMessage).where(InboundMessage.shop_id == shop_id, InboundMessage.phone_hash.in_(phone_hashes))
    return list(await session.scalars(query.order_by(InboundMessage.id)))


async def consent_events_of(session: AsyncSession, shop_id: int, phone_hashes: Sequence[bytes]) -> list[ConsentEvent]:
    query = select(ConsentEvent).where(ConsentEvent.shop_id == shop_id, ConsentEvent.phone_hash.in_(phone_hashes))
    return list(await session.scalars(query.order_by(ConsentEvent.id)))


async def suppressions_of(session: AsyncSession, shop_id: int, phone_hashes: Sequence[bytes]) -> list[Suppression]:
    query = select(Suppression).where(Suppression.shop_id == shop_id, Suppression.phone_hash.in_(phone_hashes))
    return list(await session.scalars(query.order_by(Suppression.id)))


async def redact(
    session: AsyncSession,
    shop_id: int,
    customer_id: str | None,
    order_ids: Sequence[str],
    phone_hashes: Sequence[bytes],
    now: datetime,
) -> dict[str, int]:
    """Blank every personal column of this customer. A keyed hash stays of an opt-out, so it keeps being honoured."""
    messages = await messages_about(session, shop_id, customer_id, order_ids, phone_hashes)
    for message in messages:
        if message.state == MessageState.QUEUED:
            await move(
                session,
                message.id,
                MessageState.CANCELLED,
                origin=[MessageState.QUEUED],
                now=now,
                cause="redacted",
                reason_code="redacted",
                reason="The customer's data was erased.",
            )
    ids = [message.id for message in messages]
    # A forwarded reply went to a phone of the staff, and still holds the customer's words.
    replies = [str(reply.id) for reply in await inbound_of(session, shop_id, phone_hashes)]
    blank: dict[str, Any] = {
        "phone_encrypted": None,
        "phone_hash": None,
        "text_encrypted": None,
        "sent_text_encrypted": None,
        "customer_id": None,
        "order_name": None,
    }
    await session.execute(update(Message).where(Message.shop_id == shop_id, Message.id.in_(ids)).values(**blank))
    await session.execute(
        update(Message)
        .where(Message.shop_id == shop_id, Message.kind == REPLY_FORWARD.name, Message.subject.in_(replies))
        .values(text_encrypted=None, sent_text_encrypted=None)
    )
    inbound = await session.execute(
        update(InboundMessage)
        .where(InboundMessage.shop_id == shop_id, InboundMessage.phone_hash.in_(phone_hashes))
        .values(phone_encrypted=None, text_encrypted=None, phone_hash=NOBODY)
    )
    events = await session.execute(
        update(ConsentEvent)
        .where(ConsentEvent.shop_id == shop_id, ConsentEvent.phone_hash.in_(phone_hashes))
        .values(phone_encrypted=None, words_encrypted=None, address_encrypted=None)
    )
    theirs = (Suppression.shop_id == shop_id, Suppression.phone_hash.in_(phone_hashes))
    await session.execute(delete(Suppression).where(*theirs, Suppression.lifted_at.is_not(None)))
    await session.execute(update(Suppression).where(*theirs).values(phone_encrypted=None))
    await _forget_requests(session, shop_id, customer_id, phone_hashes)
    # Calls that could not be read are the only ones whose bodies are still there; whom they are about cannot be seen.
    await session.execute(
        text("UPDATE deliveries SET body_sealed = NULL WHERE shop_id = :shop_id AND state >= 2"), {"shop_id": shop_id}
    )
    await session.execute(
        update(ConsentDrift)
        .where(ConsentDrift.shop_id == shop_id, ConsentDrift.phone_hash.in_(phone_hashes))
        .values(phone_encrypted=None)
    )
    return {"messages": len(ids), "inbound": _count(inbound), "consent_events": _count(events)}


async def _forget_requests(
    session: AsyncSession, shop_id: int, customer_id: str | None, phone_hashes: Sequence[bytes]
) -> None:
    about: list[ColumnElement[bool]] = [DataRequest.phone_hash.in_(phone_hashes)]
    if customer_id is not None:
        about.append(DataRequest.customer_id == customer_id)
    await session.execute(
        update(DataRequest)
        .where(DataRequest.shop_id == shop_id, or_(*about))
        .values(file_encrypted=None, customer_id=None, phone_hash=None, link_hash=None)
    )


async def was_installed_again(session: AsyncSession, shop: Shop, *, since: datetime) -> bool:
    """Whether the shop is there in spite of an uninstall at *since*: installed a second time, heard of or not.

    Shopify grants no token to a shop that has left, and an installed one gets a new one every day. An hour is left
    for Shopify's 48 being less exact than ours.
    """
    query = select(AuditEvent.at).where(AuditEvent.shop_domain == shop.domain, AuditEvent.action == "installed")
    installs = list(await session.scalars(query.order_by(AuditEvent.at)))
    granted = shop.granted_at is not None and shop.granted_at > since + timedelta(hours=1)
    if len(installs) > 1:
        return granted or installs[-1] > since
    return granted and shop.installed_at is not None and shop.installed_at <= since


async def erase(session: AsyncSession, shop_id: int) -> None:
    """Delete the shop, everything that belongs to it, and its stored webhook calls."""
    domain = await session.scalar(select(Shop.domain).where(Shop.id == shop_id))
    # The calls belong to a rank above this one, hence the table by its name.
    await session.execute(text("DELETE FROM deliveries WHERE shop_domain = :domain AND state >= 2"), {"domain": domain})
    await session.execute(delete(OAuthState).where(OAuthState.shop_domain == domain))
    await session.execute(delete(Shop).where(Shop.id == shop_id))


def _count(result: Any) -> int:
    return int(result.rowcount)

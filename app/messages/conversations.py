"""What a customer and the shop wrote to each other, and what staff answer.

An answer goes through the outbox like every text: an opt-out stops it at the gate. It may only follow a text of the
customer's own, because whoever wrote asked for an answer, and whoever did not agreed to order texts at most. It waits
for the sending hours unless the customer wrote a moment ago.
"""

import base64
import binascii
from collections import Counter
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import is_suppressed
from app.consent.quiet_hours import next_open, recipient_zones
from app.core.db import after_commit
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phone import country_of
from app.deps import Deps
from app.message_templates.segments import UTF16_LIMIT, count_segments, to_plain, utf16_length
from app.messages.kinds import STAFF_REPLY, kinds, shown
from app.messages.models import InboundMessage, Message, MessageState
from app.messages.pool import choose_sender
from app.messages.queries import insert_message
from app.shops.models import Shop
from app.shops.queries import find_sender, write_audit
from app.shops.settings import read_settings_of

MOST_SHOWN: Final = 100
"""Texts of either side in one conversation; older ones are in the log."""
LOOKED_THROUGH: Final = 300
MOST_UNREAD: Final = 99
ANSWER_WITHIN: Final = timedelta(days=30)
AWAKE: Final = timedelta(hours=1)
"""Who has just written is awake, whatever the clock says."""
FOR_PEOPLE: Final = ("other", "doubtful")
"""Meanings that a person has to read; keywords were answered by the app."""


def key_of(phone_hash: bytes) -> str:
    """A conversation's name in addresses. It is the keyed hash of the phone, which says nothing to anybody else."""
    return base64.urlsafe_b64encode(phone_hash).rstrip(b"=").decode()


def hash_of(key: str) -> bytes:
    """Raises `NotFound`."""
    try:
        return base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotFound("There is no such conversation.") from None


async def has_conversation(session: AsyncSession, shop_id: int, phone_hash: bytes) -> bool:
    query = select(
        exists().where(InboundMessage.shop_id == shop_id, InboundMessage.phone_hash == phone_hash)
        | exists().where(Message.shop_id == shop_id, Message.phone_hash == phone_hash)
    )
    return bool(await session.scalar(query))


async def list_conversations(deps: Deps, session: AsyncSession, shop_id: int, *, limit: int = 50) -> dict[str, Any]:
    """The customers who wrote last, each with their last text and how many are unread."""
    query = select(InboundMessage).where(InboundMessage.shop_id == shop_id)
    newest = await session.scalars(query.order_by(InboundMessage.id.desc()).limit(LOOKED_THROUGH))
    latest: dict[bytes, InboundMessage] = {}
    unread: Counter[bytes] = Counter()
    for text in newest:
        latest.setdefault(text.phone_hash, text)
        unread[text.phone_hash] += _unread(text)
    # Only what is shown is decrypted.
    shown = list(latest.items())[:limit]
    conversations = [describe_inbound(deps, text) | {"unread": unread[phone_hash]} for phone_hash, text in shown]
    return {"conversations": conversations, "unread": await count_unread(session, shop_id)}


async def count_unread(session: AsyncSession, shop_id: int) -> int:
    """Up to `MOST_UNREAD`."""
    some = (
        select(InboundMessage.id)
        .where(
            InboundMessage.shop_id == shop_id,
            InboundMessage.read_at.is_(None),
            InboundMessage.meaning.in_(FOR_PEOPLE),
        )
        .limit(MOST_UNREAD)
        .subquery()
    )
    return int(await session.scalar(select(func.count()).select_from(some)) or 0)


async def conversation(deps: Deps, session: AsyncSession, shop: Shop, key: str) -> dict[str, Any]:
    """Both sides in order, oldest first, and whether an answer is possible. Raises `NotFound`."""
    phone_hash = hash_of(key)
    inbound = await _newest(session, InboundMessage, shop.id, phone_hash)
    outbound = await _newest(session, Message, shop.id, phone_hash)
    if not inbound and not outbound:
        raise NotFound("There is no such conversation.")
    lines = [describe_outbound(deps, text) for text in reversed(outbound)]
    lines += [describe_inbound(deps, text) for text in reversed(inbound)]
    sealed = next((text.phone_encrypted for text in (*inbound, *outbound) if text.phone_encrypted is not None), None)
    return {
        "key": key,
        "phone": deps.vault.decrypt(sealed) if sealed is not None else None,
        # What waits comes last; of what has one time, the customer's text is what was answered.
        "lines": sorted(lines, key=lambda line: (line.get("due_at") or line["at"], line["side"] == "shop")),
        "why_not": await _why_not(deps, session, shop, phone_hash, inbound),
        "opted_out": await is_suppressed(session, shop.id, phone_hash),
    }


async def mark_read(deps: Deps, session: AsyncSession, shop_id: int, key: str) -> None:
    await session.execute(
        update(InboundMessage)
        .where(
            InboundMessage.shop_id == shop_id,
            InboundMessage.phone_hash == hash_of(key),
            InboundMessage.read_at.is_(None),
        )
        .values(read_at=deps.clock())
    )


async def queue_staff_reply(
    deps: Deps, session: AsyncSession, shop: Shop, key: str, form: object, *, actor: str
) -> dict[str, Any]:
    """An answer to the customer's text. *once* makes a repeated click one text.

    Raises `NotFound`, `Invalid`, and `Conflict` with the reason why no answer may go.
    """
    text, once = read_answer(form)
    phone_hash = hash_of(key)
    inbound = await _newest(session, InboundMessage, shop.id, phone_hash)
    sealed = next((each.phone_encrypted for each in inbound if each.phone_encrypted is not None), None)
    refused = await _why_not(deps, session, shop, phone_hash, inbound)
    sender = await choose_sender(session, shop.id, phone_hash)
    if refused is not None or sealed is None or sender is None:
        raise Conflict(refused or "This customer's number was erased.")
    phone, now = deps.vault.decrypt(sealed), deps.clock()
    due_at = answer_due(deps, shop, phone, inbound[0])
    message_id = await insert_message(
        session,
        {
            "shop_id": shop.id,
            "sender_id": sender.id,
            "kind": STAFF_REPLY.name,
            "subject": f"{key}:{once}",
            "priority": STAFF_REPLY.priority,
            "text_encrypted": deps.vault.encrypt(text),
            "phone_encrypted": deps.vault.encrypt(phone),
            "phone_hash": phone_hash,
            "segments": count_segments(text).segments,
            "event_at": now,
            "due_at": due_at,
            "expires_at": due_at + STAFF_REPLY.max_age,
        },
        now=now,
        cause=f"{STAFF_REPLY.name} asked for",
    )
    if message_id is not None:
        await write_audit(
            session, shop.domain, at=now, actor=actor, action="reply_sent", detail={"message_id": message_id}
        )
    after_commit(session, deps.outbox_changed.set)
    return {"id": message_id, "due_at": due_at.isoformat(), "waits": due_at > now}


def answer_due(deps: Deps, shop: Shop, phone: str, latest: InboundMessage) -> Any:
    now, settings = deps.clock(), read_settings_of(shop)
    hours = settings.quiet_hours
    if not hours.enabled or now - latest.received_at <= AWAKE:
        return now
    zones = recipient_zones(
        phone=phone, country=country_of(phone), province=None, shop_zone=settings.time_zone or shop.timezone
    )
    return next_open(now, zones=zones, start=hours.start, end=hours.end) or now


async def _why_not(
    deps: Deps, session: AsyncSession, shop: Shop, phone_hash: bytes, inbound: list[InboundMessage]
) -> str | None:
    sender = await find_sender(session, shop.id)
    if sender is None or sender.phone_number is None:
        return "Connect RingCentral and choose a number first."
    if await is_suppressed(session, shop.id, phone_hash):
        return "This customer opted out, so no text may be sent to this number."
    if not inbound:
        return "You can answer once this customer has written to you."
    if deps.clock() - inbound[0].received_at > ANSWER_WITHIN:
        return "The customer's last text is more than 30 days old, so it can no longer be answered."
    return None


async def _newest(session: AsyncSession, table: Any, shop_id: int, phone_hash: bytes) -> list[Any]:
    query = select(table).where(table.shop_id == shop_id, table.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(table.id.desc()).limit(MOST_SHOWN)))


def describe_inbound(deps: Deps, text: InboundMessage) -> dict[str, Any]:
    return {
        "side": "customer",
        "key": key_of(text.phone_hash),
        "phone": _open(deps, text.phone_encrypted),
        "text": _open(deps, text.text_encrypted),
        "at": text.received_at.isoformat(),
        "meaning": text.meaning,
        "new": _unread(text),
    }


def describe_outbound(deps: Deps, message: Message) -> dict[str, Any]:
    kind = kinds.find(message.kind)
    return {
        "side": "shop",
        "id": message.id,
        "label": kind.label if kind is not None else message.kind,
        "text": shown(kind, _open(deps, message.text_encrypted)),
        "state": message.state,
        "reason": message.reason,
        "at": (message.sent_at or message.created_at).isoformat(),
        "due_at": message.due_at.isoformat() if message.state == MessageState.QUEUED else None,
    }


def _unread(text: InboundMessage) -> bool:
    return text.read_at is None and text.meaning in FOR_PEOPLE


def read_answer(form: object) -> tuple[str, str]:
    given = form if isinstance(form, dict) else {}
    text, once = given.get("text"), given.get("once")
    if not isinstance(text, str) or not text.strip():
        raise Invalid({"text": "Write your answer first."})
    plain = to_plain(text.strip())
    if utf16_length(plain) > UTF16_LIMIT:
        raise Invalid({"text": f"An answer may have at most {UTF16_LIMIT} characters."})
    if not isinstance(once, str) or not 8 <= len(once) <= 64:
        raise Invalid({"once": "Reload the page, then send again."})
    return plain, once


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)

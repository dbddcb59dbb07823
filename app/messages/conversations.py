"""What a customer and the shop wrote to each other, who has read it, and what staff answer."""

import base64
import binascii
from collections import Counter
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import is_suppressed
from app.core.errors import NotFound
from app.deps import Deps
from app.messages.answers import Answer, queue_answer, read_answer, why_no_answer
from app.messages.kinds import STAFF_REPLY, kinds, shown
from app.messages.models import InboundMessage, Message, MessageState
from app.messages.pool import choose_sender
from app.messages.whose_customer import NamesOf, Owner, owners_of
from app.shops.models import Shop
from app.shops.queries import find_sender

MOST_SHOWN: Final = 100
"""Texts of either side in one conversation; older ones are in the log."""
MOST_ORDERS: Final = 3
LOOKED_THROUGH: Final = 300
MOST_UNREAD: Final = 99
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


async def list_conversations(
    deps: Deps, session: AsyncSession, shop_id: int, *, names_of: NamesOf, limit: int = 50
) -> dict[str, Any]:
    """The customers who wrote last, each with their last text, whose customer they are, and how many are unread."""
    query = select(InboundMessage).where(InboundMessage.shop_id == shop_id)
    newest = await session.scalars(query.order_by(InboundMessage.id.desc()).limit(LOOKED_THROUGH))
    latest: dict[bytes, InboundMessage] = {}
    unread: Counter[bytes] = Counter()
    for text in newest:
        latest.setdefault(text.phone_hash, text)
        unread[text.phone_hash] += _unread(text)
    # Only what is shown is decrypted.
    shown = list(latest.items())[:limit]
    owners = await owners_of(deps, session, shop_id, [text for _, text in shown], names_of)
    conversations = [
        describe_inbound(deps, text) | {"unread": unread[phone_hash], "owner": _describe_owner(owners.get(text.id))}
        for phone_hash, text in shown
    ]
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


async def conversation(deps: Deps, session: AsyncSession, shop: Shop, key: str, *, names_of: NamesOf) -> dict[str, Any]:
    """Both sides in order, oldest first, and whether an answer is possible. Raises `NotFound`."""
    phone_hash = hash_of(key)
    inbound = await _newest(session, InboundMessage, shop.id, phone_hash)
    outbound = await _newest(session, Message, shop.id, phone_hash)
    if not inbound and not outbound:
        raise NotFound("There is no such conversation.")
    lines = [describe_outbound(deps, text) for text in reversed(outbound)]
    lines += [describe_inbound(deps, text) for text in reversed(inbound)]
    sealed = next((text.phone_encrypted for text in (*inbound, *outbound) if text.phone_encrypted is not None), None)
    owner = await _owner(deps, session, shop.id, inbound, names_of)
    orders = {text.order_id: text.order_name for text in outbound if text.order_id and text.order_name}
    return {
        "key": key,
        "phone": deps.vault.decrypt(sealed) if sealed is not None else None,
        "orders": [{"id": order_id, "name": name} for order_id, name in orders.items()][:MOST_ORDERS],
        "newest_heard": inbound[0].id if inbound else 0,
        # What waits comes last; of what has one time, the customer's text is what was answered.
        "lines": sorted(lines, key=lambda line: (line.get("due_at") or line["at"], line["side"] == "shop")),
        "owner": _describe_owner(owner),
        "why_not": await _why_not(deps, session, shop, phone_hash, inbound, owner),
        "opted_out": await is_suppressed(session, shop.id, phone_hash),
    }


async def mark_read(deps: Deps, session: AsyncSession, shop_id: int, key: str, *, up_to: int) -> None:
    """*up_to*: the last text that was shown. One that comes in this very moment was not, and stays unread."""
    await session.execute(
        update(InboundMessage)
        .where(
            InboundMessage.shop_id == shop_id,
            InboundMessage.phone_hash == hash_of(key),
            InboundMessage.id <= up_to,
            InboundMessage.read_at.is_(None),
        )
        .values(read_at=deps.clock())
    )


async def queue_staff_reply(
    deps: Deps, session: AsyncSession, shop: Shop, key: str, form: object, *, actor: str, names_of: NamesOf
) -> dict[str, Any]:
    """An answer to the customer's text. Raises `NotFound`, `Invalid`, and `Conflict` with why no answer may go."""
    text, once = read_answer(form)
    phone_hash = hash_of(key)
    heard = await _newest(session, InboundMessage, shop.id, phone_hash)
    owner = await _owner(deps, session, shop.id, heard, names_of)
    refused = await _why_not(deps, session, shop, phone_hash, heard, owner)
    sender = await choose_sender(session, shop.id, phone_hash)
    answer = Answer(STAFF_REPLY, text, phone_hash, once=f"{key}:{once}", actor=actor, said={})
    return await queue_answer(deps, session, shop, answer, sender=sender, heard=heard, refused=refused)


async def _why_not(
    deps: Deps, session: AsyncSession, shop: Shop, phone_hash: bytes, heard: list[InboundMessage], owner: Owner | None
) -> str | None:
    if owner is not None:
        return f"This customer wrote to the number of {owner.name}, who answers on their own page."
    sender = await find_sender(session, shop.id)
    return await why_no_answer(deps, session, shop.id, phone_hash, sender=sender, heard=heard)


async def _owner(
    deps: Deps, session: AsyncSession, shop_id: int, heard: list[InboundMessage], names_of: NamesOf
) -> Owner | None:
    """Whoever the customer wrote to last answers. *heard*: newest first."""
    return next(iter((await owners_of(deps, session, shop_id, heard[:1], names_of)).values()), None)


def _describe_owner(owner: Owner | None) -> dict[str, Any] | None:
    return {"id": owner.id, "name": owner.name} if owner is not None else None


async def _newest(session: AsyncSession, table: Any, shop_id: int, phone_hash: bytes) -> list[Any]:
    query = select(table).where(table.shop_id == shop_id, table.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(table.id.desc()).limit(MOST_SHOWN)))


def describe_inbound(deps: Deps, text: InboundMessage) -> dict[str, Any]:
    return {
        "side": "customer",
        "id": text.id,
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
        "at": said_at(message).isoformat(),
        "due_at": message.due_at.isoformat() if message.state == MessageState.QUEUED else None,
    }


def said_at(message: Message) -> datetime:
    return message.sent_at or message.created_at


def _unread(text: InboundMessage) -> bool:
    return text.read_at is None and text.meaning in FOR_PEOPLE


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)

"""What an account sees on its own page: customers, conversations, notices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select, true, tuple_, union
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import ConnectOrder, Notice
from app.messages.models import InboundMessage, Message
from app.shops.models import Sender

LAST_ID: Final = 2**63 - 1


async def notice_page(
    session: AsyncSession, shop_id: int, *, account_id: int, before: int | None = None, limit: int = 50
) -> list[Notice]:
    query = select(Notice).where(Notice.shop_id == shop_id, Notice.account_id == account_id)
    if before is not None:
        query = query.where(Notice.id < before)
    return list(await session.scalars(query.order_by(Notice.id.desc()).limit(limit)))


async def messages_of_account(
    session: AsyncSession, shop_id: int, account_id: int, *, phone_hash: bytes | None = None, limit: int = 50
) -> list[Message]:
    """What left, or should have left, in this account's name; *phone_hash*: to one customer. Newest first.

    Looked up from the account's numbers and from its latest orders: the shop's log may be a thousand times as long.
    """
    senders = _senders(shop_id, account_id).subquery()
    orders = select(ConnectOrder.id).where(ConnectOrder.shop_id == shop_id, ConnectOrder.account_id == account_id)
    from_number = select(Message.id)
    about_order = select(Message.id).where(Message.shop_id == shop_id)
    if phone_hash is not None:
        orders = orders.where(ConnectOrder.phone_hash == phone_hash)
        from_number = from_number.where(Message.shop_id == shop_id, Message.phone_hash == phone_hash)
        about_order = about_order.where(Message.phone_hash == phone_hash)
    recent = orders.order_by(ConnectOrder.id.desc()).limit(limit).subquery()
    # As pairs, which only the index of a number's texts can answer in this order: PostgreSQL takes every number for a
    # busy one and would read the whole log backwards.
    pair = tuple_(Message.sender_id, Message.id)
    from_number = from_number.where(pair > tuple_(senders.c.id, 0), pair < tuple_(senders.c.id, LAST_ID))
    about_order = about_order.where(Message.order_id == func.concat("connect:", recent.c.id))
    newest = from_number.order_by(Message.sender_id.desc(), Message.id.desc()).limit(limit).lateral()
    about = about_order.lateral()
    by_number = select(newest.c.id).select_from(senders.join(newest, true()))
    by_order = select(about.c.id).select_from(recent.join(about, true()))
    query = select(Message).where(Message.shop_id == shop_id, Message.id.in_(union(by_number, by_order)))
    return list(await session.scalars(query.order_by(Message.id.desc()).limit(limit)))


async def replies_to_account(
    session: AsyncSession, shop_id: int, account_id: int, *, phone_hash: bytes | None = None, limit: int = 50
) -> list[InboundMessage]:
    """Texts of this account's own customers to its number; on a shared number nobody else's are shown. Newest first.

    Read from each number backwards, until enough were found.
    """
    # Known beforehand: as a subquery they would be looked up anew for each reply.
    own = select(Sender.id, Sender.phone_number).where(Sender.shop_id == shop_id, Sender.account_id == account_id)
    senders = (await session.execute(own)).all()
    on_number = Sender.phone_number.in_([each.phone_number for each in senders])
    numbers = select(Sender.id).where(Sender.shop_id == shop_id, on_number).subquery()
    # Asked of one reply after the other: without the limit PostgreSQL would first gather all that was ever texted.
    ordered = (
        select(ConnectOrder.id)
        .where(
            ConnectOrder.shop_id == shop_id,
            ConnectOrder.phone_hash == InboundMessage.phone_hash,
            ConnectOrder.account_id == account_id,
        )
        .limit(1)
        .scalar_subquery()
    )
    texted = (
        select(Message.id)
        .where(
            Message.shop_id == shop_id,
            Message.phone_hash == InboundMessage.phone_hash,
            Message.sender_id.in_([each.id for each in senders]),
        )
        .limit(1)
        .scalar_subquery()
    )
    known = func.coalesce(ordered, texted).is_not(None)
    newest = select(InboundMessage.id).where(InboundMessage.sender_id == numbers.c.id, known)
    if phone_hash is not None:
        newest = newest.where(InboundMessage.phone_hash == phone_hash)
    heard = newest.order_by(InboundMessage.id.desc()).limit(limit).lateral()
    ids = select(heard.c.id).select_from(numbers.join(heard, true()))
    query = select(InboundMessage).where(InboundMessage.shop_id == shop_id, InboundMessage.id.in_(ids))
    return list(await session.scalars(query.order_by(InboundMessage.id.desc()).limit(limit)))


def _senders(shop_id: int, account_id: int) -> Select[int]:
    return select(Sender.id).where(Sender.shop_id == shop_id, Sender.account_id == account_id)


async def names_of_customers(
    session: AsyncSession, shop_id: int, account_id: int, phone_hashes: Sequence[bytes]
) -> dict[bytes, bytes]:
    """Phone hash to the encrypted name on the account's latest order of this customer."""
    query = (
        select(ConnectOrder.phone_hash, ConnectOrder.profile_name_encrypted)
        .where(
            ConnectOrder.shop_id == shop_id,
            ConnectOrder.account_id == account_id,
            ConnectOrder.phone_hash.in_(phone_hashes),
            ConnectOrder.profile_name_encrypted.is_not(None),
        )
        .ext(distinct_on(ConnectOrder.phone_hash))
        .order_by(ConnectOrder.phone_hash, ConnectOrder.id.desc())
    )
    rows = await session.execute(query)
    return {row.phone_hash: row.profile_name_encrypted for row in rows}


async def customers_of_account(session: AsyncSession, shop_id: int, account_id: int, *, limit: int) -> list[Any]:
    """(orders, latest order's id) of each customer; whoever ordered last first."""
    latest = func.max(ConnectOrder.id)
    query = (
        select(func.count().label("orders"), latest.label("latest"))
        .where(
            ConnectOrder.shop_id == shop_id,
            ConnectOrder.account_id == account_id,
            ConnectOrder.profile_id.is_not(None),
            ConnectOrder.deleted_at.is_(None),
        )
        .group_by(ConnectOrder.profile_id)
        .order_by(latest.desc())
        .limit(limit)
    )
    return list(await session.execute(query))


async def count_orders(session: AsyncSession, shop_id: int, account_id: int, *, since: datetime) -> int:
    query = select(func.count()).where(
        ConnectOrder.shop_id == shop_id,
        ConnectOrder.account_id == account_id,
        ConnectOrder.deleted_at.is_(None),
        ConnectOrder.created_at >= since,
    )
    return int(await session.scalar(query) or 0)

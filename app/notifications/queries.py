"""All SQL about which kinds a shop has switched on, and about looking for missed events."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.messages.kinds import Kind
from app.messages.models import Message
from app.notifications.models import NotificationSwitch, SweepCursor


async def is_enabled(session: AsyncSession, shop_id: int, kind: Kind) -> bool:
    query = select(NotificationSwitch.enabled).where(
        NotificationSwitch.shop_id == shop_id, NotificationSwitch.kind == kind.name
    )
    switched = await session.scalar(query)
    return kind.enabled_by_default if switched is None else switched


async def switches(session: AsyncSession, shop_id: int) -> dict[str, bool]:
    query = select(NotificationSwitch.kind, NotificationSwitch.enabled).where(NotificationSwitch.shop_id == shop_id)
    return dict((await session.execute(query)).all())


async def switch(session: AsyncSession, shop_id: int, kind: str, enabled: bool, *, now: datetime) -> None:
    row = insert(NotificationSwitch).values(shop_id=shop_id, kind=kind, enabled=enabled, updated_at=now)
    await session.execute(
        row.on_conflict_do_update(index_elements=["shop_id", "kind"], set_={"enabled": enabled, "updated_at": now})
    )


async def switched_on_at(session: AsyncSession, shop_id: int) -> dict[str, datetime]:
    """When the kinds that are on by the merchant's own hand were switched on."""
    query = select(NotificationSwitch.kind, NotificationSwitch.updated_at).where(
        NotificationSwitch.shop_id == shop_id, NotificationSwitch.enabled.is_(True)
    )
    return {row.kind: row.updated_at for row in await session.execute(query)}


async def read_until(session: AsyncSession, shop_id: int) -> datetime | None:
    return await session.scalar(select(SweepCursor.read_until).where(SweepCursor.shop_id == shop_id))


async def set_read_until(session: AsyncSession, shop_id: int, moment: datetime) -> None:
    row = insert(SweepCursor).values(shop_id=shop_id, read_until=moment)
    await session.execute(row.on_conflict_do_update(index_elements=["shop_id"], set_={"read_until": moment}))


async def known_messages(session: AsyncSession, shop_id: int, subjects: Collection[str]) -> dict[tuple[str, str], int]:
    """Ids of the shop's messages about *subjects*, by kind and subject."""
    query = select(Message.kind, Message.subject, Message.id).where(
        Message.shop_id == shop_id, Message.subject.in_(subjects)
    )
    return {(row.kind, row.subject): row.id for row in await session.execute(query)}

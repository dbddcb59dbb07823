"""All SQL about which kinds a shop has switched on."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.messages.kinds import Kind
from app.notifications.models import NotificationSwitch


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

"""All SQL about suppressions and consent events; the shop always comes first."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import ConsentEvent, Suppression
from app.core.errors import NotFound


async def is_suppressed(session: AsyncSession, shop_id: int, phone_hash: bytes) -> bool:
    query = select(Suppression.id).where(
        Suppression.shop_id == shop_id, Suppression.phone_hash == phone_hash, Suppression.lifted_at.is_(None)
    )
    return await session.scalar(query) is not None


async def suppress(
    session: AsyncSession, shop_id: int, phone_hash: bytes, phone_encrypted: bytes, *, since: datetime, held: bool
) -> None:
    """Put the phone on the list, or back on it. A full opt-out replaces a mere hold, never the other way round."""
    row = insert(Suppression).values(
        shop_id=shop_id, phone_hash=phone_hash, phone_encrypted=phone_encrypted, since=since, held=held
    )
    again = row.on_conflict_do_update(
        index_elements=["shop_id", "phone_hash"],
        set_={
            "since": row.excluded.since,
            "held": row.excluded.held & (Suppression.held | Suppression.lifted_at.is_not(None)),
            "lifted_at": None,
            "phone_encrypted": row.excluded.phone_encrypted,
        },
    )
    await session.execute(again)


async def lift_suppression(session: AsyncSession, shop_id: int, phone_hash: bytes, at: datetime) -> bool:
    """False when the phone was not suppressed."""
    lifted = await session.scalar(
        update(Suppression)
        .where(Suppression.shop_id == shop_id, Suppression.phone_hash == phone_hash, Suppression.lifted_at.is_(None))
        .values(lifted_at=at)
        .returning(Suppression.id)
    )
    return lifted is not None


async def add_consent_event(session: AsyncSession, values: dict[str, Any]) -> int:
    event = ConsentEvent(**values)
    session.add(event)
    await session.flush()
    return event.id


async def get_consent_event(session: AsyncSession, event_id: int) -> ConsentEvent:
    event = await session.get(ConsentEvent, event_id)
    if event is None:
        raise NotFound("There is no such consent event.")
    return event


async def latest_consent_event_id(session: AsyncSession, shop_id: int, phone_hash: bytes) -> int | None:
    """The newest change that is written outward. What Shopify or an API order reported is only remembered."""
    query = select(ConsentEvent.id).where(
        ConsentEvent.shop_id == shop_id,
        ConsentEvent.phone_hash == phone_hash,
        ConsentEvent.source != "shopify",
        ConsentEvent.change.not_like("api\\_%"),
    )
    return await session.scalar(query.order_by(ConsentEvent.id.desc()).limit(1))


async def suppressed_rows(session: AsyncSession, shop_id: int, *, limit: int) -> list[Suppression]:
    query = select(Suppression).where(Suppression.shop_id == shop_id, Suppression.lifted_at.is_(None))
    return list(await session.scalars(query.order_by(Suppression.since.desc()).limit(limit)))


async def events_of(session: AsyncSession, shop_id: int, *, limit: int) -> list[ConsentEvent]:
    query = select(ConsentEvent).where(ConsentEvent.shop_id == shop_id)
    return list(await session.scalars(query.order_by(ConsentEvent.id.desc()).limit(limit)))


async def events_of_phone(session: AsyncSession, shop_id: int, phone_hash: bytes) -> list[ConsentEvent]:
    query = select(ConsentEvent).where(ConsentEvent.shop_id == shop_id, ConsentEvent.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(ConsentEvent.id)))

"""Codes that were asked for on the hosted page, and visits."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import SignIn, Visit


async def add_sign_in(session: AsyncSession, values: dict[str, Any]) -> SignIn:
    return (await session.scalars(insert(SignIn).values(**values).returning(SignIn))).one()


async def count_sign_ins(session: AsyncSession, shop_id: int, person_hash: bytes, *, since: datetime) -> int:
    query = select(func.count()).where(
        SignIn.shop_id == shop_id, SignIn.person_hash == person_hash, SignIn.created_at > since
    )
    return int(await session.scalar(query) or 0)


async def count_strangers(session: AsyncSession, shop_id: int, *, since: datetime) -> int:
    """How often somebody without an account asked for a code."""
    query = select(func.count()).where(
        SignIn.shop_id == shop_id, SignIn.account_id.is_(None), SignIn.created_at > since
    )
    return int(await session.scalar(query) or 0)


async def get_sign_in(session: AsyncSession, shop_id: int, sign_in_id: int, *, lock: bool = False) -> SignIn | None:
    query = select(SignIn).where(SignIn.shop_id == shop_id, SignIn.id == sign_in_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def try_sign_in(
    session: AsyncSession, shop_id: int, sign_in_id: int, now: datetime, *, most: int
) -> SignIn | None:
    """The living sign-in, with this attempt counted before anybody looks at it."""
    counting = (
        update(SignIn)
        .where(
            SignIn.shop_id == shop_id,
            SignIn.id == sign_in_id,
            SignIn.used_at.is_(None),
            SignIn.expires_at > now,
            SignIn.attempts < most,
        )
        .values(attempts=SignIn.attempts + 1)
        .returning(SignIn)
    )
    return await session.scalar(counting)


async def find_visit(session: AsyncSession, shop_id: int, account_id: int, visit_id: int) -> Visit | None:
    return await session.scalar(
        select(Visit).where(Visit.shop_id == shop_id, Visit.account_id == account_id, Visit.id == visit_id)
    )


async def forget_visits(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(SignIn).where(SignIn.created_at < before))
    await session.execute(delete(Visit).where(Visit.created_at < before))

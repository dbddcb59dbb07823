"""API keys, repeated calls and the request log."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import ApiKey, ApiRequest, StoredAnswer
from app.core.errors import NotFound


async def find_key_by_hash(session: AsyncSession, key_hash: bytes) -> ApiKey | None:
    return await session.scalar(select(ApiKey).where(ApiKey.key_hash == key_hash))


async def get_key(session: AsyncSession, shop_id: int, key_id: int) -> ApiKey:
    key = await session.scalar(select(ApiKey).where(ApiKey.shop_id == shop_id, ApiKey.id == key_id))
    if key is None:
        raise NotFound("There is no such API key.")
    return key


async def keys_of(session: AsyncSession, shop_id: int) -> list[ApiKey]:
    return list(await session.scalars(select(ApiKey).where(ApiKey.shop_id == shop_id).order_by(ApiKey.id.desc())))


async def count_call(session: AsyncSession, key_id: int, *, now: datetime, window: timedelta) -> tuple[datetime, int]:
    """Count a call in the key's window, or begin a new window with it: (its start, calls so far)."""
    fresh = or_(ApiKey.window_start.is_(None), ApiKey.window_start <= now - window)
    counting = (
        update(ApiKey)
        .where(ApiKey.id == key_id)
        .values(
            window_start=case((fresh, now), else_=ApiKey.window_start),
            window_calls=case((fresh, 1), else_=ApiKey.window_calls + 1),
            last_used_at=now,
        )
        .returning(ApiKey.window_start, ApiKey.window_calls)
        .execution_options(synchronize_session=False)
    )
    row = (await session.execute(counting)).one()
    return row.window_start or now, row.window_calls


async def claim_answer(
    session: AsyncSession, key_id: int, idempotency_key: str, request_hash: bytes, now: datetime
) -> StoredAnswer | None:
    """None when this call is the first with its key; else what the first one was answered. Waits for one under way."""
    first = await session.scalar(
        insert(StoredAnswer)
        .values(api_key_id=key_id, idempotency_key=idempotency_key, request_hash=request_hash, created_at=now)
        .on_conflict_do_nothing()
        .returning(StoredAnswer.api_key_id)
    )
    if first is not None:
        return None
    return await session.scalar(
        select(StoredAnswer).where(StoredAnswer.api_key_id == key_id, StoredAnswer.idempotency_key == idempotency_key)
    )


async def keep_answer(
    session: AsyncSession, key_id: int, idempotency_key: str, status: int, body_encrypted: bytes
) -> None:
    await session.execute(
        update(StoredAnswer)
        .where(StoredAnswer.api_key_id == key_id, StoredAnswer.idempotency_key == idempotency_key)
        .values(status=status, body_encrypted=body_encrypted)
    )


async def forget_old_answers(session: AsyncSession, *, answers_before: datetime, requests_before: datetime) -> None:
    await session.execute(delete(StoredAnswer).where(StoredAnswer.created_at < answers_before))
    await session.execute(delete(ApiRequest).where(ApiRequest.at < requests_before))


async def request_rows(session: AsyncSession, shop_id: int, *, before: int | None, limit: int) -> list[ApiRequest]:
    query = select(ApiRequest).where(ApiRequest.shop_id == shop_id).order_by(ApiRequest.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ApiRequest.id < before)
    return list(await session.scalars(query))

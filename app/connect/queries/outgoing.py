"""Outgoing webhooks: who is told, and each call."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import WebhookCall, WebhookEndpoint
from app.core.errors import NotFound


async def endpoints_of(session: AsyncSession, shop_id: int) -> list[WebhookEndpoint]:
    query = select(WebhookEndpoint).where(WebhookEndpoint.shop_id == shop_id, WebhookEndpoint.deleted_at.is_(None))
    return list(await session.scalars(query.order_by(WebhookEndpoint.id)))


async def get_endpoint(session: AsyncSession, shop_id: int, endpoint_id: int) -> WebhookEndpoint:
    endpoint = await session.scalar(
        select(WebhookEndpoint).where(
            WebhookEndpoint.shop_id == shop_id,
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.deleted_at.is_(None),
        )
    )
    if endpoint is None:
        raise NotFound("There is no such webhook.")
    return endpoint


async def get_call(session: AsyncSession, shop_id: int, call_id: int) -> WebhookCall:
    call = await session.scalar(select(WebhookCall).where(WebhookCall.shop_id == shop_id, WebhookCall.id == call_id))
    if call is None:
        raise NotFound("There is no such webhook call.")
    return call


async def call_rows(
    session: AsyncSession, shop_id: int, *, before: int | None = None, limit: int = 50
) -> list[WebhookCall]:
    query = select(WebhookCall).where(WebhookCall.shop_id == shop_id)
    if before is not None:
        query = query.where(WebhookCall.id < before)
    return list(await session.scalars(query.order_by(WebhookCall.id.desc()).limit(limit)))


async def claim_call(session: AsyncSession, call_id: int, now: datetime, lease: timedelta) -> WebhookCall | None:
    """A waiting call that is due; put off by *lease* so that nobody else makes it meanwhile."""
    call = await session.scalar(
        select(WebhookCall)
        .where(WebhookCall.id == call_id, WebhookCall.state == "waiting", WebhookCall.due_at <= now)
        .with_for_update(skip_locked=True)
    )
    if call is not None:
        call.due_at = now + lease
        call.attempts += 1
    return call


async def put_off_call(session: AsyncSession, call_id: int, now: datetime, until: datetime) -> bool:
    """False when it is not due any more: somebody else has it."""
    change = update(WebhookCall).where(
        WebhookCall.id == call_id, WebhookCall.state == "waiting", WebhookCall.due_at <= now
    )
    put_off = change.values(due_at=until).returning(WebhookCall.id).execution_options(synchronize_session=False)
    return await session.scalar(put_off) is not None


async def due_calls(session: AsyncSession, now: datetime, *, limit: int = 100) -> list[int]:
    query = select(WebhookCall.id).where(WebhookCall.state == "waiting", WebhookCall.due_at <= now)
    return list(await session.scalars(query.order_by(WebhookCall.due_at).limit(limit)))

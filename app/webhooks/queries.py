"""All SQL about stored webhook calls."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.webhooks.models import DeliveryState, StoredDelivery

# Round robin over lanes: at most :per_lane of each lane in one round, by a loose index scan that never looks at the
# length of a lane. The second look at `state` matters: SKIP LOCKED may hand us a row that another pump has
# just finished with.
PICK = text(
    """
WITH RECURSIVE lanes AS (
    (SELECT lane FROM deliveries WHERE state = 0 ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT lane FROM deliveries d WHERE d.state = 0 AND d.lane > lanes.lane ORDER BY d.lane LIMIT 1)
    FROM lanes WHERE lanes.lane IS NOT NULL
), picked AS (
    SELECT chosen.id FROM lanes CROSS JOIN LATERAL (
        SELECT d.id FROM deliveries d WHERE d.lane = lanes.lane AND d.state = 0
        ORDER BY d.id LIMIT :per_lane FOR UPDATE SKIP LOCKED
    ) chosen WHERE lanes.lane IS NOT NULL LIMIT :most
)
UPDATE deliveries SET state = 1, queued_at = :now FROM picked
WHERE deliveries.id = picked.id AND deliveries.state = 0 RETURNING deliveries.id
"""
)


NO_BODY: dict[str, bytes | None] = {"body_sealed": None}


async def pick_stored(session: AsyncSession, *, per_lane: int, most: int, now: datetime) -> list[int]:
    """Mark the next stored calls as queued, fairly over shops; answers their ids."""
    rows = await session.scalars(PICK, {"per_lane": per_lane, "most": most, "now": now})
    return sorted(rows)


async def find_delivery(session: AsyncSession, delivery_id: int) -> StoredDelivery | None:
    return await session.get(StoredDelivery, delivery_id)


async def finish(session: AsyncSession, delivery_id: int, state: DeliveryState, outcome: str, now: datetime) -> bool:
    """False when another run of the same job has finished it before. What was understood needs its body no longer."""
    finished = await session.scalar(
        update(StoredDelivery)
        .where(StoredDelivery.id == delivery_id, StoredDelivery.state == DeliveryState.QUEUED)
        .values(state=state, outcome=outcome[:500], done_at=now, **({} if state == DeliveryState.FAILED else NO_BODY))
        .returning(StoredDelivery.id)
    )
    return finished is not None


async def requeue_lost(session: AsyncSession, *, before: datetime, limit: int = 1000) -> int:
    """Calls that were handed to a job which no longer exists go back to the start."""
    lost: ColumnElement[bool] = text(
        "NOT EXISTS (SELECT 1 FROM pgqueuer j WHERE j.entrypoint = 'webhooks.handle' "
        "AND j.payload = convert_to(deliveries.id::text, 'UTF8'))"
    )  # type: ignore[assignment]  # a text clause serves as a condition
    ids = (
        select(StoredDelivery.id)
        .where(StoredDelivery.state == DeliveryState.QUEUED, StoredDelivery.queued_at < before, lost)
        .limit(limit)
    )
    found = list(await session.scalars(ids))
    if found:
        await session.execute(
            update(StoredDelivery)
            .where(StoredDelivery.id.in_(found))
            .values(state=DeliveryState.STORED, queued_at=None)
        )
    return len(found)


async def delete_old(session: AsyncSession, *, now: datetime, keep: timedelta) -> None:
    """Handled calls go after *keep*; longer than Shopify repeats them, so a repetition is still recognised."""
    await session.execute(
        delete(StoredDelivery).where(
            StoredDelivery.state >= DeliveryState.DONE, StoredDelivery.received_at < now - keep
        )
    )

"""Whose an order of Shopify is: the rules, and what was decided by them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import Attribution, AttributionRule
from app.messages.models import Message


async def rules_of(session: AsyncSession, shop_id: int) -> list[AttributionRule]:
    query = select(AttributionRule).where(AttributionRule.shop_id == shop_id)
    return list(await session.scalars(query.order_by(AttributionRule.position, AttributionRule.id)))


async def replace_rules(session: AsyncSession, shop_id: int, rules: Sequence[AttributionRule]) -> None:
    await session.execute(delete(AttributionRule).where(AttributionRule.shop_id == shop_id))
    session.add_all(rules)
    await session.flush()


async def find_attribution(session: AsyncSession, shop_id: int, shopify_order_id: str) -> Attribution | None:
    """Also one that is not decided yet, or decided to be nobody's."""
    query = select(Attribution).where(Attribution.shop_id == shop_id, Attribution.shopify_order_id == shopify_order_id)
    return await session.scalar(query.execution_options(populate_existing=True))


async def keep_attribution(session: AsyncSession, shop_id: int, shopify_order_id: str, values: dict[str, Any]) -> bool:
    """False when it was decided before: the first decision stays."""
    row = insert(Attribution).values(shop_id=shop_id, shopify_order_id=shopify_order_id, **values)
    kept = await session.scalar(
        row.on_conflict_do_update(
            index_elements=["shop_id", "shopify_order_id"],
            set_={name: getattr(row.excluded, name) for name in values},
            where=Attribution.decided.is_(False),
        ).returning(Attribution.shopify_order_id)
    )
    return kept is not None


async def move_waiting(session: AsyncSession, shop_id: int, shopify_order_id: str, sender_id: int) -> None:
    """The order's waiting texts leave from this number."""
    await session.execute(
        update(Message)
        .where(
            Message.shop_id == shop_id,
            Message.order_id == shopify_order_id,
            Message.state == "queued",
            Message.sender_id.is_not(None),
        )
        .values(sender_id=sender_id)
        .execution_options(synchronize_session=False)
    )


async def attributions_of(
    session: AsyncSession, shop_id: int, *, account_id: int, limit: int = 50
) -> list[Attribution]:
    query = select(Attribution).where(Attribution.shop_id == shop_id, Attribution.account_id == account_id)
    return list(await session.scalars(query.order_by(Attribution.at.desc()).limit(limit)))

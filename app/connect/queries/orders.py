"""Orders of the API and of backfills, their lines, their customers and the texts about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import Account, ConnectLine, ConnectOrder, Profile
from app.core.errors import NotFound
from app.messages.models import Message
from app.messages.queries import cancel_queued


async def keep_profile(
    session: AsyncSession, shop_id: int, phone_hash: bytes | None, email_hash: bytes | None, now: datetime
) -> Profile | None:
    """The customer's profile, made if need be and locked; None when neither phone nor e-mail is known."""
    if phone_hash is None and email_hash is None:
        return None
    same = (
        Profile.phone_hash == phone_hash
        if phone_hash is not None
        else (Profile.email_hash == email_hash) & Profile.phone_hash.is_(None)
    )
    await session.execute(
        insert(Profile)
        .values(shop_id=shop_id, phone_hash=phone_hash, email_hash=email_hash, created_at=now)
        .on_conflict_do_nothing()
    )
    query = select(Profile).where(Profile.shop_id == shop_id, same).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def find_profile(session: AsyncSession, shop_id: int, phone_hash: bytes) -> Profile | None:
    return await session.scalar(select(Profile).where(Profile.shop_id == shop_id, Profile.phone_hash == phone_hash))


async def find_order(session: AsyncSession, shop_id: int, order_id: int) -> ConnectOrder | None:
    """Also a deleted one: its waiting texts have to learn of it."""
    return await session.scalar(
        select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.id == order_id)
    )


async def accounts_of_orders(session: AsyncSession, shop_id: int, order_ids: Iterable[int]) -> dict[int, int]:
    """Order to account, of accounts that were not removed."""
    query = (
        select(ConnectOrder.id, ConnectOrder.account_id)
        .join(Account, Account.id == ConnectOrder.account_id)
        .where(ConnectOrder.shop_id == shop_id, ConnectOrder.id.in_(list(order_ids)), Account.deleted_at.is_(None))
    )
    return {row.id: row.account_id for row in await session.execute(query)}


async def get_order(
    session: AsyncSession,
    shop_id: int,
    *,
    order_id: int | None = None,
    reference_id: str | None = None,
    account_id: int | None = None,
) -> ConnectOrder:
    """By id or, the newest, by reference; of one account when that is given. Locked until the transaction ends."""
    query = select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.deleted_at.is_(None))
    query = (
        query.where(ConnectOrder.id == order_id)
        if order_id is not None
        else query.where(ConnectOrder.reference_id == reference_id)
    )
    if account_id is not None:
        query = query.where(ConnectOrder.account_id == account_id)
    order = await session.scalar(query.order_by(ConnectOrder.id.desc()).limit(1).with_for_update())
    if order is None:
        raise NotFound("There is no such order.")
    return order


async def reference_exists(session: AsyncSession, account_id: int, reference_id: str) -> int | None:
    """The id of the account's order with this reference. Two calls with the same one wait for each other."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:reference, :account))"),
        {"reference": reference_id, "account": account_id},
    )
    return await session.scalar(
        select(ConnectOrder.id)
        .where(
            ConnectOrder.account_id == account_id,
            ConnectOrder.reference_id == reference_id,
            ConnectOrder.deleted_at.is_(None),
        )
        .limit(1)
    )


async def find_shopify_order(session: AsyncSession, shop_id: int, shopify_order_id: str) -> ConnectOrder | None:
    query = select(ConnectOrder).where(
        ConnectOrder.shop_id == shop_id, ConnectOrder.shopify_order_id == shopify_order_id
    )
    return await session.scalar(query)


async def imported_orders(
    session: AsyncSession, shop_id: int, import_id: int, shopify_order_ids: Sequence[str]
) -> dict[str, int]:
    """Shopify's id to ours, of those orders that this import stored."""
    query = select(ConnectOrder.shopify_order_id, ConnectOrder.id).where(
        ConnectOrder.shop_id == shop_id,
        ConnectOrder.import_id == import_id,
        ConnectOrder.shopify_order_id.in_(shopify_order_ids),
    )
    return {row.shopify_order_id: row.id for row in await session.execute(query)}


async def order_page(
    session: AsyncSession,
    shop_id: int,
    *,
    account_id: int | None = None,
    reference_id: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[ConnectOrder]:
    """Newest first; *before* is the last id already seen."""
    query = select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.deleted_at.is_(None))
    if account_id is not None:
        query = query.where(ConnectOrder.account_id == account_id)
    if reference_id is not None:
        query = query.where(ConnectOrder.reference_id == reference_id)
    if before is not None:
        query = query.where(ConnectOrder.id < before)
    return list(await session.scalars(query.order_by(ConnectOrder.id.desc()).limit(limit)))


async def lines_of(session: AsyncSession, order_ids: Sequence[int]) -> dict[int, list[ConnectLine]]:
    query = select(ConnectLine).where(ConnectLine.order_id.in_(order_ids))
    found: dict[int, list[ConnectLine]] = {}
    for line in await session.scalars(query.order_by(ConnectLine.order_id, ConnectLine.position)):
        found.setdefault(line.order_id, []).append(line)
    return found


async def remove_lines(session: AsyncSession, order_id: int) -> None:
    await session.execute(delete(ConnectLine).where(ConnectLine.order_id == order_id))


async def count_lines(session: AsyncSession, order_id: int) -> int:
    query = select(func.count()).where(ConnectLine.order_id == order_id)
    return int(await session.scalar(query) or 0)


async def add_lines(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(ConnectLine).values(list(rows)))


async def texts_about(
    session: AsyncSession, shop_id: int, kinds: Sequence[str], order_ids: Sequence[str]
) -> dict[str, dict[str, Message]]:
    """Order id (as messages know it) to kind to message."""
    query = select(Message).where(Message.shop_id == shop_id, Message.kind.in_(kinds), Message.order_id.in_(order_ids))
    found: dict[str, dict[str, Message]] = {}
    for message in await session.scalars(query.order_by(Message.id)):
        found.setdefault(message.order_id or "", {})[message.kind] = message
    return found


async def cancel_queued_about(
    session: AsyncSession, shop_id: int, order_id: str, *, now: datetime, reason: tuple[str, str]
) -> None:
    await cancel_queued(session, shop_id, Message.order_id == order_id, now=now, reason=reason)


async def orders_of_customer(
    session: AsyncSession, shop_id: int, phone_hashes: Sequence[bytes], email_hashes: Sequence[bytes] = ()
) -> list[ConnectOrder]:
    query = select(ConnectOrder).where(
        ConnectOrder.shop_id == shop_id,
        or_(ConnectOrder.phone_hash.in_(phone_hashes), ConnectOrder.email_hash.in_(email_hashes)),
    )
    return list(await session.scalars(query.order_by(ConnectOrder.id)))


async def orders_by_id(session: AsyncSession, shop_id: int, order_ids: Sequence[int]) -> dict[int, ConnectOrder]:
    query = select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.id.in_(order_ids))
    return {order.id: order for order in await session.scalars(query)}

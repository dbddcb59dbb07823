"""Where Shopify, this app and the provider say different things about one phone, and how each case is settled.

Nothing waits for the settling: texts obey the strictest of the three at every moment. An opt-out found on any side is
adopted at once; what is left to a person are the cases where another side is *laxer* than an opt-out here, or where the
provider still blocks somebody who has opted in since. Settling records an event and writes it outward again.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import ConsentDrift
from app.core.errors import NotFound
from app.deps import Deps

SHOPIFY_SUBSCRIBED: Final = "shopify_subscribed"
PROVIDER_MISSING: Final = "provider_missing"
PROVIDER_BLOCKS: Final = "provider_blocks"

SENTENCES: Final = {
    SHOPIFY_SUBSCRIBED: (
        "Shopify says subscribed, but this number opted out of texts. It gets none.",
        "Unsubscribe in Shopify",
    ),
    PROVIDER_MISSING: (
        "RingCentral's own list does not have this opt-out. The app sends nothing, but others using the number could.",
        "Write it to RingCentral",
    ),
    PROVIDER_BLOCKS: (
        "The number opted in again, but RingCentral still blocks it, so texts do not arrive.",
        "Unblock at RingCentral",
    ),
}
"""What is wrong, and what one click does about it."""


async def open_drift(
    deps: Deps, session: AsyncSession, shop_id: int, phone: str, kind: str, *, sender_id: int = 0
) -> bool:
    """False when it is known."""
    row = insert(ConsentDrift).values(
        shop_id=shop_id,
        phone_hash=deps.vault.fingerprint(phone),
        phone_encrypted=deps.vault.encrypt(phone),
        kind=kind,
        sender_id=sender_id,
        found_at=deps.clock(),
    )
    added = row.on_conflict_do_nothing(
        index_elements=["shop_id", "phone_hash", "kind", "sender_id"],
        index_where=ConsentDrift.settled_at.is_(None),
    )
    return await session.scalar(added.returning(ConsentDrift.id)) is not None


async def close_drifts(
    session: AsyncSession,
    shop_id: int,
    phone_hash: bytes,
    at: datetime,
    *,
    by: str,
    kind: str | None = None,
    sender_id: int | None = None,
) -> None:
    """The sides agree again about this phone, or about one *kind* and sender."""
    query = update(ConsentDrift).where(
        ConsentDrift.shop_id == shop_id, ConsentDrift.phone_hash == phone_hash, ConsentDrift.settled_at.is_(None)
    )
    if kind is not None:
        query = query.where(ConsentDrift.kind == kind)
    if sender_id is not None:
        query = query.where(ConsentDrift.sender_id == sender_id)
    await session.execute(query.values(settled_at=at, settled_by=by))


async def open_drifts(session: AsyncSession, shop_id: int, *, limit: int = 200) -> list[ConsentDrift]:
    query = select(ConsentDrift).where(ConsentDrift.shop_id == shop_id, ConsentDrift.settled_at.is_(None))
    return list(await session.scalars(query.order_by(ConsentDrift.id.desc()).limit(limit)))


async def get_open_drift(session: AsyncSession, shop_id: int, drift_id: int) -> ConsentDrift:
    """Locked, so that two clicks settle it once. Raises `NotFound` also when it is settled."""
    drift = await session.scalar(
        select(ConsentDrift)
        .where(ConsentDrift.shop_id == shop_id, ConsentDrift.id == drift_id, ConsentDrift.settled_at.is_(None))
        .with_for_update()
    )
    if drift is None:
        raise NotFound("There is no such open difference. It may be settled already.")
    return drift

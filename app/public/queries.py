"""SQL of the public page: codes, and who may get one."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import OptOutCode
from app.messages.models import InboundMessage, Message

CODE_LIVES = timedelta(minutes=10)
MOST_ATTEMPTS = 5
FORGOTTEN_AFTER = timedelta(days=1)


async def is_known(session: AsyncSession, shop_id: int, phone_hash: bytes) -> bool:
    """Whether this shop ever had to do with the phone: only then is a code worth a text."""
    texted = exists().where(Message.shop_id == shop_id, Message.phone_hash == phone_hash)
    wrote = exists().where(InboundMessage.shop_id == shop_id, InboundMessage.phone_hash == phone_hash)
    return bool(await session.scalar(select(texted | wrote)))


async def codes_since(session: AsyncSession, shop_id: int, since: datetime, *, phone_hash: bytes | None = None) -> int:
    query = select(func.count()).where(OptOutCode.shop_id == shop_id, OptOutCode.created_at > since)
    if phone_hash is not None:
        query = query.where(OptOutCode.phone_hash == phone_hash)
    return int(await session.scalar(query) or 0)


async def add_code(session: AsyncSession, shop_id: int, phone_hash: bytes, code_hash: bytes, now: datetime) -> int:
    """Codes of the day before are forgotten."""
    await session.execute(
        delete(OptOutCode).where(OptOutCode.shop_id == shop_id, OptOutCode.created_at < now - FORGOTTEN_AFTER)
    )
    code = OptOutCode(
        shop_id=shop_id, phone_hash=phone_hash, code_hash=code_hash, created_at=now, expires_at=now + CODE_LIVES
    )
    session.add(code)
    await session.flush()
    return code.id


async def try_code(session: AsyncSession, shop_id: int, phone_hash: bytes, now: datetime) -> OptOutCode | None:
    """The newest living code of this phone, with this attempt counted before anybody looks at it."""
    newest = (
        select(OptOutCode.id)
        .where(
            OptOutCode.shop_id == shop_id,
            OptOutCode.phone_hash == phone_hash,
            OptOutCode.used_at.is_(None),
            OptOutCode.expires_at > now,
            OptOutCode.attempts < MOST_ATTEMPTS,
        )
        .order_by(OptOutCode.id.desc())
        .limit(1)
        .with_for_update()
        .scalar_subquery()
    )
    return await session.scalar(
        update(OptOutCode).where(OptOutCode.id == newest).values(attempts=OptOutCode.attempts + 1).returning(OptOutCode)
    )

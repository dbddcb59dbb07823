"""Which of a shop's numbers a text leaves from: a conversation stays on its number, others go where they leave first.

Each number belongs to a RingCentral user with a pace of its own, so several of them send a backlog that much faster.
"""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.messages.models import InboundMessage, Message, MessageState
from app.shops.models import ProviderUser, Sender, SenderState
from app.shops.pace import texts_a_minute
from app.shops.queries import find_sender

COUNTED = 10_000


async def choose_sender(session: AsyncSession, shop_id: int, phone_hash: bytes | None) -> Sender | None:
    """The number for a text to this phone; without numbers that send, the one that the shop set up last."""
    numbers = await _sending_numbers(session, shop_id)
    if len(numbers) < 2:
        return numbers[0] if numbers else await find_sender(session, shop_id)
    talking = await sender_of_conversation(session, shop_id, phone_hash) if phone_hash is not None else None
    by_id = {number.id: number for number in numbers}
    if talking in by_id:
        return by_id[talking]
    waits = {number.id: await _minutes_of_queue(session, number) for number in numbers}
    return min(numbers, key=lambda number: (waits[number.id], number.id))


async def sender_of_conversation(session: AsyncSession, shop_id: int, phone_hash: bytes) -> int | None:
    """The number that this phone last wrote to, or was last written to from."""
    heard = select(InboundMessage.sender_id).where(
        InboundMessage.shop_id == shop_id, InboundMessage.phone_hash == phone_hash
    )
    said = select(Message.sender_id).where(
        Message.shop_id == shop_id, Message.phone_hash == phone_hash, Message.sent_at.is_not(None)
    )
    last_heard = await session.scalar(heard.order_by(InboundMessage.id.desc()).limit(1))
    return last_heard or await session.scalar(said.order_by(Message.id.desc()).limit(1))


async def better_sender(session: AsyncSession, message: Message, phone_hash: bytes) -> int | None:
    """Another number of the shop that this phone has its conversation with; known only now that its phone is."""
    if message.phone_hash == phone_hash:
        return None
    numbers = [number.id for number in await _sending_numbers(session, message.shop_id)]
    if len(numbers) < 2 or message.sender_id not in numbers:
        return None
    talking = await sender_of_conversation(session, message.shop_id, phone_hash)
    return talking if talking in numbers and talking != message.sender_id else None


async def _sending_numbers(session: AsyncSession, shop_id: int) -> list[Sender]:
    """The shop's own; a connected account's number is never taken for anybody else's text."""
    query = select(Sender).where(
        Sender.shop_id == shop_id,
        Sender.account_id.is_(None),
        Sender.state == SenderState.READY,
        Sender.phone_number.is_not(None),
    )
    return list(await session.scalars(query.order_by(Sender.id)))


async def _minutes_of_queue(session: AsyncSession, sender: Sender) -> float:
    waiting = select(Message.id).where(Message.sender_id == sender.id, Message.state == MessageState.QUEUED)
    count = await session.scalar(select(func.count()).select_from(waiting.limit(COUNTED).subquery()))
    user = await session.get(ProviderUser, sender.provider_user_id) if sender.provider_user_id is not None else None
    pace = texts_a_minute(user, sender.transport) if user is not None else 1
    return int(count or 0) / max(pace, 1)

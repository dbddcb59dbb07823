"""All SQL about messages, their transitions and inbound texts. Every query about a shop's data takes the shop first."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.errors import NotFound
from app.core.sql import MOMENT, NUMBER, NUMBERS, WORDS, typed
from app.messages.models import InboundMessage, Message, MessageState, MessageTransition
from app.messages.states import TRANSITIONS
from app.shops.models import Sender, SenderState


async def insert_message(session: AsyncSession, values: dict[str, Any], *, now: datetime, cause: str) -> int | None:
    """Insert under the business key; None when this shop already has a message of this kind about this subject."""
    message_id = await session.scalar(
        insert(Message)
        .values(created_at=now, updated_at=now, **values)
        .on_conflict_do_nothing(index_elements=["shop_id", "kind", "subject"])
        .returning(Message.id)
    )
    if message_id is not None:
        state = str(values.get("state", MessageState.QUEUED))
        await _record(session, [(message_id, values["shop_id"])], None, state, cause, now)
    return message_id


async def move(
    session: AsyncSession,
    message_id: int,
    to: MessageState,
    *,
    origin: Sequence[MessageState],
    now: datetime,
    cause: str,
    guard: ColumnElement[bool] | None = None,
    **values: Any,
) -> bool:
    """Compare-and-set one message's state; False when it was not in *origin* (or *guard* failed) any more."""
    illegal = [state for state in origin if to not in TRANSITIONS[state]]
    if illegal:
        raise ValueError(f"A message cannot go from {illegal} to {to}.")
    here = [Message.id == message_id, Message.state.in_(origin), *([guard] if guard is not None else [])]
    left = origin[0] if len(origin) == 1 else await session.scalar(select(Message.state).where(*here).with_for_update())
    if left is None:
        return False
    change = update(Message).where(*here).values(state=to, updated_at=now, **values).returning(Message.shop_id)
    shop_id = await session.scalar(change.execution_options(synchronize_session=False))
    if shop_id is None:
        return False
    await _record(session, [(message_id, shop_id)], left, to, cause, now)
    return True


async def get_message(session: AsyncSession, shop_id: int, message_id: int) -> Message:
    message = await session.scalar(select(Message).where(Message.shop_id == shop_id, Message.id == message_id))
    if message is None:
        raise NotFound("There is no such message.")
    return message


async def transitions_of(session: AsyncSession, shop_id: int, message_id: int) -> list[MessageTransition]:
    query = select(MessageTransition).where(
        MessageTransition.shop_id == shop_id, MessageTransition.message_id == message_id
    )
    return list(await session.scalars(query.order_by(MessageTransition.id)))


async def log_rows(
    session: AsyncSession,
    shop_id: int,
    *,
    states: Sequence[str] = (),
    kind: str | None = None,
    order_name: str | None = None,
    phone_hashes: Sequence[bytes] = (),
    before: int | None = None,
    limit: int = 50,
) -> list[Message]:
    """One page of a shop's log, newest first; *before* is the last id already seen. Phones go before the order."""
    query = select(Message).where(Message.shop_id == shop_id).order_by(Message.id.desc()).limit(limit)
    if states:
        query = query.where(Message.state.in_(states))
    if kind is not None:
        query = query.where(Message.kind == kind)
    if phone_hashes:
        query = query.where(Message.phone_hash.in_(phone_hashes))
    elif order_name is not None:
        names = {order_name, "#" + order_name.lstrip("#")}
        query = query.where(or_(Message.order_name.in_(names), Message.order_id == order_name))
    if before is not None:
        query = query.where(Message.id < before)
    return list(await session.scalars(query))


async def queue_depths(session: AsyncSession, shop_id: int) -> dict[int | None, int]:
    """How many texts wait or are being sent, by the id of the number that they leave from."""
    query = (
        select(Message.sender_id, func.count())
        .where(Message.shop_id == shop_id, Message.state.in_([MessageState.QUEUED, MessageState.SENDING]))
        .group_by(Message.sender_id)
    )
    return dict((await session.execute(query)).all())


# --- the sender's own queries: they serve all shops, by RingCentral user ---


async def keep_leases(session: AsyncSession, held: dict[int, int], until: datetime) -> None:
    """The process that holds these attempts (message id to fence) is alive."""
    await session.execute(KEEP_LEASES, {"ids": list(held), "fences": list(held.values()), "until": until})


KEEP_LEASES = typed(
    """
UPDATE messages SET lease_until = :until FROM unnest(:ids, :fences) AS held(id, fence)
WHERE messages.id = held.id AND messages.fence = held.fence AND messages.state = 'sending'
""",
    until=MOMENT,
    ids=NUMBERS,
    fences=NUMBERS,
)


async def lapsed_leases(session: AsyncSession, now: datetime, *, limit: int = 200) -> list[Message]:
    """Messages whose worker died: their lease ran out while they were being sent."""
    query = (
        select(Message)
        .where(Message.state == MessageState.SENDING, Message.lease_until <= now)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(await session.scalars(query))


async def claim_unknown(session: AsyncSession, now: datetime, *, lease: timedelta, limit: int = 50) -> list[Message]:
    """Messages whose outcome has to be looked up; *lease* keeps other workers away meanwhile."""
    query = (
        select(Message)
        .where(Message.state == MessageState.UNKNOWN, Message.lease_until <= now)
        .order_by(Message.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    messages = list(await session.scalars(query))
    for message in messages:
        message.lease_until = now + lease
    return messages


async def expire_late(session: AsyncSession, now: datetime, reason: tuple[str, str], *, limit: int = 1000) -> int:
    """End queued messages that are no longer worth sending, also of senders that cannot send at the moment."""
    values = {"now": now, "code": reason[0], "reason": reason[1], "limit": limit}
    return len((await session.execute(EXPIRE_LATE, values)).all())


EXPIRE_LATE = typed(
    """
WITH late AS (
    SELECT id FROM messages WHERE state = 'queued' AND expires_at <= :now
    ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
), expired AS (
    UPDATE messages m SET state = 'expired', reason_code = :code, reason = :reason, updated_at = :now
    FROM late WHERE m.id = late.id AND m.state = 'queued' RETURNING m.id, m.shop_id
)
INSERT INTO message_transitions (message_id, shop_id, at, from_state, to_state, cause)
SELECT id, shop_id, :now, 'queued', 'expired', 'too late' FROM expired RETURNING message_id
""",
    now=MOMENT,
    limit=NUMBER,
    code=WORDS,
    reason=WORDS,
)


async def due_follow_ups(session: AsyncSession, now: datetime, *, lease: timedelta, limit: int = 200) -> list[Message]:
    """Accepted or sent messages whose delivery status should be read now; the look is put off for others."""
    query = (
        select(Message)
        .where(Message.follow_up_at <= now, Message.state.in_([MessageState.ACCEPTED, MessageState.SENT]))
        .order_by(Message.follow_up_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    messages = list(await session.scalars(query))
    for message in messages:
        message.follow_up_at = now + lease
    return messages


async def messages_with_provider_ids(
    session: AsyncSession, provider_user_id: int, provider_message_ids: Sequence[str]
) -> list[Message]:
    """Open messages of one RingCentral user that the provider knows by these ids."""
    senders = select(Sender.id).where(Sender.provider_user_id == provider_user_id)
    query = select(Message).where(
        Message.provider_message_id.in_(provider_message_ids),
        Message.sender_id.in_(senders),
        Message.state.in_([MessageState.ACCEPTED, MessageState.SENT]),
    )
    return list(await session.scalars(query))


async def provider_ids_to(session: AsyncSession, message: Message) -> list[str]:
    """Ids of the provider that belong to other texts to the same phone: a look-up must not take them for this one."""
    query = select(Message.provider_message_id).where(
        Message.shop_id == message.shop_id,
        Message.phone_hash == message.phone_hash,
        Message.provider_message_id.is_not(None),
        Message.id != message.id,
    )
    return [each for each in await session.scalars(query) if each is not None]


async def is_taken(session: AsyncSession, message: Message, provider_message_id: str) -> bool:
    """Whether another message has this id of the provider. Locks the id until commit, so only one can adopt it."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(provider_message_id, 0))))
    other = select(Message.id).where(
        Message.provider_message_id == provider_message_id,
        Message.sender_id == message.sender_id,
        Message.id != message.id,
    )
    return await session.scalar(other.limit(1)) is not None


async def cancel_queued_to(
    session: AsyncSession,
    shop_id: int,
    phone_hash: bytes,
    *,
    now: datetime,
    reason: tuple[str, str],
    spare: Iterable[str] = (),
) -> int:
    """Cancel all waiting texts to a phone, scheduled ones included. *spare*: kinds that may still go."""
    these = (Message.phone_hash == phone_hash, Message.kind.not_in(list(spare)))
    return await cancel_queued(session, shop_id, *these, now=now, reason=reason)


async def cancel_queued_of_kind(
    session: AsyncSession, shop_id: int, kind: str, *, now: datetime, reason: tuple[str, str]
) -> int:
    """Cancel a shop's waiting texts of one kind, held ones included."""
    return await cancel_queued(session, shop_id, Message.kind == kind, now=now, reason=reason)


async def cancel_queued(
    session: AsyncSession, shop_id: int, *these: ColumnElement[bool], now: datetime, reason: tuple[str, str]
) -> int:
    """Cancel those of a shop's waiting texts that all of *these* are true of. How many there were."""
    query = select(Message.id).where(Message.shop_id == shop_id, Message.state == MessageState.QUEUED, *these)
    ids = list(await session.scalars(query.with_for_update()))
    for message_id in ids:
        await move(
            session,
            message_id,
            MessageState.CANCELLED,
            origin=[MessageState.QUEUED],
            now=now,
            cause=reason[0],
            reason_code=reason[0],
            reason=reason[1],
        )
    return len(ids)


async def stranded(session: AsyncSession, *, limit: int = 500) -> list[tuple[int, int | None]]:
    """(message, the present sender or None) of waiting texts whose sender was disconnected meanwhile.

    Whose it was stays: the shop's texts go on from the shop's number, a connected account's from its own. Texts about
    the shop's orders that were to leave from an account's number go on from the shop's when the account has none left.
    """
    gone, other = aliased(Sender), aliased(Sender)
    living = (
        select(func.max(other.id))
        .where(other.shop_id == Message.shop_id, other.state != SenderState.DISCONNECTED)
        .correlate(Message, gone)
    )
    same = living.where(other.account_id.is_not_distinct_from(gone.account_id)).scalar_subquery()
    shops = living.where(other.account_id.is_(None), Message.kind.not_like("connect!_%", escape="!")).scalar_subquery()
    present = func.coalesce(same, shops)
    query = (
        select(Message.id, present)
        .join(gone, gone.id == Message.sender_id)
        .where(Message.state == MessageState.QUEUED, gone.state == SenderState.DISCONNECTED)
        .limit(limit)
    )
    return [(message_id, sender_id) for message_id, sender_id in await session.execute(query)]


async def hand_over(session: AsyncSession, message_id: int, sender_id: int) -> None:
    await session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state == MessageState.QUEUED)
        .values(sender_id=sender_id)
    )


async def look_again(session: AsyncSession, shop_id: int, now: datetime) -> None:
    """Let all of a shop's held texts pass the gate again now; those that still have to wait are held anew."""
    await session.execute(
        update(Message)
        .where(Message.shop_id == shop_id, Message.state == MessageState.QUEUED, Message.due_at > now)
        .values(due_at=now)
    )


async def store_inbound(session: AsyncSession, values: dict[str, Any]) -> int | None:
    """None when this sender already has this text: it came twice."""
    return await session.scalar(
        insert(InboundMessage)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["sender_id", "provider_message_id"])
        .returning(InboundMessage.id)
    )


async def replied_since(session: AsyncSession, shop_id: int, kind: str, phone_hash: bytes, since: datetime) -> bool:
    """Whether a reply of *kind* was queued for this phone after *since*, and not skipped at once."""
    query = select(
        exists().where(
            Message.shop_id == shop_id,
            Message.phone_hash == phone_hash,
            Message.kind == kind,
            Message.created_at > since,
            Message.state != MessageState.SKIPPED,
        )
    )
    return bool(await session.scalar(query))


async def count_of_kind(session: AsyncSession, shop_id: int, kind: str, *, since: datetime) -> int:
    """How many texts of *kind* a shop has queued after *since*, whatever became of them."""
    query = select(func.count()).where(Message.shop_id == shop_id, Message.created_at > since, Message.kind == kind)
    return int(await session.scalar(query) or 0)


async def queued_before(session: AsyncSession, kind: str, subjects: Sequence[tuple[int, str]]) -> bool:
    """Whether one of these (shop, subject) has a message of *kind* that was not skipped."""
    if not subjects:
        return False
    known = exists().where(
        Message.kind == kind,
        tuple_(Message.shop_id, Message.subject).in_(subjects),
        Message.state != MessageState.SKIPPED,
    )
    return bool(await session.scalar(select(known)))


async def recently_texted(session: AsyncSession, shop_id: int, *, since: datetime, limit: int) -> list[bytes]:
    """The encrypted phones, one each, that got a text after *since*."""
    query = (
        select(func.max(Message.id))
        .where(
            Message.shop_id == shop_id,
            Message.called_at > since,
            Message.phone_encrypted.is_not(None),
            Message.order_id.is_not(None),
        )
        .group_by(Message.phone_hash)
        .limit(limit)
    )
    phones = await session.scalars(select(Message.phone_encrypted).where(Message.id.in_(query)))
    return [each for each in phones if each is not None]


async def _record(
    session: AsyncSession,
    messages: Sequence[tuple[int, int]],
    origin: str | None,
    target: str,
    cause: str,
    now: datetime,
) -> None:
    if messages:
        rows = [
            {
                "message_id": message_id,
                "shop_id": shop_id,
                "at": now,
                "from_state": origin,
                "to_state": target,
                "cause": cause,
            }
            for message_id, shop_id in messages
        ]
        await session.execute(insert(MessageTransition).values(rows))

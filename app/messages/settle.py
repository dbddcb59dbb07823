"""Writes down how an attempt ended, each end in one transaction with the slot of its call.

Every change names the fence of its attempt: a worker that was given up for dead, and comes back, settles nothing that
has been taken over by another. Only one late word counts: that RingCentral did accept the text.
"""

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.log import get_logger
from app.deps import Deps
from app.messages.claim import Claimed
from app.messages.gate import Checks
from app.messages.models import Message, MessageState
from app.messages.queries import move
from app.messages.reasons import Reason
from app.shops.pace import give_back, learn, stamp_slots, tells_news
from app.sms.contract import Accepted, CallGroup, OutcomeUnknown

log = get_logger(__name__)

FIRST_LOOK = timedelta(seconds=30)
LOOK_GRID = 15.0
"""Looks at delivery statuses fall on whole quarters of a minute, so that one request serves many messages."""
LOOK_UP_AFTER = timedelta(seconds=10)
BY_RINGCENTRAL = "accepted by RingCentral"
BACKOFF = (2, 4, 8, 16, 32, 60)


# The ordinary end of a text in one round trip; a statement by itself is a transaction.
ACCEPT = """
WITH stamped AS (
    UPDATE pace_slots SET answered_at = $1 WHERE id = $2
), moved AS (
    UPDATE messages
    SET state = 'accepted', updated_at = $1, provider_message_id = $6, sent_at = $7, follow_up_at = $8,
        lease_until = NULL, sent_text_encrypted = NULL, reason_code = NULL, reason = NULL
    WHERE shop_id = $3 AND id = $4 AND fence = $5 AND state = 'sending'
    RETURNING id, shop_id
)
INSERT INTO message_transitions (message_id, shop_id, at, from_state, to_state, cause)
SELECT id, shop_id, $1, 'sending', 'accepted', $9 FROM moved
RETURNING message_id
"""


async def accept(deps: Deps, held: Claimed, accepted: Accepted, *, group: CallGroup) -> None:
    """RingCentral has taken the text over. *group*: the calls that the text counted to."""
    if tells_news(held.limits, accepted.rate, group) or not await _accept_at_once(deps, held, accepted):
        await _accept_with_care(deps, held, accepted, group)
    message = held.message
    log.info("message.accepted", message_id=message.id, shop_id=message.shop_id, kind=message.kind)


async def _accept_at_once(deps: Deps, held: Claimed, accepted: Accepted) -> bool:
    """False when the attempt is no longer ours; the slot is stamped in any case."""
    now, message = deps.clock(), held.message
    values = accepted_values(deps, message, accepted)
    moved = await deps.db.pool.fetchval(
        ACCEPT,
        now,
        held.slot,
        message.shop_id,
        message.id,
        message.fence,
        values["provider_message_id"],
        values["sent_at"],
        values["follow_up_at"],
        BY_RINGCENTRAL,
    )
    return moved is not None


async def _accept_with_care(deps: Deps, held: Claimed, accepted: Accepted, group: CallGroup) -> None:
    """The answer tells of the pace too, or comes for an attempt that was given up."""
    now, message = deps.clock(), held.message
    async with deps.db.transaction() as session:
        await stamp_slots(session, [held.slot], now)
        called_at = message.called_at or now
        await learn(session, held.provider_user_id, accepted.rate, called_at=called_at, now=now, group=group)
        values = accepted_values(deps, message, accepted)
        moved = await _end_attempt(deps, session, message, MessageState.ACCEPTED, BY_RINGCENTRAL, **values)
        if not moved:
            await _adopt_late(deps, session, message, accepted, values)


def accepted_values(deps: Deps, message: Message, accepted: Accepted) -> dict[str, Any]:
    now = deps.clock()
    first_look = now + FIRST_LOOK
    return {
        "provider_message_id": accepted.provider_message_id,
        "sent_at": message.called_at or now,
        "follow_up_at": first_look + timedelta(seconds=-first_look.timestamp() % LOOK_GRID),
        "lease_until": None,
        "sent_text_encrypted": None,
        "reason_code": None,
        "reason": None,
    }


async def put_back(
    deps: Deps,
    held: Claimed,
    cause: str,
    pause: timedelta,
    *,
    called: bool,
    checks: Checks | None = None,
    phone: str | None = None,
    sender_id: int | None = None,
) -> None:
    """Queue it again. *called*: RingCentral answered, so the slot is used; otherwise it is given back."""
    now = deps.clock()
    values: dict[str, Any] = {"due_at": now + pause, "lease_until": None, "called_at": None}
    if checks is not None:
        values["checks"] = checks.rows
    if phone is not None:
        # A held text must be found by its phone, so that a STOP cancels it.
        values |= of_phone(deps, phone)
    if sender_id is not None:
        values["sender_id"] = sender_id
    async with deps.db.transaction() as session:
        await settle_slot(deps, session, held, called=called)
        await _end_attempt(deps, session, held.message, MessageState.QUEUED, cause, **values)


async def lose_sight(deps: Deps, held: Claimed, unknown: OutcomeUnknown) -> None:
    """It may have been sent: nothing happens to it before a look into RingCentral's message store."""
    now = deps.clock()
    pause = max(LOOK_UP_AFTER, timedelta(seconds=unknown.retry_after or 0))
    async with deps.db.transaction() as session:
        await stamp_slots(session, [held.slot], now)
        cause = f"no answer from RingCentral ({unknown.code})"
        await _end_attempt(deps, session, held.message, MessageState.UNKNOWN, cause, lease_until=now + pause)


async def end_unsent(
    deps: Deps, held: Claimed, state: MessageState, reason: Reason, checks: Checks, *, phone: str | None = None
) -> None:
    """The gate says no: nothing was sent and nothing will be."""
    sentence = checks.rows[-1]["sentence"] if checks.rows else reason.sentence
    async with deps.db.transaction() as session:
        await settle_slot(deps, session, held, called=False)
        values: dict[str, Any] = {"reason_code": reason.code, "reason": sentence, "checks": checks.rows}
        values |= {"lease_until": None} | (of_phone(deps, phone) if phone is not None else {})
        await _end_attempt(deps, session, held.message, state, reason.code, **values)


def of_phone(deps: Deps, phone: str) -> dict[str, bytes]:
    """The columns by which a text is found by its phone, and shown with it."""
    return {"phone_encrypted": deps.vault.encrypt(phone), "phone_hash": deps.vault.fingerprint(phone)}


async def settle_slot(deps: Deps, session: AsyncSession, held: Claimed, *, called: bool) -> None:
    if called:
        await stamp_slots(session, [held.slot], deps.clock())
    else:
        await give_back(session, held.provider_user_id, [held.slot])


def backoff(attempt: int) -> timedelta:
    pause = BACKOFF[min(max(attempt, 1), len(BACKOFF)) - 1]
    return timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, not a secret


def same_attempt(message: Message) -> ColumnElement[bool]:
    return Message.fence == message.fence


async def _end_attempt(
    deps: Deps, session: AsyncSession, message: Message, to: MessageState, cause: str, **values: Any
) -> bool:
    return await move(
        session,
        message.id,
        to,
        origin=[MessageState.SENDING],
        now=deps.clock(),
        cause=cause,
        guard=same_attempt(message),
        **values,
    )


async def _adopt_late(
    deps: Deps, session: AsyncSession, message: Message, accepted: Accepted, values: dict[str, Any]
) -> None:
    """This attempt had been given up. Unless another has already called, its success still keeps the text from
    being sent a second time."""
    query = select(Message).where(Message.shop_id == message.shop_id, Message.id == message.id)
    current = await session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if current is None or current.provider_message_id == accepted.provider_message_id:
        return
    waiting = current.state in (MessageState.UNKNOWN, MessageState.QUEUED) and current.fence == message.fence
    in_the_gate = current.state == MessageState.SENDING and current.called_at is None
    if not (waiting or in_the_gate):
        log.error("message.accepted_too_late", message_id=message.id, state=current.state)
        return
    await move(
        session,
        message.id,
        MessageState.ACCEPTED,
        origin=[MessageState(current.state)],
        now=deps.clock(),
        cause="accepted by RingCentral, as a late answer says",
        **values,
    )

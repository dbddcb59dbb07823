"""What dead workers and lost answers leave behind, and texts that have become too late.

Source: RingCentral, "Message store". There is no idempotency key, so a text whose outcome was lost is looked up by its
numbers and its words: adopted if found, sent once more if not, given up when that is lost as well.
"""

import asyncio
from datetime import timedelta
from typing import Any

from app.core.log import get_logger
from app.deps import Deps
from app.messages import reasons
from app.messages.models import Message, MessageState
from app.messages.queries import claim_unknown, expire_late, is_taken, lapsed_leases, move, provider_ids_to
from app.messages.reasons import Reason
from app.messages.settle import accepted_values, same_attempt
from app.shops.provider_access import call_provider
from app.shops.queries import get_sender
from app.sms.contract import Accepted, SmsError

log = get_logger(__name__)

LOOK_UP_LEASE = timedelta(seconds=60)
LOOK_FOR_AT_MOST = timedelta(hours=24)
"""A text whose outcome cannot be looked up for so long has failed: nobody is helped by it any more."""


async def sweep(deps: Deps) -> None:
    """Expire what is too late, and decide about messages whose worker died."""
    now = deps.clock()
    async with deps.db.transaction() as session:
        await expire_late(session, now, (reasons.TOO_LATE.code, reasons.TOO_LATE.sentence))
    async with deps.db.transaction() as session:
        for message in await lapsed_leases(session, now):
            called = message.called_at is not None
            to = MessageState.UNKNOWN if called else MessageState.QUEUED
            await move(
                session,
                message.id,
                to,
                origin=[MessageState.SENDING],
                now=now,
                cause=f"its worker died {'during' if called else 'before'} the call",
                guard=same_attempt(message),
                lease_until=now if called else None,
            )


async def resolve_unknown(deps: Deps) -> int:
    """Look lost outcomes up. Answers how many were due."""
    async with deps.db.transaction() as session:
        messages = await claim_unknown(session, deps.clock(), lease=LOOK_UP_LEASE)
    await asyncio.gather(*(_resolve(deps, message) for message in messages))
    return len(messages)


async def _resolve(deps: Deps, message: Message) -> None:
    called_at = message.called_at or message.created_at
    if message.sender_id is None or message.phone_encrypted is None or message.sent_text_encrypted is None:
        await _give_up(deps, message)
        return
    phone, text = deps.vault.decrypt(message.phone_encrypted), deps.vault.decrypt(message.sent_text_encrypted)
    async with deps.db.transaction() as session:
        sender = await get_sender(session, message.shop_id, message.sender_id)
        others = await provider_ids_to(session, message)
    number, user_id = sender.phone_number, sender.provider_user_id
    if number is None or user_id is None:
        await _give_up(deps, message)
        return
    try:
        found = await call_provider(
            deps,
            user_id,
            lambda provider, access: provider.find_sent(
                access, sender=number, recipient=phone, text=text, since=called_at, besides=others
            ),
            transport=sender.transport,
        )
    except SmsError as error:
        log.warning("message.look_up_failed", message_id=message.id, code=error.code)
        if deps.clock() - called_at > LOOK_FOR_AT_MOST:
            await _give_up(deps, message)
        return
    if found is None or not await _adopt(deps, message, found):
        await _send_once_more(deps, message)


async def _adopt(deps: Deps, message: Message, found: Accepted) -> bool:
    """False when this entry of the message store answers for another text with the same words."""
    async with deps.db.transaction() as session:
        if await is_taken(session, message, found.provider_message_id):
            return False
        values = accepted_values(deps, message, found)
        await _leave(deps, session, message, MessageState.ACCEPTED, "found in RingCentral's message store", **values)
    log.info("message.found", message_id=message.id, shop_id=message.shop_id)
    return True


async def _send_once_more(deps: Deps, message: Message) -> None:
    now = deps.clock()
    if message.resends > 0:
        await _give_up(deps, message)
        return
    if message.expires_at is not None and message.expires_at <= now:
        await _end(deps, message, MessageState.EXPIRED, reasons.TOO_LATE)
        return
    cause = "not in RingCentral's message store: sent once more"
    async with deps.db.transaction() as session:
        values = {"resends": 1, "due_at": now, "lease_until": None, "called_at": None}
        await _leave(deps, session, message, MessageState.QUEUED, cause, **values)


async def _give_up(deps: Deps, message: Message) -> None:
    await _end(deps, message, MessageState.FAILED, reasons.OUTCOME_UNKNOWN)


async def _end(deps: Deps, message: Message, state: MessageState, reason: Reason) -> None:
    values = {"reason_code": reason.code, "reason": reason.sentence, "lease_until": None, "sent_text_encrypted": None}
    async with deps.db.transaction() as session:
        await _leave(deps, session, message, state, reason.code, **values)


async def _leave(deps: Deps, session: Any, message: Message, to: MessageState, cause: str, **values: Any) -> None:
    await move(
        session,
        message.id,
        to,
        origin=[MessageState.UNKNOWN],
        now=deps.clock(),
        cause=cause,
        guard=same_attempt(message),
        **values,
    )

"""Delivery truth: what the provider's message store says became of an accepted text.

Source: RingCentral, "Message store", "SMS delivery errors". An answer of 200 to a send only means accepted. Events
about the store name no messages, so they only hasten the next look; without them we look after 30 s, 2 min,
15 min, 2 h and a day. `sent` may be the end: not every carrier reports.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.core.log import get_logger
from app.deps import Deps
from app.messages.blocked import adopt_block
from app.messages.models import Message, MessageState
from app.messages.queries import due_follow_ups, hasten_follow_ups, move
from app.shops.models import Sender
from app.shops.provider_access import call_provider
from app.sms.contract import DeliveryState, FailureKind, SmsError, StatusReport

log = get_logger(__name__)

LOOKS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24))
MOST_IDS = 30
"""Ids in one request to the message store."""


async def read_due_statuses(deps: Deps) -> int:
    """Read the statuses that are due, one request for up to thirty messages of a RingCentral user."""
    now = deps.clock()
    async with deps.db.transaction() as session:
        messages = await due_follow_ups(session, now, lease=timedelta(minutes=1))
        sender_ids = {message.sender_id for message in messages if message.sender_id is not None}
        senders = {each.id: each for each in await session.scalars(select(Sender).where(Sender.id.in_(sender_ids)))}
    by_user: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        sender = senders.get(message.sender_id or 0)
        if sender is not None and sender.provider_user_id is not None:
            by_user[sender.provider_user_id].append(message)
    chunks = [
        (user_id, mine[start : start + MOST_IDS])
        for user_id, mine in by_user.items()
        for start in range(0, len(mine), MOST_IDS)
    ]
    await asyncio.gather(*(_read_statuses(deps, user_id, chunk) for user_id, chunk in chunks))
    return len(messages)


async def look_soon(deps: Deps, provider_user_id: int, after: timedelta = timedelta(seconds=1)) -> None:
    """The provider says that something changed."""
    async with deps.db.transaction() as session:
        await hasten_follow_ups(session, provider_user_id, deps.clock() + after)


async def _read_statuses(deps: Deps, provider_user_id: int, messages: Sequence[Message]) -> None:
    ids = [message.provider_message_id for message in messages if message.provider_message_id]
    try:
        reports = await call_provider(deps, provider_user_id, lambda p, access: p.read_statuses(access, ids))
    except SmsError as error:
        log.warning("message.status_unread", provider_user_id=provider_user_id, code=error.code)
        return
    by_id = {report.provider_message_id: report for report in reports}
    for message in messages:
        await _adopt(deps, message, by_id.get(message.provider_message_id or ""))


async def _adopt(deps: Deps, message: Message, report: StatusReport | None) -> None:
    now = deps.clock()
    match report.state if report is not None else None:
        case DeliveryState.DELIVERED:
            await _move(
                deps,
                message,
                MessageState.DELIVERED,
                report,
                delivered_at=(report and report.at) or now,
                follow_up_at=None,
            )
        case DeliveryState.FAILED:
            await _fail(deps, message, report)
        case DeliveryState.SENT:
            await _move(deps, message, MessageState.SENT, report, follow_up_at=_next_look(message, now))
        case _:
            async with deps.db.transaction() as session:
                stored = await session.get(Message, message.id)
                if stored is not None:
                    stored.follow_up_at = _next_look(message, now)


async def _move(deps: Deps, message: Message, to: MessageState, report: StatusReport | None, **values: Any) -> None:
    origin = [MessageState.ACCEPTED] if to is MessageState.SENT else [MessageState.ACCEPTED, MessageState.SENT]
    if report is not None and report.segment_count:
        values["segments"] = report.segment_count
    async with deps.db.transaction() as session:
        moved = await move(
            session, message.id, to, origin=origin, now=deps.clock(), cause=f"RingCentral: {to}", **values
        )
        if not moved and (stored := await session.get(Message, message.id)) is not None:
            stored.follow_up_at = _next_look(message, deps.clock())


async def _fail(deps: Deps, message: Message, report: StatusReport | None) -> None:
    code = report.error_code if report is not None else None
    async with deps.db.transaction() as session:
        sender = await session.get(Sender, message.sender_id) if message.sender_id is not None else None
    failure = deps.provider(sender.provider if sender is not None else "ringcentral").delivery_failure(code)
    if failure.kind is FailureKind.NOT_FINAL:
        await _move(deps, message, MessageState.SENT, report, follow_up_at=deps.clock() + timedelta(hours=1))
        return
    async with deps.db.transaction() as session:
        moved = await move(
            session,
            message.id,
            MessageState.FAILED,
            origin=[MessageState.ACCEPTED, MessageState.SENT],
            now=deps.clock(),
            cause=failure.code,
            reason_code=failure.code,
            reason=failure.sentence,
            provider_code=failure.code,
            follow_up_at=None,
        )
        if moved and failure.kind is FailureKind.OPTED_OUT and message.phone_encrypted is not None:
            await adopt_block(deps, session, message, deps.vault.decrypt(message.phone_encrypted), failure.code)
    log.warning("message.not_delivered", message_id=message.id, shop_id=message.shop_id, code=failure.code)


def _next_look(message: Message, now: datetime) -> datetime | None:
    """When to look again; None a day after sending: `sent` is then the end."""
    start = message.sent_at or message.created_at
    return next((start + after for after in LOOKS if start + after > now), None)

"""Delivery truth: what the provider's message store says became of an accepted text.

Source: RingCentral, "Message store", "Message sync", "SMS delivery errors". An answer of 200 to a send only means
accepted. Events about the store name no messages, so they are a wake-up: at most every twenty seconds a
synchronisation by token reads all that changed, texts of customers included. What no event brings is read by its id
after 30 s, 2 min, 15 min, 2 h and a day. `sent` may be the end: not every carrier reports.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.log import get_logger
from app.deps import Deps
from app.messages.blocked import adopt_block
from app.messages.delivered import note_delivered
from app.messages.models import Message, MessageState
from app.messages.queries import due_follow_ups, messages_with_provider_ids, move
from app.messages.receive import receive_text
from app.messages.refusal import rest_senders, stop_sender
from app.messages.settle import LOOK_GRID
from app.shops.models import ProviderUser, Sender
from app.shops.provider_access import call_provider
from app.shops.queries import due_syncs, get_provider_user, lines_of_user, numbers_by_transport, plan_sync
from app.sms.contract import (
    Changes,
    DeliveryFailure,
    DeliveryState,
    FailureKind,
    SmsError,
    StatusReport,
    Throttled,
    Transport,
)

log = get_logger(__name__)

LOOKS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24))
MOST_IDS = 30
"""Ids in one request to the message store."""
STRETCH = 600.0
"""Seconds: at the fastest pace, what is sent in it fits into one page of the store."""
DEBOUNCE = timedelta(seconds=20)
ONE_MORE_TRY_AFTER = timedelta(minutes=5)
SYNC_LEASE = timedelta(minutes=1)


async def read_due_statuses(deps: Deps) -> int:
    """Synchronise the users whose store has changed, then read what is due by id. Answers how much there was to do."""
    return await _sync_due(deps) + await _follow_up(deps)


async def look_soon(deps: Deps, provider_user_id: int) -> None:
    """The provider says that something changed."""
    now = deps.clock()
    async with deps.db.transaction() as session:
        await plan_sync(session, provider_user_id, earliest=now + timedelta(seconds=1), debounce=DEBOUNCE)


# --- by synchronisation ---


async def _sync_due(deps: Deps) -> int:
    until = deps.clock() + SYNC_LEASE
    async with deps.db.transaction() as session:
        users = await due_syncs(session, deps.clock(), until=until)
    await asyncio.gather(*(_sync(deps, user_id, until) for user_id in users))
    return len(users)


async def _sync(deps: Deps, provider_user_id: int, until: datetime) -> None:
    started = deps.clock()
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id)
        numbers = numbers_by_transport(await lines_of_user(session, provider_user_id))
    token, since = user.sync_token, user.created_at
    try:
        changes = await _changes(deps, user, Transport.SMS, token, since, numbers.get(Transport.SMS, ()))
        if Transport.A2P in numbers:
            # Its store has no tokens: it is read from where the last look began.
            seen_until = (user.synced_at or user.created_at) - DEBOUNCE
            more = await _changes(deps, user, Transport.A2P, None, seen_until, numbers[Transport.A2P])
            await _adopt_changes(deps, provider_user_id, more)
    except SmsError as error:
        # The lease stays as the time of the next try; what is missed meanwhile is read by its id.
        log.warning("messages.not_synchronised", provider_user_id=provider_user_id, code=error.code)
        return
    await _adopt_changes(deps, provider_user_id, changes)
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.sync_token, user.synced_at = changes.sync_token, started
        # Another event may have come in while the store was being read.
        planned = user.sync_due_at if user.sync_due_at != until else None
        user.sync_due_at = max(planned, started + DEBOUNCE) if planned is not None else None


async def _changes(
    deps: Deps, user: ProviderUser, transport: Transport, token: str | None, since: datetime, numbers: Sequence[str]
) -> Changes:
    return await call_provider(
        deps,
        user.id,
        lambda p, access: p.list_changes(access, sync_token=token, since=since, numbers=numbers),
        transport=transport,
    )


async def _adopt_changes(deps: Deps, provider_user_id: int, changes: Changes) -> None:
    for text in changes.inbound:
        await receive_text(deps, provider_user_id, text)
    await adopt_reports(deps, provider_user_id, changes.statuses)


async def adopt_reports(deps: Deps, provider_user_id: int, statuses: Sequence[StatusReport]) -> None:
    """What a synchronisation or an event says; reports about texts that are not ours are left alone."""
    reports = {report.provider_message_id: report for report in statuses}
    if not reports:
        return
    async with deps.db.transaction() as session:
        messages = await messages_with_provider_ids(session, provider_user_id, list(reports))
    await _adopt_all(deps, provider_user_id, messages, reports)


# --- by id ---


async def _follow_up(deps: Deps) -> int:
    """One request for up to thirty messages of a RingCentral user."""
    now = deps.clock()
    async with deps.db.transaction() as session:
        messages = await due_follow_ups(session, now, lease=timedelta(minutes=1))
        sender_ids = {message.sender_id for message in messages if message.sender_id is not None}
        senders = {each.id: each for each in await session.scalars(select(Sender).where(Sender.id.in_(sender_ids)))}
    by_road: dict[tuple[int, str, int], list[Message]] = defaultdict(list)
    for message in messages:
        sender = senders.get(message.sender_id or 0)
        if sender is not None and sender.provider_user_id is not None:
            by_road[sender.provider_user_id, sender.transport, _stretch(sender, message)].append(message)
    chunks = [
        (user_id, transport, mine[start : start + MOST_IDS])
        for (user_id, transport, _), mine in by_road.items()
        for start in range(0, len(mine), MOST_IDS)
    ]
    await asyncio.gather(*(_read_statuses(deps, user_id, transport, chunk) for user_id, transport, chunk in chunks))
    return len(messages)


def _stretch(sender: Sender, message: Message) -> int:
    """The store of High Volume texts is read by time, so that texts of one short stretch are asked for together."""
    return int(_sent_at(message).timestamp() // STRETCH) if sender.transport == Transport.A2P else 0


def _sent_at(message: Message) -> datetime:
    return message.sent_at or message.created_at


async def _read_statuses(deps: Deps, provider_user_id: int, transport: str, messages: Sequence[Message]) -> None:
    ids = [message.provider_message_id for message in messages if message.provider_message_id]
    sent = [_sent_at(message) for message in messages]
    try:
        reports = await call_provider(
            deps,
            provider_user_id,
            lambda p, access: p.read_statuses(access, ids, sent_between=(min(sent), max(sent))),
            transport=transport,
        )
    except Throttled:
        return  # they were put off for a minute already
    except SmsError as error:
        log.warning("message.status_unread", provider_user_id=provider_user_id, code=error.code)
        return
    by_id = {report.provider_message_id: report for report in reports}
    await _adopt_all(deps, provider_user_id, messages, by_id)


# --- what a report means ---


async def _adopt_all(
    deps: Deps, provider_user_id: int, messages: Sequence[Message], reports: Mapping[str, StatusReport]
) -> None:
    told = [(message, reports.get(message.provider_message_id or "")) for message in messages]
    arrived = [(message, report) for message, report in told if report and report.state is DeliveryState.DELIVERED]
    done = await note_delivered(deps, arrived)
    for message, report in told:
        if message.id not in done:
            await _adopt(deps, provider_user_id, message, report)


async def _adopt(deps: Deps, provider_user_id: int, message: Message, report: StatusReport | None) -> None:
    now = deps.clock()
    match report.state if report is not None else None:
        case DeliveryState.DELIVERED:
            delivered_at = (report and report.at) or now
            await _move(deps, message, MessageState.DELIVERED, report, delivered_at=delivered_at, follow_up_at=None)
        case DeliveryState.FAILED:
            await _fail(deps, provider_user_id, message, report)
        case DeliveryState.SENT:
            await _move(deps, message, MessageState.SENT, report, follow_up_at=_next_look(message, now))
        case _:
            await _look_again(deps, message, _next_look(message, now))


async def _move(deps: Deps, message: Message, to: MessageState, report: StatusReport | None, **values: Any) -> None:
    origin = [MessageState.ACCEPTED] if to is MessageState.SENT else [MessageState.ACCEPTED, MessageState.SENT]
    values |= _told(report)
    async with deps.db.transaction() as session:
        moved = await move(
            session,
            message.id,
            to,
            origin=origin,
            now=deps.clock(),
            cause=f"RingCentral: {to}",
            guard=Message.provider_message_id == message.provider_message_id,
            **values,
        )
    if not moved:
        await _look_again(deps, message, _next_look(message, deps.clock()))


def _told(report: StatusReport | None) -> dict[str, Any]:
    """How long and how dear the text was, as far as the provider tells."""
    told = {"segments": report.segment_count, "cost_micros": report.cost_micros} if report is not None else {}
    return {name: value for name, value in told.items() if value is not None and (value or name != "segments")}


async def _look_again(deps: Deps, message: Message, at: datetime | None) -> None:
    async with deps.db.transaction() as session:
        stored = await session.get(Message, message.id, with_for_update=True)
        if stored is not None and stored.state in (MessageState.ACCEPTED, MessageState.SENT):
            stored.follow_up_at = at


async def _fail(deps: Deps, provider_user_id: int, message: Message, report: StatusReport | None) -> None:
    async with deps.db.transaction() as session:
        sender = await session.get(Sender, message.sender_id) if message.sender_id is not None else None
    provider = deps.provider(sender.provider if sender is not None else "ringcentral")
    failure = provider.delivery_failure(report.error_code if report is not None else None)
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
            guard=Message.provider_message_id == message.provider_message_id,
            reason_code=failure.code,
            reason=failure.sentence,
            provider_code=failure.code,
            follow_up_at=None,
            **_told(report),
        )
        if moved:
            await _draw_conclusions(deps, session, provider_user_id, message, failure)
    log.warning("message.not_delivered", message_id=message.id, shop_id=message.shop_id, code=failure.code)


async def _draw_conclusions(
    deps: Deps, session: AsyncSession, provider_user_id: int, message: Message, failure: DeliveryFailure
) -> None:
    """What the failure says about the recipient, the sender, or another try."""
    phone = deps.vault.decrypt(message.phone_encrypted) if message.phone_encrypted is not None else None
    match failure.kind:
        case FailureKind.OPTED_OUT if phone is not None:
            await adopt_block(deps, session, message, phone, failure.code)
        case FailureKind.SENDER_STOPPED:
            await stop_sender(session, message, failure.code, failure.sentence)
        case FailureKind.SENDER_PAUSED:
            until = deps.clock() + timedelta(seconds=failure.pause_seconds or 0)
            await rest_senders(session, provider_user_id, until, failure.sentence)
            await _try_once_more(deps, session, message, until)
        case FailureKind.RETRY_ONCE:
            await _try_once_more(deps, session, message, deps.clock() + ONE_MORE_TRY_AFTER)


async def _try_once_more(deps: Deps, session: AsyncSession, message: Message, at: datetime) -> None:
    """The text surely did not arrive: one more try, if it is still of use by then."""
    too_late = message.expires_at is not None and message.expires_at <= at
    if message.redeliveries > 0 or too_late:
        return
    await move(
        session,
        message.id,
        MessageState.QUEUED,
        origin=[MessageState.FAILED],
        now=deps.clock(),
        cause="not delivered: tried once more",
        redeliveries=1,
        due_at=at,
        attempts=0,
        resends=0,
        reason_code=None,
        reason=None,
        called_at=None,
        lease_until=None,
        provider_message_id=None,
        provider_code=None,
        sent_at=None,
    )


def _next_look(message: Message, now: datetime) -> datetime | None:
    """When to look again; None a day after sending: `sent` is then the end."""
    start = message.sent_at or message.created_at
    look = next((start + after for after in LOOKS if start + after > now), None)
    return look + timedelta(seconds=-look.timestamp() % LOOK_GRID) if look is not None else None

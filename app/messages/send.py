"""Sends what is due: claim · commit · gate · fence · commit · provider · settle · commit.

No transaction is open while Shopify or the provider is spoken to. The fence is the commit right before the provider
call: it stores the text and `called_at`, so a message whose worker died is known to be either safe to queue again
(no call went out) or `unknown` (one may have). Nothing is sent twice on a guess: `unknown` is looked up first.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.consent.queries import find_suppression
from app.core.log import get_logger
from app.deps import Deps
from app.messages import reasons
from app.messages.agreement import record_agreement
from app.messages.gate import DECISION_PAUSE, Checks, Expire, Go, Hold, Skip, pass_gate
from app.messages.kinds import kinds
from app.messages.models import Message, MessageState
from app.messages.pace import free_slots, give_back, learn, lock_user, stamp_slot, take_slots
from app.messages.queries import claim_due, claim_unknown, expired_ids, lapsed_leases, move, users_with_due_messages
from app.messages.reasons import Reason
from app.messages.refusal import apply_refusal
from app.shopify.client import ShopifyError
from app.shops.provider_access import call_provider
from app.shops.queries import get_sender
from app.sms.contract import Accepted, OutcomeUnknown, ProviderUnavailable, SmsError, Throttled

log = get_logger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than gate and call can take together, with their deadlines."""
GATE_DEADLINE = 45.0
MOST_PER_TURN = 20
"""Of one RingCentral user in one turn, so that a large backlog delays nobody else."""
LOOK_UP_AFTER = timedelta(seconds=10)
FIRST_LOOK = timedelta(seconds=30)
BACKOFF = (2, 4, 8, 16, 32, 60)


async def send_due_messages(deps: Deps) -> int:
    """One turn over all RingCentral users with something due. Answers how many messages were worked on."""
    async with deps.db.transaction() as session:
        waiting = await users_with_due_messages(session, deps.clock())
    turns = await asyncio.gather(*(_send_for_user(deps, user_id) for user_id, _ in waiting))
    return sum(turns)


async def _send_for_user(deps: Deps, provider_user_id: int) -> int:
    """Claim as many messages as there are free slots, at most one turn's worth, and send them side by side."""
    now = deps.clock()
    async with deps.db.transaction() as session:
        user = await lock_user(session, provider_user_id)
        if user is None:
            return 0
        free = min(await free_slots(session, user, now), MOST_PER_TURN)
        messages = await claim_due(session, user.id, now=now, lease=LEASE, limit=free) if free else []
        slots = await take_slots(session, user, len(messages), now)
    conversations: dict[object, list[tuple[Message, int]]] = defaultdict(list)
    for message, slot in zip(messages, slots, strict=True):
        conversations[message.phone_hash or message.order_id or message.id].append((message, slot))
    await asyncio.gather(*(_send_in_order(deps, provider_user_id, each) for each in conversations.values()))
    return len(messages)


async def _send_in_order(deps: Deps, provider_user_id: int, conversation: list[tuple[Message, int]]) -> None:
    """Texts to one phone go one after the other: "fulfilled" must not overtake "confirmed"."""
    for message, slot in conversation:
        await _send_one(deps, provider_user_id, message, slot)


async def _send_one(deps: Deps, provider_user_id: int, message: Message, slot: int) -> None:
    try:
        ready = await _gate(deps, message)
        if ready is None or not await _fence(deps, message, ready):
            async with deps.db.transaction() as session:
                await give_back(session, [slot])
            return
        await _call_and_settle(deps, provider_user_id, message, ready, slot)
    except Exception:
        # The row keeps its lease; the sweep decides by `called_at` whether it is queued again or looked up.
        log.exception("message.send_failed", message_id=message.id)


async def _gate(deps: Deps, message: Message) -> Go | None:
    """The verdict, carried out unless it is to go."""
    checks = Checks()
    try:
        async with asyncio.timeout(GATE_DEADLINE):
            verdict = await pass_gate(deps, message, checks)
    except (ShopifyError, TimeoutError):
        checks.held("shopify_away", "Shopify could not be asked for the order; it will be tried again")
        await _put_back(deps, message, checks, _backoff(message.attempts), "Shopify could not be reached")
        return None
    match verdict:
        case Go():
            message.checks = checks.rows
            return verdict
        case Hold(until, cause, phone):
            await _put_back(deps, message, checks, until - deps.clock(), cause, phone=phone)
        case Skip(reason):
            await _end(deps, message, MessageState.SKIPPED, reason, checks)
        case Expire(reason):
            await _end(deps, message, MessageState.EXPIRED, reason, checks)
    return None


async def _fence(deps: Deps, message: Message, ready: Go) -> bool:
    """Store what is about to be sent, unless the number opted out or the message was cancelled meanwhile."""
    now, phone_hash = deps.clock(), deps.vault.fingerprint(ready.phone)
    kind = kinds.find(message.kind)
    async with deps.db.transaction() as session:
        current = await session.scalar(
            select(Message)
            .where(Message.shop_id == message.shop_id, Message.id == message.id, Message.state == MessageState.SENDING)
            .where(Message.attempts == message.attempts)
            .with_for_update()
        )
        if current is None or current.called_at is not None:
            return False
        suppression = await find_suppression(session, message.shop_id, phone_hash)
        if suppression is not None and kind is not None and kind.heeds_suppression:
            stopped = reasons.HELD_FOR_DECISION if suppression.held else reasons.OPTED_OUT
            values: dict[str, Any] = {"lease_until": None}
            if suppression.held:
                values |= {"due_at": now + DECISION_PAUSE, "phone_hash": phone_hash}
                values["phone_encrypted"] = deps.vault.encrypt(ready.phone)
            else:
                values |= {"reason_code": stopped.code, "reason": stopped.sentence}
            await move(
                session,
                message.id,
                MessageState.QUEUED if suppression.held else MessageState.CANCELLED,
                origin=[MessageState.SENDING],
                now=now,
                cause=stopped.code,
                **values,
            )
            return False
        if ready.agreement is not None:
            await record_agreement(deps, session, message.shop_id, ready.phone, ready.agreement)
        current.phone_encrypted = deps.vault.encrypt(ready.phone)
        current.phone_hash = phone_hash
        current.text_encrypted = deps.vault.encrypt(ready.composed.logged)
        current.sent_text_encrypted = deps.vault.encrypt(ready.composed.text)
        current.locale = ready.composed.locale
        current.segments = ready.composed.segments
        current.checks = message.checks
        current.called_at = now
        current.lease_until = now + LEASE
        if ready.facts is not None:
            current.order_name = ready.facts.name or current.order_name
            current.customer_id = ready.facts.customer_id or current.customer_id
    return True


async def _call_and_settle(deps: Deps, provider_user_id: int, message: Message, ready: Go, slot: int) -> None:
    sender = ready.sender.phone_number or ""
    try:
        accepted = await call_provider(
            deps,
            provider_user_id,
            lambda provider, access: provider.send(
                access, sender=sender, recipient=ready.phone, text=ready.composed.text
            ),
        )
    except Throttled as throttled:
        await _requeue(
            deps, message, slot, timedelta(seconds=throttled.retry_after + 1), "RingCentral asked for a pause"
        )
    except ProviderUnavailable as away:
        await _requeue(
            deps, message, slot, _backoff(message.attempts), f"RingCentral could not be reached ({away.code})"
        )
    except OutcomeUnknown as unknown:
        await _lose_sight(deps, message, slot, unknown)
    except SmsError as refused:
        await apply_refusal(deps, provider_user_id, message, ready.phone, refused, slot)
    else:
        await _accept(deps, provider_user_id, message, accepted, slot, origin=[MessageState.SENDING])


async def _accept(
    deps: Deps,
    provider_user_id: int,
    message: Message,
    accepted: Accepted,
    slot: int | None,
    *,
    origin: Sequence[MessageState],
) -> None:
    now = deps.clock()
    async with deps.db.transaction() as session:
        if slot is not None:
            await stamp_slot(session, slot, now)
        await learn(session, provider_user_id, accepted.rate, now)
        await move(
            session,
            message.id,
            MessageState.ACCEPTED,
            origin=origin,
            now=now,
            cause="accepted by RingCentral",
            provider_message_id=accepted.provider_message_id,
            sent_at=message.called_at or now,
            follow_up_at=now + FIRST_LOOK,
            lease_until=None,
            sent_text_encrypted=None,
            reason_code=None,
            reason=None,
        )
    log.info("message.accepted", message_id=message.id, shop_id=message.shop_id, kind=message.kind)


async def _requeue(deps: Deps, message: Message, slot: int, pause: timedelta, cause: str) -> None:
    now = deps.clock()
    async with deps.db.transaction() as session:
        await stamp_slot(session, slot, now)
        await move(
            session,
            message.id,
            MessageState.QUEUED,
            origin=[MessageState.SENDING],
            now=now,
            cause=cause,
            due_at=now + pause,
            lease_until=None,
            called_at=None,
        )


async def _lose_sight(deps: Deps, message: Message, slot: int, unknown: OutcomeUnknown) -> None:
    now = deps.clock()
    async with deps.db.transaction() as session:
        await stamp_slot(session, slot, now)
        await move(
            session,
            message.id,
            MessageState.UNKNOWN,
            origin=[MessageState.SENDING],
            now=now,
            cause=f"no answer from RingCentral ({unknown.code})",
            lease_until=now + LOOK_UP_AFTER,
        )


async def _put_back(
    deps: Deps, message: Message, checks: Checks, pause: timedelta, cause: str, *, phone: str | None = None
) -> None:
    now = deps.clock()
    values: dict[str, Any] = {"checks": checks.rows, "due_at": now + pause, "lease_until": None}
    if phone is not None:
        # A held text must be found by its phone, so that a STOP cancels it.
        values |= {"phone_encrypted": deps.vault.encrypt(phone), "phone_hash": deps.vault.fingerprint(phone)}
    async with deps.db.transaction() as session:
        await move(
            session, message.id, MessageState.QUEUED, origin=[MessageState.SENDING], now=now, cause=cause, **values
        )


async def _end(deps: Deps, message: Message, state: MessageState, reason: Reason, checks: Checks) -> None:
    now = deps.clock()
    sentence = checks.rows[-1]["sentence"] if checks.rows else reason.sentence
    async with deps.db.transaction() as session:
        await move(
            session,
            message.id,
            state,
            origin=[MessageState.SENDING],
            now=now,
            cause=reason.code,
            reason_code=reason.code,
            reason=sentence,
            checks=checks.rows,
            lease_until=None,
        )


def _backoff(attempt: int) -> timedelta:
    return timedelta(seconds=BACKOFF[min(max(attempt, 1), len(BACKOFF)) - 1])


# --- what a dead worker or a lost answer left behind ---


async def sweep(deps: Deps) -> None:
    """Expire what is too late, and decide about messages whose worker died."""
    now = deps.clock()
    async with deps.db.transaction() as session:
        for message_id in await expired_ids(session, now):
            await move(
                session,
                message_id,
                MessageState.EXPIRED,
                origin=[MessageState.QUEUED],
                now=now,
                cause="too late",
                reason_code=reasons.TOO_LATE.code,
                reason=reasons.TOO_LATE.sentence,
            )
        for message in await lapsed_leases(session, now):
            if message.called_at is None:
                await move(
                    session,
                    message.id,
                    MessageState.QUEUED,
                    origin=[MessageState.SENDING],
                    now=now,
                    cause="its worker died before the call",
                    lease_until=None,
                )
            else:
                await move(
                    session,
                    message.id,
                    MessageState.UNKNOWN,
                    origin=[MessageState.SENDING],
                    now=now,
                    cause="its worker died during the call",
                    lease_until=now,
                )


async def resolve_unknown(deps: Deps) -> int:
    """Look lost outcomes up in RingCentral's message store: adopted if found, sent once more if not."""
    async with deps.db.transaction() as session:
        messages = await claim_unknown(session, deps.clock(), lease=timedelta(seconds=60))
    await asyncio.gather(*(_resolve(deps, message) for message in messages))
    return len(messages)


async def _resolve(deps: Deps, message: Message) -> None:
    if message.sender_id is None or message.phone_encrypted is None or message.sent_text_encrypted is None:
        await _give_up(deps, message)
        return
    phone, text = deps.vault.decrypt(message.phone_encrypted), deps.vault.decrypt(message.sent_text_encrypted)
    async with deps.db.transaction() as session:
        sender = await get_sender(session, message.shop_id, message.sender_id)
    number, user_id = sender.phone_number, sender.provider_user_id
    if number is None or user_id is None:
        await _give_up(deps, message)
        return
    since = (message.called_at or message.created_at) - timedelta(seconds=5)
    try:
        found = await call_provider(
            deps,
            user_id,
            lambda provider, access: provider.find_sent(access, sender=number, recipient=phone, text=text, since=since),
        )
    except SmsError as error:
        log.warning("message.look_up_failed", message_id=message.id, code=error.code)
        return
    if found is not None and not await _belongs_to_another(deps, message, found.provider_message_id):
        await _accept(deps, user_id, message, found, None, origin=[MessageState.UNKNOWN])
    elif message.resends == 0:
        now = deps.clock()
        async with deps.db.transaction() as session:
            await move(
                session,
                message.id,
                MessageState.QUEUED,
                origin=[MessageState.UNKNOWN],
                now=now,
                resends=1,
                cause="not in RingCentral's message store: sent once more",
                due_at=now,
                lease_until=None,
                called_at=None,
            )
    else:
        await _give_up(deps, message)


async def _belongs_to_another(deps: Deps, message: Message, provider_message_id: str) -> bool:
    """Two texts may read the same; one entry in RingCentral's store answers for one of them only."""
    async with deps.db.transaction() as session:
        other = await session.scalar(
            select(Message.id).where(
                Message.shop_id == message.shop_id,
                Message.provider_message_id == provider_message_id,
                Message.id != message.id,
            )
        )
    return other is not None


async def _give_up(deps: Deps, message: Message) -> None:
    async with deps.db.transaction() as session:
        await move(
            session,
            message.id,
            MessageState.FAILED,
            origin=[MessageState.UNKNOWN],
            now=deps.clock(),
            cause=reasons.OUTCOME_UNKNOWN.code,
            reason_code=reasons.OUTCOME_UNKNOWN.code,
            reason=reasons.OUTCOME_UNKNOWN.sentence,
            lease_until=None,
            sent_text_encrypted=None,
        )

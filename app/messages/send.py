"""Sends one claimed message: gate · fence · commit · provider · settle · commit.

No transaction is open while Shopify or the provider is spoken to. The fence is the commit right before the provider
call: it stores the text and `called_at`, so a message whose worker died is known to be either safe to queue again
(no call went out) or `unknown` (one may have). A call ends by its deadline, and the lease outlasts the deadline by the
time that the message store needs, so nothing is looked up while its call may still be on the way.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import find_suppression, lock_phone
from app.deps import Deps
from app.messages import reasons, settle
from app.messages.agreement import record_agreement
from app.messages.claim import Claimed
from app.messages.day_cap import full_until
from app.messages.fence import LONGEST_WAY, fence_at_once, heeds_opt_out
from app.messages.gate import DECISION_PAUSE, Checks, Expire, Go, Hold, Move, Skip, pass_gate
from app.messages.models import Message, MessageState
from app.messages.pool import better_sender
from app.messages.queries import move
from app.messages.refusal import apply_refusal
from app.shopify.client import ShopifyError
from app.shops.logins import access_of, break_connection, renew_token, usable_token
from app.shops.models import PaceSlot, Sender, SenderState
from app.shops.pace import TEXT_GROUPS, limits_of, stamp_slots, take_calls, text_cost
from app.shops.pauses import note_pause, refuse_while_paused, refuse_while_told_to_pause
from app.shops.queries import get_provider_user
from app.sms.contract import (
    Accepted,
    Access,
    OutcomeUnknown,
    ProviderUnavailable,
    SmsError,
    SmsProvider,
    Throttled,
    TokenRejected,
)

GATE_DEADLINE = 45.0
CALL_DEADLINE = 28.0
LEASE = timedelta(seconds=40)
"""Above `CALL_DEADLINE` by what the message store needs to show a text (`settle.LOOK_UP_AFTER`)."""
MOST_MOVES = 3
"""A text that was claimed more often than this stays where it is."""


class SlotLost(Exception):
    """The message was claimed so long ago that its call is no longer allowed for."""


async def pass_or_settle(deps: Deps, held: Claimed) -> Go | None:
    """The gate's verdict, carried out unless it is to go."""
    message, checks = held.message, Checks()
    try:
        async with asyncio.timeout(GATE_DEADLINE):
            verdict = await pass_gate(deps, held, checks)
    except (ShopifyError, TimeoutError):
        checks.held("shopify_away", "Shopify could not be asked for the order; it will be tried again")
        pause = settle.backoff(message.attempts)
        await settle.put_back(deps, held, "Shopify could not be reached", pause, called=False, checks=checks)
        return None
    match verdict:
        case Go(phone=phone):
            message.checks = checks.rows
            if verdict.several_numbers and await _goes_from_another_number(deps, held, phone):
                return None
            return verdict
        case Hold(until, cause, phone):
            pause = until - deps.clock()
            await settle.put_back(deps, held, cause, pause, called=False, checks=checks, phone=phone)
        case Move(sender_id):
            cause = "moved to the number of whose order it is"
            await settle.put_back(deps, held, cause, timedelta(0), called=False, sender_id=sender_id)
        case Skip(reason, phone):
            await settle.end_unsent(deps, held, MessageState.SKIPPED, reason, checks, phone=phone)
        case Expire(reason):
            await settle.end_unsent(deps, held, MessageState.EXPIRED, reason, checks)
    return None


async def _goes_from_another_number(deps: Deps, held: Claimed, phone: str) -> bool:
    """A conversation stays on its number; the text then waits there for its turn."""
    if held.message.fence > MOST_MOVES:
        return False
    async with deps.db.reading() as session:
        number = await better_sender(session, held.message, deps.vault.fingerprint(phone))
    if number is None:
        return False
    cause = "moved to the number of its conversation"
    await settle.put_back(deps, held, cause, timedelta(0), called=False, phone=phone, sender_id=number)
    return True


async def call_and_settle(deps: Deps, held: Claimed, ready: Go) -> None:
    """The call, made once; a rejected token is renewed, and then it is made once more."""
    rejected, code = None, ""
    for _ in range(2):
        try:
            called = await _call_in_turn(deps, held, ready, rejected)
        except SmsError as refused:
            await _settle_uncalled(deps, held, ready, refused, called=rejected is not None)
            return
        except SlotLost:
            await settle.put_back(deps, held, "it took too long to get ready", timedelta(0), called=False)
            return
        if called is None:
            return
        access, answer = called
        if not isinstance(answer, TokenRejected):
            await _settle_answer(deps, held, ready, answer)
            return
        rejected, code = access.access_token, answer.code
    broken = await break_connection(deps, held.provider_user_id, code)
    await apply_refusal(deps, held, ready.phone, broken, called=True)


async def _call_in_turn(
    deps: Deps, held: Claimed, ready: Go, rejected: str | None
) -> tuple[Access, Accepted | SmsError] | None:
    """Fence and call, one text of a user after the other. None when there was nothing to call for."""
    async with deps.turns.of(held.provider_user_id) as turn:
        access = await _token_and_fence(deps, held, ready, rejected)
        if access is None:
            return None
        await turn.may_call()
        refuse_while_told_to_pause(deps, held.provider_user_id)
        answer = await _call(deps.provider(ready.sender.provider, ready.sender.transport), access, ready)
        if isinstance(answer, SmsError):
            await note_pause(deps, held.provider_user_id, answer)
        return access, answer


async def _call(provider: SmsProvider, access: Access, ready: Go) -> Accepted | SmsError:
    try:
        async with asyncio.timeout(CALL_DEADLINE):
            return await provider.send(
                access,
                sender=ready.sender.phone_number or "",
                recipient=ready.phone,
                text=ready.composed.text,
            )
    except SmsError as error:
        return error
    except TimeoutError:
        return OutcomeUnknown("RingCentral did not answer in time.", code="DEADLINE")


async def _settle_answer(deps: Deps, held: Claimed, ready: Go, answer: Accepted | SmsError) -> None:
    if isinstance(answer, Accepted):
        await settle.accept(deps, held, answer, group=TEXT_GROUPS[ready.sender.transport])
        return
    match answer:
        case OutcomeUnknown():
            await settle.lose_sight(deps, held, answer)
        case Throttled(retry_after=seconds):
            pause = timedelta(seconds=seconds + 1)
            await settle.put_back(deps, held, "RingCentral asked for a pause", pause, called=True)
        case ProviderUnavailable():
            pause = max(settle.backoff(held.message.attempts), timedelta(seconds=answer.retry_after or 0))
            cause = f"RingCentral could not be reached ({answer.code})"
            await settle.put_back(deps, held, cause, pause, called=True)
        case _:
            await apply_refusal(deps, held, ready.phone, answer, called=True)


async def _settle_uncalled(deps: Deps, held: Claimed, ready: Go, refused: SmsError, *, called: bool) -> None:
    """There is no token, or there must be no call at the moment. *called*: one was made, and its token rejected."""
    match refused:
        case Throttled(retry_after=seconds):
            pause = timedelta(seconds=seconds)
        case ProviderUnavailable():
            pause = settle.backoff(held.message.attempts)
        case _:
            await apply_refusal(deps, held, ready.phone, refused, called=called)
            return
    await settle.put_back(deps, held, f"no call at the moment ({refused.code})", pause, called=called)


async def _token_and_fence(deps: Deps, held: Claimed, ready: Go, rejected: str | None) -> Access | None:
    """What the call needs, once it is sure to be made; None when the message has ended or gone to another worker."""
    if rejected is not None:
        await renew_token(deps, held.provider_user_id, rejected)
    elif (access := await fence_at_once(deps, held, ready, lease=LEASE)) is not None:
        return access
    for _ in range(2):
        outcome = await _fence(deps, held, ready, again=rejected is not None)
        if outcome is not NO_TOKEN:
            return outcome
        await renew_token(deps, held.provider_user_id, rejected)
    raise ProviderUnavailable("RingCentral's sign-in did not last. It will be repeated.", code="login_brief")


NO_TOKEN = Access(server="", access_token="")


async def _fence(deps: Deps, held: Claimed, ready: Go, *, again: bool) -> Access | None:
    """Store what is about to be sent, unless the number opted out, the sender was paused or the message is not ours.

    *again*: a second call of the same attempt, which needs a slot of its own.
    """
    now, message, phone_hash = deps.clock(), held.message, deps.vault.fingerprint(ready.phone)
    async with deps.db.transaction() as session:
        if ready.daily_cap is not None:
            await lock_phone(session, message.shop_id, phone_hash)
        query = (
            select(Message, Sender.state)
            .join(Sender, Sender.id == Message.sender_id)
            .where(Message.shop_id == message.shop_id, Message.id == message.id, settle.same_attempt(message))
            .where(Message.state == MessageState.SENDING)
            .with_for_update(of=Message)
        )
        row = (await session.execute(query)).one_or_none()
        if row is None:
            await settle.settle_slot(deps, session, held, called=again)
            return None
        current, sender_state = row
        ending = await _change_of_mind(deps, session, held, sender_state, ready)
        if ending is not None:
            state, values = ending
            await settle.settle_slot(deps, session, held, called=again)
            await move(session, message.id, state, origin=[MessageState.SENDING], now=now, lease_until=None, **values)
            return None
        user = await get_provider_user(session, held.provider_user_id, lock=again)
        refuse_while_paused(deps, user)
        held.limits = limits_of(user)
        token = usable_token(deps, user)
        if token is None:
            return NO_TOKEN
        if again:
            [fresh] = await take_calls(session, user, text_cost(ready.sender.transport), now)
            await stamp_slots(session, [held.slot], now)
            held.slot = fresh
        else:
            await _keep_slot(session, held, now)
        if ready.agreement is not None:
            await record_agreement(deps, session, message.shop_id, ready.phone, ready.agreement)
        current.phone_encrypted = deps.vault.encrypt(ready.phone)
        current.phone_hash = phone_hash
        current.text_encrypted = deps.vault.encrypt(ready.composed.logged)
        current.sent_text_encrypted = deps.vault.encrypt(ready.composed.text)
        current.locale = ready.composed.locale
        current.segments = ready.composed.segments
        current.checks = message.checks
        current.called_at = message.called_at = now
        current.lease_until = now + LEASE
        if ready.facts is not None:
            current.order_name = ready.facts.name or current.order_name
            current.customer_id = ready.facts.customer_id or current.customer_id
        return access_of(user, token)


async def _change_of_mind(
    deps: Deps, session: AsyncSession, held: Claimed, sender_state: str, ready: Go
) -> tuple[MessageState, dict[str, Any]] | None:
    """What has happened since the gate: an opt-out ends the text; doubtful words, a paused sender or another text that
    was the day's last one keep it waiting."""
    phone, now = ready.phone, deps.clock()
    phone_hash = deps.vault.fingerprint(phone)
    whose = settle.of_phone(deps, phone)
    heeds = heeds_opt_out(held.message)
    suppression = await find_suppression(session, held.message.shop_id, phone_hash) if heeds else None
    if suppression is not None and suppression.held:
        # It has to be found by its phone when staff decide.
        later = {"cause": reasons.HELD_FOR_DECISION.code, "due_at": now + DECISION_PAUSE}
        return MessageState.QUEUED, later | whose
    if suppression is not None:
        reason = reasons.OPTED_OUT
        values = {"cause": reason.code, "reason_code": reason.code, "reason": reason.sentence}
        return MessageState.CANCELLED, values | whose
    if sender_state != SenderState.READY:
        return MessageState.QUEUED, {"cause": "the number does not send at the moment", "due_at": now}
    if ready.daily_cap is None:
        return None
    message = held.message
    until = await full_until(session, message.shop_id, phone_hash, ready.daily_cap, now, besides=message.id)
    if until is None:
        return None
    return MessageState.QUEUED, {"cause": "held by the daily limit", "due_at": until} | whose


async def _keep_slot(session: AsyncSession, held: Claimed, now: datetime) -> None:
    """The slot's time counts from the call, not from the claim."""
    kept = await session.scalar(
        update(PaceSlot)
        .where(PaceSlot.id == held.slot, PaceSlot.taken_at > now - LONGEST_WAY)
        .values(taken_at=now)
        .returning(PaceSlot.id)
    )
    if kept is None:
        raise SlotLost

"""What a customer's text means and what follows: STOP, HELP, START, or a reply for people to read.

A text to a number concerns every shop that sends from it, and each shop handles it in one transaction: the text, the
suppression, the cancelled texts, the answer. RingCentral may deliver a text twice, or through two subscriptions, so
its own id makes it unique.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.keywords import MATCHER_VERSION, KeywordMatch, Meaning, classify
from app.consent.models import OptInRequest
from app.consent.opt_out import (
    CONFIRM_STOP_WITHIN,
    CONFIRMED_ELSEWHERE,
    CONFIRMED_HERE,
    DOUBLE_OPT_IN,
    OPT_IN,
    OPT_OUT,
    Evidence,
    record_opt_in,
)
from app.consent.queries import (
    ask_request,
    find_suppression,
    is_suppressed,
    latest_decision,
    latest_of_source,
    latest_wish_to_stop,
    lock_phone,
    open_request,
)
from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.messages.compose import compose_reply
from app.messages.kinds import (
    HELP_REPLY,
    OPT_IN_CONFIRMATION,
    OPT_IN_QUESTION,
    START_CONFIRMATION,
    STOP_CONFIRMATION,
    Kind,
)
from app.messages.opt_out import hold_texting, stop_texting
from app.messages.queries import queued_before, replied_since, store_inbound
from app.messages.queue import queue_text
from app.messages.reasons import ANSWER_TOO_LATE, CONFIRMATION_TOO_LATE, Reason
from app.messages.replies import pass_on
from app.shops.connection_view import provider_confirms_stop
from app.shops.models import Sender, Shop
from app.shops.queries import get_shop, senders_of_number
from app.shops.settings import read_settings_of
from app.sms.contract import InboundText

log = get_logger(__name__)

HELP_ONCE_IN = timedelta(hours=1)
QUESTION_STANDS_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Received:
    """One inbound text as it concerns one shop. *siblings*: the senders of all shops that it concerns."""

    shop: Shop
    sender: Sender
    phone: str
    phone_hash: bytes
    inbound: InboundText
    match: KeywordMatch
    request: OptInRequest | None
    siblings: tuple[Sender, ...]


async def receive_text(deps: Deps, provider_user_id: int, inbound: InboundText) -> int:
    """Handle one inbound text for every shop that it concerns. Answers for how many it was new."""
    phone = to_e164(inbound.sender, "US")
    targets = [inbound.target] if inbound.target is not None else list(inbound.recipients)
    if phone is None:
        return 0
    async with deps.db.transaction() as session:
        senders = [
            sender for number in targets for sender in await senders_of_number(session, provider_user_id, number)
        ]
    new = 0
    for sender in senders:
        async with deps.db.transaction() as session:
            new += await _receive_for(deps, session, sender, phone, inbound, tuple(senders))
    return new


async def _receive_for(
    deps: Deps, session: AsyncSession, sender: Sender, phone: str, inbound: InboundText, siblings: tuple[Sender, ...]
) -> bool:
    now, phone_hash = deps.clock(), deps.vault.fingerprint(phone)
    # Several texts of one person may be handled side by side; what they mean depends on their order.
    await lock_phone(session, sender.shop_id, phone_hash)
    request = await open_request(session, sender.shop_id, phone_hash, now)
    if request is not None and inbound.received_at < request.asked_at:
        request = None  # it was late: a YES from before the question answers something else
    match = classify(inbound.text, opt_in_pending=request is not None)
    stored = await store_inbound(
        session,
        {
            "shop_id": sender.shop_id,
            "sender_id": sender.id,
            "provider_message_id": inbound.provider_message_id,
            "phone_encrypted": deps.vault.encrypt(phone),
            "phone_hash": phone_hash,
            "text_encrypted": deps.vault.encrypt(inbound.text),
            "meaning": match.meaning,
            "rule": match.rule,
            "received_at": inbound.received_at,
            "handled_at": now,
        },
    )
    if stored is None:
        return False
    shop = await get_shop(session, sender.shop_id)
    log.info("inbound.received", shop_id=shop.id, inbound_id=stored, meaning=str(match.meaning), rule=match.rule)
    received = Received(shop, sender, phone, phone_hash, inbound, match, request, siblings)
    match match.meaning:
        case Meaning.OPT_OUT:
            await _opt_out(deps, session, received)
        case Meaning.DOUBTFUL:
            await hold_texting(deps, session, shop.id, phone, _evidence(received))
            await pass_on(session, shop, stored)
        case Meaning.OPT_IN:
            await _opt_in(deps, session, received)
        case Meaning.HELP:
            await _help(deps, session, received)
        case Meaning.OTHER:
            await pass_on(session, shop, stored)
    return True


async def _opt_out(deps: Deps, session: AsyncSession, received: Received) -> None:
    """Suppress first; confirm once, unless the provider does. A repeated STOP is not confirmed again."""
    covered = provider_confirms_stop(received.shop, received.sender) and received.match.covered_by_provider
    objection = None if covered else await _why_not_confirm(deps, session, received)
    confirming = not covered and objection is None
    evidence = _evidence(
        received,
        covered_sender_id=received.sender.id if covered else None,
        confirmation="provider" if covered else CONFIRMED_HERE if confirming else f"none: {objection}",
    )
    await stop_texting(deps, session, received.shop.id, received.phone, evidence)
    if confirming:
        await _answer(deps, session, received, STOP_CONFIRMATION)
    elif objection == TOO_LATE:
        await _answer(deps, session, received, STOP_CONFIRMATION, skipped=CONFIRMATION_TOO_LATE)
        log.info("inbound.confirmation_too_late", shop_id=received.shop.id)


TOO_LATE = "read too late"


async def _why_not_confirm(deps: Deps, session: AsyncSession, received: Received) -> str | None:
    if deps.clock() - received.inbound.received_at > CONFIRM_STOP_WITHIN:
        return TOO_LATE
    suppression = await find_suppression(session, received.shop.id, received.phone_hash)
    if suppression is not None and not suppression.held:
        if await _stopped_by_text(session, received):
            return "repeated"
        being_blocked = suppression.blocking_until is not None and suppression.blocking_until > deps.clock()
        if being_blocked or await _is_blocked(session, received):
            return "blocked already"
    if await _answered_for_another(session, received, STOP_CONFIRMATION):
        return CONFIRMED_ELSEWHERE.removeprefix("none: ")
    return None


async def _stopped_by_text(session: AsyncSession, received: Received) -> bool:
    """An earlier STOP by text had its one confirmation; an opt-out that staff or the provider recorded had none."""
    stop = await latest_of_source(session, received.shop.id, received.phone_hash, "sms", OPT_OUT)
    start = await latest_of_source(session, received.shop.id, received.phone_hash, "sms", OPT_IN)
    return stop is not None and (start is None or start.seq < stop.seq)


async def _is_blocked(session: AsyncSession, received: Received) -> bool:
    """The provider has the opt-out on its list, so no confirmation would get through."""
    decision = await latest_decision(session, received.shop.id, received.phone_hash)
    return decision is not None and decision.change == OPT_OUT and decision.written_to_provider_at is not None


async def _opt_in(deps: Deps, session: AsyncSession, received: Received) -> None:
    """START lifts an opt-out. Who never opted out is not signed up by it, but asked, where that is on."""
    stop = await latest_wish_to_stop(session, received.shop.id, received.phone_hash)
    if stop is not None and received.inbound.received_at < stop.at:
        # It was late: the customer has asked to stop since, in a text, on the opt-out page or by telling staff.
        log.info("inbound.older_than_stop", shop_id=received.shop.id)
    elif await is_suppressed(session, received.shop.id, received.phone_hash):
        await record_opt_in(deps, session, received.shop.id, received.phone, _evidence(received))
        if not provider_confirms_stop(received.shop, received.sender):
            await _answer(deps, session, received, START_CONFIRMATION)
    elif received.request is not None:
        evidence = _evidence(received, method=DOUBLE_OPT_IN, wording=received.request.wording)
        received.request.answered_at = deps.clock()
        await record_opt_in(deps, session, received.shop.id, received.phone, evidence)
        await _answer(deps, session, received, OPT_IN_CONFIRMATION)
    elif read_settings_of(received.shop).keyword_opt_in:
        await _ask(deps, session, received)


async def _ask(deps: Deps, session: AsyncSession, received: Received) -> None:
    """The first half of a double opt-in: nothing is agreed until YES comes back, and nothing is asked too late."""
    now = deps.clock()
    if _is_old(deps, received, OPT_IN_QUESTION):
        log.info("inbound.too_old_to_ask", shop_id=received.shop.id)
        return
    composed = await compose_reply(
        session, received.shop, received.sender, OPT_IN_QUESTION.name, received.match.language
    )
    await ask_request(
        session,
        received.shop.id,
        received.phone_hash,
        asked_at=now,
        expires_at=now + QUESTION_STANDS_FOR,
        wording=composed.text,
    )
    await _answer(deps, session, received, OPT_IN_QUESTION)


async def _help(deps: Deps, session: AsyncSession, received: Received) -> None:
    """Also for people who never subscribed; never to who opted out; once an hour, or two robots would talk for ever."""
    shop_id, phone_hash = received.shop.id, received.phone_hash
    if not read_settings_of(received.shop).help_reply or await is_suppressed(session, shop_id, phone_hash):
        return
    if await replied_since(session, shop_id, HELP_REPLY.name, phone_hash, deps.clock() - HELP_ONCE_IN):
        return
    await _answer(deps, session, received, HELP_REPLY)


async def _answer(
    deps: Deps, session: AsyncSession, received: Received, kind: Kind, *, skipped: Reason | None = None
) -> None:
    """One answer to one text, also where several shops send from the number that it came to.

    A text may be read long after it came: RingCentral was away, or its number is connected anew. Then none is sent.
    """
    if await _answered_for_another(session, received, kind):
        return
    if skipped is None and _is_old(deps, received, kind):
        skipped = ANSWER_TOO_LATE
    shop, sender, inbound = received.shop, received.sender, received.inbound
    composed = await compose_reply(session, shop, sender, kind.name, received.match.language)
    await queue_text(
        deps,
        session,
        shop.id,
        sender.id,
        kind,
        subject=_subject(sender, inbound),
        phone=received.phone,
        text=composed.text,
        locale=composed.locale,
        event_at=min(inbound.received_at, deps.clock()),
        skipped=skipped,
    )


def _is_old(deps: Deps, received: Received, kind: Kind) -> bool:
    return deps.clock() - received.inbound.received_at > kind.max_age


async def _answered_for_another(session: AsyncSession, received: Received, kind: Kind) -> bool:
    others = [
        (each.shop_id, _subject(each, received.inbound))
        for each in received.siblings
        if each.shop_id != received.shop.id
    ]
    return await queued_before(session, kind.name, others)


def _subject(sender: Sender, inbound: InboundText) -> str:
    return f"{sender.id}:{inbound.provider_message_id}"


def _evidence(
    received: Received,
    *,
    method: str = "sms",
    wording: str | None = None,
    confirmation: str | None = None,
    covered_sender_id: int | None = None,
) -> Evidence:
    return Evidence(
        source="sms",
        actor="customer",
        method=method,
        words=received.inbound.text,
        rule=received.match.rule,
        matcher_version=MATCHER_VERSION,
        wording=wording,
        at=received.inbound.received_at,
        confirmation=confirmation,
        covered_by_provider=covered_sender_id is not None,
        covered_sender_id=covered_sender_id,
    )

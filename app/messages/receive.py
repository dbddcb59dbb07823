"""What a customer's text means and what follows: STOP, HELP, START, or a reply for people to read.

A text to a number concerns every shop that sends from it, and each shop handles it in one transaction: the text, the
suppression, the cancelled texts, the answer. RingCentral may deliver a text twice, or through two subscriptions, so
its own id makes it unique.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.keywords import MATCHER_VERSION, KeywordMatch, Meaning, classify
from app.consent.opt_out import Evidence, record_opt_in
from app.consent.queries import is_suppressed
from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.messages.compose import compose_reply
from app.messages.kinds import HELP_REPLY, START_CONFIRMATION, STOP_CONFIRMATION, Kind
from app.messages.opt_out import hold_texting, stop_texting
from app.messages.queries import replied_since, store_inbound
from app.messages.queue import queue_text
from app.shops.models import Sender, Shop
from app.shops.queries import get_shop, senders_of_number
from app.shops.settings import read_settings_of
from app.sms.contract import InboundText

log = get_logger(__name__)

HELP_ONCE_IN = timedelta(hours=1)
CONFIRM_STOP_WITHIN = timedelta(minutes=5)


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
            new += await _receive_for(deps, session, sender, phone, inbound)
    return new


async def _receive_for(deps: Deps, session: AsyncSession, sender: Sender, phone: str, inbound: InboundText) -> bool:
    match = classify(inbound.text)
    now = deps.clock()
    stored = await store_inbound(
        session,
        {
            "shop_id": sender.shop_id,
            "sender_id": sender.id,
            "provider_message_id": inbound.provider_message_id,
            "phone_encrypted": deps.vault.encrypt(phone),
            "phone_hash": deps.vault.fingerprint(phone),
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
    match match.meaning:
        case Meaning.OPT_OUT:
            await _opt_out(deps, session, shop, sender, phone, inbound, match)
        case Meaning.DOUBTFUL:
            await hold_texting(deps, session, shop.id, phone, _evidence(inbound, match))
        case Meaning.OPT_IN:
            await _opt_in(deps, session, shop, sender, phone, inbound, match)
        case Meaning.HELP:
            await _help(deps, session, shop, sender, phone, inbound, match)
        case Meaning.OTHER:
            pass
    return True


async def _opt_out(
    deps: Deps, session: AsyncSession, shop: Shop, sender: Sender, phone: str, inbound: InboundText, match: KeywordMatch
) -> None:
    """Suppress first; confirm once, unless the provider does. A repeated STOP is not confirmed again."""
    again = await is_suppressed(session, shop.id, deps.vault.fingerprint(phone))
    by_provider = provider_confirms(shop, sender)
    covered = by_provider and match.covered_by_provider
    late = deps.clock() - inbound.received_at > CONFIRM_STOP_WITHIN
    confirming = not (again or covered or late)
    delay = CONFIRM_STOP_WITHIN + timedelta(minutes=1) if confirming else timedelta(0)
    await stop_texting(deps, session, shop.id, phone, _evidence(inbound, match, covered=covered, provider_delay=delay))
    if not confirming:
        return
    await _answer(deps, session, shop, sender, phone, inbound, match, STOP_CONFIRMATION)


async def _opt_in(
    deps: Deps, session: AsyncSession, shop: Shop, sender: Sender, phone: str, inbound: InboundText, match: KeywordMatch
) -> None:
    """START lifts the customer's own STOP. Who never opted out is not signed up by it."""
    if not await is_suppressed(session, shop.id, deps.vault.fingerprint(phone)):
        return
    await record_opt_in(deps, session, shop.id, phone, _evidence(inbound, match, covered=match.covered_by_provider))
    if not provider_confirms(shop, sender):
        await _answer(deps, session, shop, sender, phone, inbound, match, START_CONFIRMATION)


async def _help(
    deps: Deps, session: AsyncSession, shop: Shop, sender: Sender, phone: str, inbound: InboundText, match: KeywordMatch
) -> None:
    """Also for people who never subscribed; never to who opted out; once an hour, or two robots would talk for ever."""
    phone_hash = deps.vault.fingerprint(phone)
    if await is_suppressed(session, shop.id, phone_hash):
        return
    if await replied_since(session, shop.id, HELP_REPLY.name, phone_hash, deps.clock() - HELP_ONCE_IN):
        return
    await _answer(deps, session, shop, sender, phone, inbound, match, HELP_REPLY)


async def _answer(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    sender: Sender,
    phone: str,
    inbound: InboundText,
    match: KeywordMatch,
    kind: Kind,
) -> None:
    composed = await compose_reply(session, shop, sender, kind.name, match.language)
    await queue_text(
        deps,
        session,
        shop.id,
        sender.id,
        kind,
        subject=f"{sender.id}:{inbound.provider_message_id}",
        phone=phone,
        text=composed.text,
        locale=composed.locale,
    )


def provider_confirms(shop: Shop, sender: Sender) -> bool:
    """Whether RingCentral itself answers STOP on this number: the merchant's choice, else as its registration says."""
    chosen = read_settings_of(shop).stop_confirmation
    return sender.provider_confirms_stop if chosen == "auto" else chosen == "provider"


def _evidence(
    inbound: InboundText, match: KeywordMatch, *, covered: bool = False, provider_delay: timedelta = timedelta(0)
) -> Evidence:
    return Evidence(
        source="sms",
        actor="customer",
        method="sms",
        words=inbound.text,
        rule=match.rule,
        matcher_version=MATCHER_VERSION,
        covered_by_provider=covered,
        provider_delay=provider_delay,
    )

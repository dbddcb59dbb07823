"""Customers' replies that are for people to read: kept, and where wished passed on by e-mail and to a staff phone.

No loop can arise: what the staff phone writes is never passed on, nor is anything from a number of the shop's own; the
e-mail says that it is automatic; and more than thirty replies an hour are kept for the page only.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.keywords import Meaning
from app.core.jobs import Discard, enqueue, job
from app.core.language import SOURCE, language
from app.core.log import get_logger
from app.core.mail import send_mail
from app.deps import Deps
from app.messages.kinds import REPLY_FORWARD
from app.messages.models import InboundMessage
from app.messages.queue import queue_text
from app.shops.models import Sender, Shop
from app.shops.queries import get_shop, senders_of_shop
from app.shops.settings import read_settings_of

log = get_logger(__name__)

PASS_ON = "messages.pass_on_reply"  # noqa: S105  # a job
MOST_AN_HOUR = 30
LONGEST_FORWARDED = 300
PICTURE: Final = "A picture came."
"""Said in place of the words of a text without any."""


async def pass_on(session: AsyncSession, shop: Shop, inbound_id: int) -> None:
    settings = read_settings_of(shop)
    if settings.reply_email or settings.reply_phone:
        await enqueue(session, PASS_ON, [inbound_id])


@job(PASS_ON, attempts=8)
async def pass_on_reply(deps: Deps, inbound_id: str) -> None:
    async with deps.db.transaction() as session:
        inbound = await session.get(InboundMessage, int(inbound_id))
        if inbound is None or inbound.passed_on_at is not None:
            return
        if inbound.phone_encrypted is None or inbound.text_encrypted is None:
            raise Discard("the reply has been redacted")
        shop = await get_shop(session, inbound.shop_id)
        senders = await senders_of_shop(session, shop.id)
        busy = await _passed_on_lately(deps, session, shop.id) >= MOST_AN_HOUR
    phone, text = deps.vault.decrypt(inbound.phone_encrypted), deps.vault.decrypt(inbound.text_encrypted)
    staff_phone = read_settings_of(shop).reply_phone
    if busy or phone == staff_phone or phone in {each.phone_number for each in senders}:
        raise Discard("a loop, or more replies than one reads" if busy else "it came from the shop's own number")
    await _by_mail(deps, shop, inbound, phone, text)
    async with deps.db.transaction() as session:
        stored = await session.get(InboundMessage, inbound.id)
        if stored is None or stored.passed_on_at is not None:
            return
        stored.passed_on_at = deps.clock()
        await _by_text(deps, session, shop, senders, inbound, phone, text)


async def _passed_on_lately(deps: Deps, session: AsyncSession, shop_id: int) -> int:
    query = select(func.count()).where(
        InboundMessage.shop_id == shop_id, InboundMessage.passed_on_at > deps.clock() - timedelta(hours=1)
    )
    return int(await session.scalar(query) or 0)


async def _by_mail(deps: Deps, shop: Shop, inbound: InboundMessage, phone: str, text: str) -> None:
    to, server = read_settings_of(shop).reply_email, deps.settings.smtp_url
    if to is None or server is None:
        return
    doubtful = inbound.meaning == Meaning.DOUBTFUL
    told = _told_in(shop)
    subject = (
        f"Please decide: reply to your order texts from {phone}"
        if doubtful
        else f"Reply to your order texts from {phone}"
    )
    words = [
        told(f"{phone} wrote to {shop.name or shop.domain}:"),
        "",
        text or told(PICTURE),
        "",
        told("It may mean STOP. Texts to this number wait until you decide under Consent in the app.")
        if doubtful
        else told("Answer under Messages in the app, in RingCentral, or call."),
        "",
        told("This e-mail is automatic and its answers are not read."),
    ]
    sender = deps.settings.mail_from or to
    await send_mail(server.get_secret_value(), sender=sender, to=to, subject=told(subject), text="\n".join(words))
    log.info("reply.mailed", shop_id=shop.id, inbound_id=inbound.id)


async def _by_text(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    senders: list[Sender],
    inbound: InboundMessage,
    phone: str,
    text: str,
) -> None:
    to = read_settings_of(shop).reply_phone
    if to is None or to in {each.phone_number for each in senders}:
        return
    shown = text if len(text) <= LONGEST_FORWARDED else text[: LONGEST_FORWARDED - 3] + "..."
    told = _told_in(shop)
    words = [told(f"{phone} wrote to {shop.name or shop.domain}:"), f'"{shown or told(PICTURE)}"']
    if inbound.meaning == Meaning.DOUBTFUL:
        words.append(told("It may mean STOP: please decide in the app."))
    await queue_text(
        deps,
        session,
        shop.id,
        inbound.sender_id,
        REPLY_FORWARD,
        subject=str(inbound.id),
        phone=to,
        text=" ".join(words),
        locale=read_settings_of(shop).mail_language or SOURCE,
    )


def _told_in(shop: Shop) -> Callable[[str | None], str]:
    return language(read_settings_of(shop).mail_language or SOURCE).told

"""What a person is told in the first text from a shop: who writes, what comes, rates, HELP and STOP.

Source: CTIA Messaging Principles and RingCentral's content policy on the first message. A shop switches it on; it is
added behind the merchant's own words, only where no text of the shop has gone to that number yet.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.message_templates.defaults import closest_locale
from app.message_templates.segments import UTF16_LIMIT, count_segments, to_plain, utf16_length
from app.messages.compose import Composed
from app.messages.models import Message

WORDINGS: Final = {
    "en": "{shop} order texts: msg frequency varies, msg & data rates may apply. Reply HELP for help, STOP to opt out.",
    "es": "{shop}, avisos de pedidos: la frecuencia depende de tus pedidos y pueden aplicarse tarifas. "
    "Responde AYUDA para recibir ayuda o STOP para darte de baja.",
    "fr": "{shop}, suivi de commandes : fréquence variable, des frais peuvent s'appliquer. "
    "Répondez AIDE pour de l'aide, STOP pour vous désabonner.",
}


async def was_texted_before(session: AsyncSession, shop_id: int, phone_hash: bytes) -> bool:
    query = select(
        exists().where(Message.shop_id == shop_id, Message.phone_hash == phone_hash, Message.sent_at.is_not(None))
    )
    return bool(await session.scalar(query))


def with_disclosure(composed: Composed, shop_name: str) -> Composed | None:
    """None when the text would be too long to be sent with it."""
    return append(composed, "\n" + WORDINGS[closest_locale(composed.locale, WORDINGS)].format(shop=shop_name))


def append(composed: Composed, more: str) -> Composed | None:
    """*composed* with *more* behind it, counted again; None when RingCentral would refuse its length."""
    plain = to_plain(more)
    text = composed.text + plain
    if utf16_length(text) > UTF16_LIMIT:
        return None
    return replace(composed, text=text, logged=composed.logged + plain, segments=count_segments(text).segments)

"""Whether a tracking link is news to the customer: Shopify tells of every change of a parcel, most of them none.

A text that waits is worded from fresh facts when it goes, so it would tell the tracking too; but it may still end
unsent, so its end is waited for. One that has gone is opened and read.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.message_templates.variables import SHIPPING_KINDS
from app.messages.facts import OrderFacts
from app.messages.models import Message, MessageState

WAITING: Final = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
GONE: Final = (MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED)
LOOK_AGAIN: Final = timedelta(minutes=1)
"""After the other text is due: time for it to leave."""


async def told_elsewhere(
    deps: Deps, session: AsyncSession, message: Message, facts: OrderFacts
) -> Literal[True] | datetime | None:
    """True when a text that has gone tells it; a moment to look again while one waits that will; else None."""
    parcel = facts.parcel(message.fulfillment_id)
    marks = [mark for each in (parcel.tracking if parcel else ()) for mark in (each.url, each.number) if mark]
    query = select(Message.state, Message.text_encrypted, Message.due_at).where(
        Message.shop_id == message.shop_id,
        Message.order_id == message.order_id,
        Message.id != message.id,
        Message.kind.in_(SHIPPING_KINDS),
        Message.state.in_([*WAITING, *GONE]),
        # Of two texts that wait, the earlier one tells it.
        or_(Message.state.in_(GONE), Message.id < message.id),
        or_(Message.fulfillment_id.is_(None), Message.fulfillment_id == message.fulfillment_id),
    )
    rows = (await session.execute(query)).all()
    for state, sealed, _ in rows:
        text = deps.vault.decrypt(sealed) if sealed is not None and state in GONE else ""
        if any(mark in text for mark in marks):
            return True
    due = [due_at for state, _, due_at in rows if state in WAITING]
    return max(deps.clock(), *due) + LOOK_AGAIN if due else None

"""Two parcels of one order, both held overnight, make one text in the morning.

The last of the held texts goes and names the tracking links of the others; those end as skipped, with a reason. Only
texts that quiet hours held are merged: by day each parcel is told when it leaves. And only those that tell of parcels
on their way: that one was delivered, or waits for pickup, is said of each.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.message_templates.defaults import closest_locale
from app.messages.compose import Composed
from app.messages.disclosure import append
from app.messages.facts import OrderFacts
from app.messages.kinds import Kind
from app.messages.models import Message, MessageState
from app.messages.reasons import MERGED

ON_THEIR_WAY: Final = frozenset({"order_fulfilled", "order_partially_fulfilled", "tracking_updated"})
SAME_MORNING: Final = timedelta(hours=12)
ALSO: Final = {"en": "Also on its way: {links}", "es": "También en camino: {links}", "fr": "Aussi en route : {links}"}


def was_held(message: Message) -> bool:
    return any(check.get("code") == "quiet_hours" and check.get("passed") is None for check in message.checks)


def may_be_merged(message: Message) -> bool:
    about_parcel = message.order_id is not None and message.fulfillment_id is not None
    return message.kind in ON_THEIR_WAY and about_parcel and was_held(message)


async def is_said_later(session: AsyncSession, kind: Kind, message: Message, facts: OrderFacts, now: datetime) -> bool:
    """Whether another parcel's text about the same order is due as well and will say this one too. One that is no
    longer true, because its fulfillment was cancelled overnight, will say nothing."""
    if not may_be_merged(message):
        return False
    later = select(Message).where(
        Message.shop_id == message.shop_id,
        Message.kind == message.kind,
        Message.order_id == message.order_id,
        Message.fulfillment_id.is_not(None),
        Message.id > message.id,
        Message.state.in_([MessageState.QUEUED, MessageState.SENDING]),
        Message.due_at <= now,
    )
    return any(kind.no_longer_true(facts, each) is None for each in await session.scalars(later))


async def merged_parcels(session: AsyncSession, message: Message, now: datetime) -> list[str]:
    """The fulfillments of the texts that were merged into this one."""
    if not may_be_merged(message):
        return []
    query = select(Message.fulfillment_id).where(
        Message.shop_id == message.shop_id,
        Message.kind == message.kind,
        Message.order_id == message.order_id,
        Message.id < message.id,
        Message.fulfillment_id != message.fulfillment_id,
        Message.reason_code == MERGED.code,
        Message.updated_at > now - SAME_MORNING,
    )
    return [each for each in await session.scalars(query.order_by(Message.id)) if each is not None]


def with_other_parcels(composed: Composed, facts: OrderFacts, fulfillment_ids: Sequence[str]) -> Composed:
    """The order's own page shows every parcel, so what does not fit is left out."""
    links = [
        tracking.url
        for parcel in facts.parcels
        if parcel.fulfillment_id in fulfillment_ids
        for tracking in parcel.tracking[:1]
        if tracking.url
    ]
    if not links:
        return composed
    words = ALSO[closest_locale(composed.locale, ALSO)]
    return append(composed, "\n" + words.format(links=" ".join(links))) or composed

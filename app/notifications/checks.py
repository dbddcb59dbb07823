"""What of a shop's texts themselves could keep them from leaving: all switched off, or orders not looked for."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.diagnostics import OK, WARNING, row
from app.messages.kinds import kinds
from app.notifications.queries import read_until, switches
from app.shops.models import Shop

LATE: Final = timedelta(hours=3)
"""The look at missed orders is made every hour."""


async def check_notifications(deps: Deps, session: AsyncSession, shop: Shop) -> list[dict[str, Any]]:
    switched = await switches(session, shop.id)
    on = sum(switched.get(kind.name, kind.enabled_by_default) for kind in kinds.notifications())
    if not on:
        return [row("texts", WARNING, "Every text is switched off.", "Switch on what customers should get.")]
    found = [row("texts", OK, f"Texts that are switched on: {on}.")]
    looked = await read_until(session, shop.id)
    if looked is None:
        return found
    if deps.clock() - looked > LATE:
        sentence = "Orders that Shopify did not tell about have not been looked for in more than three hours."
        action = "It goes on by itself once Shopify answers. Orders that Shopify tells about are not affected."
        return [*found, row("sweep", WARNING, sentence, action)]
    return [*found, row("sweep", OK, "Orders that Shopify did not tell about are looked for every hour.")]

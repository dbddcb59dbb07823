"""A check's sentence is kept with UTC and E.164; people read it by their own clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from app.admin.page import Moments
from app.core.language import language
from app.messages.models import Message
from tests.world import World

NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("held until 2026-11-24 14:00 UTC", "held until Nov 24, 9:00\u202fAM"),
        ("The customer agreed to texts (Shopify, read 16:59:58 UTC)", "… (Shopify, read 11:59\u202fAM)"),
        ("Your number +16505550100 is connected", "Your number +1 650-555-0100 is connected"),
        ("Outside 09:00–12:30 America/New_York", "Outside 9:00\u202fAM – 12:30\u202fPM America/New_York"),
        ("The number has not opted out", "The number has not opted out"),
    ],
)
def test_moments_and_numbers_in_a_sentence_are_the_readers(kept: str, read: str) -> None:
    moments = Moments(ZoneInfo("America/New_York"), NOON, language("en"))
    assert moments.within(kept, NOON.isoformat()).endswith(read.removeprefix("… "))


async def test_a_text_whose_checks_are_under_way_is_not_said_to_need_none(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    [text] = await world.messages()
    async with world.deps.db.transaction() as session:
        await session.execute(update(Message).values(state="sending", checks=[]))
    page = (await world.open_page(f"/messages/{text['id']}")).text
    assert "They run right before sending." in page

"""What Home tells about the queue."""

from datetime import timedelta
from typing import Any

from app.messages.queue_view import describe_queue
from app.shops.queries import get_shop
from tests.messages.engine import OURS, Engine
from tests.messages.test_turns import queue_many

SECOND = "+16505550199"


async def queue_of(engine: Engine, shop_id: int) -> dict[str, Any]:
    async with engine.deps.db.transaction() as session:
        return await describe_queue(engine.deps, session, await get_shop(session, shop_id))


async def test_each_number_tells_its_queue_and_when_it_will_be_empty(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    other = await engine.add_user(owner_id="2", paused_until=engine.clock() + timedelta(minutes=5))
    row = {"shop_id": shop, "provider_user_id": other, "phone_number": SECOND, "state": "ready"}
    second = await engine._insert("senders", {**row, "created_at": engine.clock()})
    paused = "UPDATE senders SET state = $2 WHERE id = $1"
    await engine.deps.db.pool.execute(paused, second, "paused")
    await queue_many(engine, shop, 40)
    await engine.deps.db.pool.execute(paused, second, "ready")
    await engine.deps.db.pool.execute("UPDATE messages SET sender_id = $1 WHERE id % 20 = 0", second)
    queue = await queue_of(engine, shop)
    ends = {each["phone_number"]: (each["depth"], each["expected_done_at"]) for each in queue["senders"]}
    in_a_minute, in_five = (engine.clock() + timedelta(minutes=minutes) for minutes in (1, 5))
    assert ends == {OURS: (38, in_a_minute.isoformat()), SECOND: (2, in_five.isoformat())}
    assert (queue["depth"], queue["expected_done_at"]) == (40, in_five.isoformat())

    await engine.deps.db.pool.execute(paused, second, "paused")
    queue = await queue_of(engine, shop)
    assert queue["senders"][1] == {"phone_number": SECOND, "depth": 2, "expected_done_at": None}
    assert (queue["depth"], queue["expected_done_at"]) == (40, None)


async def test_an_empty_queue_has_no_end(engine: Engine) -> None:
    shop = await engine.add_shop(await engine.add_user())
    queue = await queue_of(engine, shop)
    assert (queue["depth"], queue["expected_done_at"]) == (0, None)

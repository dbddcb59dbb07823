"""The numbers of a period, from kept days and from the log, add up; words are found in texts."""

from datetime import timedelta

from app.consent.opt_out import Evidence, record_opt_in, record_opt_out
from app.messages.analytics import analyse
from app.messages.days import keep_finished_days
from app.shops.models import Shop
from app.shops.queries import get_shop
from app.worker import run_recurring
from tests.world import ADA, World

MANY = """
INSERT INTO messages (shop_id, kind, subject, state, event_at, created_at, due_at, updated_at, sent_at, segments)
SELECT 1, 'order_confirmed', 'm' || n, CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'delivered' END, t, t, t, t, t, 2
FROM (SELECT n, $1::timestamptz - (n % 40) * interval '1 day' AS t FROM generate_series(1, 400) AS n) AS made
"""


async def test_days_are_counted_shop_by_shop_beside_the_recurring_work(world: World) -> None:
    """It is run one after the other, and the look for a lost STOP is part of it."""
    await world.ready()
    await run_recurring(world.deps)
    assert await world.rows("SELECT 1 FROM pgqueuer WHERE entrypoint = 'messages.keep_days_of_shop'") != []


async def shop_of(world: World) -> Shop:
    async with world.deps.db.transaction() as session:
        return await get_shop(session, 1)


async def test_kept_days_and_the_log_count_the_same(world: World) -> None:
    await world.ready()
    await world.deps.db.pool.execute(MANY, world.clock())
    await world.texts_from(ADA, "STOP")
    shop = await shop_of(world)
    async with world.deps.db.transaction() as session:
        before = await analyse(world.deps, session, shop, days=30)
        await keep_finished_days(world.deps, session, shop)
    async with world.deps.db.transaction() as session:
        after = await analyse(world.deps, session, shop, days=30)
    assert before == after
    assert (before.whole.delivered, before.whole.failed, before.opted_out) == (270, 30, 1)
    assert before.whole.delivery_rate == 0.9
    assert before.segments == 600
    assert len(before.by_day) == 30

    # What fails after its day has been kept is still counted.
    yesterday = world.clock() - timedelta(days=1.5), world.clock() - timedelta(days=0.5)
    late = "UPDATE messages SET state = 'failed' WHERE created_at BETWEEN $1 AND $2"
    await world.deps.db.pool.execute(late, *yesterday)
    await world.advance(days=1)
    await world.recurring_run()
    async with world.deps.db.transaction() as session:
        later = await analyse(world.deps, session, shop, days=30)
    assert later.whole.failed == 40


async def test_an_opt_out_counts_on_the_day_on_which_it_was_asked_for(world: World) -> None:
    """Also if staff record it a week later; by the clock of the shop, where it is still the evening before. Who says it
    twice has opted out once."""
    await world.ready()
    await world.api("PUT", "/settings", {"time_zone": "America/Los_Angeles"})
    asked = (world.clock() - timedelta(days=7)).replace(hour=3)
    shop, evidence = await shop_of(world), Evidence("staff", "staff:1", "phone", at=asked)
    async with world.deps.db.transaction() as session:
        for phone in (ADA, ADA, "+12125550177"):
            await record_opt_out(world.deps, session, shop.id, phone, evidence)
        await record_opt_in(world.deps, session, shop.id, ADA, evidence)
        await record_opt_out(world.deps, session, shop.id, ADA, evidence)
    async with world.deps.db.transaction() as session:
        found = await analyse(world.deps, session, shop, days=30)
    assert [(day, count) for day, count in found.opt_outs if count] == [(asked.date() - timedelta(days=1), 3)]


async def test_the_page_shows_a_chart_with_its_table_for_each_period(world: World) -> None:
    await world.ready()
    assert "Nothing was sent in this period" in (await world.open_page("/analytics")).text
    await world.deps.db.pool.execute(MANY, world.clock())
    page = (await world.open_page("/analytics")).text
    assert 'aria-label="270 delivered, 0 on their way and 30 failed."' in page
    assert page.count("<details") == 3
    assert "about $7.14" in page
    query = world.shopify.document_query("demo-store.myshopify.com", "/analytics")
    week = (await world.http.get(f"{world.url}/analytics?{query}&days=7")).text
    assert "delivered, 0 on their way" in week
    assert week != page
    assert (await world.http.get(f"{world.url}/analytics?{query}&days=999999")).status_code == 200


async def test_words_are_found_in_encrypted_texts(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    assert [each["order_name"] for each in await world.messages(q="lovelace")] == ["#1001"]
    assert await world.messages(q="nobody") == []
    assert [each["order_name"] for each in await world.messages(q="1001")] == ["#1001"]

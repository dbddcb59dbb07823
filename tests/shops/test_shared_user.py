"""One RingCentral user behind several calls, numbers and shops: its minute, its pauses, and whose JWT it is signed in
with."""

import asyncio

import pytest

from app.shops.pace import Cost
from app.shops.provider_access import call_provider
from app.sms.contract import Access, Number, SmsProvider, Throttled
from tests.world import World

THREE_PAGES = 230


async def user_of(world: World) -> int:
    [row] = await world.rows("SELECT id FROM provider_users")
    return int(row["id"])


async def light_calls(world: World) -> int:
    [row] = await world.rows("SELECT count(*) FROM pace_slots WHERE call_group = 'light'")
    return int(row["count"])


def give_numbers(world: World, count: int) -> None:
    [user] = world.ringcentral.state.users.values()
    for number in range(count):
        world.ringcentral.add_number(user, f"+1650556{number:04}")


async def list_numbers(provider: SmsProvider, access: Access) -> list[Number]:
    return await provider.list_numbers(access)


async def test_every_page_of_a_listing_takes_its_slot_and_waits_for_it(world: World) -> None:
    await world.ready()
    give_numbers(world, THREE_PAGES)
    user, before = await user_of(world), await light_calls(world)
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = $1", before + 2)
    world.ringcentral.use_limits(light=before + 2)
    listing = asyncio.create_task(call_provider(world.deps, user, list_numbers))
    while await light_calls(world) < before + 2:  # noqa: ASYNC110  # the state is the database's
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert not listing.done()
    await world.advance(seconds=61)
    assert len(await listing) > THREE_PAGES
    assert await light_calls(world) == before + 3
    [row] = await world.rows("SELECT paused_until FROM provider_users")
    assert row["paused_until"] is None


async def test_a_use_that_has_no_slot_does_not_begin(world: World) -> None:
    await world.ready()
    user = await user_of(world)
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = $1", await light_calls(world) + 1)
    with pytest.raises(Throttled) as refused:
        await call_provider(world.deps, user, list_numbers, cost=Cost(light=2))
    assert refused.value.code == "pace"

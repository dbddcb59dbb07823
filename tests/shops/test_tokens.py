"""One refreshable token a shop: whoever renews it, and however many at once, nobody kills anybody else's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from app.deps import Deps
from app.shopify.client import AccessTokenRejected, ShopifyUnavailable
from app.shopify.oauth import ClientRefused, OAuthClient, OfflineToken
from app.shops.tokens import OfflineTokens, covers
from app.simulator.shopify.tokens import fingerprint, is_valid_access_token
from app.wiring import open_deps
from tests.world import API_SECRET, SHOP, World, settings_for

NEW_SECRET = "the-new-client-secret-that-is-long-enough-too"


def token_answers(world: World) -> list[tuple[str, int]]:
    return [(each.operation, each.status) for each in world.shopify.requests if each.path.endswith("/access_token")]


async def shop_id(world: World) -> int:
    [row] = await world.rows("SELECT id FROM shops WHERE domain = $1", SHOP)
    return int(row["id"])


async def with_settings(stack: AsyncExitStack, world: World, **changes: Any) -> Deps:
    old = world.deps.settings
    settings = settings_for(
        old.shopify_app_url,
        old.shopify_simulator_origin or "",
        old.ringcentral_server_url,
        encryption_keys=",".join(key.get_secret_value() for key in old.encryption_keys),
        **changes,
    )
    return await stack.enter_async_context(open_deps(settings, world.deps.db.url, clock=world.clock))


@pytest.fixture
async def processes(world: World) -> AsyncIterator[list[Deps]]:
    """Four of the app's processes on one database: the web process of the world, and three more."""
    async with AsyncExitStack() as stack:
        yield [world.deps, *[await with_settings(stack, world) for _ in range(3)]]


async def test_pages_and_workers_of_four_processes_never_kill_each_others_token(
    world: World, processes: list[Deps]
) -> None:
    await world.install()
    shop = await shop_id(world)
    for minutes in (56, 61, 3, 24 * 60, 61):
        await world.advance(minutes=minutes)
        world.shopify.requests.clear()
        pages = asyncio.gather(*(world.open_page("/settings") for _ in range(4)))
        jobs = asyncio.gather(*(deps.tokens.access_token(shop) for deps in processes for _ in range(4)))
        assert [page.status_code for page in await pages] == [200] * 4
        tokens = set(await jobs)
        assert all(is_valid_access_token(world.shopify.shops[SHOP], each, world.clock()) for each in tokens)
        asked = token_answers(world)
        assert len(asked) == (0 if minutes == 3 else 1)
        assert all(status == 200 for _, status in asked)


async def test_a_token_that_shopify_refuses_is_renewed_once_by_all(world: World, processes: list[Deps]) -> None:
    await world.install()
    shop = await shop_id(world)
    stale = await world.deps.tokens.access_token(shop)
    world.shopify.shops[SHOP].tokens[-1].access_expires_at = world.clock()
    world.shopify.requests.clear()
    renewed = await asyncio.gather(*(deps.tokens.access_token(shop, rejected=stale) for deps in processes * 3))
    assert len(set(renewed)) == 1
    assert token_answers(world) == [("refresh_token", 200)]


async def test_an_answer_that_got_lost_is_asked_for_again(world: World) -> None:
    """Shopify had renewed the token, but we never heard: the older refresh token is still honoured."""
    await world.install()
    shop = await shop_id(world)
    await world.advance(hours=2)
    world.shopify.fail_next("token", status=502, after_accepting=True)
    with pytest.raises(ShopifyUnavailable):
        await world.deps.tokens.access_token(shop)
    token = await world.deps.tokens.access_token(shop)
    assert is_valid_access_token(world.shopify.shops[SHOP], token, world.clock())
    assert not (await world.rows("SELECT needs_reauth FROM shops"))[0]["needs_reauth"]


async def test_a_refused_refresh_needs_the_merchant_and_only_once(world: World) -> None:
    await world.install()
    shop = await shop_id(world)
    await world.advance(days=91)
    world.shopify.requests.clear()
    for _ in range(3):
        with pytest.raises(AccessTokenRejected):
            await world.deps.tokens.access_token(shop)
    assert token_answers(world) == [("refresh_token", 400)]
    assert (await world.open_page("/")).status_code == 200
    assert is_valid_access_token(world.shopify.shops[SHOP], await world.deps.tokens.access_token(shop), world.clock())


async def test_a_refusal_says_nothing_about_a_token_that_a_page_has_brought_since(world: World) -> None:
    await world.install()
    shop = await shop_id(world)
    refused = await world.deps.tokens.access_token(shop)
    world.shopify.shops[SHOP].tokens[-1].access_expires_at = world.clock()
    fresh = await world.deps.tokens.access_token(shop, rejected=refused)
    assert not await world.deps.tokens.give_up(shop, rejected=refused)
    assert await world.deps.tokens.access_token(shop) == fresh
    assert await world.deps.tokens.give_up(shop, rejected=fresh)
    with pytest.raises(AccessTokenRejected):
        await world.deps.tokens.access_token(shop)


async def test_our_own_wrong_secret_is_no_fault_of_the_shops(world: World) -> None:
    await world.install()
    shop = await shop_id(world)
    await world.advance(hours=2)
    async with AsyncExitStack() as stack:
        mistaken = await with_settings(stack, world, shopify_api_secret="mistyped-" + API_SECRET)
        with pytest.raises(ClientRefused):
            await mistaken.tokens.access_token(shop)
    assert await world.deps.tokens.access_token(shop)


async def test_idle_shops_stay_reachable_and_uninstalled_ones_are_left_alone(world: World) -> None:
    await world.install()
    for _ in range(5):
        await world.advance(days=25)
        await world.recurring_run()
    assert all(status == 200 for _, status in token_answers(world))
    assert is_valid_access_token(
        world.shopify.shops[SHOP], await world.deps.tokens.access_token(await shop_id(world)), world.clock()
    )
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    world.shopify.requests.clear()
    await world.advance(days=2)
    await world.recurring_run()
    with pytest.raises(AccessTokenRejected):
        await world.deps.tokens.access_token(await shop_id(world))
    assert world.shopify.requests == []


async def test_a_new_client_secret_takes_over_before_the_old_one_is_revoked(world: World) -> None:
    await world.ready()
    shop = await shop_id(world)
    world.shopify.rotate_secret(NEW_SECRET)
    async with AsyncExitStack() as stack:
        changed = await with_settings(
            stack, world, shopify_api_secret=NEW_SECRET, shopify_api_secret_previous=API_SECRET
        )
        await world.advance(hours=1, minutes=1)
        await changed.tokens.access_token(shop)
        prints = [token.secret_print for token in world.shopify.shops[SHOP].tokens]
        assert prints[-1] == fingerprint(NEW_SECRET)
        world.shopify.revoke_secret(API_SECRET)
        token = await changed.tokens.access_token(shop)
        assert is_valid_access_token(world.shopify.shops[SHOP], token, world.clock())


async def test_a_scope_that_was_not_granted_is_not_asked_for_on_every_page(world: World) -> None:
    world.shopify.install(SHOP, scopes=["read_orders"])
    for _ in range(5):
        await world.open_page("/settings")
    assert len(token_answers(world)) == 1
    world.shopify.install(SHOP, scopes=["read_orders", "write_customers"])
    await world.advance(minutes=6)
    await world.open_page("/settings")
    assert len(token_answers(world)) == 2
    [row] = await world.rows("SELECT scopes FROM shops")
    assert covers(row["scopes"], ["read_orders", "read_customers", "write_customers"])


# --- a process that stops in the middle ---


@dataclass
class Stopping:
    """Shopify's token endpoint as seen by a process that stops *before* its call, or *after* Shopify has answered."""

    real: OAuthClient
    where: str
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, domain: str, proof: str) -> OfflineToken:
        return await self._stop(self.real.refresh, domain, proof)

    async def exchange(self, domain: str, proof: str) -> OfflineToken:
        return await self._stop(self.real.exchange, domain, proof)

    async def _stop(self, ask: Callable[[str, str], Awaitable[OfflineToken]], domain: str, proof: str) -> OfflineToken:
        if self.where == "before":
            self.stopped.set()
            await self.goes_on.wait()
        answer = await ask(domain, proof)
        self.stopped.set()
        await self.goes_on.wait()
        return answer


def stopping(deps: Deps, where: str) -> tuple[OfflineTokens, Stopping]:
    oauth = Stopping(deps.oauth, where)
    return OfflineTokens(deps.db, deps.vault, cast("OAuthClient", oauth), deps.clock), oauth


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_process_that_dies_in_the_middle_is_waited_for_and_then_forgotten(
    world: World, processes: list[Deps], where: str
) -> None:
    await world.install()
    shop = await shop_id(world)
    await world.advance(hours=2)
    dying, oauth = stopping(world.deps, where)
    dead = asyncio.create_task(dying.access_token(shop))
    await oauth.stopped.wait()
    await world.rows("UPDATE shops SET name = 'renamed meanwhile'")
    asked = len(token_answers(world))
    others = asyncio.gather(*(deps.tokens.access_token(shop) for deps in processes[1:]))
    await asyncio.sleep(0.3)
    assert len(token_answers(world)) == asked
    await world.advance(seconds=41)
    tokens = set(await others)
    assert len(tokens) == 1
    oauth.goes_on.set()
    with pytest.raises(ShopifyUnavailable):
        await dead
    [kept] = await world.rows("SELECT access_token_encrypted, needs_reauth FROM shops")
    assert world.deps.vault.decrypt(kept["access_token_encrypted"]) in tokens
    assert not kept["needs_reauth"]
    if where == "after":
        assert is_valid_access_token(world.shopify.shops[SHOP], tokens.pop(), world.clock())
        await world.advance(hours=2)
        assert await world.deps.tokens.access_token(shop)


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_renewal_whose_caller_runs_out_of_patience_is_finished_all_the_same(
    world: World, processes: list[Deps], where: str
) -> None:
    await world.install()
    shop = await shop_id(world)
    await world.advance(hours=2)
    asked = len(token_answers(world))
    leaving, oauth = stopping(world.deps, where)
    given_up = asyncio.create_task(leaving.access_token(shop))
    await oauth.stopped.wait()
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    oauth.goes_on.set()
    token = await processes[1].tokens.access_token(shop)
    assert is_valid_access_token(world.shopify.shops[SHOP], token, world.clock())
    assert len(token_answers(world)) == asked + 1
    await leaving.finish()
    assert not leaving.running


async def test_a_renewal_that_is_called_off_at_shutdown_lets_the_next_one_begin_at_once(
    world: World, processes: list[Deps]
) -> None:
    await world.install()
    shop = await shop_id(world)
    await world.advance(hours=2)
    leaving, oauth = stopping(world.deps, "before")
    given_up = asyncio.create_task(leaving.access_token(shop))
    await oauth.stopped.wait()
    await leaving.finish(within=0)
    with pytest.raises(asyncio.CancelledError):
        await given_up
    [row] = await world.rows("SELECT token_lease_until FROM shops")
    assert row["token_lease_until"] is None
    assert await processes[1].tokens.access_token(shop)


async def test_an_uninstall_that_comes_during_an_exchange_is_handled_after_it(world: World) -> None:
    await world.install()
    shop = await shop_id(world)
    await world.advance(hours=2)
    asking, oauth = stopping(world.deps, "after")
    page = asyncio.create_task(asking.page_opened(shop, world.shopify.id_token(SHOP), needed_scopes=[]))
    await oauth.stopped.wait()
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    [row] = await world.rows("SELECT uninstalled_at FROM shops")
    assert row["uninstalled_at"] is None
    oauth.goes_on.set()
    await page
    await world.advance(seconds=3)
    await world.workers_run()
    [row] = await world.rows("SELECT uninstalled_at, access_token_encrypted FROM shops")
    assert row["uninstalled_at"] is not None
    assert row["access_token_encrypted"] is None

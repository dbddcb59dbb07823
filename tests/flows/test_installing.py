"""Installing, leaving and coming back; by Shopify's own screen and by the authorization code grant."""

import base64
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from app.shops.tokens import covers
from app.simulator.shopify.tokens import host_parameter, signed_query
from app.webhooks.jobs import handle, pump
from tests.world import API_KEY, API_SECRET, SHOP, World

OTHER = "other-store.myshopify.com"


async def shop_row(world: World) -> dict[str, object]:
    [row] = await world.rows("SELECT * FROM shops WHERE domain = $1", SHOP)
    return dict(row)


async def audit(world: World) -> list[str]:
    return [row["action"] for row in await world.rows("SELECT action FROM audit_events ORDER BY id")]


def subscribed(world: World) -> set[str]:
    return {each.topic for each in world.shopify.shops[SHOP].subscriptions.values()}


# --- Shopify's own screen ---


async def test_leaving_and_coming_back(world: World) -> None:
    await world.ready()
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    row = await shop_row(world)
    assert row["uninstalled_at"] is not None
    assert (row["access_token_encrypted"], row["refresh_token_encrypted"]) == (None, None)
    await world.advance(hours=1)
    await world.install()
    row = await shop_row(world)
    assert row["uninstalled_at"] is None
    assert row["access_token_encrypted"] is not None
    assert {"orders/create", "orders/fulfilled"} <= subscribed(world)
    assert [each for each in await audit(world) if "install" in each] == ["installed", "uninstalled", "installed"]


async def test_an_uninstall_that_comes_after_the_next_install_is_old_news(world: World) -> None:
    await world.install()
    world.shopify.lose_webhooks = True
    await world.shopify.uninstall(SHOP)
    left_at = world.clock()
    world.shopify.lose_webhooks = False
    await world.advance(minutes=5)
    world.shopify.install(SHOP)
    # The first page does not know yet that its token is dead; whoever uses it finds out, and the next page mends it.
    await world.open_page("/")
    await world.recurring_run()
    await world.open_page("/")
    await world.workers_run()
    late = {"X-Shopify-Triggered-At": left_at.isoformat()}
    answer = await world.shopify.send_webhook(SHOP, "app/uninstalled", {"id": 1}, headers=late)
    assert answer.status_code == 200
    await world.workers_run()
    assert (await shop_row(world))["uninstalled_at"] is None
    assert {"orders/create", "orders/fulfilled"} <= subscribed(world)
    [outcome] = await world.rows("SELECT outcome FROM deliveries WHERE topic = 'app/uninstalled'")
    assert "older than the installation" in outcome["outcome"]


async def test_an_id_token_that_outlives_the_uninstall_brings_nobody_back(world: World) -> None:
    await world.ready()
    token = world.shopify.id_token(SHOP)
    page = world.shopify.document_query(SHOP, "/")
    await world.advance(seconds=5)
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    for answer in (
        await world.api("GET", "/settings", token=token),
        await world.api("PUT", "/settings", {"send_late": True}, token=token),
        await world.http.get(f"{world.url}/?{page}"),
    ):
        assert answer.status_code == 503
    # Not even when Shopify cannot be asked: the token is older than the uninstall.
    world.shopify.fail_next("token", status=503)
    assert (await world.api("GET", "/settings", token=token)).status_code == 503
    row = await shop_row(world)
    assert row["uninstalled_at"] is not None
    assert row["access_token_encrypted"] is None
    assert [each for each in await audit(world) if "install" in each] == ["installed", "uninstalled"]
    await world.advance(minutes=1)
    await world.install()
    assert (await world.api("GET", "/settings")).status_code == 200


async def test_coming_back_while_shopify_cannot_be_asked_counts_by_the_new_id_token(world: World) -> None:
    await world.install()
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    await world.advance(minutes=5)
    world.shopify.install(SHOP)
    world.shopify.fail_next("token", status=503)
    assert (await world.open_page("/")).status_code == 200
    assert (await shop_row(world))["uninstalled_at"] is None
    await world.open_page("/")
    assert (await shop_row(world))["access_token_encrypted"] is not None


async def test_a_shop_that_shopify_refuses_is_not_installed_by_an_id_token(world: World) -> None:
    page = world.shopify.document_query(SHOP, "/")
    assert (await world.http.get(f"{world.url}/?{page}")).status_code == 503
    assert (await shop_row(world))["installed_at"] is None
    assert await world.rows("SELECT 1 FROM pgqueuer") == []


async def test_an_uninstall_heard_after_a_new_token_was_granted_is_old_news(world: World) -> None:
    """It left and came back while its token had run out, so nothing told us but the late webhook."""
    await world.ready()
    await world.workers_run()
    await world.advance(hours=2)
    world.shopify.lose_webhooks = True
    await world.shopify.uninstall(SHOP)
    left_at = world.clock()
    world.shopify.lose_webhooks = False
    await world.advance(minutes=5)
    world.shopify.install(SHOP)
    await world.open_page("/")
    await world.workers_run()
    assert subscribed(world) == set()
    late = {"X-Shopify-Triggered-At": left_at.isoformat()}
    await world.shopify.send_webhook(SHOP, "app/uninstalled", {"id": 1}, headers=late)
    await world.workers_run()
    row = await shop_row(world)
    assert row["uninstalled_at"] is None
    assert row["access_token_encrypted"] is not None
    assert {"orders/create", "orders/fulfilled"} <= subscribed(world)
    # Forty-eight hours after that uninstall Shopify asks to erase the shop, which is there again.
    await world.advance(hours=47)
    await world.recurring_run()
    await world.advance(hours=1)
    await world.shopify.send_webhook(SHOP, "shop/redact", {})
    await world.workers_run()
    assert "shop_redact_refused" in await audit(world)
    assert (await shop_row(world))["uninstalled_at"] is None


async def test_a_shop_that_comes_back_before_it_is_erased_is_not_erased(world: World) -> None:
    await world.ready()
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    await world.advance(hours=48)
    await world.shopify.send_webhook(SHOP, "shop/redact", {})
    await pump(world.deps)
    [stored] = await world.rows("SELECT id FROM deliveries WHERE topic = 'shop/redact'")
    await handle(world.deps, str(stored["id"]))
    world.shopify.install(SHOP)
    await world.open_page("/")
    await world.workers_run()
    row = await shop_row(world)
    assert row["uninstalled_at"] is None


async def test_nothing_is_asked_of_shopify_when_a_shop_leaves(world: World) -> None:
    await world.ready()
    await world.workers_run()
    world.shopify.requests.clear()
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    assert world.shopify.requests == []
    assert {each.status for each in world.shopify.deliveries if each.topic == "app/uninstalled"} == {200}


async def test_changed_scopes_are_adopted(world: World) -> None:
    await world.install()
    await world.shopify.change_scopes(SHOP, ["read_orders"])
    await world.workers_run()
    assert (await shop_row(world))["scopes"] == "read_orders"
    assert "scopes_changed" in await audit(world)


async def test_news_of_scopes_that_came_late_do_not_undo_newer_ones(world: World) -> None:
    await world.install()
    happened = world.clock().isoformat()
    await world.advance(minutes=5)
    await world.shopify.change_scopes(SHOP, ["read_orders", "write_customers", "read_fulfillments"])
    await world.workers_run()
    late, headers = {"current": ["read_orders"]}, {"X-Shopify-Triggered-At": happened}
    await world.shopify.send_webhook(SHOP, "app/scopes_update", late, headers=headers)
    await world.workers_run()
    assert covers(str((await shop_row(world))["scopes"]), ["read_orders", "write_customers", "read_fulfillments"])


async def test_signed_webhooks_of_shops_that_never_installed_change_nothing(world: World) -> None:
    await world.install()
    for topic in ("app/uninstalled", "app/scopes_update", "orders/create", "shop/redact", "customers/redact"):
        answer = await world.shopify.send_webhook(OTHER, topic, {"id": 1, "current": ["write_orders"]})
        assert answer.status_code == 200
    await world.workers_run()
    assert [row["domain"] for row in await world.rows("SELECT domain FROM shops")] == [SHOP]
    assert {row["state"] for row in await world.rows("SELECT state FROM deliveries")} == {2}


# --- the authorization code grant ---


async def begin(world: World, **query: str) -> httpx2.Response:
    return await world.http.get(f"{world.url}/auth/install?{urlencode({'shop': SHOP, **query})}")


async def agree(world: World, begun: httpx2.Response) -> str:
    """The merchant agrees on Shopify's screen, which leads back here."""
    target = urlsplit(begun.headers["location"])
    answer = await world.http.get(
        f"{world.deps.settings.shopify_simulator_origin}{target.path}?{target.query}",
        headers={"Host": target.netloc},
    )
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def resigned(location: str, secret: str = API_SECRET, **changes: str | None) -> str:
    """The callback with other parameters, signed anew as only Shopify can."""
    parts = urlsplit(location)
    pairs = {name: values[0] for name, values in parse_qs(parts.query).items() if name != "hmac"}
    pairs = {name: value for name, value in (pairs | changes).items() if value is not None}
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{signed_query(pairs, secret)}"


async def test_the_code_grant_installs_and_leads_into_the_admin(world: World) -> None:
    begun = await begin(world)
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert urlsplit(begun.headers["location"]).netloc == SHOP
    assert asked["client_id"] == [API_KEY]
    assert asked["redirect_uri"] == [f"{world.url}/auth/callback"]
    assert len(asked["state"][0]) >= 43
    assert asked["scope"] == ["read_orders,write_customers"]
    finished = await world.http.get(await agree(world, begun))
    assert finished.status_code == 302
    assert finished.headers["location"] == f"https://admin.shopify.com/store/demo-store/apps/{API_KEY}/"
    await world.workers_run()
    row = await shop_row(world)
    assert row["refresh_token_encrypted"] is not None
    assert row["installed_at"] is not None
    assert "orders/create" in subscribed(world)
    assert API_SECRET not in begun.text + finished.text + finished.headers["location"]


async def test_inside_the_admin_the_id_token_installs(world: World) -> None:
    """Shopify's grant screen refuses to be framed."""
    begun = await begin(world, embedded="1", host="abc")
    assert begun.status_code == 302
    assert begun.headers["location"] == f"/?shop={SHOP}&embedded=1&host=abc"
    assert (await world.http.get(world.url + begun.headers["location"])).headers["location"].startswith("/auth/bounce?")


async def test_a_state_is_good_once_for_its_shop_and_for_ten_minutes(world: World) -> None:
    first = await agree(world, await begin(world))
    assert (await world.http.get(first)).status_code == 302
    assert (await world.http.get(first)).status_code == 400
    world.shopify.add_shop(OTHER)
    second = await agree(world, await begin(world))
    assert (await world.http.get(resigned(second, shop=OTHER))).status_code == 400
    for state in ("", "made-up", None):
        assert (await world.http.get(resigned(second, state=state))).status_code == 400
    await world.advance(minutes=11)
    assert (await world.http.get(second)).status_code == 400
    assert len(await world.rows("SELECT 1 FROM shops")) == 1


async def test_only_what_shopify_signed_comes_in(world: World) -> None:
    good = await agree(world, await begin(world))
    parts = urlsplit(good)
    pairs = {name: values[0] for name, values in parse_qs(parts.query).items()}
    for wrong in (
        good + "&shop=" + OTHER,
        good + "&hmac=" + pairs["hmac"],
        good.replace(pairs["hmac"], "0" * 64),
        good.replace(pairs["hmac"], "é"),
        good.replace(f"hmac={pairs['hmac']}", "none=1"),
        resigned(good, secret="a-secret-of-somebody-else-that-is-long-enough"),
        resigned(good, shop="evil.example"),
        resigned(good, shop=f"{SHOP}.evil.example"),
        resigned(good, shop=None),
        f"{world.url}/auth/callback",
    ):
        assert (await world.http.get(wrong)).status_code == 401, wrong
    old = resigned(good, timestamp=str(int((world.clock() - timedelta(days=2)).timestamp())))
    assert (await world.http.get(old)).status_code == 401
    assert (await world.http.get(good)).status_code == 302


@pytest.mark.parametrize(
    "shop", ["", "evil.example", f"{SHOP}\n", f"{SHOP}.evil.example", "https://x", "é.myshopify.com"]
)
async def test_installing_begins_for_shops_only(world: World, shop: str) -> None:
    assert (await begin(world, shop=shop)).status_code == 400


async def test_an_install_link_that_claims_to_be_signed_must_be(world: World) -> None:
    assert (await begin(world, hmac="0" * 64)).status_code == 401
    query = signed_query({"shop": SHOP, "timestamp": str(int(world.clock().timestamp()))}, API_SECRET)
    assert (await world.http.get(f"{world.url}/auth/install?{query}")).status_code == 302


async def test_the_way_back_leads_to_shopify_whatever_host_says(world: World) -> None:
    for host in (
        "evil.example",
        "admin.shopify.com@evil.example",
        "admin.shopify.com.evil.example/store/x",
        "a\\b",
        "//evil",
    ):
        encoded = base64.b64encode(host.encode()).decode().rstrip("=")
        callback = resigned(await agree(world, await begin(world)), host=encoded)
        answer = await world.http.get(callback)
        assert answer.headers["location"] == f"https://{SHOP}/admin/apps/{API_KEY}/", host
    for raw in ("%%%", "é", None, host_parameter(world.shopify.shops[SHOP]) + "!"):
        answer = await world.http.get(resigned(await agree(world, await begin(world)), host=raw))
        assert urlsplit(answer.headers["location"]).netloc in (SHOP, "admin.shopify.com")


async def test_a_refused_code_is_told_in_a_sentence(world: World) -> None:
    callback = resigned(await agree(world, await begin(world)), code="used-before")
    answer = await world.http.get(callback)
    assert answer.status_code == 502
    assert answer.text.startswith("Shopify refused the sign-in")
    assert await world.rows("SELECT 1 FROM shops WHERE installed_at IS NOT NULL") == []

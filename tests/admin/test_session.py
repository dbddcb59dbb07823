"""Who gets a page, who is sent for a token, and who is refused."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from app.admin.session import is_own_path
from tests.world import API_KEY, SHOP, World

OTHER = "other-store.myshopify.com"
MODULE = re.compile(r"<([^>]+)>; rel=modulepreload")


async def fetch(world: World, path: str, token: str | None, **headers: str) -> httpx2.Response:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return await world.http.get(f"{world.url}{path}", headers=headers)


async def test_the_first_page_installs_the_shop_and_queues_what_follows(world: World) -> None:
    world.shopify.install(SHOP)
    page = await world.open_page("/")
    assert page.status_code == 200
    assert "Get your order texts going" in page.text
    assert [row["domain"] for row in await world.rows("SELECT domain FROM shops WHERE installed_at IS NOT NULL")] == [
        SHOP
    ]
    queued = {row["entrypoint"] for row in await world.rows("SELECT entrypoint FROM pgqueuer")}
    assert queued == {"shops.read_facts", "notifications.register_webhooks"}


async def test_opening_more_pages_queues_nothing_twice(world: World) -> None:
    world.shopify.install(SHOP)
    for path in ("/", "/settings", "/messages"):
        await world.open_page(path)
    assert len(await world.rows("SELECT 1 FROM pgqueuer")) == 2


async def test_a_page_may_only_be_framed_by_its_own_shop(world: World) -> None:
    await world.install()
    page = await world.open_page("/settings")
    policy = page.headers["content-security-policy"]
    assert f"frame-ancestors https://{SHOP} https://admin.shopify.com" in policy
    assert "script-src 'self' https://cdn.shopify.com;" in policy
    assert "*" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["vary"] == "X-Fragment, Authorization, Accept-Language"
    assert page.headers["link"].count("rel=preload") == 2


async def test_a_page_asks_at_once_for_every_script_that_it_will_import(world: World) -> None:
    await world.install()
    asked = MODULE.findall((await world.open_page("/templates/order_confirmed")).headers["link"])
    answers = {path: await world.http.get(world.url + path) for path in asked}
    imported = {name for answer in answers.values() for name in re.findall(r"from\s?[\"']\./(\w+)", answer.text)}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert {Path(path).stem for path in asked} == {"main", "template_edit", "action_form"} | imported


async def test_app_bridge_is_the_first_script_of_a_page_and_none_is_inline(world: World) -> None:
    await world.install()
    html = (await world.open_page("/templates/order_confirmed")).text
    assert f'<meta name="shopify-api-key" content="{API_KEY}">' in html
    first = html.index("<script")
    assert html[first:].startswith('<script src="https://cdn.shopify.com/shopifycloud/app-bridge.js"></script>')
    inline = [part for part in html.split("<script")[1:] if " src=" not in part.split(">")[0]]
    assert all('type="application/json"' in part.split(">")[0] for part in inline)


async def test_without_a_token_a_page_bounces_back_to_itself(world: World) -> None:
    response = await world.http.get(f"{world.url}/messages?shop={SHOP}&host=abc&status=failed&embedded=1")
    assert response.status_code == 302
    target = urlsplit(response.headers["location"])
    given = parse_qs(target.query)
    assert target.path == "/auth/bounce"
    assert given["shop"] == [SHOP]
    assert given["shopify-reload"] == [f"/messages?shop={SHOP}&host=abc&status=failed&embedded=1"]
    bounce = await world.http.get(world.url + response.headers["location"])
    assert bounce.status_code == 200
    assert bounce.text.count("<script") == 1
    assert f"frame-ancestors https://{SHOP} " in bounce.headers["content-security-policy"]


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "stale": {"lifetime": -30},
    "for another app": {"aud": "another-app"},
    "of no shop": {"dest": "https://evil.example"},
    "of two shops": {"iss": f"https://{OTHER}/admin"},
    "not valid yet": {"nbf": 4_000_000_000},
}


async def test_a_bad_token_opens_nothing(world: World) -> None:
    await world.install()
    for what, claims in BAD_CLAIMS.items():
        token = world.shopify.id_token(SHOP, **claims)
        assert (await fetch(world, f"/?id_token={token}&shop={SHOP}", None)).status_code == 302, what
        for path in ("/api/admin/settings", "/settings"):
            refused = await fetch(world, path, token)
            assert refused.status_code == 401, what
            assert refused.headers["x-shopify-retry-invalid-session-request"] == "1", what


async def test_a_stale_token_in_the_address_is_not_kept(world: World) -> None:
    token = world.shopify.id_token(SHOP, lifetime=-30)
    response = await fetch(world, f"/?id_token={token}&shop={SHOP}", None)
    assert "id_token" not in response.headers["location"]


async def test_the_address_must_not_name_another_shop_than_the_token(world: World) -> None:
    await world.install()
    token = world.shopify.id_token(SHOP)
    page = await fetch(world, f"/?id_token={token}&shop={OTHER}", None)
    assert page.status_code == 401
    assert "belongs to another shop" in page.text


async def test_the_json_addresses_take_no_token_from_the_query(world: World) -> None:
    await world.install()
    refused = await fetch(world, f"/api/admin/settings?id_token={world.shopify.id_token(SHOP)}", None)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/json"


async def test_the_bounce_page_fetches_a_whole_document_with_a_header(world: World) -> None:
    await world.install()
    page = await fetch(world, "/settings", world.shopify.id_token(SHOP), Accept="text/html")
    assert page.status_code == 200
    assert page.text.lstrip().startswith("<!doctype html>")


async def test_in_app_navigation_gets_the_content_only(world: World) -> None:
    await world.install()
    page = await fetch(world, "/settings", world.shopify.id_token(SHOP), **{"X-Fragment": "1"})
    assert page.status_code == 200
    assert "<html" not in page.text
    assert '<s-page heading="Settings"' in page.text


async def test_a_first_call_of_the_json_addresses_installs_the_shop_too(world: World) -> None:
    world.shopify.install(SHOP)
    assert (await world.api("GET", "/settings")).status_code == 200
    assert len(await world.rows("SELECT 1 FROM shops WHERE access_token_encrypted IS NOT NULL")) == 1


async def test_when_shopify_is_away_the_page_opens_and_says_so(world: World) -> None:
    world.shopify.install(SHOP)
    world.shopify.fail_next("token", status=503, times=10)
    page = await world.open_page("/")
    assert page.status_code == 200
    assert "Shopify can't be reached right now" in page.text


async def test_a_token_that_shopify_finds_stale_is_fetched_anew(world: World) -> None:
    world.shopify.install(SHOP)
    world.shopify.fail_next("token", status=400, body={"error": "invalid_subject_token"}, times=2)
    assert (await world.open_page("/")).status_code == 302
    refused = await world.api("GET", "/settings")
    assert (refused.status_code, refused.headers["x-shopify-retry-invalid-session-request"]) == (401, "1")


async def test_the_bounce_page_leads_nowhere_else(world: World) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""):
        response = await world.http.get(f"{world.url}/auth/bounce", params={"shop": SHOP, "shopify-reload": target})
        assert response.status_code == 400, target


async def test_the_bounce_page_of_no_shop_may_not_be_framed(world: World) -> None:
    for shop in ("", "evil.example", "a.myshopify.com.evil.example", "a.myshopify.com; script-src *"):
        response = await world.http.get(f"{world.url}/auth/bounce", params={"shop": shop, "shopify-reload": "/"})
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("value", "own"),
    [
        ("/", True),
        ("/messages?status=failed&q=%231001", True),
        ("//host", False),
        ("/\\host", False),
        ("/\thost", False),
        ("https://host/", False),
        ("settings", False),
        ("", False),
    ],
)
def test_own_paths(value: str, own: bool) -> None:
    assert is_own_path(value) is own

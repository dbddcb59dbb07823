"""No route answers one shop with anything of another's, and none is open that should not be."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from starlette.routing import BaseRoute, Mount, Route

from app.main import routes
from tests.compliance.dump import dump
from tests.world import ADA, SENDER, SHOP, World

OTHER = "other-store.myshopify.com"
MARK = "Marmalade"
NEEDS_NO_SHOP = {
    "/healthz": "says that the process lives",
    "/readyz": "says that the database answers",
    "/metrics": "the operator's token",
    "/auth/install": "begins at Shopify",
    "/auth/callback": "signed by Shopify",
    "/auth/bounce": "holds nothing but App Bridge",
    "/static/{build}/{path:path}": "scripts and styles",
    "/webhooks/shopify": "signed by Shopify",
    "/webhooks/ringcentral/{key}": "secret path and verification token",
    "/data-requests/{link}": "the link is the proof, and works once",
    "/exports/{token}": "the address is the proof, works once and for a minute",
    "/c/{organisation}/opt-out": "public: anybody may opt out of texts",
}
WANTS_ANOTHER_PROOF = ("/api/v1/", "/c/{organisation}")
"""Opened by an API key, or by the visit of a connected account; `tests/api` and `tests/hosted` hold their walls."""
BODIES: dict[str, Any] = {
    "PUT /api/admin/connection": {"jwt": "x"},
    "PUT /api/admin/connection/number": {"phone_number": SENDER},
    "PUT /api/admin/settings": {"contact_phone": "+16505550188"},
    "PUT /api/admin/notifications/{kind}": {"enabled": False},
    "POST /api/admin/notifications/{kind}/test": {"to": ADA},
    "POST /api/admin/notifications/{kind}/preview": {"order_id": "1"},
    "POST /api/admin/opt-outs": {"phone": "+13125550100", "method": "phone", "words": "no"},
}


def all_routes(found: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of everything that is served."""
    for route in found:
        if isinstance(route, Mount):
            yield from all_routes(list(route.routes), prefix + route.path)
        elif isinstance(route, Route):
            for method in sorted((route.methods or {"GET", "POST"}) - {"HEAD"}):
                yield method, prefix + route.path
        else:
            raise AssertionError(f"a kind of route that this walk does not know: {route}")


async def victim(world: World) -> dict[str, str]:
    """A shop with something of each kind, and the ids by which it would be reached."""
    await world.ready()
    world.shopify.shops[SHOP].name = MARK + " & Co"
    await world.api(
        "PUT",
        "/notifications/order_confirmed",
        {"templates": {"en": f"{MARK} {{{{ shop.name }}}} {{{{ order.name }}}} Reply STOP to opt-out."}},
    )
    await world.api("PUT", "/settings", {"contact_phone": "+16505550177"})
    order = await world.order()
    await world.workers_run()
    await world.recurring_run()
    await world.shopify.send_data_request(SHOP, world.ada)
    await world.workers_run()
    [message] = await world.messages()
    [request] = (await world.api("GET", "/data-requests")).json()["data_requests"]
    return {"id": str(message["id"]), "order": str(order.id), "request": str(request["id"])}


async def snapshot(world: World) -> list[str]:
    """Everything that is the victim's own, as rows."""
    tables = await world.rows(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'shop_id'"
    )
    rows: list[str] = []
    for table in sorted(row["table_name"] for row in tables):
        query = f'SELECT t::text AS row FROM "{table}" t WHERE shop_id = (SELECT id FROM shops WHERE domain = $1)'
        rows += sorted(row["row"] for row in await world.rows(query, SHOP))
    query = "SELECT settings::text || name || coalesce(uninstalled_at::text, '') AS row FROM shops WHERE domain = $1"
    return rows + [row["row"] for row in await world.rows(query, SHOP)]


async def test_with_another_shops_token_nothing_is_seen_or_changed(world: World) -> None:
    ids = await victim(world)
    assert MARK in (await world.open_page("/templates/order_confirmed")).text, "the mark would be seen"
    world.shopify.add_shop(OTHER)
    world.shopify.install(OTHER)
    await world.open_page("/", OTHER)
    await world.workers_run()
    before = await snapshot(world)
    assert len(before) > 8
    walked = 0
    for method, pattern in all_routes(routes()):
        if pattern in NEEDS_NO_SHOP or pattern.startswith(WANTS_ANOTHER_PROOF):
            continue
        own_id = ids["request"] if "data-requests" in pattern else ids["id"]
        path = pattern.replace("{id}", own_id).replace("{kind}", "order_confirmed").replace("{rest:path}", "")
        path = path.replace("{path:path}", "nowhere").replace("{key}", "0" * 32).replace("{order_id}", "1")
        path = path.replace("{turn}", "pause").replace("{section}", "hours")
        assert "{" not in path, f"teach this walk {pattern}"
        for query in ("", f"?order_id={ids['order']}&q=%231001&shop={OTHER}"):
            answer = await world.http.request(
                method,
                world.url + path + query,
                headers={"Authorization": f"Bearer {world.shopify.id_token(OTHER)}"},
                json=BODIES.get(f"{method} {pattern}", {}) if method in ("PUT", "POST") else None,
            )
            assert answer.status_code < 500, (method, path, answer.text)
            for secret in (MARK, "+16505550177", "650-555-0177", world.jwt):
                assert secret not in answer.text, (method, path)
            walked += 1
        # The victim's domain beside the other's token is refused outright.
        mixed = await world.http.request(
            method,
            f"{world.url}{path}?shop={SHOP}",
            headers={"Authorization": f"Bearer {world.shopify.id_token(OTHER)}"},
        )
        assert mixed.status_code in (401, 404, 405), (method, path, mixed.status_code)
    assert walked >= 50
    assert await snapshot(world) == before


@pytest.fixture
async def strangers() -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Callers with an address each: one alone would be refused for calling so often without a proof."""
    async with AsyncExitStack() as stack:
        addresses = [f"127.0.0.{number}" for number in range(2, 6)]
        transports = [httpx2.AsyncHTTPTransport(local_address=address) for address in addresses]
        yield [await stack.enter_async_context(httpx2.AsyncClient(transport=each, timeout=20)) for each in transports]


async def test_every_route_wants_a_proof_or_stands_on_the_list(
    world: World, strangers: list[httpx2.AsyncClient]
) -> None:
    await world.install()
    nothing_of_a_shop = await snapshot(world)
    proofs: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic eDp5"},
        {"Cookie": "a=b"},
    )
    for method, pattern in all_routes(routes()):
        path = pattern.replace("{id}", "1").replace("{kind}", "order_confirmed").replace("{rest:path}", "")
        path = path.replace("{path:path}", "x").replace("{build}", "x").replace("{key}", "x").replace("{link}", "x")
        for headers, stranger in zip(proofs, strangers, strict=True):
            answer = await stranger.request(method, world.url + path, headers=headers)
            assert answer.status_code < 500, (method, path)
            if pattern in NEEDS_NO_SHOP or pattern.startswith(WANTS_ANOTHER_PROOF):
                continue
            assert answer.status_code in (302, 401, 404, 405), (method, path, answer.status_code)
            if answer.status_code == 302:
                assert answer.headers["location"].startswith("/auth/bounce?"), path
            if path.startswith("/api/") and answer.status_code == 401:
                assert answer.headers["x-shopify-retry-invalid-session-request"] == "1"
    assert await snapshot(world) == nothing_of_a_shop
    assert b"evil" not in await dump(world)
    assert set(NEEDS_NO_SHOP) <= {pattern for _, pattern in all_routes(routes())}, "the list names what is gone"

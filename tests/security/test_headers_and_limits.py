"""Headers on every answer, and a limit for whoever keeps calling without proof."""

import pytest

from app.core.edge import TOO_MANY
from app.core.rate_limit import caller_of
from tests.world import ADA, SHOP, World

NO_SUCH_SHOP = "nobody.myshopify.com"


async def test_every_answer_carries_the_headers(world: World) -> None:
    await world.install()
    token = {"Authorization": f"Bearer {world.shopify.id_token(SHOP)}"}
    for path, headers, status in (
        ("/healthz", {}, 200),
        ("/readyz", {}, 200),
        ("/metrics", {}, 401),
        ("/nowhere", {}, None),
        ("/auth/install", {}, 400),
        ("/auth/callback?x=1", {}, 401),
        ("/api/admin/settings", token, 200),
        ("/api/admin/settings", {}, 401),
        ("/api/admin/nowhere", token, 404),
        ("/settings", token, 200),
        ("/data-requests/x", {}, 404),
    ):
        answer = await world.http.get(world.url + path, headers=headers)
        assert status in (None, answer.status_code), path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["strict-transport-security"] == "max-age=31536000", path
        assert "referrer-policy" in answer.headers, path
        assert "frame-ancestors" in answer.headers["content-security-policy"], path
        assert "x-frame-options" not in answer.headers, path
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn", "tests run uvicorn as it comes"
        if path.startswith("/api/") or path == "/data-requests/x":
            assert answer.headers["cache-control"] == "no-store", path
    page = await world.open_page("/settings")
    policy = page.headers["content-security-policy"]
    assert f"frame-ancestors https://{SHOP} https://admin.shopify.com" in policy
    for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' https://cdn.shopify.com;" in policy
    assert "frame-ancestors 'none'" in (await world.http.get(f"{world.url}/healthz")).headers["content-security-policy"]


async def test_the_frame_belongs_to_the_tokens_shop_and_never_to_the_addresss(world: World) -> None:
    for shop in ("other-store.myshopify.com",):
        world.shopify.add_shop(shop)
        world.shopify.install(shop)
        page = await world.open_page("/", shop)
        assert f"frame-ancestors https://{shop} https://admin.shopify.com" in page.headers["content-security-policy"]
        assert SHOP not in page.headers["content-security-policy"]


async def test_installing_over_and_over_is_limited(world: World) -> None:
    answers = [await world.http.get(f"{world.url}/auth/install?shop={NO_SUCH_SHOP}") for _ in range(30)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:20] == [302] * 20
    assert statuses[-1] == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json() == {"error": TOO_MANY}
    assert len(await world.rows("SELECT 1 FROM oauth_states")) < 25
    assert (await world.http.get(f"{world.url}/healthz")).status_code == 200


async def test_calls_without_proof_are_limited_and_staff_are_not(world: World) -> None:
    await world.install()
    for _ in range(310):
        assert (await world.api("GET", "/messages/4711")).status_code == 404
    assert (await world.api("GET", "/settings")).status_code == 200
    statuses = [(await world.http.get(f"{world.url}/api/admin/settings")).status_code for _ in range(330)]
    assert set(statuses) == {401, 429}
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_whoever_tries_keys_is_limited_and_ringcentral_is_not(world: World) -> None:
    """Both call from one address here, as everybody does behind a proxy that was not named."""
    await world.ready()
    await world.texts_from(ADA, "Hello?")
    guesses = [await world.http.post(f"{world.url}/webhooks/ringcentral/{n:032d}", json={}) for n in range(140)]
    assert [each.status_code for each in guesses[:120]] == [200] * 120
    assert guesses[-1].status_code == 429
    await world.texts_from(ADA, "STOP")
    assert len(await world.rows("SELECT 1 FROM suppressions")) == 1


async def test_the_apis_description_is_limited(world: World) -> None:
    statuses = [(await world.http.get(f"{world.url}/api/v1/openapi.json")).status_code for _ in range(70)]
    assert statuses[:60] == [200] * 60
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    ("client", "caller"),
    [
        (("203.0.113.7", 1), "203.0.113.7"),
        (("::ffff:203.0.113.7", 1), "203.0.113.7"),
        (("2001:db8:1:2:3:4:5:6", 1), caller_of(("2001:db8:1:2::9", 7))),
        (("fe80::1%eth0", 1), caller_of(("fe80::2", 1))),
        (None, ""),
        (("unix", 0), "unix"),
    ],
)
def test_who_counts_as_one_caller(client: tuple[str, int] | None, caller: str) -> None:
    assert caller_of(client) == caller

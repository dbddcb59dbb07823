"""A shop's webhook subscriptions: as many as its texts need, each once, to our address, in our version."""

from datetime import timedelta
from typing import Any

from app.config import ADMIN_API_VERSION
from app.notifications.registration import compare, needed_topics
from app.shops.queries import end_registration, take_registration
from app.wiring import load_declarations
from tests.world import SHOP, World

OURS = "https://app.example.com/webhooks/shopify"


def subscription(number: int, topic: str, uri: str = OURS, version: str | None = ADMIN_API_VERSION) -> dict[str, Any]:
    handle = {"handle": version} if version else None
    return {"id": f"gid://shopify/WebhookSubscription/{number}", "topic": topic, "uri": uri, "apiVersion": handle}


def test_what_is_missing_is_made_and_every_stray_goes() -> None:
    existing = [
        subscription(1, "ORDERS_CREATE"),
        subscription(2, "ORDERS_CREATE"),
        subscription(3, "ORDERS_CREATE", uri="https://old.example.com/webhooks/shopify"),
        subscription(4, "ORDERS_CREATE", version="2025-10"),
        subscription(5, "PRODUCTS_UPDATE"),
        subscription(6, "APP_UNINSTALLED"),
        subscription(7, "ORDERS_FULFILLED", uri=OURS + "/"),
        subscription(8, "ORDERS_FULFILLED") | {"filter": "test:false"},
        subscription(9, "ORDERS_FULFILLED") | {"includeFields": ["id"]},
        subscription(10, "ORDERS_FULFILLED") | {"format": "XML"},
    ]
    missing, strays = compare({"orders/create", "orders/fulfilled"}, existing, address=OURS)
    assert missing == ["orders/fulfilled"]
    assert [each.rsplit("/", 1)[1] for each in strays] == ["2", "3", "4", "5", "6", "7", "8", "9", "10"]


def test_topics_of_the_toml_are_never_made_by_us() -> None:
    load_declarations()
    assert not {"app/uninstalled", "app/scopes_update", "shop/redact"} & needed_topics({})
    assert "orders/create" in needed_topics({})
    assert "orders/create" not in needed_topics({"order_confirmed": False})


def subscribed(world: World) -> list[tuple[str, str]]:
    return sorted((each.topic, each.uri) for each in world.shopify.shops[SHOP].subscriptions.values())


async def test_subscriptions_follow_the_switches_and_mend_themselves(world: World) -> None:
    await world.install()
    address = f"{world.url}/webhooks/shopify"
    wanted = [(topic, address) for topic in sorted(needed_topics({}))]
    assert subscribed(world) == wanted

    await world.api("PUT", "/notifications/order_fulfilled", {"enabled": False})
    await world.workers_run()
    assert ("orders/fulfilled", address) not in subscribed(world)
    await world.api("PUT", "/notifications/order_fulfilled", {"enabled": True})
    await world.workers_run()
    assert subscribed(world) == wanted

    # Shopify deletes what failed eight times, and somebody has left others behind.
    kept = world.shopify.shops[SHOP].subscriptions
    [gone] = [number for number, each in kept.items() if each.topic == "orders/create"]
    del kept[gone]
    stray = next(iter(kept.values()))
    kept[1] = type(stray)(
        id=1,
        topic="orders/create",
        uri="http://127.0.0.1:1/elsewhere",
        api_version=ADMIN_API_VERSION,
        created_at=world.clock(),
        updated_at=world.clock(),
    )
    await world.advance(days=1)
    await world.recurring_run()
    assert subscribed(world) == wanted


async def test_a_topic_that_shopify_refuses_costs_no_other_one(world: World) -> None:
    """A shop installed before a permission was asked for lacks it until the merchant accepts."""
    world.shopify.install(SHOP)
    shop = world.shopify.shops[SHOP]
    shop.scopes = [scope for scope in shop.scopes if "customers" not in scope]
    await world.open_page("/")
    await world.workers_run()
    assert {topic for topic, _ in subscribed(world)} == {"orders/create", "orders/fulfilled"}


async def test_an_answer_that_got_lost_makes_no_second_subscription(world: World) -> None:
    world.shopify.install(SHOP)
    await world.open_page("/")
    world.shopify.fail_next("graphql", status=502, after_accepting=True, times=8)
    await world.workers_run()
    await world.advance(minutes=30)
    await world.workers_run()
    topics = [topic for topic, _ in subscribed(world)]
    assert sorted(topics) == sorted(set(topics)) == sorted(needed_topics({}))


async def test_two_jobs_of_one_shop_compare_one_after_the_other(world: World) -> None:
    """Whoever began before a switch was changed and ended after would undo what came of the change."""
    await world.install()
    before = subscribed(world)
    soon = world.clock() + timedelta(minutes=1)
    async with world.deps.db.transaction() as session:
        assert await take_registration(session, 1, world.clock(), until=soon)
    await world.api("PUT", "/notifications/order_fulfilled", {"enabled": False})
    await world.workers_run()
    assert subscribed(world) == before
    async with world.deps.db.transaction() as session:
        await end_registration(session, 1)
    await world.advance(seconds=4)
    await world.workers_run()
    assert len(subscribed(world)) == len(before) - 1

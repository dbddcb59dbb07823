"""Every page opens, in every state its shop may be in, with nothing but what Polaris and App Bridge know."""

import re

from starlette.routing import Route

from app.admin.routes import admin_routes
from app.admin.wording import SETTINGS
from app.simulator.bench.pages import pages_of_admin
from app.simulator.shopify.faults import Fault
from tests.polaris import strangers
from tests.world import ADA, SHOP, World

PAGES = {
    "/": "SMS for Ecommerce",
    "/templates": "Templates",
    "/templates/order_confirmed": "Order confirmed",
    "/templates/order_fulfilled": "Order fulfilled",
    "/messages": "Messages",
    "/templates/order_confirmed/history": "History of Order confirmed",
    "/messages/conversations": "Conversations",
    "/consent": "Consent",
    "/consent/rules": "Hours of states and countries",
    "/analytics": "Analytics",
    "/connect": "Connect",
    "/connect/attribution": "Attribution",
    "/connect/history": "Import history",
    "/connect/keys": "API keys",
    "/connect/webhooks": "Webhooks",
    "/connect/requests": "Request log",
    "/templates/connect_order_paid": "Connect: order paid",
    "/settings": "Settings",
    **{f"/settings/{section}": title for section, (_, title) in SETTINGS.items()},
    "/settings/connection": "RingCentral",
    "/settings/diagnostics": "Diagnostics",
    "/settings/privacy": "Privacy",
}


NO_PAGES = ("/api", "/auth", "/static", "/exports", "/data-requests")


def unvisited(paths: list[str]) -> list[str]:
    """Routes of pages that none of *paths* leads to."""
    pages = [route for route in admin_routes() if isinstance(route, Route) and not route.path.startswith(NO_PAGES)]
    visited = [path.partition("?")[0] for path in paths]
    return [page.path for page in pages if not any(page.path_regex.match(path) for path in visited)]


def test_the_benchmark_measures_every_page() -> None:
    assert unvisited([page.path for page in pages_of_admin(1000).values()]) == []


async def everything_happened(world: World) -> None:
    """Delivered, skipped, waiting, failed; an opt-out by text and one by staff."""
    await world.ready()
    await world.order()
    await world.order(
        world.shopify.add_customer(SHOP, first_name="Noah", phone="+14155550167", consent="NEVER_SUBSCRIBED")
    )
    await world.workers_run()
    await world.texts_from(ADA, "STOP")
    await world.api("POST", "/opt-outs", {"phone": "+13055550142", "method": "email", "words": "<b>no & never</b>"})


async def test_the_pages_of_a_new_shop(world: World) -> None:
    await world.install()
    for path, heading in PAGES.items():
        page = await world.open_page(path)
        assert page.status_code == 200, path
        assert f'<s-page heading="{heading}"' in page.text
        assert strangers(page.text) == set(), path


async def test_the_pages_of_a_shop_at_work(world: World) -> None:
    await everything_happened(world)
    ids = [message["id"] for message in await world.messages()]
    assert ids
    for path in [*PAGES, *(f"/messages/{message_id}" for message_id in ids)]:
        page = await world.open_page(path)
        assert page.status_code == 200, path
        assert strangers(page.text) == set(), path


async def test_the_log_says_why_a_text_was_not_sent(world: World) -> None:
    await everything_happened(world)
    page = (await world.open_page("/messages")).text
    assert "The customer has not agreed to text messages." in page
    skipped = next(message for message in await world.messages() if message["state"] == "skipped")
    detail = (await world.open_page(f"/messages/{skipped['id']}")).text
    assert 'aria-label="Not passed"' in detail


async def test_what_customers_and_staff_wrote_is_shown_as_text(world: World) -> None:
    await everything_happened(world)
    page = (await world.open_page("/consent")).text
    assert "&lt;b&gt;no &amp; never&lt;/b&gt;" in page
    assert "<b>no" not in page


async def test_the_setup_guide_ticks_off_and_goes(world: World) -> None:
    await world.ready()
    assert "2 of 4 steps done" in (await world.open_page("/")).text
    await world.api("POST", "/notifications/order_confirmed/test", {"to": ADA})
    finished = (await world.open_page("/")).text
    assert "4 of 4 steps done" in finished
    assert "Remove guide" in finished
    await world.api("PUT", "/settings", {"setup_guide": False})
    after = (await world.open_page("/")).text
    assert "steps done" not in after
    assert 'heading="Today"' in after


async def test_what_does_not_exist_is_told_in_a_page_of_the_app(world: World) -> None:
    await world.install()
    for path in ("/messages/1", "/messages/abc", "/templates/nothing", "/templates/%00", "/connect/x", "/settings/x"):
        page = await world.http.get(f"{world.url}{path}?{world.shopify.document_query(SHOP, '/')}")
        assert page.status_code == 404, path
        assert "Page not found" in page.text
        assert "s-app-nav" in page.text


async def test_a_mistyped_filter_does_not_hide_the_log(world: World) -> None:
    await world.install()
    query = world.shopify.document_query(SHOP, "/messages")
    page = await world.http.get(f"{world.url}/messages?{query}&status=bogus&limit=-1&q=%00")
    assert page.status_code == 200


async def test_filters_that_match_nothing_can_be_cleared(world: World) -> None:
    await world.install()
    query = world.shopify.document_query(SHOP, "/messages")
    assert "No messages yet" in (await world.open_page("/messages")).text
    assert "Clear filters" in (await world.http.get(f"{world.url}/messages?{query}&q=9999")).text


async def test_all_static_files_of_a_page_are_there_and_kept_for_ever(world: World) -> None:
    await world.install()
    html = (await world.open_page("/")).text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert len(addresses) >= 3
    for address in addresses:
        file = await world.http.get(world.url + address)
        assert file.status_code == 200
        assert file.headers["cache-control"].endswith("immutable")
    outdated = await world.http.get(f"{world.url}/static/0123456789abcdef/js/main.js")
    assert (outdated.status_code, outdated.headers["cache-control"]) == (200, "no-cache")
    for path in ("js/none.js", "../templates/admin/base.html", "..%2f..%2fapp/config.py"):
        assert (await world.http.get(f"{world.url}/static/x/{path}")).status_code == 404


async def test_the_log_does_not_wait_for_names_but_asks_for_them_once_more(world: World) -> None:
    await world.ready()
    await world.order()
    await world.workers_run()
    query = world.shopify.document_query(SHOP, "/messages")
    world.shopify.faults.add(Fault("graphql", hang_seconds=0.6))
    page = (await world.http.get(f"{world.url}/messages?{query}&q=Lovelace")).text
    assert "Shopify is being asked for customers named “Lovelace”." in page
    late = (await world.http.get(f"{world.url}/messages?{query}&q=Lovelace&people=late")).text
    assert "Texts to customers named “Lovelace” in Shopify." in late
    assert "Shopify is being asked" not in late

"""The simulated admin: what its page is, what its panel can do, and, in a browser, what the framed app sees of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from playwright.async_api import Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.core.clock import Clock, HeldClock, system_clock
from app.simulator.frame import frame_routes, stub_files
from app.simulator.frame.assets import APP_BRIDGE, FOLDER, POLARIS
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import Customer, ShopifySimulator
from tests.browser import PLACE, find_chromium, launch
from tests.simulator.serving import serve
from tests.usable import Sight

CLIENT_ID = "client-id-of-the-app"
SECRET = "a client secret that nobody else knows"
SHOP = "demo-store.myshopify.com"
ADA = "+12125550123"
SENDER = "+16505550100"
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


@dataclass
class Admin:
    shopify: ShopifySimulator
    ringcentral: RingCentralSimulator
    http: httpx2.AsyncClient

    @property
    def customers(self) -> list[Customer]:
        return list(self.shopify.shops[SHOP].customers.values())

    async def state(self, phone: str = ADA) -> dict[str, Any]:
        answer = await self.http.get("/frame/demo-store/state", params={"phone": phone})
        return dict(answer.json())

    async def post(self, path: str, body: object) -> httpx2.Response:
        return await self.http.post(f"/frame/demo-store/{path}", json=body)

    async def switch(self, **conditions: bool) -> None:
        answer = await self.http.put("/frame/demo-store/conditions", json=conditions)
        assert answer.status_code == 200


def furnish(clock: Clock, app_url: str) -> tuple[ShopifySimulator, RingCentralSimulator]:
    shopify = ShopifySimulator(clock=clock, api_key=CLIENT_ID, api_secret=SECRET, app_url=app_url)
    shopify.add_shop(SHOP)
    shopify.add_customer(SHOP, first_name="Ada", last_name="Lovelace", phone=ADA)
    ringcentral = RingCentralSimulator(clock=clock)
    ringcentral.add_number(ringcentral.add_user(), SENDER)
    shopify.pages = Starlette(routes=frame_routes(shopify, ringcentral, lambda: app_url))
    return shopify, ringcentral


@pytest.fixture
async def admin() -> AsyncIterator[Admin]:
    shopify, ringcentral = furnish(HeldClock(NOW), "http://127.0.0.1:8000")
    transport = httpx2.ASGITransport(app=shopify.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8001") as http:
        yield Admin(shopify, ringcentral, http)
    await shopify.aclose()
    await ringcentral.aclose()


# The page


async def test_the_root_leads_to_the_app(admin: Admin) -> None:
    answer = await admin.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{PLACE}/")


async def test_the_page_frames_only_the_app_and_has_no_inline_script(admin: Admin) -> None:
    page = await admin.http.get(f"{PLACE}/settings/connection")
    policy = page.headers["content-security-policy"]
    assert "frame-src http://127.0.0.1:8000;" in policy
    assert "unsafe-inline" not in policy
    assert not re.findall(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=", page.text)


async def test_the_client_id_in_an_address_is_answered_with_the_handle(admin: Admin) -> None:
    answer = await admin.http.get(f"/store/demo-store/apps/{CLIENT_ID}/messages?status=failed")
    assert answer.headers["location"] == f"{PLACE}/messages?status=failed"


@pytest.mark.parametrize(
    "path", ["/store/other/apps/sms-for-ecommerce/", "/frame/assets/../routes.py", "/frame/other/state"]
)
async def test_what_does_not_exist_is_not_found(admin: Admin, path: str) -> None:
    assert (await admin.http.get(path)).status_code == 404


async def test_a_name_of_the_internet_that_points_here_is_refused(admin: Admin) -> None:
    pages = admin.shopify.pages
    assert pages is not None
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=pages), base_url="http://evil.example") as http:
        assert (await http.get("/frame/demo-store/keys")).status_code == 404


# What the admin signs


async def test_the_document_of_the_frame_is_signed_and_keeps_its_own_query(admin: Admin) -> None:
    answer = await admin.http.get("/frame/demo-store/document", params={"path": "/messages?status=failed"})
    url = urlsplit(answer.json()["url"])
    query = parse_qs(url.query)
    assert (url.netloc, url.path, query["status"], query["embedded"]) == (
        "127.0.0.1:8000",
        "/messages",
        ["failed"],
        ["1"],
    )
    assert claims(query["id_token"][0])["dest"] == f"https://{SHOP}"


@pytest.mark.parametrize(("browser", "locale"), [("de-AT,de;q=0.9,en;q=0.5", "de"), ("ja", "en"), ("", "en")])
async def test_the_app_opens_in_the_language_of_the_browser(admin: Admin, browser: str, locale: str) -> None:
    answer = await admin.http.get("/frame/demo-store/document", headers={"Accept-Language": browser})
    assert parse_qs(urlsplit(answer.json()["url"]).query)["locale"] == [locale]


@pytest.mark.parametrize("path", ["//evil.example/", "settings", "https://evil.example/"])
async def test_the_frame_opens_only_paths_of_the_app(admin: Admin, path: str) -> None:
    assert (await admin.http.get("/frame/demo-store/document", params={"path": path})).status_code == 422


async def test_with_expiring_tokens_only_the_one_asked_for_again_is_good(admin: Admin) -> None:
    await admin.switch(expire_tokens=True)
    first = (await admin.post("id-token", {"retry": False})).json()["token"]
    second = (await admin.post("id-token", {"retry": True})).json()["token"]
    assert claims(first)["exp"] < NOW.timestamp() < claims(second)["exp"]


def claims(token: str) -> dict[str, Any]:
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return jwt.decode(token, SECRET, algorithms=["HS256"], audience=CLIENT_ID, options=options)  # type: ignore[arg-type]


# The panel's verbs


async def test_an_order_of_a_new_customer_is_placed_with_their_consent(admin: Admin) -> None:
    new = {"first_name": "Noah", "last_name": "Berg", "phone": "(303) 555-0121", "agreed": False}
    answer = await admin.post("orders", {"customer": new})
    assert answer.json() | {"id": ""} == {"id": "", "name": "#1001", "phone": "+13035550121"}
    state = await admin.state()
    assert [(c["name"], c["consent"]) for c in state["customers"]][-1] == ("Noah Berg", "NEVER_SUBSCRIBED")
    assert [(o["name"], o["customer"], o["status"]) for o in state["orders"]] == [("#1001", "Noah Berg", "unfulfilled")]


@pytest.mark.parametrize(
    ("customer", "field"),
    [
        ({"first_name": "", "phone": "+13035550121"}, "first_name"),
        ({"first_name": "Noah", "phone": "12"}, "phone"),
        ({"first_name": "Noah", "phone": ADA}, "phone"),
    ],
)
async def test_a_new_customer_needs_a_name_and_a_number_of_their_own(
    admin: Admin, customer: dict[str, str], field: str
) -> None:
    answer = await admin.post("orders", {"customer": customer})
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def test_orders_are_fulfilled_with_tracking_or_cancelled(admin: Admin) -> None:
    (ada,) = admin.customers
    first = (await admin.post("orders", {"customer_id": str(ada.id)})).json()["id"]
    second = (await admin.post("orders", {"customer_id": str(ada.id)})).json()["id"]
    parcel = {"tracking_company": "UPS", "tracking_number": "1Z9", "tracking_url": "https://www.ups.com/track?n=1Z9"}
    assert (await admin.post(f"orders/{first}/fulfil", parcel)).status_code == 200
    assert (await admin.post(f"orders/{second}/cancel", {})).status_code == 200
    assert [order["status"] for order in (await admin.state())["orders"]] == ["cancelled", "fulfilled"]
    (fulfillment,) = admin.shopify.shops[SHOP].orders[int(first)].fulfillments
    assert (fulfillment.tracking_number, fulfillment.tracking_url) == ("1Z9", "https://www.ups.com/track?n=1Z9")
    assert (await admin.post(f"orders/{first}/fulfil", parcel)).status_code == 422
    assert (await admin.post(f"orders/{second}/fulfil", parcel)).status_code == 422


async def test_consent_changed_in_the_panel_is_shopifys(admin: Admin) -> None:
    (ada,) = admin.customers
    assert (await admin.post(f"customers/{ada.id}/consent", {"state": "UNSUBSCRIBED"})).status_code == 200
    assert ada.consent == "UNSUBSCRIBED"
    assert (await admin.post(f"customers/{ada.id}/consent", {"state": "MAYBE"})).status_code == 422


async def test_a_customers_text_leaves_their_handset(admin: Admin) -> None:
    assert (await admin.state())["senders"] == [SENDER]
    answer = await admin.post("texts", {"phone": ADA, "to": SENDER, "text": " STOP "})
    assert answer.status_code == 200
    sent, confirmation = (await admin.state())["texts"]
    assert (sent["direction"], sent["text"], confirmation["direction"]) == ("out", "STOP", "in")


@pytest.mark.parametrize(("to", "text"), [("+16505550199", "Hi"), ("", "Hi"), (SENDER, " "), (SENDER, "x" * 1001)])
async def test_a_text_needs_words_and_a_number_somebody_has(admin: Admin, to: str, text: str) -> None:
    assert (await admin.post("texts", {"phone": ADA, "to": to, "text": text})).status_code == 422


async def test_the_keys_open_the_simulated_ringcentral(admin: Admin) -> None:
    keys = (await admin.http.get("/frame/demo-store/keys")).json()
    again = (await admin.http.get("/frame/demo-store/keys")).json()
    (user,) = keys["users"]
    assert keys == again
    assert user["phones"] == [SENDER]
    audience = jwt.decode(user["jwt"], options={"verify_signature": False})["aud"]
    assert audience == f"{admin.ringcentral.url}/restapi/oauth/token"


async def test_the_switches_reach_both_simulators(admin: Admin) -> None:
    await admin.switch(lose_webhooks=True, second_look=True, slow_network=True)
    assert (admin.shopify.lose_webhooks, admin.ringcentral.lose_webhooks) == (True, True)
    state = await admin.state()
    assert (state["look"], state["delay"], state["conditions"]["lose_webhooks"]) == ("next", 1500, True)


async def test_only_the_panels_own_page_may_change_anything(admin: Admin) -> None:
    path = "/frame/demo-store/texts"
    form = await admin.http.post(path, content=b"{}", headers={"Content-Type": "text/plain"})
    foreign = await admin.http.post(path, json={}, headers={"Origin": "http://127.0.0.1:8000"})
    assert (form.status_code, foreign.status_code) == (403, 403)
    assert (await admin.http.post(path, json={"phone": ADA})).status_code == 422


# The stand-ins


async def test_the_stand_ins_are_served_as_a_cdn_serves_them(admin: Admin) -> None:
    script = await admin.http.get(APP_BRIDGE)
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["access-control-allow-origin"] == "*"
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    unchanged = await admin.http.get(APP_BRIDGE, headers={"If-None-Match": script.headers["etag"]})
    assert unchanged.status_code == 304
    await admin.switch(block_cdn=True)
    assert (await admin.http.get(POLARIS)).status_code == 503


def test_the_joined_scripts_are_classic_scripts() -> None:
    for script in stub_files().values():
        assert not re.search(rb"^(import|export) ", script, re.MULTILINE)


def test_a_test_may_choose_look_and_shadow() -> None:
    assert b'"look":"next"' in stub_files(look="next")[POLARIS]
    assert b'"shadow":"closed"' in stub_files(shadow="closed")[POLARIS]


@pytest.mark.parametrize("folder", ["app_bridge", "polaris"])
def test_joined_modules_do_not_take_each_others_names(folder: str) -> None:
    declared = re.compile(r"^(?:export )?(?:async )?(?:class|const|function|let) (\w+)", re.MULTILINE)
    names = [name for file in sorted((FOLDER / folder).glob("*.js")) for name in declared.findall(file.read_text())]
    assert sorted(set(names)) == sorted(names)


def test_every_element_of_the_apps_pages_has_a_stand_in() -> None:
    known = set(re.findall(r"define(?:Hidden)?\('([\w-]+)'", "".join(map(bytes.decode, stub_files().values()))))
    pages = Path(__file__).parents[2] / "web"
    used = {tag for file in pages.rglob("*.html") for tag in re.findall(r"<((?:s|ui)-[\w-]+)", file.read_text())}
    assert used <= known


# In a browser

FRAMED_PAGE = """<!doctype html><html lang="en"><head><meta name="shopify-api-key" content="{client_id}">
<script src="{cdn}{app_bridge}"></script><script src="{cdn}{polaris}"></script><title>App</title></head><body>
<s-app-nav><s-link href="/" rel="home">Home</s-link><s-link href="/settings">Settings</s-link></s-app-nav>
<ui-save-bar id="bar"><button variant="primary" id="save">Save</button><button id="drop">Discard</button></ui-save-bar>
<s-page heading="{heading}"><s-badge slot="accessory" tone="success">Active</s-badge>
<s-button slot="primary-action" id="ask">Ask</s-button>
<s-button slot="secondary-actions" id="told">Konten aus Datei importieren</s-button>
<s-button slot="secondary-actions" commandFor="more">Weitere Werkzeuge</s-button>
<s-menu id="more"><s-button tone="critical">Alle Konten entfernen</s-button></s-menu>
<form id="form"><s-section heading="Sending">
<s-text-field name="line" label="Opt-out line" value="Reply STOP"></s-text-field>
<s-select name="from" label="Send from" value="b">
<s-option value="a">One</s-option><s-option value="b">Two</s-option></s-select>
<s-switch name="quiet" label="Quiet hours" checked></s-switch>
<s-choice-list name="zone" label="Zone">
<s-choice value="a" selected>Theirs</s-choice><s-choice value="b">Ours</s-choice></s-choice-list>
</s-section></form></s-page><script src="/page.js"></script></body></html>"""

FRAMED_SCRIPT = """
const form = document.getElementById('form');
form.addEventListener('input', () => shopify.saveBar.show('bar'));
document.getElementById('drop').onclick = () => { form.reset(); shopify.saveBar.hide('bar'); };
document.getElementById('save').onclick = async () => {
  const values = Object.fromEntries(new FormData(form));
  await fetch('/api', { method: 'PUT', body: JSON.stringify(values) });
  shopify.saveBar.hide('bar');
  shopify.toast.show('Saved');
};
document.getElementById('told').addEventListener('click', () => shopify.toast.show('Imported'));
document.getElementById('ask').addEventListener('click', async () => {
  shopify.toast.show((await (await fetch('/api')).json()).who);
});
"""


class FramedApp:
    """A page of two, an API that wants a fresh session token, and a bounce page."""

    def __init__(self) -> None:
        self.cdn = ""
        self.saved: list[dict[str, Any]] = []
        self.refused = 0
        self.app = Starlette(
            routes=[
                Route("/", self.page),
                Route("/settings", self.page),
                Route("/bounce", self.bounce),
                Route("/api", self.api, methods=["GET", "PUT"]),
                Route("/page.js", self.script),
            ]
        )

    async def page(self, request: Request) -> Response:
        if "id_token" not in request.query_params and "authorization" not in request.headers:
            return Response(
                status_code=302, headers={"Location": f"/bounce?shop={SHOP}&shopify-reload={request.url.path}"}
            )
        heading = "Settings" if request.url.path == "/settings" else "Home"
        return HTMLResponse(
            FRAMED_PAGE.format(
                client_id=CLIENT_ID, cdn=self.cdn, app_bridge=APP_BRIDGE, polaris=POLARIS, heading=heading
            )
        )

    async def bounce(self, request: Request) -> Response:
        meta = f'<meta name="shopify-api-key" content="{CLIENT_ID}">'
        return HTMLResponse(f'<!doctype html>{meta}<script src="{self.cdn}{APP_BRIDGE}"></script>')

    async def api(self, request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        try:
            who = jwt.decode(token, SECRET, algorithms=["HS256"], audience=CLIENT_ID, leeway=2)["dest"]
        except jwt.ExpiredSignatureError:
            self.refused += 1
            return PlainTextResponse("", status_code=401, headers={"X-Shopify-Retry-Invalid-Session-Request": "1"})
        if request.method == "PUT":
            self.saved.append(await request.json())
        return JSONResponse({"who": who})

    async def script(self, request: Request) -> Response:
        return Response(FRAMED_SCRIPT, media_type="text/javascript")


@dataclass
class Stage:
    page: Page
    framed: FramedApp
    ringcentral: RingCentralSimulator
    problems: list[str]


@asynccontextmanager
async def opened(place: str) -> AsyncIterator[Stage]:
    chromium, framed, problems = find_chromium(), FramedApp(), list[str]()
    async with serve(framed.app) as app_url:
        shopify, ringcentral = furnish(system_clock, app_url)
        async with serve(shopify.app) as address, async_playwright() as playwright:
            framed.cdn = address.replace("127.0.0.1", "localhost")
            browser = await launch(playwright, chromium)
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            page.on("pageerror", lambda error: problems.append(str(error)))
            await page.goto(f"{framed.cdn}{PLACE}{place}")
            yield Stage(page, framed, ringcentral, problems)
            await browser.close()


@pytest.mark.browser
async def test_the_admin_shows_guards_and_serves_the_framed_app() -> None:
    async with opened("/settings") as stage:
        page, framed = stage.page, stage.framed
        frame = page.frame_locator("#app")
        await expect(page.locator("#title")).to_have_text("Settings")
        await expect(page.locator("#accessory")).to_have_text("Active")
        await expect(page.locator("#app-menu a[aria-current]")).to_have_text("Settings")

        await frame.get_by_role("textbox", name="Opt-out line").fill("Text STOP")
        await frame.get_by_label("Send from").select_option("a")
        await frame.get_by_role("switch", name="Quiet hours").uncheck()
        await frame.get_by_role("radio", name="Ours").check()
        await expect(page.locator("#save-bar")).to_be_visible()
        await page.locator(".menu a.app").click()
        await page.get_by_role("button", name="Stay").click()
        await expect(page.locator("#title")).to_have_text("Settings")

        await page.get_by_label("Demo panel").get_by_role("tab", name="Log").click()
        await page.get_by_role("switch", name="Expire session tokens").check()
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("#toasts")).to_contain_text("Saved")
        await expect(page.locator("#save-bar")).to_be_hidden()
        assert framed.saved == [{"line": "Text STOP", "from": "a", "zone": "b"}]
        assert framed.refused == 1

        await page.locator(".menu a.app").click()
        await expect(page.locator("#title")).to_have_text("Home")
        assert urlsplit(page.url).path == f"{PLACE}/"
        await page.locator("#title-actions").get_by_role("button", name="Ask").click()
        await expect(page.locator("#toasts")).to_contain_text(f"https://{SHOP}")

        more = page.get_by_label("More actions")
        await expect(more).to_be_hidden()
        await page.get_by_label("Close the demo panel").click()
        await page.set_viewport_size({"width": 390, "height": 844})
        await more.press("Enter")
        await expect(page.locator("#title-actions button:visible")).to_have_text(
            ["Konten aus Datei importieren", "Alle Konten entfernen", "Ask"]
        )
        await Sight(page, page).usable("the admin on a phone", widths=(320,))
        await page.keyboard.press("Tab")
        await page.keyboard.press("Escape")
        await expect(page.get_by_text("Alle Konten entfernen")).to_be_hidden()
        await expect(more).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#toasts")).to_contain_text("Imported")
        assert not stage.problems


@pytest.mark.browser
async def test_discard_brings_back_every_kind_of_field() -> None:
    async with opened("/settings") as stage:
        frame = stage.page.frame_locator("#app")
        await frame.get_by_role("textbox", name="Opt-out line").fill("Gone")
        await frame.get_by_label("Send from").select_option("a")
        await frame.get_by_role("switch", name="Quiet hours").uncheck()
        await frame.get_by_role("radio", name="Ours").check()
        await stage.page.get_by_role("button", name="Discard", exact=True).click()
        await expect(stage.page.locator("#save-bar")).to_be_hidden()
        await expect(frame.get_by_role("textbox", name="Opt-out line")).to_have_value("Reply STOP")
        await expect(frame.get_by_label("Send from")).to_have_value("b")
        await expect(frame.get_by_role("switch", name="Quiet hours")).to_be_checked()
        await expect(frame.get_by_role("radio", name="Theirs")).to_be_checked()


@pytest.mark.browser
async def test_the_panel_places_an_order_and_texts_as_the_customer() -> None:
    async with opened("/") as stage:
        panel = stage.page.get_by_label("Demo panel")
        await panel.get_by_role("button", name="Place order").click()
        await expect(panel.locator("#orders")).to_contain_text("#1001")
        await panel.get_by_role("button", name="Fulfill #1001").click()
        await stage.page.get_by_role("button", name="Fulfill order").click()
        await expect(panel.locator("#orders")).to_contain_text("Fulfilled")
        await panel.get_by_role("button", name="Open the phone of Ada Lovelace").click()
        await panel.get_by_role("button", name="STOP").click()
        await expect(panel.locator("#bubbles .out")).to_have_text("STOP")
        await expect(panel.locator("#bubbles .in")).to_contain_text("opted out")
        assert not stage.problems


@pytest.mark.browser
async def test_opened_outside_the_admin_the_app_goes_into_it() -> None:
    async with opened("/settings") as stage:
        await expect(stage.page.locator("#title")).to_have_text("Settings")
        document = stage.page.frames[1].url
        await stage.page.goto(f"{document}?shop={SHOP}&id_token=x")
        await expect(stage.page.locator("#title")).to_have_text("Settings")
        assert urlsplit(stage.page.url).path == f"{PLACE}/settings"

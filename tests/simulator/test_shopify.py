"""The simulated Shopify is as strict as the real one, over real HTTP; a small receiver plays the app."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import jwt
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app.core.clock import HeldClock
from app.simulator.shopify import ShopifySimulator
from app.simulator.shopify.cost import Bucket
from app.simulator.shopify.webhooks import DEADLINE

SECRET = "a client secret that nobody else knows"
NEWER = "the client secret that comes after it"
SHOP = "demo-store.myshopify.com"
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
EXCHANGE = {
    "client_id": "key",
    "client_secret": SECRET,
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    "expiring": "1",
}
REFRESH = {"client_id": "key", "client_secret": SECRET, "grant_type": "refresh_token"}
SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!, $sub: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $sub) {
    webhookSubscription { id topic uri filter includeFields name apiVersion { handle } }
    userErrors { field message } } }"""
SET_CONSENT = """mutation($input: CustomerSmsMarketingConsentUpdateInput!) {
  customerSmsMarketingConsentUpdate(input: $input) {
    customer { id defaultPhoneNumber { phoneNumber smsMarketingConsent { state optInLevel updatedAt collectedFrom } } }
    userErrors { code field message } } }"""


@dataclass
class Receiver:
    """The app's webhook endpoint: keeps what came and answers as it is told."""

    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        return Response(status_code=self.status)

    @property
    def topics(self) -> list[str]:
        return [headers["x-shopify-topic"] for headers, _ in self.got]

    def last(self, topic: str) -> dict[str, Any]:
        body = next(body for headers, body in reversed(self.got) if headers["x-shopify-topic"] == topic)
        return dict(json.loads(body))


@dataclass
class World:
    clock: HeldClock
    shopify: ShopifySimulator
    receiver: Receiver
    http: httpx2.AsyncClient
    url: str
    token: str = ""

    async def ask_token(self, form: dict[str, str]) -> httpx2.Response:
        return await self.http.post(f"{self.url}/admin/oauth/access_token", data=form, headers={"Host": SHOP})

    async def exchange(self, **changes: str) -> httpx2.Response:
        form = EXCHANGE | {"subject_token": self.shopify.id_token(SHOP)} | changes
        return await self.ask_token({name: value for name, value in form.items() if value})

    async def refresh(self, refresh_token: str) -> httpx2.Response:
        return await self.ask_token(REFRESH | {"refresh_token": refresh_token})

    async def post(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None, version: str = "2026-10"
    ) -> httpx2.Response:
        return await self.http.post(
            f"{self.url}/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"Host": SHOP, "X-Shopify-Access-Token": token or self.token},
        )

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        response = await self.post(query, variables)
        assert response.status_code == 200
        return dict(response.json())

    async def subscribe(self, topic: str, **sub: Any) -> dict[str, Any]:
        target = {"uri": f"{self.shopify.app_url}/webhooks/shopify"} | sub
        answer = await self.ask(SUBSCRIBE, {"topic": topic, "sub": target})
        return dict(answer["data"]["webhookSubscriptionCreate"])

    async def set_consent(self, customer_id: str, **consent: str) -> dict[str, Any]:
        return await self.ask(SET_CONSENT, {"input": {"customerId": customer_id, "smsMarketingConsent": consent}})


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", ws="none"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    receiver = Receiver()
    clock = HeldClock(NOW)
    endpoint = Starlette(routes=[Route("/webhooks/shopify", receiver.receive, methods=["POST"])])
    async with serving(endpoint) as app_url, httpx2.AsyncClient() as http:
        shopify = ShopifySimulator(clock=clock, api_key="key", api_secret=SECRET, app_url=app_url)
        shopify.add_shop(SHOP)
        shopify.install(SHOP)
        async with serving(shopify.app) as url:
            made = World(clock, shopify, receiver, http, url)
            made.token = (await made.exchange()).json()["access_token"]
            yield made


def proof_of(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


# ID tokens and documents


async def test_an_id_token_has_the_claims_of_the_documentation(world: World) -> None:
    options: jwt.types.Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(world.shopify.id_token(SHOP), SECRET, algorithms=["HS256"], audience="key", options=options)
    assert (claims["iss"], claims["dest"], claims["sub"]) == (f"https://{SHOP}/admin", f"https://{SHOP}", "1")
    assert claims["exp"] - claims["nbf"] == 60
    altered = world.shopify.id_token(SHOP, dest="https://evil.example.com", sid=None)
    assert "sid" not in jwt.decode(altered, SECRET, algorithms=["HS256"], audience="key", options=options)


async def test_the_document_query_is_signed_and_keeps_the_parameters_of_the_path(world: World) -> None:
    pairs = dict(parse_qsl(world.shopify.document_query(SHOP, "/messages?status=sent")))
    given = pairs.pop("hmac")
    text = "&".join(f"{key}={value}" for key, value in sorted(pairs.items()))
    assert given == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert set(pairs) == {"embedded", "host", "id_token", "locale", "session", "shop", "timestamp", "status"}
    assert base64.b64decode(pairs["host"] + "==").decode() == "admin.shopify.com/store/demo-store"


# Tokens


async def test_an_exchange_gives_an_hour_of_access_and_ninety_days_of_refresh(world: World) -> None:
    answer = (await world.exchange()).json()
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (3600, 7776000)
    assert answer["scope"] == "read_orders,write_customers"
    assert not answer["access_token"].startswith("shp")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"expiring": ""}, 403, "invalid_request"),
        ({"expiring": "0"}, 403, "invalid_request"),
        ({"client_id": "other"}, 400, "application_cannot_be_found"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, 400, "invalid_request"),
        ({"requested_token_type": "offline"}, 400, "invalid_request"),
        ({"subject_token": "not.a.token"}, 400, "invalid_subject_token"),
    ],
)
async def test_a_wrong_exchange_is_refused(world: World, changes: dict[str, str], status: int, error: str) -> None:
    response = await world.exchange(**changes)
    assert (response.status_code, response.json()["error"]) == (status, error)


async def test_an_id_token_that_is_stale_or_of_another_shop_is_refused(world: World) -> None:
    stale = world.shopify.id_token(SHOP)
    world.clock.advance(seconds=61)
    world.shopify.add_shop("other.myshopify.com")
    for token in (stale, world.shopify.id_token("other.myshopify.com"), world.shopify.id_token(SHOP, aud="other")):
        response = await world.exchange(subject_token=token)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_subject_token")


async def test_a_new_exchange_kills_the_older_refresh_token_but_not_the_older_access_token(world: World) -> None:
    first = (await world.exchange()).json()
    await world.exchange()
    assert (await world.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.post("{ shop { id } }", token=first["access_token"])).status_code == 200
    world.clock.advance(minutes=60)
    assert (await world.post("{ shop { id } }", token=first["access_token"])).status_code == 401


async def test_a_used_refresh_token_is_honoured_until_its_replacement_is_used(world: World) -> None:
    first = (await world.exchange()).json()["refresh_token"]
    lost = (await world.refresh(first)).json()["refresh_token"]
    second = (await world.refresh(first)).json()["refresh_token"]
    assert (await world.refresh(lost)).status_code == 400  # only one of them can be refreshed
    assert (await world.refresh(second)).status_code == 200
    assert (await world.refresh(first)).status_code == 400


async def test_a_refresh_token_ends_after_ninety_days(world: World) -> None:
    token = (await world.exchange()).json()["refresh_token"]
    world.clock.advance(days=90)
    assert (await world.refresh(token)).json()["error"] == "invalid_grant"


async def test_the_code_grant_installs_the_shop_and_its_code_works_once(world: World) -> None:
    await world.shopify.uninstall(SHOP)
    callback = f"{world.shopify.app_url}/auth/callback"
    asked = {"client_id": "key", "redirect_uri": callback, "state": "s-1"}
    response = await world.http.get(f"{world.url}/admin/oauth/authorize", params=asked, headers={"Host": SHOP})
    assert response.status_code == 302
    pairs = dict(parse_qsl(response.headers["location"].partition("?")[2]))
    assert set(pairs) == {"code", "hmac", "host", "shop", "state", "timestamp"}
    form = {"client_id": "key", "client_secret": SECRET, "code": pairs["code"]}
    assert (await world.ask_token(form)).status_code == 403
    assert (await world.ask_token(form | {"expiring": "1"})).status_code == 200
    assert (await world.ask_token(form | {"expiring": "1"})).status_code == 400
    elsewhere = asked | {"redirect_uri": "https://evil.example.com/"}
    refused = await world.http.get(f"{world.url}/admin/oauth/authorize", params=elsewhere, headers={"Host": SHOP})
    assert refused.status_code == 400


async def test_an_uninstalled_shop_gets_no_token_and_its_tokens_are_dead(world: World) -> None:
    token = (await world.exchange()).json()
    await world.shopify.uninstall(SHOP)
    assert (await world.exchange()).json()["error"] == "app_not_installed"
    assert (await world.refresh(token["refresh_token"])).status_code == 400
    assert (await world.post("{ shop { id } }", token=token["access_token"])).status_code == 401
    assert world.receiver.topics == ["app/uninstalled"]


async def test_while_a_secret_is_rotated_both_are_valid_and_revoking_one_kills_its_tokens(world: World) -> None:
    world.shopify.rotate_secret(NEWER)
    assert (await world.exchange()).status_code == 200
    newer = (await world.exchange(client_secret=NEWER)).json()["access_token"]
    customer = world.shopify.add_customer(SHOP)
    await world.shopify.send_data_request(SHOP, customer)
    world.clock.advance(minutes=59, seconds=59)
    await world.shopify.send_shop_redact(SHOP)
    world.clock.advance(seconds=1)
    await world.shopify.send_shop_redact(SHOP)
    signed = [headers["x-shopify-hmac-sha256"] for headers, _ in world.receiver.got]
    bodies = [body for _, body in world.receiver.got]
    assert signed == [proof_of(bodies[0]), proof_of(bodies[1]), proof_of(bodies[2], NEWER)]
    world.clock.set(NOW)
    world.shopify.revoke_secret(SECRET)
    assert (await world.post("{ shop { id } }")).status_code == 401
    assert (await world.post("{ shop { id } }", token=newer)).status_code == 200


# GraphQL


async def test_without_a_token_or_for_another_host_nothing_is_told(world: World) -> None:
    wrong = await world.post("{ shop { id } }", token="nonsense")
    assert wrong.status_code == 401
    assert wrong.json()["errors"].startswith("[API] Invalid API key or access token")
    unknown = await world.http.post(f"{world.url}/admin/api/2026-10/graphql.json", headers={"Host": "x.myshopify.com"})
    assert unknown.status_code == 404
    local = await world.http.post(f"{world.url}/admin/api/2026-10/graphql.json", json={"query": "{ shop { id } }"})
    assert local.status_code == 404


async def test_an_expired_version_falls_forward_and_an_invented_one_is_unknown(world: World) -> None:
    assert (await world.post("{ shop { id } }")).headers["X-Shopify-API-Version"] == "2026-10"
    assert (await world.post("{ shop { id } }", version="2024-01")).headers["X-Shopify-API-Version"] == "2026-01"
    assert (await world.post("{ shop { id } }", version="2026-13")).status_code == 404


async def test_an_unknown_field_a_wrong_variable_and_bad_syntax_are_refused(world: World) -> None:
    unknown = await world.ask("query Q { shop { favouriteColour } }")
    assert unknown["errors"][0]["extensions"] == {
        "code": "undefinedField",
        "typeName": "Shop",
        "fieldName": "favouriteColour",
    }
    wrong = await world.ask(SET_CONSENT, {"input": {"customerId": 1.5}})
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert "data" not in wrong
    naive = {"customerId": "gid://shopify/Customer/1", "smsMarketingConsent": {"marketingState": "UNSUBSCRIBED"}}
    naive["smsMarketingConsent"] |= {"consentUpdatedAt": "2026-11-22T10:00:00"}  # type: ignore[operator]
    assert (await world.ask(SET_CONSENT, {"input": naive}))["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert "errors" in await world.ask("{ shop {")
    assert (
        await world.http.post(f"{world.url}/admin/api/2026-10/graphql.json", headers=_auth(world))
    ).status_code == 400


def _auth(world: World) -> dict[str, str]:
    return {"Host": SHOP, "X-Shopify-Access-Token": world.token}


async def test_shop_and_scopes_can_be_read(world: World) -> None:
    answer = await world.ask(
        """query ShopInfo { shop { id name email myshopifyDomain url primaryDomain { host url } ianaTimezone
             currencyCode marketingSmsConsentEnabledAtCheckout transactionalSmsDisabled
             plan { publicDisplayName partnerDevelopment shopifyPlus } shopAddress { countryCodeV2 phone } }
           currentAppInstallation { id accessScopes { handle } } }"""
    )
    assert answer["data"]["shop"]["name"] == "Demo Store"
    handles = [scope["handle"] for scope in answer["data"]["currentAppInstallation"]["accessScopes"]]
    assert handles == ["read_customers", "read_orders", "write_customers"]
    cost = answer["extensions"]["cost"]
    assert cost["throttleStatus"]["maximumAvailable"] == 2000
    assert cost["actualQueryCost"] <= cost["requestedQueryCost"]


async def test_a_missing_scope_empties_its_field_and_leaves_the_rest(world: World) -> None:
    customer = world.shopify.add_customer(SHOP)
    order = await world.shopify.place_order(SHOP, customer)
    await world.shopify.change_scopes(SHOP, ["read_orders"])
    answer = await world.ask("query($id: ID!) { order(id: $id) { name customer { id } } }", {"id": order.gid})
    assert answer["data"] == {"order": {"name": "#1001", "customer": None}}
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert answer["errors"][0]["path"] == ["order", "customer"]


async def test_an_order_is_read_with_customer_addresses_and_a_fresh_status_link(world: World) -> None:
    customer = world.shopify.add_customer(SHOP, locale="es")
    order = await world.shopify.place_order(SHOP, customer, tags=["vip"], note_attributes={"ref": "zoe"})
    await world.shopify.fulfil_order(SHOP, order, tracking_number="1Z1")
    query = """query OrderById($id: ID!) { order(id: $id) { id legacyResourceId name number test
        cancelledAt cancelReason
        customerLocale phone displayFulfillmentStatus displayFinancialStatus tags discountCodes
        customAttributes { key value } totalPriceSet { shopMoney { amount currencyCode } }
        statusPageUrl(audience: CUSTOMERVIEW, notificationUsage: SMS)
        customer { id displayName defaultPhoneNumber { phoneNumber smsMarketingConsent { state updatedAt } } }
        shippingAddress { name phone countryCodeV2 provinceCode zip city timeZone }
        lineItems(first: 10) { nodes { title quantity } }
        fulfillments(first: 20) { id name status displayStatus trackingInfo(first: 10) { company number url } } } }"""
    first, again = [(await world.ask(query, {"id": order.gid}))["data"]["order"] for _ in range(2)]
    assert first["legacyResourceId"] == str(order.id)
    assert order.id > 2**53
    assert first["displayFulfillmentStatus"] == "FULFILLED"
    assert first["totalPriceSet"]["shopMoney"] == {"amount": "43.50", "currencyCode": "USD"}
    assert first["fulfillments"][0]["trackingInfo"] == [
        {"company": "UPS", "number": "1Z1", "url": "https://www.ups.com/track?tracknum=1Z1"}
    ]
    assert first["customer"]["defaultPhoneNumber"]["smsMarketingConsent"]["state"] == "SUBSCRIBED"
    assert first["shippingAddress"]["timeZone"] == "America/New_York"
    assert first["statusPageUrl"] != again["statusPageUrl"]


async def test_orders_are_paged_by_updated_at_and_end_after_sixty_days(world: World) -> None:
    old = await world.shopify.place_order(SHOP, None, phone="+12125550100")
    world.clock.advance(days=59)
    names = [(await world.shopify.place_order(SHOP, None)).name for _ in range(3)]
    await _renew(world)
    query = """query($q: String!, $cursor: String) { orders(first: 2, after: $cursor, query: $q, sortKey: UPDATED_AT) {
        nodes { name } pageInfo { hasNextPage endCursor } } }"""
    since = {"q": f"updated_at:>='{NOW.isoformat()}'"}
    page = (await world.ask(query, since))["data"]["orders"]
    assert [node["name"] for node in page["nodes"]] == [old.name, names[0]]
    rest = (await world.ask(query, since | {"cursor": page["pageInfo"]["endCursor"]}))["data"]["orders"]
    assert [node["name"] for node in rest["nodes"]] == names[1:]
    assert not rest["pageInfo"]["hasNextPage"]
    world.clock.advance(days=2)
    await _renew(world)
    assert (await world.ask("query($id: ID!) { order(id: $id) { id } }", {"id": old.gid}))["data"]["order"] is None
    assert len((await world.ask("{ orders(first: 9) { nodes { id } } }"))["data"]["orders"]["nodes"]) == 3
    assert (await world.ask('{ orders(first: 9, query: "color:red") { nodes { id } } }'))["errors"]
    assert (await world.ask("{ orders { nodes { id } } }"))["errors"]


async def _renew(world: World) -> None:
    world.token = (await world.exchange()).json()["access_token"]


async def test_customers_are_found_by_phone(world: World) -> None:
    ada = world.shopify.add_customer(SHOP, phone="+12125550123")
    world.shopify.add_customer(SHOP, first_name="Noah", phone="+14155550167")
    by_phone = "query($p: String!) { customerByIdentifier(identifier: { phoneNumber: $p }) { id } }"
    assert (await world.ask(by_phone, {"p": "+12125550123"}))["data"]["customerByIdentifier"] == {"id": ada.gid}
    assert (await world.ask(by_phone, {"p": "+12125550199"}))["data"]["customerByIdentifier"] is None
    search = "query($q: String!) { customers(first: 5, query: $q) { nodes { id } } }"
    assert (await world.ask(search, {"q": "phone:+12125550123"}))["data"]["customers"]["nodes"] == [{"id": ada.gid}]
    two = '{ customerByIdentifier(identifier: { phoneNumber: "+1", id: "gid://shopify/Customer/1" }) { id } }'
    assert (await world.ask(two))["errors"]


async def test_a_throttled_query_says_how_long_to_wait(world: World) -> None:
    query = "{ orders(first: 250) { nodes { id } } }"
    answers = [await world.ask(query) for _ in range(20)]
    assert [answer for answer in answers if "errors" in answer] == []  # an empty answer gives nearly everything back
    world.shopify.throttle_next()
    throttled = await world.ask(query)
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
    cost = throttled["extensions"]["cost"]
    assert cost["actualQueryCost"] is None
    assert cost["requestedQueryCost"] > cost["throttleStatus"]["currentlyAvailable"]
    assert "data" not in throttled
    assert "data" in await world.ask(query)


async def test_a_mutation_costs_what_was_recorded(world: World) -> None:
    answer = await world.set_consent(world.shopify.add_customer(SHOP).gid, marketingState="UNSUBSCRIBED")
    assert answer["extensions"]["cost"]["actualQueryCost"] == 12
    assert answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 1988


def test_the_bucket_holds_twenty_seconds_of_the_plans_rate() -> None:
    clock = HeldClock(NOW)
    bucket = Bucket.full("Basic", clock())
    assert [bucket.take(1000, clock()) for _ in range(3)] == [True, True, False]
    clock.advance(seconds=1)
    assert not bucket.take(101, clock())
    assert bucket.take(100, clock())
    clock.advance(days=1)
    assert bucket.take(0, clock())
    assert bucket.status() == {"maximumAvailable": 2000.0, "currentlyAvailable": 2000, "restoreRate": 100.0}
    assert Bucket.full("Plus", clock()).size == 20_000


async def test_a_query_that_costs_too_much_is_refused(world: World) -> None:
    answer = await world.ask(
        "{ orders(first: 250) { nodes { id customer { id defaultPhoneNumber { phoneNumber } "
        "defaultEmailAddress { emailAddress } } } } }"
    )
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


# Consent


@pytest.mark.parametrize(
    ("consent", "code", "path", "message"),
    [
        (
            {"marketingState": "SUBSCRIBED"},
            "MISSING_ARGUMENT",
            ["input", "smsMarketingConsent", "marketingOptInLevel"],
            "Marketing opt in level must exist",
        ),
        (
            {"marketingState": "PENDING", "marketingOptInLevel": "SINGLE_OPT_IN"},
            "INVALID",
            ["input", "smsMarketingConsent", "marketingOptInLevel"],
            None,
        ),
        (
            {"marketingState": "UNSUBSCRIBED", "consentUpdatedAt": "2026-11-22T15:00:01Z"},
            "INVALID",
            ["input", "smsMarketingConsent", "consentUpdatedAt"],
            None,
        ),
    ],
)
async def test_a_consent_that_lacks_something_is_refused(
    world: World, consent: dict[str, str], code: str, path: list[str], message: str | None
) -> None:
    customer = world.shopify.add_customer(SHOP, consent="NEVER_SUBSCRIBED")
    answer = (await world.set_consent(customer.gid, **consent))["data"]["customerSmsMarketingConsentUpdate"]
    (error,) = answer["userErrors"]
    assert (error["code"], error["field"]) == (code, path)
    assert message in (None, error["message"])
    assert answer["customer"] is None
    assert customer.consent == "NEVER_SUBSCRIBED"


async def test_consent_needs_a_customer_with_a_phone(world: World) -> None:
    unknown = await world.set_consent("gid://shopify/Customer/1", marketingState="UNSUBSCRIBED")
    error = {"code": None, "field": None, "message": "Customer not found"}
    assert unknown["data"]["customerSmsMarketingConsentUpdate"]["userErrors"] == [error]
    mute = world.shopify.add_customer(SHOP, phone=None, consent="NEVER_SUBSCRIBED")
    answer = await world.set_consent(mute.gid, marketingState="UNSUBSCRIBED")
    message = answer["data"]["customerSmsMarketingConsentUpdate"]["userErrors"][0]["message"]
    assert message == "A phone number is required to set the SMS consent state."


@pytest.mark.parametrize("state", ["NOT_SUBSCRIBED", "REDACTED"])
async def test_some_states_cannot_be_set_at_all(world: World, state: str) -> None:
    customer = world.shopify.add_customer(SHOP)
    answer = await world.set_consent(customer.gid, marketingState=state)
    assert answer["data"]["customerSmsMarketingConsentUpdate"] is None
    assert answer["errors"][0]["message"] == f"Cannot specify {state} as a marketing state input"
    assert answer["errors"][0]["extensions"] == {"code": "INVALID"}


async def test_an_unsubscription_is_kept_and_told_back_to_the_app(world: World) -> None:
    await world.subscribe("CUSTOMERS_MARKETING_CONSENT_UPDATE")
    customer = world.shopify.add_customer(SHOP)
    world.clock.advance(seconds=5)
    answer = await world.set_consent(customer.gid, marketingState="UNSUBSCRIBED")
    held = answer["data"]["customerSmsMarketingConsentUpdate"]["customer"]["defaultPhoneNumber"]["smsMarketingConsent"]
    assert held == {
        "state": "UNSUBSCRIBED",
        "optInLevel": "SINGLE_OPT_IN",
        "updatedAt": "2026-11-22T15:00:05Z",
        "collectedFrom": "OTHER",
    }
    await world.shopify.settle()
    told = world.receiver.last("customers_marketing_consent/update")
    assert told["sms_marketing_consent"]["state"] == "unsubscribed"
    assert told["sms_marketing_consent"]["consent_updated_at"] == "2026-11-22T10:00:05-05:00"


async def test_the_newest_consent_wins(world: World) -> None:
    customer = world.shopify.add_customer(SHOP, consent="SUBSCRIBED")
    answer = await world.set_consent(
        customer.gid, marketingState="UNSUBSCRIBED", consentUpdatedAt="2026-11-21T15:00:00Z"
    )
    assert answer["data"]["customerSmsMarketingConsentUpdate"]["userErrors"] == []
    assert customer.consent == "SUBSCRIBED"


async def test_the_never_asked_are_spelt_in_three_ways(world: World) -> None:
    await world.subscribe("CUSTOMERS_MARKETING_CONSENT_UPDATE")
    customer = world.shopify.add_customer(SHOP, consent="NEVER_SUBSCRIBED")
    query = """query($id: ID!) { customer(id: $id) { defaultPhoneNumber { marketingState smsMarketingConsent { state } }
        smsMarketingConsent { marketingState } } }"""
    read = (await world.ask(query, {"id": customer.gid}))["data"]["customer"]
    assert read["defaultPhoneNumber"]["smsMarketingConsent"]["state"] == "NEVER_SUBSCRIBED"
    assert read["defaultPhoneNumber"]["marketingState"] == read["smsMarketingConsent"]["marketingState"]
    assert read["defaultPhoneNumber"]["marketingState"] == "NOT_SUBSCRIBED"
    await world.shopify.set_consent(SHOP, customer, "NEVER_SUBSCRIBED")
    told = world.receiver.last("customers_marketing_consent/update")
    assert told["sms_marketing_consent"]["state"] == "not_subscribed"


# Webhook subscriptions


async def test_a_subscription_is_made_listed_changed_and_deleted(world: World) -> None:
    made = (await world.subscribe("ORDERS_CREATE", name="orders"))["webhookSubscription"]
    assert (made["topic"], made["apiVersion"]) == ("ORDERS_CREATE", {"handle": "2026-10"})
    listing = "{ webhookSubscriptions(first: 100) { nodes { id topic uri } pageInfo { hasNextPage endCursor } } }"
    assert [n["id"] for n in (await world.ask(listing))["data"]["webhookSubscriptions"]["nodes"]] == [made["id"]]
    change = """mutation($id: ID!, $sub: WebhookSubscriptionInput!) { webhookSubscriptionUpdate(id: $id,
        webhookSubscription: $sub) { webhookSubscription { filter uri } userErrors { field message } } }"""
    changed = await world.ask(change, {"id": made["id"], "sub": {"filter": "test:false"}})
    assert changed["data"]["webhookSubscriptionUpdate"]["webhookSubscription"]["filter"] == "test:false"
    delete = """mutation($id: ID!) { webhookSubscriptionDelete(id: $id) {
        deletedWebhookSubscriptionId userErrors { message } } }"""
    gone = (await world.ask(delete, {"id": made["id"]}))["data"]["webhookSubscriptionDelete"]
    assert gone == {"deletedWebhookSubscriptionId": made["id"], "userErrors": []}
    again = (await world.ask(delete, {"id": made["id"]}))["data"]["webhookSubscriptionDelete"]
    assert again["userErrors"] == [{"message": "Webhook subscription does not exist"}]


@pytest.mark.parametrize(
    ("sub", "path", "message"),
    [
        ({"uri": "http://app.example.com/"}, ["webhookSubscription", "callbackUrl"], "Address protocol http:// is not"),
        ({"uri": "https://x.myshopify.com/"}, ["webhookSubscription", "callbackUrl"], "Address cannot be a Shopify"),
        ({"filter": "nonsense"}, ["webhookSubscription"], "The specified filter is invalid, please ensure you"),
        ({}, ["webhookSubscription", "callbackUrl"], "Address for this topic has already been taken"),
        ({"uri": "https://a.example", "name": "Orders"}, ["webhookSubscription", "name"], "Name already exists, no"),
    ],
)
async def test_a_wrong_subscription_is_refused(
    world: World, sub: dict[str, str], path: list[str], message: str
) -> None:
    assert (await world.subscribe("ORDERS_CREATE", name="orders"))["userErrors"] == []
    (error,) = (await world.subscribe("ORDERS_CREATE", **sub))["userErrors"]
    assert error["field"] == path
    assert error["message"].startswith(message)


async def test_a_topic_needs_its_scope(world: World) -> None:
    (error,) = (await world.subscribe("FULFILLMENTS_CREATE"))["userErrors"]
    assert "missing access scope" in error["message"]


# Deliveries


async def test_an_order_is_told_with_the_published_headers_and_keys(world: World) -> None:
    await world.subscribe("ORDERS_CREATE", name="orders")
    customer = world.shopify.add_customer(SHOP)
    await world.shopify.place_order(SHOP, customer)
    ((headers, body),) = world.receiver.got
    assert headers["x-shopify-hmac-sha256"] == proof_of(body)
    assert headers["x-shopify-shop-domain"] == SHOP
    assert headers["x-shopify-api-version"] == "2026-10"
    assert headers["x-shopify-name"] == "orders"
    assert {"x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-triggered-at"} <= set(headers)
    order = json.loads(body)
    assert set(order) == ORDER_KEYS
    assert order["created_at"] == "2026-11-22T10:00:00-05:00"
    assert not set(order["customer"]) & {"sms_marketing_consent", "email_marketing_consent", "tags", "orders_count"}
    assert order["fulfillments"] == []


async def test_only_a_whole_fulfilment_is_told_as_fulfilled(world: World) -> None:
    for topic in ("ORDERS_FULFILLED", "ORDERS_PARTIALLY_FULFILLED"):
        await world.subscribe(topic)
    order = await world.shopify.place_order(SHOP, None, phone="+12125550100")
    await world.shopify.fulfil_order(SHOP, order, partial=True, tracking_company=None, tracking_number=None)
    assert world.receiver.topics == ["orders/partially_fulfilled"]
    await world.shopify.fulfil_order(SHOP, order, tracking_number="1Z2")
    told = world.receiver.last("orders/fulfilled")
    assert told["fulfillment_status"] == "fulfilled"
    assert [parcel["name"] for parcel in told["fulfillments"]] == ["#1001.1", "#1001.2"]
    assert [parcel["tracking_url"] for parcel in told["fulfillments"]] == [
        None,
        "https://www.ups.com/track?tracknum=1Z2",
    ]
    assert told["customer"] is None


async def test_a_cancelled_order_and_its_parcels_under_their_own_topic(world: World) -> None:
    world.shopify.install(SHOP, scopes=["read_orders", "read_fulfillments", "write_customers"])
    await world.subscribe("FULFILLMENTS_CREATE")
    await world.subscribe("ORDERS_CANCELLED")
    order = await world.shopify.place_order(SHOP, None)
    await world.shopify.fulfil_order(SHOP, order)
    assert set(world.receiver.last("fulfillments/create")) == FULFILLMENT_KEYS
    await world.shopify.cancel_order(SHOP, order)
    assert world.receiver.last("orders/cancelled")["cancel_reason"] == "customer"


async def test_a_failed_delivery_comes_again_the_same_and_after_eight_failures_the_subscription_is_gone(
    world: World,
) -> None:
    await world.subscribe("ORDERS_CREATE")
    world.receiver.status = 500
    await world.shopify.place_order(SHOP, None)
    assert world.shopify.deliveries[-1].outcome == "failed"
    assert await world.shopify.retry_webhooks(due_only=True) == []
    world.clock.advance(hours=4)
    for _ in range(7):
        await world.shopify.retry_webhooks(due_only=True)
        world.clock.advance(hours=4)
    assert len({(headers["x-shopify-webhook-id"], body) for headers, body in world.receiver.got}) == 1
    assert len(world.receiver.got) == 8
    assert world.shopify.shops[SHOP].subscriptions == {}
    assert world.shopify.deliveries[-1].outcome == "abandoned"


async def test_the_apps_own_topics_are_never_unsubscribed(world: World) -> None:
    world.receiver.status = 500
    await world.shopify.uninstall(SHOP)
    for _ in range(9):
        await world.shopify.retry_webhooks()
    assert world.receiver.topics == ["app/uninstalled"] * 9
    world.receiver.status = 200
    await world.shopify.send_shop_redact(SHOP)
    assert world.receiver.topics[-1] == "shop/redact"


async def test_webhooks_can_be_lost_doubled_and_forged(world: World) -> None:
    await world.subscribe("ORDERS_CREATE")
    world.shopify.lose_webhooks = True
    await world.shopify.place_order(SHOP, None)
    assert world.receiver.got == []
    world.shopify.lose_webhooks, world.shopify.duplicate_webhooks = False, True
    await world.shopify.place_order(SHOP, None)
    assert len({headers["x-shopify-webhook-id"] for headers, _ in world.receiver.got}) == 1
    assert len(world.receiver.got) == 2
    response = await world.shopify.send_webhook(SHOP, "orders/create", b"{", webhook_id="w-1", hmac="forged")
    assert response.status_code == 200
    assert world.receiver.got[-1][0]["x-shopify-hmac-sha256"] == "forged"
    assert world.receiver.got[-1][0]["x-shopify-webhook-id"] == "w-1"


async def test_a_filter_and_chosen_fields_reduce_what_is_delivered(world: World) -> None:
    fields = ["id", "updated_at", "customer.id"]
    await world.subscribe("ORDERS_CREATE", filter="test:false", includeFields=fields)
    customer = world.shopify.add_customer(SHOP)
    await world.shopify.place_order(SHOP, customer, test=True)
    assert world.receiver.got == []
    order = await world.shopify.place_order(SHOP, customer)
    told = world.receiver.last("orders/create")
    assert told == {"id": order.id, "updated_at": "2026-11-22T10:00:00-05:00", "customer": {"id": customer.id}}


async def test_compliance_topics_have_the_published_shapes(world: World) -> None:
    customer = world.shopify.add_customer(SHOP, email="ada@example.com")
    order = await world.shopify.place_order(SHOP, customer)
    await world.shopify.send_data_request(SHOP, customer)
    await world.shopify.send_customers_redact(SHOP, customer)
    await world.shopify.send_shop_redact(SHOP)
    shop = world.shopify.shops[SHOP]
    who = {"id": customer.id, "email": "ada@example.com", "phone": "+12125550123"}
    request = world.receiver.last("customers/data_request")
    assert (request["customer"], request["orders_requested"]) == (who, [order.id])
    redact = {"shop_id": shop.id, "shop_domain": SHOP, "customer": who, "orders_to_redact": [order.id]}
    assert world.receiver.last("customers/redact") == redact
    assert world.receiver.last("shop/redact") == {"shop_id": shop.id, "shop_domain": SHOP}


async def test_an_app_that_does_not_answer_has_five_seconds(world: World) -> None:
    assert DEADLINE == 5.0
    world.shopify.app_url = "http://127.0.0.1:9"
    (delivery,) = await world.shopify.send_shop_redact(SHOP)
    assert (delivery.outcome, delivery.status, delivery.answers) == ("failed", None, ["ConnectError"])


# Faults, control, memory


async def test_requests_can_be_made_to_fail_before_or_after_they_took_effect(world: World) -> None:
    world.shopify.fail_next("graphql", status=502, times=2)
    assert [(await world.post("{ shop { id } }")).status_code for _ in range(3)] == [502, 502, 200]
    customer = world.shopify.add_customer(SHOP)
    world.shopify.fail_next("graphql", status=500, after_accepting=True)
    given = {"input": {"customerId": customer.gid, "smsMarketingConsent": {"marketingState": "UNSUBSCRIBED"}}}
    assert (await world.post(SET_CONSENT, given)).status_code == 500
    assert customer.consent == "UNSUBSCRIBED"
    world.shopify.fail_next("token", status=429, retry_after=3)
    assert (await world.exchange()).headers["Retry-After"] == "3"
    world.shopify.hang_next(0.05)
    with pytest.raises(httpx2.TimeoutException):
        await world.http.post(
            f"{world.url}/admin/api/2026-10/graphql.json",
            json={"query": "{ shop { id } }"},
            headers=_auth(world),
            timeout=0.01,
        )


async def test_money_and_parcels_go_on_after_the_order(world: World) -> None:
    world.shopify.install(SHOP, scopes=["read_orders", "read_fulfillments", "write_customers"])
    for topic in ("ORDERS_PAID", "REFUNDS_CREATE", "FULFILLMENT_EVENTS_CREATE", "FULFILLMENTS_UPDATE"):
        await world.subscribe(topic)
    orders = f"{world.url}/_simulator/shops/{SHOP}/orders"

    async def does(verb: str, body: dict[str, Any]) -> int:
        return (await world.http.post(f"{orders}/{order.id}/{verb}", json=body)).status_code

    order = await world.shopify.place_order(SHOP, None, financial_status="pending")
    assert await does("refund", {}) == 409, "nothing was paid"
    assert await does("pay", {}) == 200
    assert world.receiver.last("orders/paid")["financial_status"] == "paid"
    assert await does("refund", {"amount": "12.00"}) == 200
    refund = world.receiver.last("refunds/create")
    assert (refund["order_id"], refund["transactions"][0]["amount"]) == (order.id, "12.00")
    assert order.financial_status == "partially_refunded"
    assert await does("refund", {"amount": "999"}) == 409
    assert await does("refund", {"amount": "much"}) == 422
    assert await does("refund", {}) == 200
    assert order.financial_status == "refunded"
    assert await does("report", {"status": "delivered"}) == 422, "there is no parcel"
    await world.shopify.fulfil_order(SHOP, order)
    assert await does("report", {"status": "out_for_delivery"}) == 200
    event = world.receiver.last("fulfillment_events/create")
    parcel = order.fulfillments[0]
    assert (event["fulfillment_id"], event["order_id"], event["status"]) == (parcel.id, order.id, "out_for_delivery")
    assert await does("tracking", {"tracking_number": "1Z9"}) == 200
    changed = world.receiver.last("fulfillments/update")
    assert set(changed) == FULFILLMENT_KEYS
    assert (changed["tracking_number"], changed["shipment_status"]) == ("1Z9", "out_for_delivery")
    fields = "refunds(first: 5) { totalRefundedSet { shopMoney { amount } } } fulfillments(first: 5) { displayStatus }"
    answer = await world.post(f'{{ order(id: "{order.gid}") {{ displayFinancialStatus {fields} }} }}')
    seen = answer.json()["data"]["order"]
    assert seen["displayFinancialStatus"] == "REFUNDED"
    assert [each["totalRefundedSet"]["shopMoney"]["amount"] for each in seen["refunds"]] == ["12.00", "31.50"]
    assert seen["fulfillments"] == [{"displayStatus": "OUT_FOR_DELIVERY"}]


async def test_the_panel_drives_the_shop_over_http(world: World) -> None:
    await world.subscribe("ORDERS_CREATE")
    base = f"{world.url}/_simulator/shops/{SHOP}"
    buyer = {"first_name": "Lucía", "phone": "+13055550142", "locale": "es"}
    placed = (await world.http.post(f"{base}/orders", json={"customer": buyer})).json()
    parcel = {"tracking_company": "UPS", "tracking_number": "1Z3"}
    fulfilled = await world.http.post(f"{base}/orders/{placed['id']}/fulfil", json=parcel)
    assert fulfilled.json()["fulfillment_status"] == "fulfilled"
    assert (await world.http.post(f"{base}/orders/{placed['id']}/fulfil", json=parcel)).status_code == 409
    consent = f"{base}/customers/{placed['customer_id']}/consent"
    assert (await world.http.post(consent, json={"state": "UNSUBSCRIBED"})).json()["consent"] == "UNSUBSCRIBED"
    assert (await world.http.post(consent, json={"state": "MAYBE"})).status_code == 422
    again = await world.http.post(f"{base}/orders", json={"customer_id": placed["customer_id"]})
    assert (await world.http.post(f"{base}/orders/{again.json()['id']}/cancel", json={})).json()["cancelled_at"]
    shown = (await world.http.get(base)).json()
    assert [order["name"] for order in shown["orders"]] == ["#1002", "#1001"]
    assert shown["deliveries"][0]["outcome"] == "delivered"
    document = (await world.http.get(f"{base}/document-query", params={"path": "/settings"})).json()
    assert document["url"].startswith(f"{world.shopify.app_url}/settings?embedded=1&hmac=")
    assert (await world.http.get(f"{base}/id-token")).json()["id_token"].count(".") == 2
    await world.http.post(f"{world.url}/_simulator/faults", json={"kind": "graphql", "status": 503})
    assert (await world.post("{ shop { id } }")).status_code == 503
    assert (await world.http.post(f"{base}/uninstall", json={})).json()["deliveries"][0]["status"] == 200


async def test_the_panels_endpoints_refuse_foreign_hosts_and_forms(world: World) -> None:
    address = f"{world.url}/_simulator/shops/{SHOP}"
    assert (await world.http.get(address, headers={"Host": SHOP})).status_code == 404
    assert (await world.http.get(address, headers={"Host": "evil.example.com"})).status_code == 404
    assert (await world.http.post(f"{address}/uninstall", data={"a": "b"})).status_code == 415
    assert (await world.http.post(f"{address}/orders", json={"surprise": 1})).status_code == 422


async def test_the_state_outlives_the_process(world: World, tmp_path: Path) -> None:
    path = tmp_path / "shopify.json"
    first = ShopifySimulator(
        clock=world.clock, api_key="k", api_secret="s", app_url="http://127.0.0.1:9", state_path=path
    )
    first.add_shop(SHOP)
    customer = first.add_customer(SHOP)
    first.install(SHOP)
    order = await first.place_order(SHOP, customer)
    await first.fulfil_order(SHOP, order)
    await first.aclose()
    later = ShopifySimulator(
        clock=world.clock, api_key="k", api_secret="s", app_url="http://127.0.0.1:9", state_path=path
    )
    assert later.shops == first.shops
    assert os.listdir(tmp_path) == ["shopify.json"]  # noqa: PTH208 - nothing else is left beside it


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ORDER_KEYS = _words(
    """id admin_graphql_api_id app_id browser_ip buyer_accepts_marketing cancel_reason cancelled_at cart_token
    checkout_token client_details closed_at confirmation_number confirmed contact_email created_at currency
    current_shipping_price_set current_subtotal_price current_subtotal_price_set current_total_additional_fees_set
    current_total_discounts current_total_discounts_set current_total_duties_set current_total_price
    current_total_price_set current_total_tax current_total_tax_set customer_locale device_id discount_codes
    duties_included email estimated_taxes financial_status fulfillment_status landing_site landing_site_ref location_id
    merchant_business_entity_id merchant_of_record_app_id name note note_attributes number order_number
    order_status_url original_total_additional_fees_set original_total_duties_set payment_gateway_names phone po_number
    presentment_currency processed_at reference referring_site source_identifier source_name source_url subtotal_price
    subtotal_price_set tags tax_exempt tax_lines taxes_included test token total_cash_rounding_payment_adjustment_set
    total_cash_rounding_refund_adjustment_set total_discounts total_discounts_set total_line_items_price
    total_line_items_price_set total_outstanding total_price total_price_set total_shipping_price_set total_tax
    total_tax_set total_tip_received total_weight updated_at user_id billing_address customer discount_applications
    fulfillments line_items payment_terms refunds shipping_address shipping_lines returns line_item_groups"""
)
FULFILLMENT_KEYS = _words(
    """id order_id status created_at service updated_at tracking_company shipment_status location_id origin_address
    email destination line_items tracking_number tracking_numbers tracking_url tracking_urls receipt name
    admin_graphql_api_id"""
)

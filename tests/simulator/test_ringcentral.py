"""The simulated RingCentral over real HTTP: it refuses what the real one refuses and remembers what it promised."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.clock import HeldClock, system_clock
from app.simulator.ringcentral import RingCentralSimulator, User
from tests.simulator.serving import serve

START = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
OURS, CUSTOMER, OTHER = "+16505550100", "+14155550123", "+12125550123"
SMS = "/restapi/v1.0/account/~/extension/~/sms"
STORE = "/restapi/v1.0/account/~/extension/~/message-store"
SYNC = "/restapi/v1.0/account/~/extension/~/message-sync"
NUMBERS = "/restapi/v1.0/account/~/extension/~/phone-number"
SUBSCRIPTION = "/restapi/v1.0/subscription"
CONSENTS = "/restapi/v2/accounts/~/sms/consents"
INSTANT = "/restapi/v1.0/account/~/extension/~/message-store/instant?type=SMS"
OUTBOUND = "/restapi/v1.0/account/~/extension/~/message-store?type=SMS&direction=Outbound"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Client:
    """An application in the simplest form: it logs in and calls."""

    http: httpx2.AsyncClient
    simulator: RingCentralSimulator
    user: User
    token: str = ""

    async def token_call(self, form: dict[str, str], *, secret: str = "simulated-secret") -> httpx2.Response:
        basic = base64.b64encode(f"simulated-client:{secret}".encode()).decode()
        return await self.http.post("/restapi/oauth/token", data=form, headers={"Authorization": f"Basic {basic}"})

    async def log_in(self) -> str:
        form = {"grant_type": GRANT, "assertion": self.simulator.issue_jwt(self.user)}
        self.token = (await self.token_call(form)).json()["access_token"]
        return self.token

    async def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"bearer {self.token}", **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    async def send(self, to: str = CUSTOMER, text: str = "Hello", sender: str = OURS) -> httpx2.Response:
        body = {"from": {"phoneNumber": sender}, "to": [{"phoneNumber": to}], "text": text}
        return await self.call("POST", SMS, json=body)

    async def subscribe(self, address: str, *filters: str, **fields: Any) -> httpx2.Response:
        mode = {"transportType": "WebHook", "address": address, "verificationToken": "a-secret"}
        body = {"eventFilters": list(filters or (INSTANT, OUTBOUND, CONSENTS)), "deliveryMode": mode, **fields}
        return await self.call("POST", SUBSCRIPTION, json=body)


@dataclass
class Hook:
    """A webhook receiver that can be made to answer wrongly."""

    url: str = ""
    echo: bool = True
    status: int = 200
    media_type: str = "application/json"
    padding: int = 0
    delay: float = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        self.headers.append(dict(request.headers))
        await asyncio.sleep(self.delay)
        if body:
            self.events.append(await request.json())
            self.called.set()
        headers = {"x-padding": "x" * self.padding} if self.padding else {}
        token = request.headers.get("validation-token")
        if token is not None and self.echo:
            headers["validation-token"] = token
        return Response(status_code=self.status, headers=headers, media_type=self.media_type)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(START)


@asynccontextmanager
async def running(simulator: RingCentralSimulator) -> AsyncIterator[Client]:
    async with serve(simulator.app) as url, httpx2.AsyncClient(base_url=url, timeout=5, trust_env=False) as http:
        simulator.url = url
        user = next(iter(simulator.state.users.values()), None) or simulator.add_user()
        simulator.add_number(user)
        yield Client(http, simulator, user)


@pytest.fixture
async def client(clock: HeldClock) -> AsyncIterator[Client]:
    async with running(RingCentralSimulator(clock=clock)) as client:
        await client.log_in()
        yield client


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = Starlette(routes=[Route("/hook", hook.receive, methods=["POST"])])
    async with serve(app) as url:
        hook.url = f"{url}/hook"
        yield hook


def code_of(response: httpx2.Response) -> str:
    code: str = response.json()["errors"][0]["errorCode"]
    return code


# --- Logging in


async def test_a_login_answers_with_owner_scope_and_an_hour(client: Client) -> None:
    answer = await client.token_call({"grant_type": GRANT, "assertion": client.simulator.issue_jwt(client.user)})
    token = answer.json()
    assert answer.status_code == 200
    assert token["owner_id"] == client.user.owner_id
    assert token["expires_in"] == 3600
    assert "SMS" in token["scope"].split()
    assert "refresh_token" not in token


@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        ({"grant_type": "password", "username": "a", "password": "b"}, 400, "unauthorized_client", "OAU-251"),
        ({"grant_type": "magic"}, 400, "invalid_request", "OAU-250"),
        ({}, 400, "invalid_request", "OAU-250"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unauthorized_client", "OAU-251"),
        ({"grant_type": GRANT, "assertion": "a.b.c"}, 400, "invalid_grant", "OAU-140"),
        ({"grant_type": GRANT}, 400, "invalid_grant", "OAU-140"),
    ],
)
async def test_other_grants_and_assertions_are_refused(
    client: Client, form: dict[str, str], status: int, error: str, code: str
) -> None:
    answer = await client.token_call(form)
    assert (answer.status_code, answer.json()["error"], code_of(answer)) == (status, error, code)


async def test_wrong_secret_audience_expired_and_deleted_jwts_are_refused(client: Client, clock: HeldClock) -> None:
    simulator, user = client.simulator, client.user
    good = simulator.issue_jwt(user)
    wrong = await client.token_call({"grant_type": GRANT, "assertion": good}, secret="guess")
    assert (wrong.status_code, code_of(wrong)) == (401, "OAU-153")
    elsewhere = simulator.issue_jwt(user, audience="https://platform.ringcentral.com/restapi/oauth/token")
    answer = await client.token_call({"grant_type": GRANT, "assertion": elsewhere})
    assert code_of(answer) == "OAU-140"
    expired = simulator.issue_jwt(user, expires_at=clock() - timedelta(seconds=1))
    answer = await client.token_call({"grant_type": GRANT, "assertion": expired})
    assert (answer.status_code, code_of(answer)) == (400, "OAU-210")
    simulator.revoke_jwt(good)
    answer = await client.token_call({"grant_type": GRANT, "assertion": good})
    assert code_of(answer) == "OAU-140"


async def test_the_sixth_login_ends_the_oldest_session(client: Client) -> None:
    client.simulator.use_limits(auth=20)
    first = client.token
    for _ in range(4):
        await client.log_in()
    assert (await client.call("GET", NUMBERS, headers={"Authorization": f"Bearer {first}"})).status_code == 200
    await client.log_in()
    answer = await client.call("GET", NUMBERS, headers={"Authorization": f"Bearer {first}"})
    assert (answer.status_code, answer.json()["errorCode"], code_of(answer)) == (401, "TokenInvalid", "OAU-213")
    assert (await client.call("GET", NUMBERS)).status_code == 200


async def test_an_access_token_ends_after_an_hour(client: Client, clock: HeldClock) -> None:
    clock.advance(seconds=3599)
    assert (await client.call("GET", NUMBERS)).status_code == 200
    clock.advance(seconds=1)
    answer = await client.call("GET", NUMBERS)
    assert (answer.status_code, code_of(answer)) == (401, "OAU-128")


async def test_a_refresh_token_works_once_and_for_a_moment_more(client: Client, clock: HeldClock) -> None:
    client.simulator.refresh_tokens = True
    form = {"grant_type": GRANT, "assertion": client.simulator.issue_jwt(client.user)}
    first = (await client.token_call(form)).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await client.token_call(refresh)).json()
    assert second["access_token"] != first["access_token"]
    assert (await client.token_call(refresh)).json()["access_token"] == second["access_token"]
    client.token = second["access_token"]
    assert (await client.call("GET", NUMBERS)).status_code == 200
    clock.advance(seconds=11)
    assert (await client.token_call(refresh)).status_code == 400


async def test_a_revoked_session_is_unknown(client: Client) -> None:
    basic = base64.b64encode(b"simulated-client:simulated-secret").decode()
    headers = {"Authorization": f"Basic {basic}"}
    await client.http.post("/restapi/oauth/revoke", data={"token": client.token}, headers=headers)
    assert code_of(await client.call("GET", NUMBERS)) == "OAU-213"


# --- Pace


async def test_the_forty_first_text_in_a_minute_starts_a_penalty_that_every_call_restarts(
    client: Client, clock: HeldClock
) -> None:
    for left in range(39, -1, -1):
        answer = await client.send()
        assert answer.headers["X-Rate-Limit-Remaining"] == str(left)
    refused = await client.send()
    assert (refused.status_code, code_of(refused), refused.headers["Retry-After"]) == (429, "CMN-301", "60")
    clock.advance(seconds=59)
    assert (await client.send()).status_code == 429
    clock.advance(seconds=59)
    assert (await client.send()).status_code == 429
    clock.advance(seconds=60)
    assert (await client.send()).status_code == 200
    assert [r.violates_penalty for r in client.simulator.requests[-4:]] == [False, True, True, False]
    assert len(client.simulator.sent) == 41


async def test_the_window_slides(client: Client, clock: HeldClock) -> None:
    client.simulator.use_limits(medium=2)
    await client.send()
    clock.advance(seconds=30)
    await client.send()
    clock.advance(seconds=30)
    assert (await client.send()).status_code == 200
    assert (await client.send()).status_code == 429


async def test_the_sixth_login_in_a_minute_is_refused(client: Client) -> None:
    for _ in range(4):
        await client.log_in()
    form = {"grant_type": GRANT, "assertion": client.simulator.issue_jwt(client.user)}
    answer = await client.token_call(form)
    assert (answer.status_code, answer.headers["X-Rate-Limit-Group"]) == (429, "auth")


async def test_users_do_not_share_limits(client: Client) -> None:
    client.simulator.use_limits(medium=1)
    neighbour = Client(client.http, client.simulator, client.simulator.add_user(name="Neighbour"))
    client.simulator.add_number(neighbour.user, "+16505550200")
    await neighbour.log_in()
    assert (await client.send()).status_code == 200
    assert (await neighbour.send(sender="+16505550200")).status_code == 200
    assert (await client.send()).status_code == 429


# --- Numbers


async def test_numbers_come_in_pages_and_company_numbers_cannot_text(client: Client) -> None:
    simulator = client.simulator
    colleague = simulator.add_user(name="Colleague", account_id=client.user.account_id)
    simulator.add_number(colleague, "+16505550104", usage_type="MainCompanyNumber")
    simulator.add_number(colleague, "+16505550105")
    simulator.add_number(client.user, "+18335550102")
    first = (await client.call("GET", f"{NUMBERS}?page=1&perPage=2")).json()
    assert [n["phoneNumber"] for n in first["records"]] == [OURS, "+18335550102"]
    assert first["paging"]["totalElements"] == 3
    assert "nextPage" in first["navigation"]
    last = (await client.call("GET", f"{NUMBERS}?page=2&perPage=2")).json()
    assert last["records"][0]["features"] == ["CallerId"]
    assert "nextPage" not in last["navigation"]


async def test_the_registration_of_a_number_is_shown(client: Client) -> None:
    unregistered = client.simulator.add_number(client.user, "+16505550101", campaign_status=None)
    own = client.simulator.state.numbers[OURS]
    shown = (await client.call("GET", f"{NUMBERS}/{own.id}/sms-configuration")).json()
    assert shown["smsCampaignInfo"]["status"] == "Confirmed"
    assert shown["smsCampaignInfo"]["consentSettings"]["coverage"]["optOut"] == "PhoneNumber"
    bare = (await client.call("GET", f"{NUMBERS}/{unregistered.id}/sms-configuration")).json()
    assert bare == {"phoneNumberId": str(unregistered.id), "phoneNumber": "+16505550101"}
    assert (await client.call("GET", f"{NUMBERS}/1/sms-configuration")).status_code == 404


async def test_brand_and_permissions_are_told(client: Client) -> None:
    account = (await client.call("GET", "/restapi/v1.0/account/~")).json()
    assert account["serviceInfo"]["brand"] == {"id": "1210", "name": "RingCentral"}
    check = "/restapi/v1.0/account/~/extension/~/authz-profile/check?permissionId=OutboundSMS"
    assert (await client.call("GET", check)).json()["successful"] is True
    client.user.permissions.remove("OutboundSMS")
    assert (await client.call("GET", check)).json()["successful"] is False
    refused = await client.send()
    assert (refused.status_code, code_of(refused)) == (403, "CMN-408")


# --- Sending


async def test_a_text_is_queued_then_sent_then_delivered(client: Client, clock: HeldClock) -> None:
    answer = (await client.send(text="Your order is confirmed.")).json()
    assert answer["messageStatus"] == "Queued"
    assert answer["conversationId"] > 2**53
    assert answer["conversation"]["id"] == str(answer["conversationId"])
    path = f"{STORE}/{answer['id']}"
    clock.advance(seconds=1)
    assert (await client.call("GET", path)).json()["messageStatus"] == "Sent"
    clock.advance(seconds=2)
    delivered = (await client.call("GET", path)).json()
    assert (delivered["messageStatus"], delivered["segmentCount"]) == ("Delivered", 1)
    assert client.simulator.sent == [
        {"id": str(answer["id"]), "from": OURS, "to": CUSTOMER, "text": "Your order is confirmed."}
    ]
    assert [t["text"] for t in client.simulator.texts_of(CUSTOMER)] == ["Your order is confirmed."]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"text": None}, 400, "CMN-101"),
        ({"text": "\N{GRINNING FACE}" * 501}, 400, "CMN-101"),
        ({"to": []}, 400, "CMN-101"),
        ({"to": [{"phoneNumber": "4155550123"}]}, 400, "CMN-101"),
        ({"to": [{"phoneNumber": "12345"}]}, 400, "MSG-247"),
        ({"to": [{"phoneNumber": CUSTOMER, "name": "Ada"}]}, 400, "CMN-101"),
        ({"to": [{"phoneNumber": CUSTOMER}, {"phoneNumber": CUSTOMER}]}, 400, "CMN-406"),
        ({"to": [{"phoneNumber": "+19044910270"}]}, 400, "MSG-243"),
        ({"to": [{"phoneNumber": "+15005550384"}]}, 403, "MSG-384"),
        ({"to": [{"phoneNumber": "+442079460123"}]}, 403, "MSG-240"),
        ({"from": {"phoneNumber": OURS, "extensionNumber": ""}}, 400, "MSG-246"),
        ({"from": {"phoneNumber": "+16505550199"}}, 400, "MSG-245"),
        ({"from": {"phoneNumber": "+16505550105"}}, 403, "MSG-304"),
        ({"from": {"phoneNumber": "+16505550106"}}, 403, "MSG-367"),
        ({"from": {"phoneNumber": "+16505550107"}}, 403, "MSG-242"),
        ({"country": {"id": "1", "isoCode": "US"}}, 400, "MSG-365"),
        ({"colour": "red"}, 400, "CMN-101"),
    ],
)
async def test_bad_sends_are_refused(client: Client, change: dict[str, Any], status: int, code: str) -> None:
    simulator = client.simulator
    colleague = simulator.add_user(name="Colleague", account_id=client.user.account_id)
    simulator.add_number(colleague, "+16505550105")
    simulator.add_number(client.user, "+16505550106", features=("CallerId",))
    simulator.add_number(client.user, "+16505550107", features=("A2PSmsSender", "CallerId"))
    body = {"from": {"phoneNumber": OURS}, "to": [{"phoneNumber": CUSTOMER}], "text": "Hello"} | change
    answer = await client.call("POST", SMS, json=body)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert simulator.sent == []


async def test_two_recipients_are_a_group_that_tests_can_see(client: Client) -> None:
    body = {
        "from": {"phoneNumber": OURS},
        "to": [{"phoneNumber": CUSTOMER}, {"phoneNumber": OTHER}],
        "text": "Hello both",
    }
    assert (await client.call("POST", SMS, json=body)).status_code == 200
    assert client.simulator.sent == []
    assert [group["to"] for group in client.simulator.group_messages] == [f"{CUSTOMER},{OTHER}"]


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        ("SMS-CAR-411", "DeliveryFailed", "SMS-CAR-411"),
        ("SMS-RC-410", "SendingFailed", "SMS-RC-410"),
        ("SMS-CAR-199", "Sent", "SMS-CAR-199"),
        ("Sent", "Sent", None),
    ],
)
async def test_a_text_ends_as_it_was_told_to(
    client: Client, clock: HeldClock, outcome: str, status: str, code: str | None
) -> None:
    client.simulator.delivery_outcomes[CUSTOMER] = outcome
    message_id = (await client.send()).json()["id"]
    clock.advance(seconds=60)
    shown = (await client.call("GET", f"{STORE}/{message_id}")).json()
    assert (shown["messageStatus"], shown.get("deliveryErrorCode")) == (status, code)


async def test_unreadable_bodies_and_unknown_paths_have_ringcentrals_shape(client: Client) -> None:
    broken = await client.call("POST", SMS, content=b"{", headers={"content-type": "application/json"})
    assert (broken.status_code, code_of(broken)) == (400, "CMN-104")
    form = await client.call("POST", SMS, data={"text": "Hello"})
    assert (form.status_code, code_of(form)) == (415, "CMN-103")
    lost = await client.call("GET", "/restapi/v1.0/nowhere")
    assert (lost.status_code, code_of(lost)) == (404, "CMN-102")
    assert (await client.http.get(NUMBERS)).json()["errors"][0]["errorCode"] == "CMN-405"
    assert (await client.call("DELETE", SMS)).status_code == 405


# --- Reading messages


async def test_the_message_store_is_filtered_and_paged(client: Client, clock: HeldClock) -> None:
    await client.send(text="one")
    await client.send(to=OTHER, text="two")
    clock.advance(seconds=10)
    await client.simulator.customer_texts(CUSTOMER, OURS, "thanks")
    found = await client.call("GET", STORE, params={"phoneNumber": CUSTOMER, "direction": "Outbound"})
    assert [m["subject"] for m in found.json()["records"]] == ["one"]
    page = (await client.call("GET", f"{STORE}?perPage=2")).json()
    assert [m["subject"] for m in page["records"]] == ["thanks", "two"]
    assert "nextPage" in page["navigation"]
    recent = await client.call("GET", STORE, params={"dateFrom": (START + timedelta(seconds=5)).isoformat()})
    assert [m["subject"] for m in recent.json()["records"]] == ["thanks"]
    clock.advance(hours=1)
    await client.log_in()
    clock.advance(minutes=59)
    assert len((await client.call("GET", STORE)).json()["records"]) == 3
    clock.advance(hours=23)
    await client.log_in()
    assert (await client.call("GET", STORE)).json()["records"] == []
    assert code_of(await client.call("GET", f"{STORE}?phoneNumber={CUSTOMER}")) == "CMN-101"


async def test_several_messages_come_with_a_status_each(client: Client) -> None:
    one = (await client.send(text="one")).json()["id"]
    answer = await client.call(
        "GET", f"{STORE}/{one},999", headers={"Accept": "application/vnd.ringcentral.multipart+json"}
    )
    assert answer.status_code == 207
    assert [(part["resourceId"], part["status"]) for part in answer.json()] == [(str(one), 200), ("999", 404)]
    assert answer.json()[0]["body"]["subject"] == "one"
    plain = await client.call("GET", f"{STORE}/{one},999")
    assert plain.headers["content-type"].startswith("multipart/mixed")


async def test_a_synchronisation_brings_what_changed_since(client: Client, clock: HeldClock) -> None:
    await client.send(text="one")
    full = (await client.call("GET", f"{SYNC}?syncType=FSync&messageType=SMS")).json()
    assert [m["messageStatus"] for m in full["records"]] == ["Queued"]
    clock.advance(seconds=20)
    again = await client.call("GET", SYNC, params={"syncType": "ISync", "syncToken": full["syncInfo"]["syncToken"]})
    assert [m["messageStatus"] for m in again.json()["records"]] == ["Delivered"]
    clock.advance(seconds=20)
    token = again.json()["syncInfo"]["syncToken"]
    quiet = await client.call("GET", SYNC, params={"syncType": "ISync", "syncToken": token})
    assert quiet.json()["records"] == []
    client.simulator.forget_sync_tokens()
    late = await client.call("GET", SYNC, params={"syncType": "ISync", "syncToken": token})
    assert code_of(late) == "MSG-333"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{STORE}?perPage=²", "CMN-101"),
        (f"{STORE}?perPage=1001", "CMN-101"),
        (f"{STORE}?dateFrom=yesterday", "CMN-101"),
        (f"{STORE}?dateFrom=2026-11-22T18:00:00", "CMN-101"),
        (f"{STORE}?direction=Sideways", "CMN-101"),
        (f"{STORE}/abc", "CMN-101"),
        (f"{STORE}/{'9' * 5000}", "CMN-101"),
        (f"{SYNC}?syncType=ISync&syncToken=rubbish", "MSG-333"),
        (f"{SYNC}?syncType=Sideways", "CMN-101"),
    ],
)
async def test_malformed_questions_are_refused(client: Client, path: str, code: str) -> None:
    assert code_of(await client.call("GET", path)) == code


# --- Subscriptions and webhooks


async def test_a_subscription_is_made_with_a_handshake(client: Client, hook: Hook) -> None:
    answer = await client.subscribe(hook.url, expiresIn=2592000)
    body = answer.json()
    assert answer.status_code == 200
    assert body["status"] == "Active"
    assert body["eventFilters"][0] == (
        f"/restapi/v1.0/account/{client.user.account_id}/extension/{client.user.owner_id}/message-store/instant?type=SMS"
    )
    assert 2592000 - 2 <= body["expiresIn"] <= 2592000
    assert "verificationToken" not in body["deliveryMode"]
    assert "validation-token" in hook.headers[0]


async def test_expires_in_at_the_wrong_place_is_ignored(client: Client, hook: Hook) -> None:
    mode = {"transportType": "WebHook", "address": hook.url, "expiresIn": 2592000}
    body = {"eventFilters": [INSTANT], "deliveryMode": mode}
    assert (await client.call("POST", SUBSCRIPTION, json=body)).json()["expiresIn"] <= 604800


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"echo": False}, "SUB-520"),
        ({"delay": 0.4}, "SUB-521"),
        ({"status": 500}, "SUB-525"),
        ({"status": 204}, "SUB-525"),
        ({"media_type": "text/plain"}, "SUB-525"),
        ({"padding": 1000}, "SUB-525"),
    ],
)
async def test_a_handshake_that_fails_makes_no_subscription(
    client: Client, hook: Hook, fault: dict[str, Any], code: str
) -> None:
    client.simulator.webhook_deadline = 0.2
    for name, value in fault.items():
        setattr(hook, name, value)
    assert code_of(await client.subscribe(hook.url)) == code
    assert (await client.call("GET", SUBSCRIPTION)).json()["records"] == []


@pytest.mark.parametrize(
    ("filters", "address", "code"),
    [
        (["/restapi/v1.0/nonsense"], None, "SUB-508"),
        (["/restapi/v1.0/account/~/extension/~/message-store/instant"], None, "SUB-508"),
        (["/restapi/v1.0/account/~/extension/1/message-store/instant?type=SMS"], None, "SUB-405"),
        (["/restapi/v1.0/subscription/~?threshold=600000&interval=15"], None, "SUB-516"),
        ([INSTANT], "http://app.example.com/hook", "SUB-523"),
        ([INSTANT], "http://127.0.0.1:1/hook", "SUB-521"),
        ([INSTANT], "nowhere", "CMN-101"),
    ],
)
async def test_bad_subscriptions_are_refused(
    client: Client, hook: Hook, filters: list[str], address: str | None, code: str
) -> None:
    assert code_of(await client.subscribe(address or hook.url, *filters)) == code


async def test_a_subscription_is_renewed_replaced_and_deleted(client: Client, hook: Hook, clock: HeldClock) -> None:
    client.simulator.use_limits(auth=50)
    made = (await client.subscribe(hook.url)).json()
    path = f"{SUBSCRIPTION}/{made['id']}"
    clock.advance(minutes=50)
    renewed = (await client.call("POST", f"{path}/renew")).json()
    assert renewed["expirationTime"] > made["expirationTime"]
    body = {"eventFilters": [INSTANT], "deliveryMode": {"address": "https://elsewhere.example.com"}}
    changed = (await client.call("PUT", path, json=body)).json()
    assert (len(changed["eventFilters"]), changed["deliveryMode"]["address"]) == (1, hook.url)
    clock.advance(days=8)
    await client.log_in()
    gone = await client.call("GET", path)
    assert (gone.status_code, code_of(gone)) == (404, "SUB-507")
    second = (await client.subscribe(hook.url)).json()
    assert (await client.call("DELETE", f"{SUBSCRIPTION}/{second['id']}")).status_code == 204
    assert (await client.call("GET", f"{SUBSCRIPTION}/{second['id']}")).status_code == 404


async def test_thirty_subscriptions_are_enough(client: Client, hook: Hook) -> None:
    for _ in range(30):
        assert (await client.subscribe(hook.url)).status_code == 200
    refused = await client.subscribe(hook.url)
    assert (refused.status_code, code_of(refused)) == (403, "SUB-505")


async def test_a_filter_can_come_back_disabled(client: Client, hook: Hook) -> None:
    client.simulator.disabled_filters.add("instant")
    answer = await client.subscribe(hook.url)
    assert answer.status_code == 200
    assert [f["filter"].endswith("instant?type=SMS") for f in answer.json()["disabledFilters"]] == [True]
    await client.simulator.customer_texts(CUSTOMER, OURS, "Hello?")
    assert hook.events == []


async def test_a_customers_text_arrives_as_an_instant_event(client: Client, hook: Hook) -> None:
    subscription = (await client.subscribe(hook.url)).json()
    await client.simulator.customer_texts(CUSTOMER, OURS, "Where is my order?")
    [event] = hook.events
    assert hook.headers[-1]["verification-token"] == "a-secret"
    assert event["event"] == subscription["eventFilters"][0]
    assert (event["subscriptionId"], event["ownerId"]) == (subscription["id"], client.user.owner_id)
    body = event["body"]
    assert (body["subject"], body["direction"], body["type"]) == ("Where is my order?", "Inbound", "SMS")
    assert body["to"][0] == {
        "phoneNumber": OURS,
        "name": "Acme Store",
        "location": "Mountain View, CA",
        "target": True,
    }
    assert body["from"]["phoneNumberInfo"] == {
        "countryCode": "1",
        "nationalDestinationCode": "415",
        "subscriberNumber": "5550123",
    }
    assert isinstance(body["id"], str)


async def test_webhooks_can_come_twice_or_be_lost(client: Client, hook: Hook) -> None:
    await client.subscribe(hook.url)
    client.simulator.duplicate_webhooks = True
    await client.simulator.customer_texts(CUSTOMER, OURS, "Hello")
    assert len(hook.events) == 2
    assert hook.events[0]["uuid"] == hook.events[1]["uuid"]
    client.simulator.duplicate_webhooks, client.simulator.lose_webhooks = False, True
    await client.simulator.customer_texts(CUSTOMER, OURS, "STOP")
    assert len(hook.events) == 2
    stored = (await client.call("GET", STORE, params={"direction": "Inbound"})).json()
    assert [m["subject"] for m in stored["records"]] == ["STOP", "Hello"]


async def test_status_changes_are_announced_without_saying_whose(client: Client, hook: Hook, clock: HeldClock) -> None:
    await client.subscribe(hook.url)
    await client.send()
    await client.simulator.deliver_status_events()
    clock.advance(seconds=3)
    await client.simulator.deliver_status_events()
    await client.simulator.deliver_status_events()
    changes = [event["body"]["changes"] for event in hook.events]
    assert changes == [
        [{"type": "SMS", "newCount": 1, "updatedCount": 0}],
        [{"type": "SMS", "newCount": 0, "updatedCount": 1}],
    ]


async def test_statuses_announce_themselves_when_the_clock_runs(hook: Hook) -> None:
    simulator = RingCentralSimulator(clock=system_clock)
    simulator.status_events_every = simulator.sent_after = simulator.delivered_after = 0.02
    async with running(simulator) as client:
        await client.log_in()
        await client.subscribe(hook.url)
        await client.send()
        await asyncio.wait_for(hook.called.wait(), 30)
    assert hook.events[0]["body"]["changes"][0]["type"] == "SMS"


async def test_an_address_that_fails_in_series_is_blacklisted_for_good(client: Client, hook: Hook) -> None:
    client.simulator.blacklist_after = 3
    path = f"{SUBSCRIPTION}/{(await client.subscribe(hook.url)).json()['id']}"
    hook.status = 500
    for _ in range(3):
        await client.simulator.customer_texts(CUSTOMER, OURS, "Hello")
    hook.status = 200
    await client.simulator.customer_texts(CUSTOMER, OURS, "Hello")
    assert len(hook.events) == 3
    shown = (await client.call("POST", f"{path}/renew")).json()
    assert shown["status"] == "Blacklisted"
    assert "500" in shown["blacklistedData"]["reason"]


# --- STOP and START


async def test_stop_is_confirmed_once_by_the_provider_and_blocks(client: Client, hook: Hook, clock: HeldClock) -> None:
    await client.subscribe(hook.url)
    await client.simulator.customer_texts(CUSTOMER, OURS, " stop! ")
    await client.simulator.customer_texts(CUSTOMER, OURS, "STOP")
    confirmations = [t for t in client.simulator.texts_of(CUSTOMER) if t["direction"] == "in"]
    assert len(confirmations) == 1
    kinds = [event["body"].get("subject", "consent") for event in hook.events]
    assert kinds == [" stop! ", "consent", "STOP"]
    message_id = (await client.send()).json()["id"]
    clock.advance(seconds=3)
    shown = (await client.call("GET", f"{STORE}/{message_id}")).json()
    assert (shown["messageStatus"], shown["deliveryErrorCode"]) == ("SendingFailed", "SMS-RC-413")
    assert len(client.simulator.texts_of(CUSTOMER)) == 3
    await client.simulator.customer_texts(CUSTOMER, OURS, "Start")
    await client.send(text="Welcome back")
    assert client.simulator.texts_of(CUSTOMER)[-1]["text"] == "Welcome back"


async def test_stop_on_an_app_handled_number_neither_blocks_nor_answers(client: Client, clock: HeldClock) -> None:
    client.simulator.state.numbers[OURS].stop_handled_by = "app"
    await client.simulator.customer_texts(CUSTOMER, OURS, "STOP")
    await client.send(text="You are opted out.")
    assert [t["text"] for t in client.simulator.texts_of(CUSTOMER)] == ["STOP", "You are opted out."]


async def test_other_words_for_stop_are_not_the_providers(client: Client) -> None:
    for words in ("please stop", "STOPALL", "ARRET", "REVOKE"):
        await client.simulator.customer_texts(CUSTOMER, OURS, words)
    assert client.simulator.state.consents == {}


async def test_consents_are_searched_and_edited(client: Client, hook: Hook) -> None:
    await client.subscribe(hook.url, CONSENTS)
    records = [
        {"from": OURS, "to": CUSTOMER, "optStatus": "OptOut", "coverage": "PhoneNumber", "source": "Api"},
        {"from": "+16505550999", "to": CUSTOMER, "optStatus": "OptOut"},
    ]
    edited = await client.call("PATCH", CONSENTS, json={"records": records})
    assert [record["from"] for record in edited.json()["failedRecords"]] == ["+16505550999"]
    found = await client.call("POST", f"{CONSENTS}/search", json={"from": [OURS], "optStatus": "OptOut"})
    assert [(r["to"], r["source"]) for r in found.json()["records"]] == [(CUSTOMER, "Api")]
    await client.simulator.deliver_status_events()
    assert [event["body"]["records"][0]["optStatus"] for event in hook.events] == ["OptOut"]
    too_many = await client.call("POST", f"{CONSENTS}/search", json={"from": [OURS] * 21})
    assert code_of(too_many) == "CMN-101"
    odd = await client.call("POST", f"{CONSENTS}/search", json={"coverage": [{}], "pageToken": 5})
    assert code_of(odd) == "CMN-101"
    await client.send()
    assert client.simulator.texts_of(CUSTOMER) == []


# --- Ordered troubles


async def test_an_ordered_429_starts_a_penalty(client: Client, clock: HeldClock) -> None:
    client.simulator.fail_next(429, retry_after=30)
    refused = await client.send()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    clock.advance(seconds=29)
    assert (await client.send()).status_code == 429
    clock.advance(seconds=30)
    assert (await client.send()).status_code == 200


async def test_a_refusal_after_accepting_still_texts_the_customer(client: Client) -> None:
    client.simulator.fail_next(503, code="MSG-290", after_accepting=True)
    assert code_of(await client.send()) == "MSG-290"
    assert len(client.simulator.texts_of(CUSTOMER)) == 1


@pytest.mark.parametrize("after_accepting", [False, True])
async def test_a_dropped_connection_gives_no_answer(client: Client, after_accepting: bool) -> None:
    client.simulator.drop_next(after_accepting=after_accepting)
    with pytest.raises(httpx2.TransportError):
        await client.send()
    assert len(client.simulator.sent) == int(after_accepting)
    assert client.simulator.requests[-1].status == 0
    assert (await client.send()).status_code == 200


@pytest.mark.parametrize("after_accepting", [False, True])
async def test_a_caller_that_gives_up_on_a_silent_server(client: Client, after_accepting: bool) -> None:
    client.simulator.hang_next(30, after_accepting=after_accepting)
    with pytest.raises(httpx2.ReadTimeout):
        await client.call("POST", SMS, timeout=httpx2.Timeout(30, read=0.5), json=sms_body())
    await asyncio.sleep(0.1)
    assert len(client.simulator.sent) == int(after_accepting)


async def test_a_slow_answer_is_an_answer(client: Client) -> None:
    client.simulator.hang_next(0.1)
    assert (await client.send()).status_code == 200


async def test_troubles_wait_for_their_path(client: Client) -> None:
    client.simulator.fail_next(401, path="/oauth/token", code="OAU-141")
    client.simulator.fail_next(500, path="/message-store/*")
    assert (await client.send()).status_code == 200
    assert (await client.call("GET", f"{STORE}/1")).status_code == 500
    answer = await client.token_call({"grant_type": GRANT, "assertion": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_grant")


# --- Memory and control


async def test_a_restart_remembers_everything(clock: HeldClock, tmp_path: Path) -> None:
    path = tmp_path / "ringcentral.json"
    async with running(RingCentralSimulator(clock=clock, state_path=path)) as client:
        token = await client.log_in()
        await client.send(text="one")
        await client.simulator.customer_texts(CUSTOMER, OURS, "STOP")
    async with running(RingCentralSimulator(clock=clock, state_path=path)) as client:
        client.token = token
        assert [m["subject"] for m in (await client.call("GET", STORE)).json()["records"]] == ["STOP", "one"]
        assert client.simulator.state.has_opted_out(OURS, CUSTOMER)
        assert len(client.simulator.sent) == 1
        assert len(client.simulator.state.numbers) == 1


async def test_pages_on_loopback_may_steer_the_handsets(client: Client) -> None:
    await client.send(text="Your order is confirmed.")
    origin = {"Origin": "http://localhost:8001"}
    phone = await client.http.get(f"/_simulator/phones/{CUSTOMER}", headers=origin)
    assert phone.headers["access-control-allow-origin"] == "http://localhost:8001"
    assert phone.json()["numbers"] == [OURS]
    assert [t["text"] for t in phone.json()["texts"]] == ["Your order is confirmed."]
    texts = f"/_simulator/phones/{CUSTOMER}/texts"
    answered = await client.http.post(texts, json={"to": OURS, "text": "STOP"}, headers=origin)
    assert [t["direction"] for t in answered.json()["texts"]] == ["in", "out", "in"]
    assert (await client.http.post(texts, json={"to": "+19998887777", "text": "Hi"})).status_code == 404
    assert (await client.http.post(texts, json={"text": "Hi"})).status_code == 400
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    assert (await client.http.options(texts, headers=origin | preflight)).status_code == 200
    stranger = await client.http.get("/_simulator/state", headers={"Origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in stranger.headers
    assert stranger.json()["phones"] == [CUSTOMER]
    api = await client.call("GET", NUMBERS, headers=origin)
    assert "access-control-allow-origin" not in api.headers


async def test_other_processes_may_order_troubles(client: Client) -> None:
    order = {"kind": "fail", "status": 503, "code": "MSG-290", "delivery_outcomes": {OTHER: "SMS-CAR-411"}}
    assert (await client.http.post("/_simulator/faults", json=order)).status_code == 200
    assert (await client.send()).status_code == 503
    assert (await client.send()).status_code == 200
    assert client.simulator.delivery_outcomes == {OTHER: "SMS-CAR-411"}
    assert (await client.http.post("/_simulator/faults", json={"kind": "explode"})).status_code == 400
    assert (await client.http.post("/_simulator/faults", json={"limits": {"wrong": 1}})).status_code == 400


def sms_body() -> dict[str, Any]:
    return {"from": {"phoneNumber": OURS}, "to": [{"phoneNumber": CUSTOMER}], "text": "Hello"}

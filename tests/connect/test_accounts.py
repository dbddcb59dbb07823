"""Connected accounts as the merchant keeps them, and the webhooks that tell the organisation of grants."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.connect.accounts import GRANTED_CREATED
from app.connect.outgoing import MAKE_CALL, PAUSES, announce, may_be_called
from app.shopify.client import operation
from app.worker import run_recurring
from tests.api.client import NEW_ORDER
from tests.connect.stage import JANE_MOBILE, JANE_OWN, client_of, jane, jane_texts
from tests.simulator.serving import serve
from tests.world import SENDER, SHOP, World


@dataclass
class Receiver:
    """The organisation's own server. *statuses* are answered first, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.received.append((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with serve(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])) as url:
        receiver.url = f"{url}/hook"
        yield receiver


async def test_two_windows_invite_one_person_once(world: World) -> None:
    await world.ready()
    person = {"connect_id": "jane-1", "name": "Jane Doe", "phone": JANE_MOBILE}
    answers = await asyncio.gather(*(world.api("POST", "/connect/accounts", person) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [201, *[409] * 5]


async def test_an_account_from_invitation_to_removal(world: World) -> None:
    await world.ready()
    person = {"connect_id": "jane-1", "name": "Jane Doe", "phone": "(415) 555-0133", "email": "jane@example.com"}
    invited = await world.api("POST", "/connect/accounts", person)
    account = invited.json()
    assert invited.status_code == 201
    assert account["phone"] == JANE_MOBILE
    assert (account["status"], account["alerts_enabled"], account["can_text"]) == ("invited", False, False)
    assert account["invite_url"].startswith(f"{world.url}/c/demo-store#invite=")
    assert (await world.api("POST", "/connect/accounts", person)).status_code == 409
    user = world.ringcentral.add_user(name="Jane Doe")
    world.ringcentral.add_number(user, JANE_OWN)
    setup: dict[str, Any] = {"alerts_enabled": True, "jwt": world.ringcentral.issue_jwt(user), "phone_number": JANE_OWN}
    saved = await world.api("PUT", f"/connect/accounts/{account['id']}", setup)
    assert saved.status_code == 200, saved.text
    assert setup["jwt"] not in saved.text
    assert (saved.json()["status"], saved.json()["can_text"], saved.json()["phone_number"]) == (
        "granted",
        True,
        JANE_OWN,
    )
    assert (await world.api("GET", "/connection")).json()["phone_number"] == SENDER
    [row] = await world.rows("SELECT * FROM connect_accounts")
    readable = b" ".join([bytes(value) for value in row.values() if isinstance(value, bytes)])
    assert b"Jane" not in readable
    assert b"4155550133" not in readable
    assert (await world.api("DELETE", f"/connect/accounts/{account['id']}")).status_code == 200
    assert (await world.api("GET", "/connect/accounts")).json() == {"accounts": [], "next": None}
    assert (await world.api("GET", f"/connect/accounts/{account['id']}")).status_code == 404
    assert (
        await world.rows("SELECT 1 FROM senders WHERE account_id IS NOT NULL AND credentials_encrypted IS NOT NULL")
        == []
    )
    client = await client_of(world)
    assert (await client.create_order(NEW_ORDER, X_Connect_ID="jane-1")).status_code == 404
    assert (await world.api("POST", "/connect/accounts", person)).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "Jane"}, "email"),
        ({"name": "Jane", "phone": "12"}, "phone"),
        ({"name": "Jane", "email": "jane"}, "email"),
        ({"name": 7, "email": "a@b.co"}, "name"),
        ({"name": "x" * 101, "email": "a@b.co"}, "name"),
        ({"name": "Jane", "email": "a@b.co", "connect_id": "x" * 256}, "connect_id"),
        ({"name": "Jane", "email": "a@b.co", "connect_id": []}, "connect_id"),
    ],
)
async def test_what_is_wrong_with_an_invitation(world: World, body: dict[str, Any], field: str) -> None:
    await world.install()
    answer = await world.api("POST", "/connect/accounts", body)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def test_a_wrong_setup_says_what_is_wrong(world: World) -> None:
    await world.ready()
    account_id = await jane(world)
    for body, name in (
        ({"alerts_enabled": "yes"}, "alerts_enabled"),
        ({"jwt": "not-a-jwt"}, "jwt"),
        ({"phone_number": "+16505559999"}, "phone_number"),
        ({"phone_number": 7}, "phone_number"),
        ({"name": ""}, "name"),
    ):
        answer = await world.api("PUT", f"/connect/accounts/{account_id}", body)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [name])


async def test_one_of_the_shops_numbers_ends_the_accounts_own_login(world: World) -> None:
    """Here and at RingCentral: a secret that is not used is not kept. The person may connect again."""
    await world.ready()
    account_id = await jane_texts(world)
    [own] = [each for each in world.ringcentral.state.users.values() if each.name == "Jane Doe"]
    assert own.owner_id in subscribed(world)
    refused = await world.api("PUT", f"/connect/accounts/{account_id}", {"phone_number": "+16505559999"})
    assert refused.status_code == 422
    kept = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert (kept["own_number"], kept["phone_number"]) == (True, JANE_OWN)
    lent = (await world.api("PUT", f"/connect/accounts/{account_id}", {"phone_number": SENDER})).json()
    assert (lent["own_number"], lent["phone_number"], lent["can_text"]) == (False, SENDER, True)
    sealed = "SELECT 1 FROM senders WHERE account_id IS NOT NULL AND credentials_encrypted IS NOT NULL"
    assert await world.rows(sealed) == []
    await world.workers_run()
    assert own.owner_id not in subscribed(world)
    again = {"jwt": world.ringcentral.issue_jwt(own), "phone_number": JANE_OWN}
    back = (await world.api("PUT", f"/connect/accounts/{account_id}", again)).json()
    assert (back["own_number"], back["phone_number"]) == (True, JANE_OWN)
    assert (await world.api("GET", "/connection")).json()["phone_number"] == SENDER


def subscribed(world: World) -> set[str]:
    return {each.owner_id for each in world.ringcentral.state.subscriptions.values()}


async def test_uninstalling_ends_the_affiliates_connection_too(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await world.shopify.uninstall("demo-store.myshopify.com")
    await world.workers_run()
    await world.advance(minutes=1)  # where a token was being asked for, its answer comes first
    await world.workers_run()
    assert await world.rows("SELECT id FROM senders WHERE credentials_encrypted IS NOT NULL") == []


async def test_a_grant_is_told_signed_retried_logged_and_replayed(world: World) -> None:
    await world.ready()
    async with receiving() as receiver:
        made = await world.api("POST", "/connect/webhooks", {"url": receiver.url})
        assert made.status_code == 201
        secret = made.json()["secret"]
        assert secret not in (await world.api("GET", "/connect/webhooks")).text
        receiver.statuses = [500, 404]
        account_id = await jane_texts(world)
        await world.workers_run()
        for pause in PAUSES[:2]:
            await world.advance(seconds=pause.total_seconds() + 1)
            await world.workers_run()
        assert len(receiver.received) == 3
        headers, body = receiver.received[-1]
        told = json.loads(body)
        assert told["event"] == "api_client_granted_user_created"
        assert told["data"] == {
            "object": "api_client_granted_user",
            "user_id": account_id,
            "connect_id": "jane-1",
            "company_id": told["company_id"],
            "connect_import_order_history_at": None,
        }
        assert signed_by(secret, headers, body)
        [call] = (await world.api("GET", "/connect/webhook-calls")).json()["calls"]
        assert (call["state"], [each["status"] for each in call["log"]]) == ("delivered", [500, 404, 200])
        assert (await world.api("POST", f"/connect/webhook-calls/{call['id']}/replay")).status_code == 201
        await world.workers_run()
        assert receiver.received[-1][0]["x-connect-event-id"] == headers["x-connect-event-id"]
        await world.api("DELETE", f"/connect/accounts/{account_id}")
        await world.workers_run()
        assert json.loads(receiver.received[-1][1])["event"] == "api_client_granted_user_deleted"
        await world.api("DELETE", f"/connect/webhooks/{made.json()['id']}")
        await jane(world, alerts_enabled=True)
        await world.workers_run()
        assert len(receiver.received) == 5


async def test_a_new_secret_signs_from_the_next_attempt_on(world: World) -> None:
    await world.install()
    async with receiving() as receiver:
        made = (await world.api("POST", "/connect/webhooks", {"url": receiver.url})).json()
        receiver.statuses = [401]
        await jane(world, alerts_enabled=True)
        await world.workers_run()
        renewed = (await world.api("POST", f"/connect/webhooks/{made['id']}/secret")).json()
        assert renewed["secret"] != made["secret"]
        await world.advance(seconds=PAUSES[0].total_seconds() + 1)
        await world.workers_run()
        assert [signed_by(renewed["secret"], *each) for each in receiver.received] == [False, True]
        assert (await world.api("POST", "/connect/webhooks/99/secret")).status_code == 404


def signed_by(secret: str, headers: dict[str, str], body: bytes) -> bool:
    moment, signature = (part.split("=", 1)[1] for part in headers["x-connect-signature"].split(","))
    return signature == hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


async def test_a_webhook_whose_job_was_lost_is_made_all_the_same(world: World) -> None:
    await world.ready()
    async with receiving() as receiver:
        await world.api("POST", "/connect/webhooks", {"url": receiver.url})
        await jane(world, alerts_enabled=True)
        await world.rows("DELETE FROM pgqueuer")
        await world.advance(minutes=2)
        await world.recurring_run()
        assert len(receiver.received) == 1


async def test_addresses_that_hang_hold_up_neither_shopify_nor_recurring_work(world: World) -> None:
    await world.install()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        calls = [
            asyncio.create_task(world.deps.http.request("POST", url, shard=f"webhook:{number}"))
            for number in range(120)
        ]
        await asyncio.wait(calls, timeout=0.3)
        async with asyncio.timeout(12):  # before the receiver's silence ends: TIMEOUT.read
            token = await world.deps.tokens.access_token(1)
            await world.deps.admin.graphql(SHOP, token, operation("app.shops", "shop_info"))
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
    await world.api("POST", "/connect/webhooks", {"url": url})
    await jane(world, alerts_enabled=True)
    await world.rows("DELETE FROM pgqueuer")
    await world.advance(minutes=2)
    await run_recurring(world.deps)
    assert await world.rows("SELECT 1 FROM pgqueuer WHERE entrypoint = $1", MAKE_CALL) != []


async def granted(world: World, count: int) -> None:
    """As many people have agreed, all at once."""
    async with world.deps.db.transaction() as session:
        for number in range(count):
            await announce(world.deps, session, 1, GRANTED_CREATED, {"user_id": number})


async def test_one_slow_receiver_holds_up_nobody_else(world: World) -> None:
    """Of thirty calls to an address that hangs two are under way, the others wait their turn, and all are made."""
    await world.install()
    answers = asyncio.Event()
    under_way: list[int] = []
    most = 0

    async def hang(request: Request) -> Response:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        await answers.wait()
        under_way.pop()
        return Response()

    async with (
        serve(Starlette(routes=[Route("/slow", hang, methods=["POST"])])) as slow,
        receiving() as quick,
    ):
        await world.api("POST", "/connect/webhooks", {"url": f"{slow}/slow"})
        await granted(world, 30)
        await world.api("POST", "/connect/webhooks", {"url": quick.url})
        await granted(world, 1)
        working = asyncio.create_task(world.workers_run())
        async with asyncio.timeout(10):
            while not quick.received or not under_way:  # noqa: ASYNC110  # another server
                await asyncio.sleep(0.01)
        assert not working.done()
        answers.set()
        await working
        for _ in range(20):
            if not await world.rows("SELECT 1 FROM connect_webhook_calls WHERE state = 'waiting'"):
                break
            await world.advance(seconds=6)
            await world.workers_run()
    calls = await world.rows("SELECT state, attempts FROM connect_webhook_calls")
    assert {(each["state"], each["attempts"]) for each in calls} == {("delivered", 1)}
    assert (len(calls), most) == (32, 2)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com/hook", True),
        ("http://example.com/hook", False),
        ("https://127.0.0.1/", False),
        ("https://10.0.0.8/", False),
        ("https://[::1]/", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://localhost/", False),
        ("https://user:secret@example.com/", False),
        ("ftp://example.com", False),
        ("https://", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_may_be_called_in_production(url: str, *, allowed: bool) -> None:
    assert may_be_called(url, production=True) is allowed

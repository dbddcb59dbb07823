"""The simulated High Volume SMS is as strict as description and guide say, and keeps apart what they keep apart."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from app.core.clock import HeldClock
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.ringcentral.state import A2P_FEATURES
from tests.simulator.serving import serve
from tests.simulator.test_ringcentral import START, Client, Hook, code_of, running

OURS, STANDARD, CUSTOMER, OTHER = "+16505550103", "+16505550100", "+14155550123", "+12125550188"
A2P = "/restapi/v1.0/account/~/a2p-sms"
INBOUND = f"{A2P}/messages?direction=Inbound&to={OURS}"
OUTBOUND = f"{A2P}/messages?direction=Outbound&from={OURS}"
OPT_OUTS = f"{A2P}/opt-outs"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(START)


@pytest.fixture
async def client(clock: HeldClock) -> AsyncIterator[Client]:
    simulator = RingCentralSimulator(clock=clock)
    simulator.scopes = (*simulator.scopes, "A2PSMS")
    async with running(simulator) as client:
        simulator.add_number(client.user, OURS, features=A2P_FEATURES)
        await client.log_in()
        yield client


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = Starlette(routes=[Route("/hook", hook.receive, methods=["POST"])])
    async with serve(app) as url:
        hook.url = f"{url}/hook"
        yield hook


async def send(client: Client, **changes: Any) -> Any:
    body = {"from": OURS, "messages": [{"to": [CUSTOMER], "text": "Acme: shipped."}], **changes}
    return await client.call("POST", f"{A2P}/batches", json={k: v for k, v in body.items() if v is not None})


async def test_a_batch_is_processed_and_its_messages_are_told_one_by_one(client: Client, clock: HeldClock) -> None:
    answer = await send(client, text="Acme: packed.", messages=[{"to": [CUSTOMER], "text": "Yours"}, {"to": [OTHER]}])
    batch = answer.json()
    assert (answer.status_code, batch["status"], batch["batchSize"], batch["rejected"]) == (201, "Processing", 2, [])
    clock.advance(minutes=1)
    done = (await client.call("GET", f"{A2P}/batches/{batch['id']}")).json()
    assert (done["status"], done["processedCount"], done["cost"]) == ("Completed", 2, 0.014)
    query = {"batchId": batch["id"], "view": "Detailed"}
    records = (await client.call("GET", f"{A2P}/messages", params=query)).json()["records"]
    assert sorted((each["to"][0], each["text"], each["messageStatus"]) for each in records) == [
        (OTHER, "Acme: packed.", "Delivered"),
        (CUSTOMER, "Yours", "Delivered"),
    ]
    one = (await client.call("GET", f"{A2P}/messages/{records[0]['id']}")).json()
    assert (one["id"], one["batchId"]) == (str(records[0]["id"]), batch["id"])
    assert [text["text"] for text in client.simulator.texts_of(CUSTOMER)] == ["Yours"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"from": "6505550103"}, 400, "CMN-101"),
        ({"from": "+16505550199"}, 400, "MSG-245"),
        ({"from": STANDARD}, 403, "MSG-242"),
        ({"messages": None}, 400, "CMN-101"),
        ({"messages": []}, 400, "CMN-101"),
        ({"messages": [{"to": CUSTOMER, "text": "x"}]}, 400, "CMN-101"),
        ({"messages": [{"to": [CUSTOMER, OTHER], "text": "x"}]}, 400, "CMN-101"),
        ({"messages": [{"to": [], "text": "x"}]}, 400, "CMN-101"),
        ({"messages": [{"to": [CUSTOMER]}]}, 400, "CMN-101"),
        ({"messages": [{"to": [CUSTOMER], "text": "x" * 1001}]}, 400, "CMN-101"),
        ({"messages": [{"to": [CUSTOMER], "body": "x"}]}, 400, "CMN-101"),
        ({"sendAt": "2026-11-22"}, 400, "CMN-101"),
    ],
)
async def test_bad_batches_are_refused_whole(client: Client, changes: dict[str, Any], status: int, code: str) -> None:
    refused = await send(client, **changes)
    assert (refused.status_code, code_of(refused), client.simulator.sent) == (status, code, [])


async def test_bad_recipients_are_rejected_and_the_others_served(client: Client) -> None:
    recipients = ["29395", "+447700900123", CUSTOMER, "+14165550123"]
    answer = await send(client, text="Hello", messages=[{"to": [each]} for each in recipients])
    batch = answer.json()
    assert (batch["batchSize"], [(each["index"], each["errorCode"]) for each in batch["rejected"]]) == (
        1,
        [(1, "CMN-100"), (2, "SMS-RC-410"), (4, "SMS-RC-410")],  # a long code does not cross into Canada
    )
    assert [text["to"] for text in client.simulator.sent] == [CUSTOMER]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "batches"),
        ("GET", "batches"),
        ("GET", "batches/1"),
        ("GET", "messages"),
        ("GET", "messages/1"),
        ("GET", "statuses"),
        ("GET", "opt-outs"),
        ("POST", "opt-outs/bulk-assign"),
    ],
)
async def test_without_the_scope_nothing_is_answered(clock: HeldClock, method: str, path: str) -> None:
    async with running(RingCentralSimulator(clock=clock)) as client:
        await client.log_in()
        refused = await client.call(method, f"{A2P}/{path}", json={} if method == "POST" else None)
    assert (refused.status_code, code_of(refused)) == (403, "CMN-401")


async def test_calls_count_to_the_light_group(client: Client) -> None:
    answer = await send(client)
    assert (answer.headers["X-Rate-Limit-Group"], answer.headers["X-Rate-Limit-Limit"]) == ("light", "50")


async def test_the_two_stores_know_nothing_of_each_other(client: Client) -> None:
    await send(client)
    await client.simulator.customer_texts(CUSTOMER, OURS, "Hello")
    store = await client.call("GET", "/restapi/v1.0/account/~/extension/~/message-store")
    assert store.json()["records"] == []
    listed = await client.call("GET", f"{A2P}/messages", params={"direction": "Inbound"})
    assert [(each["from"], each["to"], "text" in each) for each in listed.json()["records"]] == [
        (CUSTOMER, [OURS], False)
    ]


async def test_lists_go_by_page_tokens(client: Client) -> None:
    for number in range(3):
        await send(client, messages=[{"to": [CUSTOMER], "text": f"{number}"}])
    query: dict[str, Any] = {"perPage": 2, "view": "Detailed"}
    first = (await client.call("GET", f"{A2P}/messages", params=query)).json()
    query["pageToken"] = first["paging"]["nextPageToken"]
    second = (await client.call("GET", f"{A2P}/messages", params=query)).json()
    assert [each["text"] for page in (first, second) for each in page["records"]] == ["2", "1", "0"]
    assert "nextPageToken" not in second["paging"]
    batches = (await client.call("GET", f"{A2P}/batches", params={"perPage": 1})).json()
    assert (len(batches["records"]), batches["paging"]["perPage"]) == (1, 1)


@pytest.mark.parametrize(
    "query",
    [
        {"view": "Long"},
        {"perPage": 1001},
        {"pageToken": "x"},
        {"direction": "Sideways"},
        {"dateFrom": "yesterday"},
        {"phoneNumber": ["+14155550123"] * 16},
        {"phoneNumber": "x"},
    ],
)
async def test_malformed_questions_are_refused(client: Client, query: dict[str, Any]) -> None:
    refused = await client.call("GET", f"{A2P}/messages", params=query)
    assert (refused.status_code, code_of(refused)) == (400, "CMN-101")


async def test_statuses_are_counted_with_their_codes(client: Client, clock: HeldClock) -> None:
    client.simulator.delivery_outcomes[OTHER] = "SMS-CAR-411"
    for phone in (CUSTOMER, OTHER):
        await send(client, messages=[{"to": [phone], "text": "Hello"}])
    clock.advance(minutes=1)
    counts = (await client.call("GET", f"{A2P}/statuses", params={"direction": "Outbound"})).json()
    assert (counts["delivered"], counts["queued"]["count"]) == ({"count": 1, "cost": 0.007}, 0)
    assert counts["deliveryFailed"]["errorCodeCounts"] == {"SMS-CAR-411": 1}


async def test_events_go_to_whoever_asked_for_the_number(client: Client, hook: Hook, clock: HeldClock) -> None:
    other = INBOUND.replace(OURS, "+16505550177")
    for filters in ((INBOUND, OUTBOUND, OPT_OUTS), (other,)):
        made = await client.subscribe(hook.url, *filters)
        assert made.status_code == 200, made.text
    await send(client)
    clock.advance(minutes=1)
    await client.simulator.deliver_status_events()
    await client.simulator.customer_texts(CUSTOMER, OURS, "STOP")
    told = [(event["event"].split("/a2p-sms/")[1].split("?")[0], event["body"]) for event in hook.events]
    [(_, status), (_, inbound), (kind, opt_out)] = told
    assert (status["messageStatus"], status["direction"], inbound["text"]) == ("Delivered", "Outbound", "STOP")
    assert (kind, opt_out) == ("opt-outs", {"from": OURS, "to": CUSTOMER, "active": True})


@pytest.mark.parametrize("text", [f"{A2P}/messages", f"{A2P}/messages?direction=Inbound&from={OURS}", f"{A2P}/texts"])
async def test_filters_that_say_too_little_are_refused(client: Client, hook: Hook, text: str) -> None:
    assert code_of(await client.subscribe(hook.url, text)) == "SUB-508"


async def test_stop_blocks_but_lets_one_confirmation_through(client: Client, clock: HeldClock) -> None:
    await client.simulator.customer_texts(CUSTOMER, OURS, "Stop.")
    assert [text["direction"] for text in client.simulator.texts_of(CUSTOMER)] == ["out"]
    for text in ("You are opted out.", "One more thing"):
        await send(client, messages=[{"to": [CUSTOMER], "text": text}])
    seen = [text["text"] for text in client.simulator.texts_of(CUSTOMER) if text["direction"] == "in"]
    assert seen == ["You are opted out."]
    clock.advance(minutes=1)
    counts = (await client.call("GET", f"{A2P}/statuses")).json()
    assert counts["sendingFailed"]["errorCodeCounts"] == {"SMS-RC-413": 1}


async def test_the_old_list_of_opt_outs_is_the_same_list(client: Client) -> None:
    body = {"from": OURS, "optOuts": [CUSTOMER, OTHER]}
    answer = await client.call("POST", f"{A2P}/opt-outs/bulk-assign", json=body)
    assert answer.json()["optOuts"]["successful"] == [CUSTOMER, OTHER]
    await client.call("POST", f"{A2P}/opt-outs/bulk-assign", json={"from": OURS, "optIns": [OTHER]})
    listed = (await client.call("GET", f"{A2P}/opt-outs", params={"from": OURS})).json()["records"]
    assert listed == [{"from": OURS, "to": CUSTOMER, "status": "OptOut", "source": "Account"}]
    found = await client.call("POST", "/restapi/v2/accounts/~/sms/consents/search", json={"optStatus": "OptOut"})
    assert [record["to"] for record in found.json()["records"]] == [CUSTOMER]
    nothing = await client.call("POST", f"{A2P}/opt-outs/bulk-assign", json={"from": OURS, "optOuts": []})
    assert code_of(nothing) == "CMN-101"

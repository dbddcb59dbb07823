"""High Volume SMS over real HTTP: what it asks, and what it makes of the answers that no simulator gives."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import HeldClock
from app.core.http import Http
from app.sms.contract import (
    Accepted,
    Access,
    ConsentChanged,
    ConsentRecord,
    DeliveryState,
    InboundReceived,
    Level,
    MessageRefused,
    Number,
    OutcomeUnknown,
    ProviderUnavailable,
    RecipientRefused,
    SenderRefused,
    SmsError,
    StatusReport,
    StatusReported,
    Transport,
    UnknownEvent,
)
from app.sms.providers.ringcentral import HighVolume
from tests.sms.conftest import NOON
from tests.sms.stub import Reply, Stub

A2P = "/restapi/v1.0/account/~/a2p-sms"
OURS, CUSTOMER, TEXT = "+16505550103", "+14155550123", "Acme: order #1001 is confirmed. Reply STOP to opt-out."
BATCH = {"id": "3157ac7d", "from": OURS, "batchSize": 1, "processedCount": 0, "status": "Processing", "rejected": []}
DELIVERED = {
    "id": 7086,
    "batchId": "3157ac7d",
    "messageStatus": "Delivered",
    "from": OURS,
    "to": [CUSTOMER],
    "text": TEXT,
    "segmentCount": 1,
    "cost": 0.007,
    "direction": "Outbound",
    "creationTime": "2026-11-22T12:00:05.442760Z",
    "lastModifiedTime": "2026-11-22T12:00:08.107007Z",
}


@pytest.fixture
def high_volume(http: Http, clock: HeldClock, stub: Stub) -> HighVolume:
    return HighVolume(http, clock=clock, server_url=stub.url)


async def send(high_volume: HighVolume, access: Access, recipient: str = CUSTOMER) -> Accepted:
    return await high_volume.send(access, sender=OURS, recipient=recipient, text=TEXT)


async def test_a_batch_holds_one_message_to_one_recipient(high_volume: HighVolume, access: Access, stub: Stub) -> None:
    stub.answer("POST", f"{A2P}/batches", Reply(201, BATCH))
    assert await send(high_volume, access) == Accepted("3157ac7d", DeliveryState.QUEUED, None)
    [asked] = stub.seen
    assert asked.json == {"from": OURS, "messages": [{"to": [CUSTOMER], "text": TEXT}]}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SMS-RC-410", RecipientRefused),
        ("SMS-RC-413", RecipientRefused),
        ("CMN-100", RecipientRefused),
        ("XYZ-1", RecipientRefused),
        ("CMN-101", RecipientRefused),
        ("SMS-UP-430", MessageRefused),
        ("SMS-CAR-450", SenderRefused),
        ("SMS-RC-503", SenderRefused),
        ("SMS-RC-500", ProviderUnavailable),
        ("MSG-240", RecipientRefused),
    ],
)
async def test_a_message_rejected_in_the_answer_was_not_taken_over(
    high_volume: HighVolume, access: Access, stub: Stub, code: str, expected: type[SmsError]
) -> None:
    rejected = [{"index": 1, "to": [CUSTOMER], "errorCode": code, "description": "no"}]
    stub.answer("POST", f"{A2P}/batches", Reply(201, {**BATCH, "batchSize": 0, "rejected": rejected}))
    with pytest.raises(expected) as refused:
        await send(high_volume, access)
    assert refused.value.code == code
    if isinstance(refused.value, RecipientRefused):
        assert refused.value.opted_out is (code == "SMS-RC-413")


@pytest.mark.parametrize("body", [b"", b"<html>", {"status": "Processing"}, [], {"id": None}, {"id": True}])
async def test_an_answer_without_a_batch_leaves_the_outcome_open(
    high_volume: HighVolume, access: Access, stub: Stub, body: Any
) -> None:
    stub.answer("POST", f"{A2P}/batches", Reply(201, body))
    with pytest.raises(OutcomeUnknown):
        await send(high_volume, access)


@pytest.mark.parametrize("recipient", ["+447700900123", "+5215512345678", "+18765550123"])
async def test_a_phone_abroad_is_refused_without_a_call(
    high_volume: HighVolume, access: Access, stub: Stub, recipient: str
) -> None:
    with pytest.raises(RecipientRefused) as refused:
        await send(high_volume, access, recipient)
    assert (refused.value.code, refused.value.unusable_number, stub.seen) == ("A2P-COUNTRY", False, [])


async def test_canada_is_reached(high_volume: HighVolume, access: Access, stub: Stub) -> None:
    stub.answer("POST", f"{A2P}/batches", Reply(201, BATCH))
    assert (await send(high_volume, access, "+14165550123")).provider_message_id == "3157ac7d"


def listed(*records: dict[str, Any], following: str | None = None) -> Reply:
    paging = {"perPage": 1000} | ({"nextPageToken": following} if following else {})
    return Reply(body={"records": list(records), "paging": paging})


async def test_a_lost_send_is_found_by_both_numbers_and_its_words(
    high_volume: HighVolume, access: Access, stub: Stub
) -> None:
    others = [
        {**DELIVERED, "batchId": "other", "text": "Something else"},
        {**DELIVERED, "batchId": "group", "to": [CUSTOMER, "+12125550188"]},
        {**DELIVERED, "batchId": "from-elsewhere", "from": "+16505550199"},
        {**DELIVERED, "batchId": "taken"},
        {**DELIVERED, "batchId": None},
    ]
    stub.answer("GET", f"{A2P}/messages", listed(*others, following="p2"), listed(DELIVERED))
    found = await high_volume.find_sent(
        access, sender=OURS, recipient=CUSTOMER, text=TEXT, since=NOON, besides=["taken"]
    )
    assert found == Accepted("3157ac7d", DeliveryState.DELIVERED)
    first, second = stub.seen
    assert first.query == {
        "direction": ["Outbound"],
        "phoneNumber": [CUSTOMER],
        "view": ["Detailed"],
        "perPage": ["1000"],
        "dateFrom": ["2026-11-22T11:59:55.000Z"],
    }
    assert second.query["pageToken"] == ["p2"]


async def test_many_statuses_of_one_stretch_are_one_call(high_volume: HighVolume, access: Access, stub: Stub) -> None:
    foreign = {**DELIVERED, "batchId": "of-somebody-else"}
    stub.answer("GET", f"{A2P}/messages", listed(foreign, DELIVERED))
    between = (NOON, NOON + timedelta(minutes=9))
    reports = await high_volume.read_statuses(access, ["3157ac7d", "not-there-yet"], sent_between=between)
    at = NOON.replace(second=8, microsecond=107007)
    assert reports == [StatusReport("3157ac7d", DeliveryState.DELIVERED, None, 1, at, cost_micros=7000)]
    [asked] = stub.seen
    assert (asked.query["dateFrom"], asked.query["dateTo"]) == (
        ["2026-11-22T11:59:55.000Z"],
        ["2026-11-22T12:10:00.000Z"],
    )


async def test_a_few_statuses_of_a_long_stretch_are_asked_for_one_by_one(
    high_volume: HighVolume, access: Access, stub: Stub
) -> None:
    stub.answer("GET", f"{A2P}/messages", listed(DELIVERED), listed())
    between = (NOON - timedelta(days=1), NOON)
    await high_volume.read_statuses(access, ["3157ac7d", "another"], sent_between=between)
    assert [asked.query["batchId"] for asked in stub.seen] == [["3157ac7d"], ["another"]]


@pytest.mark.parametrize(
    ("cost", "micros"), [(0.007, 7000), (0, 0), (0.0119, 11900), (None, None), (-1, None), ("0.007", None), (1e9, None)]
)
async def test_what_a_text_cost(high_volume: HighVolume, access: Access, stub: Stub, cost: Any, micros: Any) -> None:
    stub.answer("GET", f"{A2P}/messages", listed({**DELIVERED, "cost": cost}))
    [report] = await high_volume.read_statuses(access, ["3157ac7d"])
    assert report.cost_micros == micros


async def test_many_numbers_are_asked_about_fifteen_at_a_time(
    high_volume: HighVolume, access: Access, stub: Stub
) -> None:
    stub.answer("GET", f"{A2P}/messages", listed())
    numbers = [f"+165055501{n:02}" for n in range(20)]
    assert await high_volume.list_inbound(access, since=NOON, numbers=numbers) == []
    assert [len(asked.query["phoneNumber"]) for asked in stub.seen] == [15, 5]


# --- The number ---

NUMBER = Number(
    id="121554771345",
    phone_number=OURS,
    features=frozenset({"A2PSmsSender"}),
    usable=True,
    reason=None,
    label=None,
    payment_type="Local",
    usage_type="DirectNumber",
    country="US",
    primary=False,
    transport=Transport.A2P,
)
CONFIGURATION = f"/restapi/v1.0/account/~/extension/~/phone-number/{NUMBER.id}/sms-configuration"


@pytest.mark.parametrize(
    ("reply", "code", "level"),
    [
        (Reply(body={"delivered": {"count": 90}, "deliveryFailed": {"count": 10}}), "high_volume.access", Level.OK),
        (Reply(body={"sent": {"count": 8}, "sendingFailed": {"count": 2}}), "high_volume.delivery", Level.WARNING),
        (Reply(body={}), "high_volume.access", Level.OK),
        (Reply(403, {"errorCode": "CMN-401", "permissionName": "A2PSMS"}), "high_volume.access", Level.PROBLEM),
        (Reply(500, {"errorCode": "CMN-203"}), "unchecked.high_volume", Level.WARNING),
    ],
)
async def test_whether_high_volume_sms_works_for_this_login(
    high_volume: HighVolume, access: Access, stub: Stub, reply: Reply, code: str, level: Level
) -> None:
    stub.answer("GET", CONFIGURATION, Reply(body={"phoneNumber": OURS}))
    stub.answer("GET", f"{A2P}/statuses", reply)
    facts, findings = await high_volume.inspect_number(access, NUMBER)
    assert (facts.checked, facts.stop_confirmed_by_provider) == (True, False)
    assert {finding.code: finding.level for finding in findings}[code] is level
    assert {finding.code: finding.level for finding in findings}["campaign.status"] is Level.OK


# --- Events ---


def event(path: str, body: Any) -> bytes:
    return json.dumps(
        {
            "uuid": "5496200236759723935",
            "event": f"/restapi/v1.0/account/809640001/a2p-sms/{path}",
            "subscriptionId": "7e4a7486-8df9-4195-8aef-b8d81d3345f6",
            "ownerId": "629893001",
            "timestamp": "2026-11-22T18:16:43.533Z",
            "body": body,
        }
    ).encode()


async def test_an_inbound_event_holds_the_text(high_volume: HighVolume) -> None:
    body = {"id": "7119", "messageStatus": "Delivered", "from": CUSTOMER, "to": [OURS], "text": "Stop"}
    heard = high_volume.parse_event(event(f"messages?direction=Inbound&to={OURS}", body | {"direction": "Inbound"}))
    assert isinstance(heard, InboundReceived)
    text = heard.message
    assert (text.provider_message_id, text.sender, text.target, text.text) == ("7119", CUSTOMER, OURS, "Stop")


async def test_a_status_event_is_the_status_itself(high_volume: HighVolume) -> None:
    body = {**DELIVERED, "id": "7086", "messageStatus": "DeliveryFailed", "errorCode": "SMS-CAR-411"}
    heard = high_volume.parse_event(event(f"messages?direction=Outbound&from={OURS}", body))
    assert isinstance(heard, StatusReported)
    [report] = heard.reports
    assert (report.provider_message_id, report.state, report.error_code) == (
        "3157ac7d",
        DeliveryState.FAILED,
        "SMS-CAR-411",
    )


@pytest.mark.parametrize("active", [True, False])
async def test_an_opt_out_event_is_a_consent_record(high_volume: HighVolume, active: bool) -> None:
    heard = high_volume.parse_event(event("opt-outs", {"from": OURS, "to": CUSTOMER, "active": active}))
    assert isinstance(heard, ConsentChanged)
    at = NOON.replace(hour=18, minute=16, second=43, microsecond=533000)
    assert heard.records == (ConsentRecord(OURS, CUSTOMER, active, None, None, at),)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("messages", {}),
        ("messages", {"direction": "Inbound", "id": "1", "to": [OURS]}),
        ("messages", {"direction": "Outbound", "messageStatus": "Delivered"}),
        ("messages", {"direction": "Outbound", "batchId": "b", "messageStatus": "Thinking"}),
        ("batches", {"id": "3157ac7d", "status": "Completed"}),
        ("messages", None),
    ],
)
async def test_an_event_without_news_is_unknown(high_volume: HighVolume, path: str, body: Any) -> None:
    assert isinstance(high_volume.parse_event(event(path, body)), UnknownEvent)

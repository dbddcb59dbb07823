import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sms.contract import (
    ConsentChanged,
    ConsentRecord,
    DeliveryState,
    Event,
    InboundReceived,
    InboundText,
    StatusesChanged,
    SubscriptionReminder,
    UnknownEvent,
)
from app.sms.providers.ringcentral.inbound import inbound_text, parse_event, status_report

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STORE = "/restapi/v1.0/account/809640001/extension/629893001/message-store"
OURS, CUSTOMER = "+16505550100", "+14155550123"
TEXT = {
    "id": "3062991514018",
    "to": [{"phoneNumber": OURS, "name": "Acme Store", "target": True}],
    "from": {"phoneNumber": CUSTOMER, "location": "San Francisco, CA"},
    "type": "SMS",
    "creationTime": "2026-11-22T18:20:45.028Z",
    "attachments": [{"id": "3062991514018", "type": "Text", "contentType": "text/plain"}],
    "direction": "Inbound",
    "availability": "Alive",
    "subject": "STOP",
    "messageStatus": "Received",
    "conversation": {"id": "1638233798595111162"},
}


def event(name: str, body: Any, **fields: Any) -> bytes:
    envelope = {
        "uuid": "6242343638330007103",
        "event": name,
        "timestamp": "2026-11-22T18:20:45.034Z",
        "subscriptionId": "7e4a7486-8df9-4195-8aef-b8d81d3345f6",
        "ownerId": "629893001",
        "body": body,
    }
    return json.dumps({**envelope, **fields}).encode()


def received(**changes: Any) -> InboundText:
    body = {name: value for name, value in {**TEXT, **changes}.items() if value is not None}
    parsed = parse_event(event(f"{STORE}/instant?type=SMS", body), received_at=NOW)
    assert isinstance(parsed, InboundReceived)
    return parsed.message


def test_a_text_of_a_customer() -> None:
    parsed = parse_event(event(f"{STORE}/instant?type=SMS", TEXT), received_at=NOW)
    assert parsed == InboundReceived(
        "6242343638330007103",
        "7e4a7486-8df9-4195-8aef-b8d81d3345f6",
        "629893001",
        InboundText(
            provider_message_id="3062991514018",
            sender=CUSTOMER,
            recipients=(OURS,),
            target=OURS,
            text="STOP",
            received_at=datetime(2026, 11, 22, 18, 20, 45, 28000, tzinfo=UTC),
            owner_id="629893001",
            subscription_id="7e4a7486-8df9-4195-8aef-b8d81d3345f6",
            conversation_id="1638233798595111162",
        ),
    )


def test_the_text_does_not_show_in_logs_of_the_value() -> None:
    assert "STOP" not in repr(received())


def test_ids_are_text_also_beyond_what_a_float_holds() -> None:
    message = received(id=2**60 + 1, conversation=None, conversationId=1638233798595111162)
    assert (message.provider_message_id, message.conversation_id) == ("1152921504606846977", "1638233798595111162")


def test_our_number_in_a_group_is_the_one_marked() -> None:
    others = [{"phoneNumber": "+12125550188"}, {"phoneNumber": OURS, "target": True}]
    assert received(to=others).target == OURS
    assert received(to=others).recipients == ("+12125550188", OURS)


def test_an_unmarked_number_is_ours_only_when_alone() -> None:
    assert received(to=[{"phoneNumber": OURS}]).target == OURS
    assert received(to=[{"phoneNumber": OURS}, {"phoneNumber": "+12125550188"}]).target is None


def test_a_message_of_pictures_only() -> None:
    picture = {"id": "675981076016", "type": "MmsAttachment", "contentType": "image/jpeg"}
    message = received(subject=None, attachments=[*TEXT["attachments"], picture])
    assert (message.text, message.media_count) == ("", 1)


@pytest.mark.parametrize(
    ("subject", "text"),
    [("stop \ud83d", "stop �"), ("a\0b", "ab"), ("ok 👍", "ok 👍"), (7, ""), ("", "")],
)
def test_a_text_is_always_storable(subject: Any, text: str) -> None:
    assert received(subject=subject).text == text


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-11-22T18:20:46.473705035Z", datetime(2026, 11, 22, 18, 20, 46, 473705, tzinfo=UTC)),
        ("2026-11-22T10:20:46-08:00", datetime(2026, 11, 22, 18, 20, 46, tzinfo=UTC)),
        ("2026-11-22T18:20:46", datetime(2026, 11, 22, 18, 20, 46, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 22, 18, 20, 45, 34000, tzinfo=UTC)),
        (None, datetime(2026, 11, 22, 18, 20, 45, 34000, tzinfo=UTC)),
    ],
)
def test_the_time_of_a_text_falls_back_to_the_event(told: str | None, expected: datetime) -> None:
    assert received(creationTime=told).received_at == expected


@pytest.mark.parametrize("changes", [{"from": {}}, {"from": None}, {"id": True}, {"direction": "Outbound"}])
def test_what_is_not_a_text_from_somebody_is_not_taken_for_one(changes: dict[str, Any]) -> None:
    parsed = parse_event(event(f"{STORE}/instant?type=SMS", {**TEXT, **changes}), received_at=NOW)
    assert isinstance(parsed, UnknownEvent)


def test_a_change_of_the_message_store_is_a_wake_up() -> None:
    body = {"changes": [{"type": "SMS", "newCount": 1, "updatedCount": 1, "newMessageIds": [42, "43"]}]}
    parsed = parse_event(event(f"{STORE}?type=SMS&direction=Outbound", body), received_at=NOW)
    assert isinstance(parsed, StatusesChanged)
    assert parsed.message_ids == ("42", "43")
    bare = parse_event(event(STORE, {"changes": [{"type": "SMS", "updatedCount": 1}]}), received_at=NOW)
    assert isinstance(bare, StatusesChanged)
    assert bare.message_ids == ()


def test_a_change_of_consent() -> None:
    records = [
        {"from": OURS, "to": CUSTOMER, "optStatus": "OptOut", "source": "Recipient", "lastModifiedTime": "2026-11-22"},
        {"from": "*", "to": CUSTOMER, "optStatus": "OptIn", "coverage": "Account"},
        {"from": OURS, "to": CUSTOMER, "optStatus": "Perhaps"},
        {"from": OURS, "optStatus": "OptOut"},
        "x",
    ]
    parsed = parse_event(event("/restapi/v2/accounts/809640001/sms/consents", {"records": records}), received_at=NOW)
    assert isinstance(parsed, ConsentChanged)
    assert parsed.records == (
        ConsentRecord(OURS, CUSTOMER, True, "Recipient", None, datetime(2026, 11, 22, tzinfo=UTC)),
        ConsentRecord(None, CUSTOMER, False, None, "Account", None),
    )


def test_a_reminder_of_a_subscription_about_to_end() -> None:
    name = "/restapi/v1.0/subscription/7e4a7486-8df9-4195-8aef-b8d81d3345f6?threshold=86400&interval=21600"
    parsed = parse_event(event(name, {"expiresIn": 86400}), received_at=NOW)
    assert isinstance(parsed, SubscriptionReminder)
    assert parsed.expires_in == 86400


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"event": 7}', b"[" * 100_000, event("/elsewhere", {})]
)
def test_what_cannot_be_read_is_an_unknown_event(raw: bytes) -> None:
    assert isinstance(parse_event(raw, received_at=NOW), UnknownEvent)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TEXT, "records"]), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from([f"{STORE}/instant?type=SMS", STORE, "/x/sms/consents", "/x/subscription/7", ""])


@given(name=NAMES | JSON, body=JSON, changes=st.dictionaries(st.sampled_from([*TEXT]), JSON, max_size=3))
def test_no_event_is_an_error(name: Any, body: Any, changes: dict[str, Any]) -> None:
    for raw in (event(name, body), event(name, {**TEXT, **changes})):
        read = parse_event(raw, received_at=NOW)
        assert isinstance(read, Event)
        if isinstance(read, InboundReceived):
            assert read.message.provider_message_id
            assert "\0" not in read.message.text


@pytest.mark.parametrize(
    ("status", "code", "state", "reported"),
    [
        ("Queued", None, DeliveryState.QUEUED, None),
        ("Sent", None, DeliveryState.SENT, None),
        ("Delivered", "SMS-CAR-199", DeliveryState.DELIVERED, None),
        ("SendingFailed", "SMS-RC-413", DeliveryState.FAILED, "SMS-RC-413"),
        ("DeliveryFailed", "SMS-CAR-411", DeliveryState.FAILED, "SMS-CAR-411"),
    ],
)
def test_a_status(status: str, code: str | None, state: DeliveryState, reported: str | None) -> None:
    report = status_report({"id": 42, "messageStatus": status, "deliveryErrorCode": code, "segmentCount": 2})
    assert report is not None
    assert (report.provider_message_id, report.state, report.error_code) == ("42", state, reported)
    assert report.segment_count == 2


@pytest.mark.parametrize("record", [{}, {"id": 42}, {"id": 42, "messageStatus": "Received"}, {"messageStatus": "Sent"}])
def test_what_says_nothing_about_delivery_is_no_status(record: dict[str, Any]) -> None:
    assert status_report(record) is None


def test_a_deleted_message_is_no_inbound_text() -> None:
    assert inbound_text({"id": 42, "availability": "Deleted"}, received_at=NOW) is None

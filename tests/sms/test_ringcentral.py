"""The provider over real HTTP: what it asks, and what it makes of the answers."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.http import Http
from app.sms.contract import (
    Accepted,
    Access,
    ConsentRecord,
    DeliveryState,
    Finding,
    Level,
    Line,
    MessageRefused,
    Number,
    OutcomeUnknown,
    ProviderUnavailable,
    RateReport,
    SenderRefused,
    SmsError,
    SmsProvider,
    StatusReport,
    Throttled,
    TokenRejected,
    Transport,
    VendorFault,
)
from app.sms.providers.ringcentral import RingCentral
from app.sms.providers.ringcentral.client import Client
from app.sms.providers.ringcentral.messages import send
from tests.sms.conftest import NOON
from tests.sms.stub import Reply, Stub, hanging_up

ME = "/restapi/v1.0/account/~/extension/~"
NUMBERS, SMS, STORE, SYNC = f"{ME}/phone-number", f"{ME}/sms", f"{ME}/message-store", f"{ME}/message-sync"
SUBSCRIPTIONS, CONSENTS = "/restapi/v1.0/subscription", "/restapi/v2/accounts/~/sms/consents"
OURS, CUSTOMER, TEXT = "+16505550100", "+14155550123", "Acme: order #1001 is confirmed. Reply STOP to opt-out."
LINES = (Line(OURS, Transport.SMS),)
QUEUED = {
    "id": 3062991514016,
    "from": {"phoneNumber": OURS},
    "to": [{"phoneNumber": CUSTOMER}],
    "direction": "Outbound",
    "subject": TEXT,
    "messageStatus": "Queued",
    "conversationId": 1638233798595111162,
}
ARRIVED = {
    "id": 3062991514017,
    "from": {"phoneNumber": CUSTOMER},
    "to": [{"phoneNumber": OURS}],
    "direction": "Inbound",
    "subject": "STOP",
    "messageStatus": "Received",
    "creationTime": "2026-11-22T11:59:00.000Z",
}


def failed(status: int, code: str, **detail: str) -> Reply:
    return Reply(status, {"errorCode": "Refused", "errors": [{"errorCode": code, **detail}]})


def as_provider(provider: RingCentral) -> SmsProvider:
    """Checked by the type checker: RingCentral fulfils the contract."""
    return provider


# --- Sending ----------------------------------------------------------------------------------------------------------


async def test_a_text_goes_to_exactly_one_recipient(provider: RingCentral, access: Access, stub: Stub) -> None:
    rate = {"X-Rate-Limit-Group": "medium", "X-Rate-Limit-Limit": "40"}
    rate |= {"X-Rate-Limit-Remaining": "39", "X-Rate-Limit-Window": "60"}
    stub.answer("POST", SMS, Reply(body=QUEUED, headers=rate))
    accepted = await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    assert accepted == Accepted("3062991514016", DeliveryState.QUEUED, RateReport("medium", 40, 39, 60))
    [asked] = stub.seen
    assert asked.json == {"from": {"phoneNumber": OURS}, "to": [{"phoneNumber": CUSTOMER}], "text": TEXT}
    assert asked.headers["authorization"] == "Bearer access-token-of-the-user"


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1001, "👍" * 501])
async def test_a_text_that_cannot_be_sent_is_refused_unasked(
    provider: RingCentral, access: Access, stub: Stub, text: str
) -> None:
    with pytest.raises(MessageRefused):
        await provider.send(access, sender=OURS, recipient=CUSTOMER, text=text)
    assert stub.seen == []


async def test_the_longest_text_is_counted_in_utf_16_units(provider: RingCentral, access: Access, stub: Stub) -> None:
    stub.answer("POST", SMS, Reply(body=QUEUED))
    await provider.send(access, sender=OURS, recipient=CUSTOMER, text="👍" * 500)
    assert stub.seen[0].json["text"] == "👍" * 500


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (failed(403, "MSG-304"), SenderRefused),
        (failed(401, "OAU-213"), TokenRejected),
        (Reply(429, {"errorCode": "CMN-301"}, {"Retry-After": "60"}), Throttled),
        (failed(429, "CMN-304"), OutcomeUnknown),
        (failed(503, "MSG-290"), ProviderUnavailable),
        (Reply(500), OutcomeUnknown),
        (Reply(502, b"<html>"), OutcomeUnknown),
        (Reply(504), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply(200, {}), OutcomeUnknown),
    ],
)
async def test_a_send_that_fails_is_tried_once(
    provider: RingCentral, access: Access, stub: Stub, reply: Reply, expected: type[SmsError]
) -> None:
    stub.answer("POST", SMS, reply)
    with pytest.raises(SmsError) as caught:
        await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    assert type(caught.value) is expected
    assert len(stub.seen) == 1
    assert_no_token(caught.value)


async def test_a_send_whose_answer_is_late_has_an_unknown_outcome(http: Http, access: Access, stub: Stub) -> None:
    stub.answer("POST", SMS, Reply(body=QUEUED, delay=1.0))
    with pytest.raises(OutcomeUnknown) as caught:
        await send(Client(http, deadline=0.2), access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    assert_no_token(caught.value)


async def test_a_send_whose_line_breaks_has_an_unknown_outcome(provider: RingCentral) -> None:
    async with hanging_up() as url:
        with pytest.raises(OutcomeUnknown) as caught:
            await provider.send(Access(url, "access-token-of-the-user"), sender=OURS, recipient=CUSTOMER, text=TEXT)
    assert_no_token(caught.value)


async def test_a_send_that_found_no_server_was_not_sent(provider: RingCentral) -> None:
    nobody = Access("http://127.0.0.1:1", "access-token-of-the-user")
    with pytest.raises(ProviderUnavailable) as caught:
        await provider.send(nobody, sender=OURS, recipient=CUSTOMER, text=TEXT)
    assert_no_token(caught.value)


def assert_no_token(error: BaseException) -> None:
    assert (error.__cause__, error.__context__) == (None, None)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if "/app/" in frame.f_code.co_filename]
    shown = repr([frame.f_locals for frame in frames]) + repr(error.__dict__) + str(error)
    assert "access-token-of-the-user" not in shown


# --- The message store ------------------------------------------------------------------------------------------------


async def test_a_lost_send_is_found_by_numbers_and_text(provider: RingCentral, access: Access, stub: Stub) -> None:
    others = [
        {**QUEUED, "id": 1, "subject": "Another text"},
        {**QUEUED, "id": 2, "from": {"phoneNumber": "+16505550101"}},
        {**QUEUED, "id": 3, "to": [{"phoneNumber": CUSTOMER}, {"phoneNumber": "+12125550188"}]},
    ]
    stub.answer("GET", STORE, Reply(body={"records": [*others, {**QUEUED, "messageStatus": "Sent"}]}))
    found = await provider.find_sent(access, sender=OURS, recipient=CUSTOMER, text=TEXT + "\r\n", since=NOON)
    assert found == Accepted("3062991514016", DeliveryState.SENT)
    [asked] = stub.seen
    assert "phoneNumber=%2B14155550123" in asked.raw_query
    assert asked.query == {
        "messageType": ["SMS"],
        "direction": ["Outbound"],
        "phoneNumber": [CUSTOMER],
        "dateFrom": ["2026-11-22T11:59:55.000Z"],
        "page": ["1"],
        "perPage": ["100"],
    }


async def test_a_lost_send_that_never_arrived_is_not_found(provider: RingCentral, access: Access, stub: Stub) -> None:
    stub.answer("GET", STORE, Reply(body={"records": []}))
    assert await provider.find_sent(access, sender=OURS, recipient=CUSTOMER, text=TEXT, since=NOON) is None


async def test_statuses_are_read_thirty_at_a_time(provider: RingCentral, access: Access, stub: Stub) -> None:
    ids = [str(number) for number in range(100, 131)]
    delivered = {"id": 100, "messageStatus": "Delivered", "segmentCount": 1}
    many = [{"resourceId": "100", "status": 200, "body": delivered}, {"resourceId": "101", "status": 404}]
    stub.answer("GET", f"{STORE}/{','.join(ids[:30])}", Reply(207, many))
    lost = {"id": 130, "messageStatus": "SendingFailed", "deliveryErrorCode": "SMS-RC-413"}
    stub.answer("GET", f"{STORE}/130", Reply(200, lost))
    assert await provider.read_statuses(access, ids) == [
        StatusReport("100", DeliveryState.DELIVERED, None, 1, None),
        StatusReport("130", DeliveryState.FAILED, "SMS-RC-413", None, None),
    ]
    assert stub.seen[0].headers["accept"] == "application/vnd.ringcentral.multipart+json"


async def test_an_unknown_message_has_no_status(provider: RingCentral, access: Access, stub: Stub) -> None:
    assert await provider.read_statuses(access, ["7"]) == []
    assert await provider.read_statuses(access, []) == []
    assert len(stub.seen) == 1


async def test_inbound_texts_are_read_page_by_page_oldest_first(
    provider: RingCentral, access: Access, stub: Stub
) -> None:
    older = {**ARRIVED, "id": 5, "creationTime": "2026-11-22T11:00:00Z"}
    first = {"records": [ARRIVED], "navigation": {"nextPage": {"uri": "https://elsewhere.example/"}}}
    stub.answer("GET", STORE, Reply(body=first), Reply(body={"records": [older], "navigation": {}}))
    texts = await provider.list_inbound(access, since=NOON - timedelta(hours=2))
    assert [text.provider_message_id for text in texts] == ["5", "3062991514017"]
    assert [asked.query["page"] for asked in stub.seen] == [["1"], ["2"]]


async def test_the_first_sync_is_full_and_the_next_goes_on(provider: RingCentral, access: Access, stub: Stub) -> None:
    deleted = {"id": 9, "availability": "Deleted"}
    body = {"records": [ARRIVED, QUEUED, deleted], "syncInfo": {"syncToken": "first", "olderRecordsExist": True}}
    stub.answer("GET", SYNC, Reply(body=body), Reply(body={"records": [], "syncInfo": {"syncToken": "second"}}))
    changes = await provider.list_changes(access, sync_token=None, since=NOON)
    assert [text.text for text in changes.inbound] == ["STOP"]
    assert [report.provider_message_id for report in changes.statuses] == ["3062991514016"]
    assert (changes.sync_token, changes.older_exist) == ("first", True)
    assert (await provider.list_changes(access, sync_token="first", since=NOON)).sync_token == "second"
    full, next_one = stub.seen
    assert full.query["syncType"] == ["FSync"]
    assert full.query["dateFrom"] == ["2026-11-22T12:00:00.000Z"]
    assert next_one.query == {"syncType": ["ISync"], "syncToken": ["first"]}


async def test_a_stale_sync_token_leads_to_a_full_sync(provider: RingCentral, access: Access, stub: Stub) -> None:
    fresh = Reply(body={"records": [], "syncInfo": {"syncToken": "fresh"}})
    stub.answer("GET", SYNC, failed(400, "MSG-333"), fresh)
    assert (await provider.list_changes(access, sync_token="stale", since=NOON)).sync_token == "fresh"
    assert [asked.query["syncType"] for asked in stub.seen] == [["ISync"], ["FSync"]]


# --- Numbers and findings ---------------------------------------------------------------------------------------------


def listed(number: int, *features: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": 121554771345 + number,
        "phoneNumber": f"+1650555010{number}",
        "paymentType": "Local",
        "type": "VoiceFax",
        "usageType": "DirectNumber",
        "status": "Normal",
        "features": list(features),
        "country": {"isoCode": "US"},
        **fields,
    }


async def test_numbers_of_all_pages_with_the_usable_ones_first(
    provider: RingCentral, access: Access, stub: Stub
) -> None:
    page_1 = [listed(0, "CallerId"), listed(1, "A2PSmsSender"), listed(2, "SmsSender", status="Pending")]
    page_2 = [
        listed(3, "SmsSender", "MmsSender", primary=True),
        listed(4, "SmsSender", type="FaxOnly"),
        listed(5, "SmsSender", extension={"id": 7, "type": "Department"}),
        listed(6, "SmsSender"),
        listed(7, usageType="MainCompanyNumber"),
        {"id": 7},
    ]
    stub.answer(
        "GET",
        NUMBERS,
        Reply(body={"records": page_1, "paging": {"page": 1, "totalPages": 2}}),
        Reply(body={"records": page_2, "paging": {"page": 2, "totalPages": 2}}),
    )
    scopes = frozenset({"SMS", "ReadAccounts", "SubscriptionWebhook"})
    numbers = await provider.list_numbers(replace(access, scopes=scopes))
    assert [(number.phone_number[-1], number.usable) for number in numbers] == [
        ("3", True),
        ("6", True),
        ("0", False),
        ("1", False),
        ("2", False),
        ("4", False),
        ("7", False),
    ]
    reasons = {number.phone_number[-1]: number.reason or "" for number in numbers}
    assert "High Volume" in reasons["1"]
    assert "not finished" in reasons["2"]
    assert "fax" in reasons["4"]
    assert "company number" in reasons["7"]
    assert numbers[0].id == "121554771348"
    transports = {number.phone_number[-1]: number.transport for number in numbers}
    assert (transports["1"], transports["3"], transports["0"]) == (Transport.A2P, Transport.SMS, None)


async def test_a_high_volume_number_is_usable_with_its_scope(provider: RingCentral, access: Access, stub: Stub) -> None:
    stub.answer("GET", NUMBERS, Reply(body={"records": [listed(1, "A2PSmsSender")]}))
    [number] = await provider.list_numbers(replace(access, scopes=frozenset({"SMS", "A2PSMS"})))
    assert (number.usable, number.transport) == (True, Transport.A2P)


async def test_a_login_that_may_do_everything(provider: RingCentral, access: Access, stub: Stub) -> None:
    stub.answer("GET", f"{ME}/authz-profile/check", Reply(body={"successful": True}))
    stub.answer("GET", "/restapi/v1.0/account/~", Reply(body={"serviceInfo": {"brand": {"id": "1210"}}}))
    findings = await provider.inspect(access, frozenset({"SMS", "ReadAccounts", "SubscriptionWebhook"}))
    assert {finding.level for finding in findings} == {Level.OK}
    assert [asked.query["permissionId"] for asked in stub.asked("GET", f"{ME}/authz-profile/check")] == [
        ["OutboundSMS"],
        ["ReadMessages"],
    ]


async def test_a_login_that_lacks_what_it_needs(provider: RingCentral, access: Access, stub: Stub) -> None:
    stub.answer("GET", f"{ME}/authz-profile/check", Reply(body={"successful": False}))
    stub.answer("GET", "/restapi/v1.0/account/~", Reply(body={"serviceInfo": {"brand": {"id": 2020}}}))
    findings = await provider.inspect(access, frozenset({"SMS"}))
    assert [(finding.code, finding.level) for finding in findings] == [
        ("scopes.ReadAccounts", Level.PROBLEM),
        ("scopes.SubscriptionWebhook", Level.PROBLEM),
        ("permission.OutboundSMS", Level.PROBLEM),
        ("permission.ReadMessages", Level.PROBLEM),
        ("brand", Level.WARNING),
    ]


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_what_cannot_be_checked_is_a_warning(
    provider: RingCentral, access: Access, stub: Stub, status: int
) -> None:
    stub.answer("GET", f"{ME}/authz-profile/check", Reply(status))
    stub.answer("GET", "/restapi/v1.0/account/~", Reply(status))
    stub.answer("GET", f"{NUMBERS}/7/sms-configuration", Reply(status))
    findings = await provider.inspect(access, frozenset({"SMS", "ReadAccounts", "SubscriptionWebhook"}))
    assert [finding.level for finding in findings] == [Level.OK, Level.WARNING, Level.WARNING, Level.WARNING]
    facts, findings = await provider.inspect_number(access, number())
    assert (facts.checked, facts.stop_confirmed_by_provider) == (False, True)
    assert findings[0].level is Level.WARNING


@pytest.mark.parametrize(("reply", "expected"), [(Reply(429), Throttled), (failed(401, "OAU-128"), TokenRejected)])
async def test_a_pause_or_a_dead_token_ends_the_look(
    provider: RingCentral, access: Access, stub: Stub, reply: Reply, expected: type[SmsError]
) -> None:
    stub.answer("GET", f"{ME}/authz-profile/check", reply)
    stub.answer("GET", f"{NUMBERS}/7/sms-configuration", reply)
    with pytest.raises(expected):
        await provider.inspect(access, frozenset())
    with pytest.raises(expected):
        await provider.inspect_number(access, number())
    assert len(stub.seen) == 2


def number(*, features: tuple[str, ...] = ("SmsSender",), payment: str = "Local", country: str = "US") -> Number:
    return Number("7", OURS, frozenset(features), True, None, None, payment, "DirectNumber", country, True)


CONFIRMED = {"status": "Confirmed", "registrationTier": "LowVolume", "useCases": ["CustomerCare"]}


@pytest.mark.parametrize(
    ("campaign", "sender", "expected"),
    [
        (CONFIRMED, number(), {"campaign.status": Level.OK, "campaign.tier": Level.OK}),
        ({**CONFIRMED, "useCases": ["Marketing"]}, number(), {"campaign.use_cases": Level.WARNING}),
        (
            {**CONFIRMED, "consentSettings": {"optInRequired": True}},
            number(),
            {"campaign.opt_in_required": Level.WARNING},
        ),
        ({"status": "CampaignSuspended"}, number(), {"campaign.status": Level.PROBLEM}),
        (None, number(), {"campaign.status": Level.PROBLEM}),
        (None, number(payment="TollFree"), {"campaign.status": Level.WARNING}),
        (None, number(country="GB"), {"campaign.status": Level.OK}),
    ],
)
async def test_how_a_number_is_registered(
    provider: RingCentral,
    access: Access,
    stub: Stub,
    campaign: dict[str, Any] | None,
    sender: Number,
    expected: dict[str, Level],
) -> None:
    stub.answer("GET", f"{NUMBERS}/7/sms-configuration", Reply(body={"smsCampaignInfo": campaign}))
    _, findings = await provider.inspect_number(access, sender)
    assert expected.items() <= levels(findings).items()


def levels(findings: list[Finding]) -> dict[str, Level]:
    return {finding.code: finding.level for finding in findings}


@pytest.mark.parametrize(
    ("features", "consent", "confirmed_by_provider"),
    [
        (("SmsSender",), None, True),
        (("SmsSender",), {"coverage": {"optIn": "PhoneNumber", "optOut": "PhoneNumber"}}, True),
        (("SmsSender",), {"automaticConsentCollecting": {"enabled": True}}, True),
        (("SmsSender",), {"coverage": {"optIn": "PhoneNumber"}}, False),
        (("A2PSmsSender",), {"coverage": {"optOut": "Account"}}, False),
    ],
)
async def test_who_confirms_stop(
    provider: RingCentral,
    access: Access,
    stub: Stub,
    features: tuple[str, ...],
    consent: dict[str, Any] | None,
    confirmed_by_provider: bool,
) -> None:
    body = {"smsCampaignInfo": {**CONFIRMED, "consentSettings": consent}}
    stub.answer("GET", f"{NUMBERS}/7/sms-configuration", Reply(body=body))
    facts, _ = await provider.inspect_number(access, number(features=features))
    assert facts.stop_confirmed_by_provider is confirmed_by_provider


# --- Subscriptions ----------------------------------------------------------------------------------------------------

ADDRESS = "https://app.example.com/webhooks/ringcentral/secret-path"
MADE = {
    "id": "7e4a7486-8df9-4195-8aef-b8d81d3345f6",
    "status": "Active",
    "eventFilters": [],
    "expirationTime": "2026-12-22T12:00:00.000Z",
    "deliveryMode": {"transportType": "WebHook", "address": ADDRESS},
}
ID = str(MADE["id"])
INSTANT = "/restapi/v1.0/account/~/extension/~/message-store/instant?type=SMS"
OUTBOUND = "/restapi/v1.0/account/~/extension/~/message-store?type=SMS&direction=Outbound"


@pytest.fixture
def subscribe(provider: RingCentral, access: Access, stub: Stub) -> Callable[[], Awaitable[Any]]:
    stub.answer("GET", SUBSCRIPTIONS, Reply(body={"records": []}))
    return lambda: provider.subscribe(
        access, address=ADDRESS, verification_token="verification-token", lifetime=timedelta(days=30), lines=LINES
    )


async def test_a_subscription_asks_for_all_events_with_its_lifetime_on_top(
    subscribe: Callable[[], Awaitable[Any]], stub: Stub
) -> None:
    stub.answer("POST", SUBSCRIPTIONS, Reply(body=MADE))
    subscription = await subscribe()
    assert (subscription.id, subscription.active, subscription.address) == (ID, True, ADDRESS)
    assert subscription.expires_at == datetime(2026, 12, 22, 12, tzinfo=UTC)
    [asked] = stub.asked("POST", SUBSCRIPTIONS)
    assert asked.json == {
        "eventFilters": [INSTANT, OUTBOUND, CONSENTS],
        "deliveryMode": {
            "transportType": "WebHook",
            "address": ADDRESS,
            "verificationToken": "verification-token",
        },
        "expiresIn": 2592000,
    }


async def test_older_subscriptions_of_this_host_are_deleted_first(
    subscribe: Callable[[], Awaitable[Any]], stub: Stub
) -> None:
    stray = {**MADE, "id": "stray", "deliveryMode": {"address": "https://app.example.com/webhooks/ringcentral/old"}}
    foreign = {**MADE, "id": "foreign", "deliveryMode": {"address": "https://app.example.com.other.example/"}}
    stub.answer("GET", SUBSCRIPTIONS, Reply(body={"records": [stray, foreign]}))
    stub.answer("DELETE", f"{SUBSCRIPTIONS}/stray", Reply(204))
    stub.answer("POST", SUBSCRIPTIONS, Reply(body=MADE))
    await subscribe()
    assert [(asked.method, asked.path) for asked in stub.seen] == [
        ("GET", SUBSCRIPTIONS),
        ("DELETE", f"{SUBSCRIPTIONS}/stray"),
        ("POST", SUBSCRIPTIONS),
    ]


async def test_too_many_subscriptions_make_dead_ones_go(subscribe: Callable[[], Awaitable[Any]], stub: Stub) -> None:
    dead = {**MADE, "id": "dead", "status": "Blacklisted", "deliveryMode": {"address": "https://old.example/"}}
    stub.answer("GET", SUBSCRIPTIONS, Reply(body={"records": [dead]}))
    stub.answer("DELETE", f"{SUBSCRIPTIONS}/dead", Reply(204))
    stub.answer("POST", SUBSCRIPTIONS, failed(403, "SUB-505"), Reply(body=MADE))
    assert (await subscribe()).id == ID
    assert len(stub.asked("DELETE", f"{SUBSCRIPTIONS}/dead")) == 1


async def test_too_many_subscriptions_of_others_are_reported(
    subscribe: Callable[[], Awaitable[Any]], stub: Stub
) -> None:
    stub.answer("POST", SUBSCRIPTIONS, failed(403, "SUB-505"))
    with pytest.raises(SenderRefused):
        await subscribe()
    assert len(stub.asked("POST", SUBSCRIPTIONS)) == 2


@pytest.mark.parametrize("refusal", [failed(400, "SUB-508"), failed(403, "CMN-408", permissionName="Consents")])
async def test_a_refused_consents_filter_is_left_out(
    subscribe: Callable[[], Awaitable[Any]], stub: Stub, refusal: Reply
) -> None:
    stub.answer("POST", SUBSCRIPTIONS, refusal, Reply(body=MADE))
    await subscribe()
    filters = [asked.json["eventFilters"] for asked in stub.asked("POST", SUBSCRIPTIONS)]
    assert filters == [[INSTANT, OUTBOUND, CONSENTS], [INSTANT, OUTBOUND]]


async def test_a_subscription_without_incoming_texts_is_deleted_and_refused(
    subscribe: Callable[[], Awaitable[Any]], stub: Stub
) -> None:
    disabled = [{"filter": INSTANT.replace("~", "629893001"), "reason": "CMN-408"}]
    stub.answer("POST", SUBSCRIPTIONS, Reply(body={**MADE, "disabledFilters": disabled}))
    stub.answer("DELETE", f"{SUBSCRIPTIONS}/{ID}", Reply(204))
    with pytest.raises(SenderRefused) as refused:
        await subscribe()
    assert refused.value.code == "CMN-408"
    assert len(stub.asked("DELETE", f"{SUBSCRIPTIONS}/{ID}")) == 1


async def test_a_disabled_consents_filter_is_only_told(subscribe: Callable[[], Awaitable[Any]], stub: Stub) -> None:
    stub.answer("POST", SUBSCRIPTIONS, Reply(body={**MADE, "disabledFilters": [{"filter": CONSENTS, "reason": "x"}]}))
    assert (await subscribe()).disabled_filters == (CONSENTS,)


@pytest.mark.parametrize("code", ["SUB-520", "SUB-521", "SUB-523", "SUB-524", "SUB-525"])
async def test_an_address_that_ringcentral_cannot_use_is_the_operators_matter(
    subscribe: Callable[[], Awaitable[Any]], stub: Stub, code: str
) -> None:
    stub.answer("POST", SUBSCRIPTIONS, failed(400, code))
    with pytest.raises(VendorFault) as fault:
        await subscribe()
    assert fault.value.code == code


async def test_the_handshake_can_be_answered_while_the_call_is_under_way(
    subscribe: Callable[[], Awaitable[Any]], stub: Stub
) -> None:
    stub.answer("POST", SUBSCRIPTIONS, Reply(body=MADE, delay=1.0))
    under_way = asyncio.ensure_future(subscribe())
    await asyncio.sleep(0.1)
    assert not under_way.done()
    assert (await under_way).id == ID


async def test_a_subscription_is_read_renewed_and_ended(provider: RingCentral, access: Access, stub: Stub) -> None:
    stub.answer("GET", f"{SUBSCRIPTIONS}/{ID}", Reply(body={**MADE, "status": "Blacklisted"}))
    stub.answer("POST", f"{SUBSCRIPTIONS}/{ID}/renew", Reply(body=MADE))
    stub.answer("DELETE", f"{SUBSCRIPTIONS}/{ID}", Reply(204))
    read = await provider.read_subscription(access, ID)
    renewed = await provider.renew_subscription(access, ID)
    await provider.unsubscribe(access, ID)
    assert read is not None
    assert renewed is not None
    assert (read.active, renewed.active) == (False, True)


@pytest.mark.parametrize("reply", [Reply(404), failed(404, "SUB-507"), failed(404, "CMN-102")])
async def test_a_subscription_that_is_gone(provider: RingCentral, access: Access, stub: Stub, reply: Reply) -> None:
    for method, path in (("GET", ""), ("POST", "/renew"), ("DELETE", "")):
        stub.answer(method, f"{SUBSCRIPTIONS}/{ID}{path}", reply)
    assert await provider.read_subscription(access, ID) is None
    assert await provider.renew_subscription(access, ID) is None
    await provider.unsubscribe(access, ID)


# --- Consents ---------------------------------------------------------------------------------------------------------


async def test_an_opt_out_and_an_opt_in_are_recorded(provider: RingCentral, access: Access, stub: Stub) -> None:
    stub.answer("PATCH", CONSENTS, Reply(body={}))
    await provider.record_opt_out(access, sender=OURS, recipient=CUSTOMER)
    await provider.record_opt_in(access, sender=OURS, recipient=CUSTOMER)
    record = {"from": OURS, "to": CUSTOMER, "coverage": "PhoneNumber", "source": "Api"}
    assert [asked.json for asked in stub.seen] == [
        {"records": [{**record, "optStatus": "OptOut"}]},
        {"records": [{**record, "optStatus": "OptIn"}]},
    ]


async def test_a_record_that_was_not_taken_is_a_failure(provider: RingCentral, access: Access, stub: Stub) -> None:
    refused = {"failedRecords": [{"to": CUSTOMER, "error": {"errorCode": "CMN-101", "message": "no"}}]}
    stub.answer("PATCH", CONSENTS, Reply(body=refused))
    with pytest.raises(VendorFault) as fault:
        await provider.record_opt_out(access, sender=OURS, recipient=CUSTOMER)
    assert fault.value.code == "CMN-101"


async def test_the_consent_list_is_read_page_by_page(provider: RingCentral, access: Access, stub: Stub) -> None:
    one = {"from": OURS, "to": CUSTOMER, "optStatus": "OptOut", "coverage": "PhoneNumber", "source": "Recipient"}
    two = {**one, "to": "+12125550188"}
    stub.answer(
        "POST",
        f"{CONSENTS}/search",
        Reply(body={"records": [one], "paging": {"perPage": 1000, "nextPageToken": "next"}}),
        Reply(body={"records": [two], "paging": {"perPage": 1000}}),
    )
    found = await provider.search_consents(access, sender=OURS)
    assert found == [
        ConsentRecord(OURS, CUSTOMER, True, "Recipient", "PhoneNumber", None),
        ConsentRecord(OURS, "+12125550188", True, "Recipient", "PhoneNumber", None),
    ]
    first, second = stub.seen
    assert first.json == {"from": [OURS], "optStatus": "OptOut", "perPage": 1000}
    assert second.json == {**first.json, "pageToken": "next"}


# --- All of it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [Reply(200, b"<html>"), Reply(200, []), Reply(200)])
async def test_an_answer_that_cannot_be_read_is_one_to_try_again(
    provider: RingCentral, access: Access, stub: Stub, reply: Reply
) -> None:
    for path in (NUMBERS, STORE, SYNC, SUBSCRIPTIONS, f"{SUBSCRIPTIONS}/{ID}"):
        stub.answer("GET", path, reply)
    looks: list[Callable[[], Awaitable[Any]]] = [
        lambda: provider.list_numbers(access),
        lambda: provider.list_inbound(access, since=NOON),
        lambda: provider.list_changes(access, sync_token=None, since=NOON),
        lambda: provider.read_subscription(access, ID),
    ]
    for look in looks:
        with pytest.raises(ProviderUnavailable):
            await look()

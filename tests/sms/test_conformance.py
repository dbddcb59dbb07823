"""Every provider and transport, held to `app/sms/contract.py`: what a call answers, what each failure becomes, and that
nobody is texted by accident. A folder in `app/sms/providers` is found by itself."""

import traceback
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from app.core.clock import HeldClock
from app.core.http import Http
from app.sms.contract import (
    Accepted,
    Access,
    ConsentChanged,
    CredentialsRefused,
    DeliveryFailure,
    DeliveryState,
    Event,
    FailureKind,
    InboundReceived,
    Level,
    Line,
    MessageRefused,
    OutcomeUnknown,
    ProviderUnavailable,
    RecipientRefused,
    SenderRefused,
    SmsError,
    StatusesChanged,
    StatusReported,
    Subscription,
    Throttled,
    TokenRejected,
    Transport,
    UnknownEvent,
    VendorFault,
)
from tests.sms.stages import CUSTOMER, OTHER_CUSTOMER, TEXT, Stage, folders, offered, opener_of

OFFERED = [pytest.param(each, id="-".join(each)) for each in offered()]


@pytest.fixture(params=OFFERED)
async def stage(request: pytest.FixtureRequest, clock: HeldClock, http: Http) -> AsyncIterator[Stage]:
    folder, transport = request.param
    async with opener_of(folder)(transport, clock, http) as stage:
        yield stage


def test_each_provider_has_a_name_and_transport_of_its_own() -> None:
    assert folders() != []
    assert len(set(offered())) == len(offered())
    assert {transport for _, transport in offered()} == set(Transport)


# --- Login and numbers ---


async def test_the_line_is_found_checked_and_told_with_its_transport(stage: Stage) -> None:
    assert stage.provider.check_credentials(stage.credentials, now=stage.clock) == {}
    assert stage.provider.transport is stage.line.transport
    [number] = await stage.provider.list_numbers(stage.access)
    assert (number.phone_number, number.usable, number.transport) == (
        stage.line.phone_number,
        True,
        stage.line.transport,
    )
    scopes = stage.access.scopes or frozenset()
    facts, about_number = await stage.provider.inspect_number(stage.access, number)
    findings = [*await stage.provider.inspect(stage.access, scopes), *about_number]
    assert {finding.level for finding in findings} == {Level.OK}
    assert facts.checked
    assert facts.stop_confirmed_by_provider is (stage.line.transport is Transport.SMS)


async def test_a_login_ends(stage: Stage) -> None:
    await stage.provider.log_out(stage.credentials, stage.access.access_token)
    with pytest.raises(TokenRejected):
        await stage.provider.list_numbers(stage.access)


# --- Sending ---


async def test_a_text_reaches_one_phone_once_and_is_delivered(stage: Stage) -> None:
    accepted = await stage.send()
    assert (stage.handset(CUSTOMER), stage.handset(OTHER_CUSTOMER)) == ([TEXT], [])
    assert (accepted.status, accepted.rate is not None) == (DeliveryState.QUEUED, True)
    sent_at = stage.clock()
    stage.clock.advance(minutes=5)
    [report] = await stage.provider.read_statuses(
        stage.access, [accepted.provider_message_id], sent_between=(sent_at, sent_at)
    )
    assert (report.provider_message_id, report.state) == (accepted.provider_message_id, DeliveryState.DELIVERED)
    assert (report.error_code, report.segment_count) == (None, 1)


@pytest.mark.parametrize("knows_when", [True, False])
async def test_statuses_are_those_that_were_asked_for(stage: Stage, knows_when: bool) -> None:
    start = stage.clock()
    mine = [(await stage.send()).provider_message_id for _ in range(2)]
    await stage.send(OTHER_CUSTOMER)
    stage.clock.advance(minutes=5)
    between = (start, start) if knows_when else None
    reports = await stage.provider.read_statuses(stage.access, [*mine, "70999"], sent_between=between)
    assert sorted(report.provider_message_id for report in reports) == sorted(mine)


@pytest.mark.parametrize("text", ["", "  ", "x" * 1001, "🎉" * 501])
async def test_a_text_that_nobody_could_send_is_refused_without_a_call(stage: Stage, text: str) -> None:
    calls = stage.number_of_calls()
    with pytest.raises(MessageRefused):
        await stage.send(text=text)
    assert stage.number_of_calls() == calls


THROTTLED: dict[str, float] = {"throttled with a time": 30, "throttled without a time": 60}
REFUSED: dict[str, type[SmsError]] = {
    "token rejected": TokenRejected,
    "token expired": TokenRejected,
    "opted out at once": RecipientRefused,
    "recipient blocked": RecipientRefused,
    "sender gone": SenderRefused,
    "account limit": SenderRefused,
    "scope missing": VendorFault,
    "unknown refusal": MessageRefused,
    "busy": ProviderUnavailable,
}
LOST = ("500 before", "500 after", "504 after", "hang before", "hang after", "dropped before", "dropped after")


@pytest.mark.parametrize("trouble", THROTTLED)
async def test_a_pause_that_is_asked_for_has_a_length(stage: Stage, trouble: str) -> None:
    stage.trouble(trouble)
    with pytest.raises(Throttled) as throttled:
        await stage.send()
    assert (throttled.value.retry_after, stage.number_of_sent()) == (THROTTLED[trouble], 0)


async def test_the_last_call_of_a_minute_says_so(stage: Stage) -> None:
    stage.trouble("the last call of the minute")
    stage.clock.advance(minutes=2)
    accepted = await stage.send()
    assert accepted.rate is not None
    assert (accepted.rate.limit, accepted.rate.remaining, accepted.rate.window) == (1, 0, 60)


@pytest.mark.parametrize("trouble", REFUSED)
async def test_a_refusal_becomes_its_class_and_sends_nothing(stage: Stage, trouble: str) -> None:
    stage.trouble(trouble)
    with pytest.raises(REFUSED[trouble]) as refused:
        await stage.send()
    assert stage.number_of_sent() == 0
    assert_says_nothing_secret(stage, refused.value)


async def test_what_a_refusal_means_for_the_next_text(stage: Stage) -> None:
    stage.trouble("opted out at once")
    with pytest.raises(RecipientRefused) as opted_out:
        await stage.send()
    stage.trouble("account limit")
    with pytest.raises(SenderRefused) as pausing:
        await stage.send()
    stage.trouble("sender gone")
    with pytest.raises(SenderRefused) as stopping:
        await stage.send()
    assert opted_out.value.opted_out
    assert (pausing.value.pause_seconds or 0) >= 3600
    assert stopping.value.pause_seconds is None


@pytest.mark.parametrize("trouble", LOST)
async def test_a_lost_outcome_is_found_if_and_only_if_it_was_taken_over(stage: Stage, trouble: str) -> None:
    before = await stage.send()
    stage.clock.advance(seconds=1)
    started = stage.clock()
    stage.trouble(trouble)
    with pytest.raises(OutcomeUnknown) as unknown:
        await stage.send()
    assert_says_nothing_secret(stage, unknown.value)
    stage.clock.advance(seconds=10)
    found = await look_for(stage, started, besides=[before.provider_message_id])
    assert (found is not None) is trouble.endswith("after")
    assert stage.number_of_sent() == 1 + (found is not None)
    if found is not None:
        taken = [before.provider_message_id, found.provider_message_id]
        assert await look_for(stage, started, besides=taken) is None


async def test_a_look_finds_no_other_text(stage: Stage) -> None:
    started = stage.clock()
    await stage.send(text=TEXT + " 2")
    await stage.send(OTHER_CUSTOMER)
    assert await look_for(stage, started) is None


async def test_a_service_that_is_not_there_has_sent_nothing(stage: Stage) -> None:
    nowhere = Access("http://127.0.0.1:9", stage.access.access_token)
    with pytest.raises(ProviderUnavailable) as away:
        await stage.provider.send(nowhere, sender=stage.line.phone_number, recipient=CUSTOMER, text=TEXT)
    assert_says_nothing_secret(stage, away.value)


# --- What became of it ---

ENDS = {
    "opted out": FailureKind.OPTED_OUT,
    "landline": FailureKind.NUMBER_UNUSABLE,
    "invalid number": FailureKind.NUMBER_UNUSABLE,
    "unreachable": FailureKind.NUMBER_UNUSABLE,
    "spam": FailureKind.TEXT_REFUSED,
    "campaign cap": FailureKind.SENDER_PAUSED,
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_text_that_did_not_arrive_says_why(stage: Stage, end: str) -> None:
    failure = await failure_of(stage, stage.outcomes[end])
    assert failure.kind is ENDS[end]
    assert failure.sentence.endswith(".")
    assert (failure.pause_seconds is not None) is (failure.kind is FailureKind.SENDER_PAUSED)
    assert stage.handset(stage.outcomes[end]) == []


async def test_a_text_without_a_receipt_has_not_failed(stage: Stage) -> None:
    accepted = await stage.send(stage.outcomes["no receipt"])
    stage.clock.advance(minutes=5)
    [report] = await stage.provider.read_statuses(stage.access, [accepted.provider_message_id])
    assert report.state is DeliveryState.SENT


# --- What comes in ---


async def test_texts_of_customers_are_read_oldest_first(stage: Stage) -> None:
    start = await stage.provider.list_changes(stage.access, sync_token=None, since=stage.clock(), numbers=[ours(stage)])
    for text in ("Hello", "Thank you"):
        await stage.customer_texts(CUSTOMER, text)
        stage.clock.advance(seconds=30)
    since = stage.clock() - timedelta(minutes=5)
    listed = await stage.provider.list_inbound(stage.access, since=since, numbers=[ours(stage)])
    changes = await stage.provider.list_changes(
        stage.access, sync_token=start.sync_token, since=since, numbers=[ours(stage)]
    )
    assert [text.text for text in listed] == ["Hello", "Thank you"] == [text.text for text in changes.inbound]
    assert {(text.sender, text.target) for text in listed} == {(CUSTOMER, ours(stage))}
    assert len({text.provider_message_id for text in (*listed, *changes.inbound)}) == 2


async def test_changes_bring_statuses_of_our_texts(stage: Stage) -> None:
    since = stage.clock()
    accepted = await stage.send()
    stage.clock.advance(minutes=1)
    changes = await stage.provider.list_changes(stage.access, sync_token=None, since=since, numbers=[ours(stage)])
    states = {report.provider_message_id: report.state for report in changes.statuses}
    assert states == {accepted.provider_message_id: DeliveryState.DELIVERED}
    assert changes.inbound == ()


async def test_a_subscription_hears_its_lines_and_replaces_the_last(stage: Stage) -> None:
    first, second = await subscribe(stage), await subscribe(stage)
    assert (second.active, second.disabled_filters) == (True, ())
    assert await stage.provider.read_subscription(stage.access, first.id) is None
    assert stage.provider.hears(second, [stage.line])
    others = [transport for transport in Transport if transport is not stage.line.transport]
    assert not stage.provider.hears(second, [stage.line, Line("+16505550177", others[0])])
    renewed = await stage.provider.renew_subscription(stage.access, second.id)
    assert renewed is not None
    await stage.provider.unsubscribe(stage.access, second.id)
    assert await stage.provider.renew_subscription(stage.access, second.id) is None
    await stage.provider.unsubscribe(stage.access, second.id)


async def test_events_tell_of_texts_statuses_and_opt_outs(stage: Stage) -> None:
    subscription = await subscribe(stage)
    accepted = await stage.send()
    stage.clock.advance(minutes=1)
    await stage.deliver_events()
    await stage.customer_texts(CUSTOMER, "STOP")
    events = [stage.provider.parse_event(raw) for raw in stage.heard]
    [inbound] = [event for event in events if isinstance(event, InboundReceived)]
    told = (inbound.message.text, inbound.message.sender, inbound.message.target, inbound.subscription_id)
    assert told == ("STOP", CUSTOMER, ours(stage), subscription.id)
    listed = await stage.provider.list_inbound(
        stage.access, since=stage.clock() - timedelta(minutes=5), numbers=[ours(stage)]
    )
    assert [text.provider_message_id for text in listed] == [inbound.message.provider_message_id]
    reported = [report for event in events if isinstance(event, StatusReported) for report in event.reports]
    woken = any(isinstance(event, StatusesChanged) for event in events)
    assert woken or {report.provider_message_id for report in reported} == {accepted.provider_message_id}
    assert opted_out_in(events) == {(ours(stage), CUSTOMER)}
    assert len({event.event_id for event in events}) == len(events)


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b'{"event": 7}', b'{"event": "/a/b", "body": []}', b"\xff"])
async def test_no_event_is_an_error(stage: Stage, raw: bytes) -> None:
    assert isinstance(stage.provider.parse_event(raw), UnknownEvent)


# --- Consent ---


async def test_opt_outs_are_written_read_and_heeded(stage: Stage) -> None:
    await stage.provider.record_opt_out(stage.access, sender=ours(stage), recipient=CUSTOMER)
    [record] = await stage.provider.search_consents(stage.access, sender=ours(stage))
    assert (record.sender, record.recipient, record.opted_out) == (ours(stage), CUSTOMER, True)
    assert (await failure_of(stage, CUSTOMER)).kind is FailureKind.OPTED_OUT
    await stage.provider.record_opt_in(stage.access, sender=ours(stage), recipient=CUSTOMER)
    assert await stage.provider.search_consents(stage.access, sender=ours(stage)) == []
    await stage.send()
    assert stage.handset(CUSTOMER) == [TEXT]


async def test_stop_is_confirmed_by_exactly_one_side(stage: Stage) -> None:
    """The provider, or the app: then its one text has to get through."""
    [number] = await stage.provider.list_numbers(stage.access)
    facts, _ = await stage.provider.inspect_number(stage.access, number)
    await stage.send()
    await stage.customer_texts(CUSTOMER, "STOP")
    answered = stage.handset(CUSTOMER)[1:]
    assert len(answered) == int(facts.stop_confirmed_by_provider)
    if not facts.stop_confirmed_by_provider:
        await stage.send(text="Acme: you are opted out.")
        assert stage.handset(CUSTOMER)[1:] == ["Acme: you are opted out."]
    assert (await failure_of(stage, CUSTOMER)).kind is FailureKind.OPTED_OUT


# --- Secrets ---


async def test_a_refused_login_names_the_field_and_nothing_secret(stage: Stage) -> None:
    wrong = type(stage.credentials)(
        stage.credentials.client_id, "wrong-secret", stage.credentials.jwt, stage.credentials.server
    )
    with pytest.raises(CredentialsRefused) as refused:
        await stage.provider.log_in(wrong)
    assert refused.value.field == "client_id"
    assert_says_nothing_secret(stage, refused.value)


def assert_says_nothing_secret(stage: Stage, error: BaseException) -> None:
    assert (error.__cause__, error.__context__) == (None, None)
    shown = "".join(traceback.format_exception(error)) + repr(stage.access) + repr(stage.credentials)
    for secret in (stage.access.access_token, stage.credentials.client_secret, stage.credentials.jwt, CUSTOMER):
        assert secret not in shown


# --- Short ways ---


def ours(stage: Stage) -> str:
    return stage.line.phone_number


async def look_for(stage: Stage, since: datetime, besides: list[str] | None = None) -> Accepted | None:
    return await stage.provider.find_sent(
        stage.access,
        sender=ours(stage),
        recipient=CUSTOMER,
        text=TEXT,
        since=since,
        besides=besides or [],
    )


async def failure_of(stage: Stage, recipient: str) -> DeliveryFailure:
    """How a text to *recipient* failed, whether it was refused at once or later."""
    try:
        accepted = await stage.send(recipient)
    except RecipientRefused as refused:
        return stage.provider.delivery_failure(refused.code)
    stage.clock.advance(minutes=5)
    [report] = await stage.provider.read_statuses(stage.access, [accepted.provider_message_id])
    assert report.state is DeliveryState.FAILED
    return stage.provider.delivery_failure(report.error_code)


async def subscribe(stage: Stage) -> Subscription:
    return await stage.provider.subscribe(
        stage.access,
        address=stage.hook,
        verification_token="verification-token",
        lifetime=timedelta(days=30),
        lines=[stage.line],
    )


def opted_out_in(events: list[Event]) -> set[tuple[str | None, str]]:
    changed = [event for event in events if isinstance(event, ConsentChanged)]
    return {(record.sender, record.recipient) for event in changed for record in event.records if record.opted_out}

"""The provider and the simulated RingCentral keep each other honest: neither was written from the other."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.clock import HeldClock
from app.core.http import Http
from app.simulator.ringcentral import RingCentralSimulator
from app.sms.contract import (
    Access,
    ConsentChanged,
    Credentials,
    CredentialsRefused,
    DeliveryState,
    Event,
    FailureKind,
    InboundReceived,
    Level,
    Line,
    OutcomeUnknown,
    RecipientRefused,
    SenderRefused,
    StatusesChanged,
    Subscription,
    Throttled,
    TokenRejected,
    Transport,
)
from app.sms.providers.ringcentral import RingCentral
from tests.sms.stub import serve

OURS, CUSTOMER, TEXT = "+16505550100", "+14155550123", "Acme: order #1001 is confirmed. Reply STOP to opt-out."
LINES = (Line(OURS, Transport.SMS),)


class Hook:
    """Our side of the webhook: shakes hands and keeps what it is told."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.app = Starlette(routes=[Route("/hook", self.receive, methods=["POST"])])
        self.address = ""

    async def receive(self, request: Request) -> Response:
        if body := await request.body():
            self.raw.append(body)
        token = request.headers.get("validation-token")
        headers = {"content-type": "application/json"} | ({"validation-token": token} if token else {})
        return Response(status_code=200, headers=headers)


@pytest.fixture
async def simulator(clock: HeldClock) -> AsyncIterator[RingCentralSimulator]:
    simulator = RingCentralSimulator(clock=clock)
    async with serve(simulator.app) as simulator.url:
        yield simulator


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    async with serve(hook.app) as url:
        hook.address = f"{url}/hook"
        yield hook


@pytest.fixture
def provider(http: Http, clock: HeldClock, simulator: RingCentralSimulator) -> RingCentral:
    return RingCentral(http, clock=clock, server_url=simulator.url)


@pytest.fixture
def credentials(simulator: RingCentralSimulator) -> Credentials:
    user = simulator.add_user()
    simulator.add_number(user, OURS)
    return Credentials(simulator.client_id, simulator.client_secret, simulator.issue_jwt(user), simulator.url)


@pytest.fixture
async def access(provider: RingCentral, credentials: Credentials) -> Access:
    token = await provider.log_in(credentials)
    return Access(credentials.server, token.access_token)


async def test_a_connection_is_made_and_ended(
    provider: RingCentral, credentials: Credentials, clock: HeldClock, simulator: RingCentralSimulator
) -> None:
    assert provider.check_credentials(credentials, now=clock) == {}
    token = await provider.log_in(credentials)
    access = Access(credentials.server, token.access_token)
    [number] = await provider.list_numbers(access)
    assert (number.phone_number, number.usable) == (OURS, True)
    findings = await provider.inspect(access, token.scopes)
    facts, more = await provider.inspect_number(access, number)
    assert {finding.level for finding in findings + more} == {Level.OK}
    assert (facts.campaign_status, facts.stop_confirmed_by_provider) == ("Confirmed", True)
    await provider.log_out(credentials, token.access_token)
    with pytest.raises(TokenRejected):
        await provider.list_numbers(access)


async def test_wrong_credentials_are_refused_by_field(
    provider: RingCentral, credentials: Credentials, simulator: RingCentralSimulator
) -> None:
    wrong_secret = Credentials(credentials.client_id, "wrong", credentials.jwt, credentials.server)
    with pytest.raises(CredentialsRefused) as refused:
        await provider.log_in(wrong_secret)
    assert refused.value.field == "client_id"
    simulator.revoke_jwt(credentials.jwt)
    with pytest.raises(CredentialsRefused) as refused:
        await provider.log_in(credentials)
    assert refused.value.field == "jwt"


async def test_a_login_too_many_is_throttled(provider: RingCentral, credentials: Credentials) -> None:
    for _ in range(5):
        await provider.log_in(credentials)
    with pytest.raises(Throttled) as throttled:
        await provider.log_in(credentials)
    assert throttled.value.retry_after == 60


async def test_a_text_is_sent_and_its_delivery_read(
    provider: RingCentral, access: Access, clock: HeldClock, simulator: RingCentralSimulator
) -> None:
    start = await provider.list_changes(access, sync_token=None, since=clock())
    accepted = await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    assert accepted.rate is not None
    second = await provider.send(access, sender=OURS, recipient="+12125550188", text=TEXT)
    assert [text["text"] for text in simulator.sent] == [TEXT, TEXT]
    clock.advance(minutes=5)
    reports = await provider.read_statuses(access, [accepted.provider_message_id, second.provider_message_id, "1"])
    assert [report.state for report in reports] == [DeliveryState.DELIVERED, DeliveryState.DELIVERED]
    changes = await provider.list_changes(access, sync_token=start.sync_token, since=clock())
    assert {report.provider_message_id for report in changes.statuses} == {
        accepted.provider_message_id,
        second.provider_message_id,
    }


@pytest.mark.parametrize("after_accepting", [True, False])
async def test_a_lost_send_is_found_if_and_only_if_it_was_taken_over(
    provider: RingCentral, access: Access, clock: HeldClock, simulator: RingCentralSimulator, after_accepting: bool
) -> None:
    simulator.drop_next(after_accepting=after_accepting)
    with pytest.raises(OutcomeUnknown):
        await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    found = await provider.find_sent(access, sender=OURS, recipient=CUSTOMER, text=TEXT, since=clock())
    assert (found is not None) is after_accepting
    assert [text["id"] for text in simulator.sent] == ([found.provider_message_id] if found else [])


async def test_refusals_of_a_send(provider: RingCentral, access: Access, simulator: RingCentralSimulator) -> None:
    with pytest.raises(SenderRefused):
        await provider.send(access, sender="+16505550999", recipient=CUSTOMER, text=TEXT)
    simulator.fail_next(400, code="MSG-243")
    with pytest.raises(RecipientRefused):
        await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    simulator.fail_next(429, retry_after=30)
    with pytest.raises(Throttled) as throttled:
        await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    assert throttled.value.retry_after == 30


async def test_stop_arrives_by_webhook_by_sync_and_in_the_consent_list(
    provider: RingCentral, access: Access, clock: HeldClock, simulator: RingCentralSimulator, hook: Hook
) -> None:
    subscription = await subscribe(provider, access, hook)
    assert (subscription.active, subscription.disabled_filters) == (True, ())
    await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    clock.advance(minutes=1)
    await simulator.deliver_status_events()
    await simulator.customer_texts(CUSTOMER, OURS, "STOP")
    events = [provider.parse_event(raw) for raw in hook.raw]
    assert any(isinstance(event, StatusesChanged) for event in events)
    assert any(isinstance(event, ConsentChanged) for event in events)
    [message] = inbound_of(events)
    assert (message.message.text, message.message.target, message.message.sender) == ("STOP", OURS, CUSTOMER)
    assert message.subscription_id == subscription.id
    listed = await provider.list_inbound(access, since=clock() - timedelta(minutes=5))
    changes = await provider.list_changes(access, sync_token=None, since=clock() - timedelta(minutes=5))
    ids = {text.provider_message_id for text in (*listed, *changes.inbound)}
    assert ids == {message.message.provider_message_id}
    [record] = await provider.search_consents(access, sender=OURS)
    assert (record.recipient, record.opted_out) == (CUSTOMER, True)


async def test_a_text_to_somebody_opted_out_fails_later(
    provider: RingCentral, access: Access, clock: HeldClock
) -> None:
    await provider.record_opt_out(access, sender=OURS, recipient=CUSTOMER)
    accepted = await provider.send(access, sender=OURS, recipient=CUSTOMER, text=TEXT)
    clock.advance(minutes=1)
    [report] = await provider.read_statuses(access, [accepted.provider_message_id])
    assert report.state is DeliveryState.FAILED
    assert provider.delivery_failure(report.error_code).kind is FailureKind.OPTED_OUT
    await provider.record_opt_in(access, sender=OURS, recipient=CUSTOMER)
    assert await provider.search_consents(access, sender=OURS) == []


async def test_a_stale_bookmark_leads_to_a_full_sync(
    provider: RingCentral, access: Access, clock: HeldClock, simulator: RingCentralSimulator
) -> None:
    stale = (await provider.list_changes(access, sync_token=None, since=clock())).sync_token
    await simulator.customer_texts(CUSTOMER, OURS, "HELP")
    simulator.forget_sync_tokens()
    changes = await provider.list_changes(access, sync_token=stale, since=clock() - timedelta(hours=1))
    assert [text.text for text in changes.inbound] == ["HELP"]


async def test_a_second_subscription_replaces_the_first(provider: RingCentral, access: Access, hook: Hook) -> None:
    first = await subscribe(provider, access, hook)
    second = await subscribe(provider, access, hook)
    assert await provider.read_subscription(access, first.id) is None
    renewed = await provider.renew_subscription(access, second.id)
    assert renewed is not None
    await provider.unsubscribe(access, second.id)
    assert await provider.renew_subscription(access, second.id) is None


async def subscribe(provider: RingCentral, access: Access, hook: Hook) -> Subscription:
    return await provider.subscribe(
        access, address=hook.address, verification_token="verification-token", lifetime=timedelta(days=30), lines=LINES
    )


def inbound_of(events: list[Event]) -> list[InboundReceived]:
    return [event for event in events if isinstance(event, InboundReceived)]

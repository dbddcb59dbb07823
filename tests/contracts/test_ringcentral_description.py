"""Every request of ours, and every answer of the simulated RingCentral, fits RingCentral's published description.

`RINGCENTRAL_OPENAPI` names the file of the description (OpenAPI 3, JSON), which is not ours to publish. Where it and
the guide's published answers differ, the difference is listed here.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.clock import HeldClock
from app.core.http import Http
from app.sms.contract import OutcomeUnknown, RecipientRefused, Subscription, Transport
from tests.openapi import Description, Exchange
from tests.sms.stages import CUSTOMER, TEXT, Stage
from tests.sms.stages.ringcentral import open_recorded

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

NOT_IN_THE_CUT = ("/restapi/v1.0/account/~", "/restapi/v1.0/account/~/extension/~/authz-profile/check")
"""The description lies beside us as a cut of what SMS needs; these two come from other parts of it."""
OTHERWISE_IN_THE_GUIDE = (
    "country.callingCode is not described",
    "country.isoCode is not described",
    "externalId is not described",
    "smsBrandInfo.status is none of",
    "vmSideRecipients is missing",  # of a message: it belongs to voice mail
)
"""Only in answers. Our requests have no difference at all."""
USED = {
    Transport.SMS: {"createSMSMessage", "listMessages", "readMessage", "syncMessages"},
    Transport.A2P: {"createA2PSMS", "listA2PSMS", "aggregateA2PSMSStatuses"},
}
USED_BY_ALL = {
    "getToken",
    "revokeToken",
    "listExtensionPhoneNumbers",
    "smsConfigurationInfo",
    "createSubscription",
    "listSubscriptions",
    "readSubscription",
    "renewSubscription",
    "deleteSubscription",
    "searchSmsConsentRecords",
    "editSmsConsentRecords",
}


@pytest.fixture(scope="module")
def description() -> Description:
    name = os.environ.get("RINGCENTRAL_OPENAPI", "")
    if not name or not Path(name).is_file():
        pytest.skip("RINGCENTRAL_OPENAPI names no file with RingCentral's OpenAPI description")
    return Description.read(Path(name))


@pytest.mark.parametrize("transport", Transport)
async def test_all_that_is_asked_and_answered_is_as_described(description: Description, transport: Transport) -> None:
    exchanges = await use_everything(transport)
    described = [each for each in exchanges if each.path not in NOT_IN_THE_CUT]
    operations = {found.id for each in described if (found := description.operation_of(each)) is not None}
    assert operations == USED[transport] | USED_BY_ALL
    assert {fault for each in described for fault in description.request_faults(each)} == set()
    answered = {fault for each in described for fault in description.answer_faults(each)}
    assert {fault for fault in answered if not any(known in fault for known in OTHERWISE_IN_THE_GUIDE)} == set()


def test_a_misspelt_request_would_be_noticed(description: Description) -> None:
    path = "/restapi/v1.0/account/~/a2p-sms"
    batch = b'{"from": "+16505550103", "message": [{"to": "+14155550123"}]}'
    sent = Exchange("POST", f"{path}/batches", "", "application/json", batch, 201, "", b"")
    listed = Exchange("GET", f"{path}/messages", "direction=Outgoing&perpage=7", "", b"", 200, "", b"")
    assert description.request_faults(sent) == [
        "createA2PSMS: body.messages is missing",
        "createA2PSMS: body.message is not described",
    ]
    assert description.request_faults(listed) == [
        "listA2PSMS: the parameter perpage is not described",
        "listA2PSMS: the parameter direction is none of ['Inbound', 'Outbound']",
    ]


async def use_everything(transport: Transport) -> list[Exchange]:
    """Each call of the contract at least once, in its variants."""
    clock = HeldClock(NOON)
    async with Http(shards=1) as http, open_recorded(transport, clock, http) as (stage, recorder):
        await look_around(stage)
        await exchange_texts(stage)
        await change_consents(stage)
        await stage.provider.log_out(stage.credentials, stage.access.access_token)
        return list(recorder.exchanges)


async def look_around(stage: Stage) -> None:
    provider, access = stage.provider, stage.access
    [number] = await provider.list_numbers(access)
    await provider.inspect(access, access.scopes or frozenset())
    await provider.inspect_number(access, number)
    await subscribe(stage)
    subscription = await subscribe(stage)
    await provider.read_subscription(access, subscription.id)
    await provider.renew_subscription(access, subscription.id)
    await provider.unsubscribe(access, subscription.id)


async def subscribe(stage: Stage) -> Subscription:
    """The second of them deletes the first."""
    return await stage.provider.subscribe(
        stage.access,
        address=stage.hook,
        verification_token="verification-token",
        lifetime=timedelta(days=30),
        lines=[stage.line],
    )


async def exchange_texts(stage: Stage) -> None:
    provider, access, clock = stage.provider, stage.access, stage.clock
    start = clock()
    first, second = await stage.send(), await stage.send(text=f"{TEXT} ✓")
    stage.trouble("dropped after")
    with pytest.raises(OutcomeUnknown):
        await stage.send()
    stage.trouble("recipient blocked")
    with pytest.raises(RecipientRefused):
        await stage.send()
    await provider.find_sent(access, sender=stage.line.phone_number, recipient=CUSTOMER, text=TEXT, since=start)
    await stage.customer_texts(CUSTOMER, "Thank you")
    clock.advance(minutes=2)
    ids, numbers = [first.provider_message_id, second.provider_message_id], [stage.line.phone_number]
    await provider.read_statuses(access, ids[:1])
    await provider.read_statuses(access, ids, sent_between=(start, clock()))
    await provider.list_inbound(access, since=start, numbers=numbers)
    changes = await provider.list_changes(access, sync_token=None, since=start, numbers=numbers)
    await provider.list_changes(access, sync_token=changes.sync_token, since=start, numbers=numbers)


async def change_consents(stage: Stage) -> None:
    ours = stage.line.phone_number
    await stage.provider.record_opt_out(stage.access, sender=ours, recipient=CUSTOMER)
    await stage.provider.search_consents(stage.access, sender=ours)
    await stage.provider.record_opt_in(stage.access, sender=ours, recipient=CUSTOMER)

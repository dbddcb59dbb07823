"""Calling webhooks: the handshake that proves an address, notifications, and what happens to one that fails.

Source: RingCentral developer guide, "Webhooks" and "Troubleshooting webhooks". An address has three seconds, must
answer 200 with `Content-Type: application/json`, and its whole answer, headers included, may have 1024 bytes. No
schedule of repeats is published, so nothing is sent again; an address that fails in series is blacklisted for good.
"""

import asyncio
import uuid
from collections import defaultdict
from datetime import timedelta
from typing import Any

import httpx2
import msgspec

from app.simulator.ringcentral.a2p_records import describe_message as describe_a2p_message
from app.simulator.ringcentral.errors import fault
from app.simulator.ringcentral.event_filters import EventFilter, parse_filter
from app.simulator.ringcentral.message_records import describe_instant
from app.simulator.ringcentral.platform import Platform, WebhookAttempt, timestamp
from app.simulator.ringcentral.state import Message, Subscription
from app.simulator.ringcentral.status import status_of

ANSWER_BYTES = 1024
AGENT = "RingCentral-WebHook/8.3"


async def shake_hands(platform: Platform, address: str) -> None:
    """Proves that *address* is ready to be called. Raises SUB-520, SUB-521 or SUB-525."""
    token = str(uuid.uuid4())
    headers = {"Validation-Token": token, "Accept": "application/json", "User-Agent": AGENT}
    try:
        async with asyncio.timeout(platform.webhook_deadline):
            answer = await platform.http().post(address, headers=headers)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        raise fault("SUB-521") from error
    if answer.status_code != 200 or size_of(answer) > ANSWER_BYTES:
        raise fault("SUB-525")
    if answer.headers.get("validation-token") != token:
        raise fault("SUB-520")
    if answer.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise fault("SUB-525")


async def announce_inbound(platform: Platform, message: Message) -> None:
    """The instant notification of a customer's text, to every subscription of the number's user."""
    body = describe_instant(platform, message)
    for subscription, event_filter in interested(platform, "instant"):
        if subscription.owner_id == message.owner_id:
            await notify(platform, subscription, event_filter, body)


async def announce_changes(platform: Platform) -> None:
    """Tells subscribers of every status that changed since they were last told, and of changed consents."""
    async with platform.announcing:
        changed = collect_changes(platform)
        for subscription, event_filter in interested(platform, "store"):
            direction = event_filter.query.get("direction")
            mine = [
                (message, is_new)
                for message, is_new in changed.get(subscription.owner_id, [])
                if direction in (None, message.direction) and event_filter.query.get("type", "SMS") == "SMS"
            ]
            if mine:
                await notify(platform, subscription, event_filter, describe_changes(platform, mine))
        changed_a2p = await announce_a2p_changes(platform)
        await announce_consents(platform)
        if changed or changed_a2p:
            platform.save()


async def announce_a2p_inbound(platform: Platform, message: Message) -> None:
    """High Volume events hold the message itself, and go to whoever asked for this number."""
    await announce_a2p(platform, message, "to", message.to[0])


async def announce_a2p_changes(platform: Platform) -> int:
    """How many statuses of High Volume texts were news."""
    changed = 0
    for message_id in list(platform.a2p_unsettled):
        message = platform.state.a2p_messages[message_id]
        status = status_of(platform, message)
        if status.word != message.announced:
            message.announced = status.word
            changed += 1
            await announce_a2p(platform, message, "from", message.from_)
        settled_at = message.created_at + timedelta(seconds=platform.delivered_after)
        if status.word not in ("Queued", "Sent") or platform.clock() >= settled_at:
            platform.a2p_unsettled.pop(message_id, None)
    return changed


async def announce_a2p(platform: Platform, message: Message, party: str, number: str) -> None:
    body = describe_a2p_message(platform, message)
    for subscription, event_filter in interested(platform, "a2p messages"):
        same_account = platform.state.users[subscription.owner_id].account_id == message.account_id
        asked = event_filter.query.get("direction") == message.direction
        if same_account and asked and event_filter.query.get(party) in (None, number):
            await notify(platform, subscription, event_filter, body)


def collect_changes(platform: Platform) -> dict[str, list[tuple[Message, bool]]]:
    """By owner: each message whose status is news, and whether the message itself is. Counts them as told."""
    changed: dict[str, list[tuple[Message, bool]]] = defaultdict(list)
    settling = timedelta(seconds=platform.delivered_after)
    for message_id in list(platform.unsettled):
        message = platform.state.messages[message_id]
        word = status_of(platform, message).word
        if word != message.announced:
            changed[message.owner_id].append((message, message.announced is None))
            message.announced = word
        if word not in ("Queued", "Sent") or platform.clock() >= message.created_at + settling:
            del platform.unsettled[message_id]
    return changed


def describe_changes(platform: Platform, changes: list[tuple[Message, bool]]) -> dict[str, Any]:
    """Says how much changed, not what: the message store has to be asked."""
    new_count = sum(is_new for _, is_new in changes)
    message = changes[0][0]
    return {
        "accountId": message.account_id,
        "extensionId": message.owner_id,
        "lastUpdated": timestamp(max(status_of(platform, changed).since for changed, _ in changes)),
        "changes": [{"type": "SMS", "newCount": new_count, "updatedCount": len(changes) - new_count}],
    }


async def announce_consents(platform: Platform) -> None:
    keys, platform.undelivered_consents = platform.undelivered_consents, []
    for key in keys:
        await announce_consent(platform, key)


async def announce_consent(platform: Platform, key: str) -> None:
    consent = platform.state.consents[key]
    record = {
        "from": consent.from_,
        "to": consent.to,
        "optStatus": consent.opt_status,
        "source": consent.source,
        "lastModifiedTime": timestamp(consent.modified_at),
    }
    for subscription, event_filter in interested(platform, "consents"):
        if platform.state.users[subscription.owner_id].account_id == consent.account_id:
            await notify(platform, subscription, event_filter, {"records": [record]})
    number = platform.state.numbers.get(consent.from_)
    if number is None or not number.is_high_volume:
        return
    opt_out = {"from": consent.from_, "to": consent.to, "active": consent.opt_status == "OptOut"}
    for subscription, event_filter in interested(platform, "a2p opt-outs"):
        if platform.state.users[subscription.owner_id].account_id == consent.account_id:
            await notify(platform, subscription, event_filter, opt_out)


def interested(platform: Platform, kind: str) -> list[tuple[Subscription, EventFilter]]:
    now = platform.clock()
    return [
        (subscription, event_filter)
        for subscription in platform.state.subscriptions.values()
        if subscription.expires_at > now and subscription.blacklisted_at is None
        for event_filter in map(parse_filter, subscription.event_filters)
        if event_filter.kind == kind and event_filter.text not in subscription.disabled_filters
    ]


async def notify(
    platform: Platform, subscription: Subscription, event_filter: EventFilter, body: dict[str, Any]
) -> None:
    event_uuid = str(6242343638330007101 + platform.state.new_id())
    event = {
        "uuid": event_uuid,
        "event": event_filter.text,
        "timestamp": timestamp(platform.clock()),
        "subscriptionId": subscription.id,
        "ownerId": subscription.owner_id,
        "body": body,
    }
    for _ in range(2 if platform.duplicate_webhooks else 1):
        status, reason = (None, None) if platform.lose_webhooks else await post(platform, subscription, event)
        attempt = WebhookAttempt(
            subscription_id=subscription.id,
            owner_id=subscription.owner_id,
            event=event_filter.text,
            uuid=event_uuid,
            status=status,
            at=platform.clock(),
            lost=platform.lose_webhooks,
        )
        platform.webhooks.append(attempt)
        if not platform.lose_webhooks:
            judge(platform, subscription, reason)


async def post(platform: Platform, subscription: Subscription, event: dict[str, Any]) -> tuple[int | None, str | None]:
    """The status, and why the answer counts as a failure, None when it does not."""
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "Accept": "application/json",
        "Accept-Encoding": "UTF-8",
        "User-Agent": AGENT,
    }
    if subscription.verification_token is not None:
        headers[platform.token_header] = subscription.verification_token
    try:
        async with asyncio.timeout(platform.webhook_deadline):
            answer = await platform.http().post(
                subscription.address, content=msgspec.json.encode(event), headers=headers
            )
    except TimeoutError:
        return None, "I/O operation is failed. Details: [Read timed out]"
    except httpx2.HTTPError as error:
        return None, f"I/O operation is failed. Details: [{type(error).__name__}]"
    if answer.status_code != 200:
        return answer.status_code, f"Webhook responded with http code: {answer.status_code}"
    if size_of(answer) > ANSWER_BYTES:
        return answer.status_code, "Webhook response exceeds max size"
    return answer.status_code, None


def judge(platform: Platform, subscription: Subscription, reason: str | None) -> None:
    """Counts failures in a row, and stops calling an address that has too many."""
    subscription.failures = 0 if reason is None else subscription.failures + 1
    threshold = platform.blacklist_after
    if reason is not None and threshold is not None and subscription.failures >= threshold:
        subscription.blacklisted_at, subscription.blacklisted_reason = platform.clock(), reason


def size_of(answer: httpx2.Response) -> int:
    """The bytes of the answer as they went over the wire: status line, headers, empty line and body."""
    status_line = len(f"{answer.http_version} {answer.status_code} {answer.reason_phrase}\r\n")
    headers = sum(len(name) + len(value) + len(": \r\n") for name, value in answer.headers.raw)
    return status_line + headers + len("\r\n") + len(answer.content)

"""The webhook subscription: one for each user and app, with all filters, and nothing left behind.

Source: "Webhooks" and "Create subscription" of the RingCentral developer guide. `expiresIn` only counts at the top
level. A 200 may still list the filter we live on as disabled. The consents filter is documented by an example alone,
so a refusal of it is answered with a try without it. Unused subscriptions count against a limit of the user, so ours
(known by the host of their address) are deleted before a new one is made. RingCentral calls the address before it
answers. High Volume numbers have events of their own, a filter for each number.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from app.sms.contract import Access, Line, SenderRefused, SmsError, Subscription, Transport
from app.sms.providers.ringcentral.client import (
    SUBSCRIPTIONS,
    Client,
    clean_text,
    fields_of,
    id_text,
    moment_of,
    records_of,
    text_or_none,
    unreadable,
)
from app.sms.providers.ringcentral.errors import Answer, Call, error_from
from app.sms.providers.ringcentral.login import host_of

INSTANT = "/message-store/instant"
FILTERS = (
    "/restapi/v1.0/account/~/extension/~/message-store/instant?type=SMS",
    "/restapi/v1.0/account/~/extension/~/message-store?type=SMS&direction=Outbound",
)
CONSENTS_FILTER = "/restapi/v2/accounts/~/sms/consents"
A2P_MESSAGES = "/a2p-sms/messages"
A2P_FILTERS = (
    "/restapi/v1.0/account/~/a2p-sms/messages?direction=Inbound&to={number}",
    "/restapi/v1.0/account/~/a2p-sms/messages?direction=Outbound&from={number}",
)
"""For each High Volume number: its texts reach neither the message store nor its events."""
A2P_OPT_OUTS_FILTER = "/restapi/v1.0/account/~/a2p-sms/opt-outs"
LONGEST_LIFE = timedelta(seconds=315_360_000)
TOO_MANY = "SUB-505"
BAD_FILTER = "SUB-508"
GONE = frozenset({"HTTP-404", "SUB-507", "CMN-102"})


async def subscribe(
    client: Client,
    access: Access,
    *,
    address: str,
    verification_token: str,
    lifetime: timedelta,
    lines: Collection[Line],
) -> Subscription:
    needed, wished = _needed(lines), _wished(lines)
    await _delete_ours(client, access, host_of(address), dead_ones_too=False)
    request = {
        "eventFilters": needed + wished,
        "deliveryMode": {"transportType": "WebHook", "address": address, "verificationToken": verification_token},
        "expiresIn": max(1, int(min(lifetime, LONGEST_LIFE).total_seconds())),
    }
    answer = await client.exchange(access, "POST", SUBSCRIPTIONS, json=request)
    if answer.code == TOO_MANY:
        await _delete_ours(client, access, host_of(address), dead_ones_too=True)
        answer = await client.exchange(access, "POST", SUBSCRIPTIONS, json=request)
    if answer.code == BAD_FILTER or (answer.status == 403 and answer.code != TOO_MANY):
        answer = await client.exchange(access, "POST", SUBSCRIPTIONS, json={**request, "eventFilters": needed})
    if not 200 <= answer.status < 300:
        raise error_from(answer, Call.OTHER)
    return await _with_inbound(client, access, answer)


def _needed(lines: Collection[Line]) -> list[str]:
    """Those of the message store also without any number: then one is about to be chosen."""
    high_volume = [line.phone_number for line in lines if line.transport is Transport.A2P]
    standard = len(high_volume) < len(lines) or not lines
    own = [text.format(number=number) for number in high_volume for text in A2P_FILTERS]
    return [*(FILTERS if standard else ()), *own]


def _wished(lines: Collection[Line]) -> list[str]:
    """Told by documents that differ; the nightly look finds what these would have brought."""
    high_volume = any(line.transport is Transport.A2P for line in lines)
    return [CONSENTS_FILTER, *([A2P_OPT_OUTS_FILTER] if high_volume else [])]


def hears(subscription: Subscription, lines: Collection[Line]) -> bool:
    """Whether texts that come in on all *lines* are among its filters, and not switched off. An answer that names no
    filters at all says nothing against it."""
    if not subscription.filters:
        return True
    live = [text for text in subscription.filters if text not in subscription.disabled_filters]
    return all(any(_brings(text, line) for text in live) for line in lines)


def _brings(text: str, line: Line) -> bool:
    if line.transport is Transport.SMS:
        return INSTANT in text
    path, _, query = text.partition("?")
    asked = dict(parse_qsl(query.replace("+", "%2B")))
    return path.endswith(A2P_MESSAGES) and asked == {"direction": "Inbound", "to": line.phone_number}


async def _delete_ours(client: Client, access: Access, host: str, *, dead_ones_too: bool) -> None:
    """*dead_ones_too*: when there are too many, also those of other hosts that RingCentral has given up calling."""
    for record in records_of(fields_of(await client.get(access, SUBSCRIPTIONS))):
        subscription = _subscription(record)
        if subscription is None:
            continue
        ours = subscription.address is not None and host_of(subscription.address) == host
        if ours or (dead_ones_too and not subscription.active):
            await unsubscribe(client, access, subscription.id)


async def _with_inbound(client: Client, access: Access, answer: Answer) -> Subscription:
    """The subscription just made; deleted again when it would bring no incoming texts, for then STOP is never heard."""
    subscription = _subscription(answer.body)
    if subscription is None:
        raise unreadable()
    refusal = _refused_inbound_filter(answer.body)
    if refusal is not None:
        await unsubscribe(client, access, subscription.id)
        raise refusal
    return subscription


def _refused_inbound_filter(body: dict[str, Any]) -> SmsError | None:
    for disabled in _disabled(body):
        text = clean_text(disabled.get("filter"))
        if INSTANT in text or (A2P_MESSAGES in text and "direction=Inbound" in text):
            code = text_or_none(disabled.get("reason")) or "FILTER-DISABLED"
            known = error_from(Answer(403, {}, {"errorCode": code}), Call.OTHER)
            if isinstance(known, SenderRefused):
                return known
            return SenderRefused(
                "RingCentral does not pass on incoming texts of this user, so STOP would not be heard; "
                "have an administrator allow the user to read messages, then connect again.",
                code=code,
            )
    return None


def _disabled(body: dict[str, Any]) -> list[dict[str, Any]]:
    return records_of({"records": body.get("disabledFilters")})


async def read_subscription(client: Client, access: Access, subscription_id: str) -> Subscription | None:
    return await _existing(client, access, "GET", _path(subscription_id))


async def renew_subscription(client: Client, access: Access, subscription_id: str) -> Subscription | None:
    return await _existing(client, access, "POST", _path(subscription_id) + "/renew")


async def _existing(client: Client, access: Access, method: str, path: str) -> Subscription | None:
    try:
        answer = await client.call(access, method, path)
    except SmsError as error:
        if error.code in GONE:
            return None
        raise
    subscription = _subscription(answer.body)
    if subscription is None:
        raise unreadable()
    return subscription


async def unsubscribe(client: Client, access: Access, subscription_id: str) -> None:
    try:
        await client.call(access, "DELETE", _path(subscription_id))
    except SmsError as error:
        if error.code not in GONE:
            raise


def _path(subscription_id: str) -> str:
    return f"{SUBSCRIPTIONS}/{quote(subscription_id, safe='')}"


def _subscription(record: Any) -> Subscription | None:
    if not isinstance(record, dict) or (subscription_id := id_text(record.get("id"))) is None:
        return None
    mode, status, filters = (record.get(name) for name in ("deliveryMode", "status", "eventFilters"))
    status = clean_text(status)
    return Subscription(
        id=subscription_id,
        status=status,
        active=status == "Active",
        expires_at=moment_of(record.get("expirationTime")),
        address=text_or_none(mode.get("address")) if isinstance(mode, dict) else None,
        disabled_filters=tuple(clean_text(disabled.get("filter")) for disabled in _disabled(record)),
        filters=tuple(clean_text(text) for text in filters) if isinstance(filters, list) else (),
    )

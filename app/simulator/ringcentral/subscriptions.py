"""Webhook subscriptions: made (with the handshake inside the call), read, renewed, replaced and deleted.

Source: RingCentral developer guide, "Subscriptions" and "Webhooks". `expiresIn` counts only at the top level; a filter
the user may not have comes back in `disabledFilters` of a 200; a user has at most 30 subscriptions per application.
Loopback addresses may use plain http, everything else needs https.
"""

import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.errors import fault, invalid
from app.simulator.ringcentral.event_filters import parse_filter, resolve_filter
from app.simulator.ringcentral.notifications import shake_hands
from app.simulator.ringcentral.platform import Call, Platform, timestamp
from app.simulator.ringcentral.state import Subscription

DEFAULT_LIFETIME = 604800
LONGEST_LIFETIME = 315360000
PER_USER = 30
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


async def create_subscription(platform: Platform, call: Call) -> Response:
    body = call.json()
    mode = body.get("deliveryMode")
    if not isinstance(mode, dict) or mode.get("transportType") != "WebHook":
        raise invalid("deliveryMode.transportType")
    now = platform.clock()
    lifetime = read_lifetime(body)
    subscription = Subscription(
        id=str(uuid.uuid4()),
        client_id=call.client_id,
        owner_id=call.user.owner_id,
        event_filters=[],
        address=read_address(mode),
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime),
        lifetime=lifetime,
        verification_token=read_verification_token(mode),
    )
    set_filters(platform, call, subscription, body.get("eventFilters"))
    if len(live_subscriptions(platform, call)) >= PER_USER:
        raise fault("SUB-505")
    await shake_hands(platform, subscription.address)
    platform.state.subscriptions[subscription.id] = subscription
    return JSONResponse(describe(platform, subscription))


async def list_subscriptions(platform: Platform, call: Call) -> Response:
    records = [describe(platform, subscription) for subscription in live_subscriptions(platform, call)]
    return JSONResponse({"uri": f"{platform.url}/restapi/v1.0/subscription", "records": records})


async def show_subscription(platform: Platform, call: Call) -> Response:
    return JSONResponse(describe(platform, get_subscription(platform, call)))


async def update_subscription(platform: Platform, call: Call) -> Response:
    """New filters replace the old ones, an empty body renews; every other field is ignored, the address too."""
    subscription = get_subscription(platform, call)
    body = call.json() if call.body else {}
    if "eventFilters" in body:
        set_filters(platform, call, subscription, body["eventFilters"])
    renew(platform, subscription)
    return JSONResponse(describe(platform, subscription))


async def renew_subscription(platform: Platform, call: Call) -> Response:
    subscription = get_subscription(platform, call)
    renew(platform, subscription)
    return JSONResponse(describe(platform, subscription))


async def delete_subscription(platform: Platform, call: Call) -> Response:
    del platform.state.subscriptions[get_subscription(platform, call).id]
    return Response(status_code=204)


def read_lifetime(body: dict[str, Any]) -> int:
    lifetime = body.get("expiresIn", DEFAULT_LIFETIME)
    if not isinstance(lifetime, int) or isinstance(lifetime, bool) or not 1 <= lifetime <= LONGEST_LIFETIME:
        raise invalid("expiresIn")
    return lifetime


def read_address(mode: dict[str, Any]) -> str:
    address = mode.get("address")
    if not isinstance(address, str):
        raise invalid("deliveryMode.address")
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise invalid("deliveryMode.address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid("deliveryMode.address")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise fault("SUB-523")
    return address


def read_verification_token(mode: dict[str, Any]) -> str | None:
    token = mode.get("verificationToken")
    if token is not None and (not isinstance(token, str) or not token):
        raise invalid("deliveryMode.verificationToken")
    return token


def set_filters(platform: Platform, call: Call, subscription: Subscription, value: object) -> None:
    if not isinstance(value, list) or not value:
        raise invalid("eventFilters")
    filters = [resolve_filter(platform, call.user, subscription, text) for text in value]
    may_read = "ReadMessages" in call.user.permissions
    subscription.event_filters = [found.text for found in filters]
    subscription.disabled_filters = [
        found.text
        for found in filters
        if (found.kind in ("instant", "store") and not may_read)
        or any(part in found.text for part in platform.disabled_filters)
    ]


def live_subscriptions(platform: Platform, call: Call) -> list[Subscription]:
    now = platform.clock()
    return [
        subscription
        for subscription in platform.state.subscriptions.values()
        if is_own(subscription, call) and subscription.expires_at > now
    ]


def get_subscription(platform: Platform, call: Call) -> Subscription:
    subscription_id = call.request.path_params["subscription_id"]
    subscription = platform.state.subscriptions.get(subscription_id)
    if subscription is None or not is_own(subscription, call):
        raise fault("CMN-102", f"Resource for parameter [subscriptionId] is not found [{subscription_id}]")
    if subscription.expires_at <= platform.clock():
        raise fault("SUB-507")
    return subscription


def is_own(subscription: Subscription, call: Call) -> bool:
    return subscription.owner_id == call.user.owner_id and subscription.client_id == call.client_id


def renew(platform: Platform, subscription: Subscription) -> None:
    """Starts the same life again. It does not bring a blacklisted subscription back."""
    subscription.expires_at = platform.clock() + timedelta(seconds=subscription.lifetime)


def describe(platform: Platform, subscription: Subscription) -> dict[str, Any]:
    remaining = (subscription.expires_at - platform.clock()).total_seconds()
    body: dict[str, Any] = {
        "uri": f"{platform.url}/restapi/v1.0/subscription/{subscription.id}",
        "id": subscription.id,
        "creationTime": timestamp(subscription.created_at),
        "status": "Active" if subscription.blacklisted_at is None else "Blacklisted",
        "eventFilters": subscription.event_filters,
        "expirationTime": timestamp(subscription.expires_at),
        "expiresIn": max(0, int(remaining) - 1),
        "deliveryMode": {
            "transportType": "WebHook",
            "encryption": False,
            "address": subscription.address,
        },
    }
    if subscription.disabled_filters:
        body["disabledFilters"] = [describe_disabled(text) for text in subscription.disabled_filters]
    if subscription.blacklisted_at is not None:
        body["blacklistedData"] = {
            "blacklistedAt": timestamp(subscription.blacklisted_at),
            "reason": subscription.blacklisted_reason,
        }
    return body


def describe_disabled(text: str) -> dict[str, str]:
    permission = "ReadMessages" if parse_filter(text).kind in ("instant", "store") else "SMS"
    message = (
        f"In order to call this API endpoint, user needs to have [{permission}] permission for requested resource."
    )
    return {"filter": text, "reason": "CMN-408", "message": message}

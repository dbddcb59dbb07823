"""Webhooks to the organisation: signed, retried, logged, and sent again when asked.

A call is a row first, in the transaction of what it tells of; a job makes it. `X-Connect-Signature` is `t=<unix
time>, v1=<hex HMAC-SHA256 of "<t>.<body>" with the endpoint's secret>`; `X-Connect-Event-Id` stays the same in every
attempt and replay, so that a receiver can drop repetitions. Redirects are not followed and private addresses not
called (`core/outside.py`): an address typed by a merchant must not reach what only this server can. Of the calls that a
process makes at once few go to one shop, and fewer to one address: one that hangs does not hold up the others.
"""

import asyncio
import hmac
import ipaddress
import json
import secrets
import time
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import WebhookCall, WebhookEndpoint
from app.connect.order_form import is_link
from app.connect.queries.outgoing import call_rows, claim_call, endpoints_of, get_call, get_endpoint, put_off_call
from app.core.errors import Invalid
from app.core.jobs import enqueue
from app.core.log import get_logger
from app.core.outside import LeadsInside, is_outside
from app.deps import Deps
from app.shops.models import Shop
from app.shops.queries import write_audit

log = get_logger(__name__)

MAKE_CALL: Final = "connect.make_webhook_call"
EVENTS: Final = {
    "api_client_granted_user_created": "An account granted your organization access",
    "api_client_granted_user_deleted": "An account took its grant back",
}
PAUSES: Final = tuple(timedelta(minutes=each) for each in (1, 5, 30, 120, 360, 720, 1440))
"""After the first attempt and each further one; then the call has failed, and can be replayed by hand."""
LEASE: Final = timedelta(minutes=2)
DEADLINE: Final = 10.0
MOST_ENDPOINTS: Final = 10
MOST_CALLS, MOST_TO_A_SHOP, MOST_TO_ONE = 20, 4, 2
"""Calls that one process makes at once."""
CALLS: Final = "webhook calls"
NEXT_TURN: Final = timedelta(seconds=5)
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"


async def announce(deps: Deps, session: AsyncSession, shop_id: int, event: str, data: dict[str, Any]) -> None:
    """Tell every endpoint that asked for *event*; the calls are made once this transaction is committed."""
    endpoints = [each for each in await endpoints_of(session, shop_id) if event in each.events]
    if not endpoints:
        return
    event_id = "evt_" + secrets.token_hex(12)
    body = json.dumps(
        {
            "id": event_id,
            "object": "event",
            "event": event,
            "company_id": shop_id,
            "created_at": deps.clock().isoformat(),
            "data": data,
        },
        separators=(",", ":"),
    )
    for endpoint in endpoints:
        await _store(deps, session, endpoint, event_id, event, deps.vault.encrypt(body))


async def make_call(deps: Deps, call_id: int) -> None:
    """One attempt of one call, if it is due, nobody else makes it, and not too many are being made."""
    async with deps.db.transaction() as session:
        call = await session.get(WebhookCall, call_id)
    if call is None:
        return
    lanes = {CALLS: MOST_CALLS, f"{CALLS}/{call.shop_id}": MOST_TO_A_SHOP, f"{CALLS}:{call.endpoint_id}": MOST_TO_ONE}
    with deps.lanes.enter(lanes) as free:
        await (_make_call if free else _put_off)(deps, call_id)


async def _put_off(deps: Deps, call_id: int) -> None:
    now = deps.clock()
    async with deps.db.transaction() as session:
        if await put_off_call(session, call_id, now, now + NEXT_TURN):
            await enqueue(session, MAKE_CALL, [call_id], delay=NEXT_TURN)


async def _make_call(deps: Deps, call_id: int) -> None:
    async with deps.db.transaction() as session:
        call = await claim_call(session, call_id, deps.clock(), LEASE)
        if call is None:
            return
        endpoint = await session.get(WebhookEndpoint, call.endpoint_id)
    if endpoint is None or endpoint.deleted_at is not None:
        await _settle(deps, call_id, None, "the webhook was removed", 0, final=True)
        return
    started = time.perf_counter()
    status, problem = await _post(deps, endpoint, call)
    await _settle(deps, call_id, status, problem, round((time.perf_counter() - started) * 1000))


async def add_endpoint(deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str) -> dict[str, Any]:
    """The new endpoint with its `secret`, the only time that it is shown. Raises `Invalid`."""
    if not isinstance(form, dict):
        raise Invalid({"url": "Send a JSON object with the url."})
    url, events = form.get("url"), form.get("events", list(EVENTS))
    wrong = {}
    if not isinstance(url, str) or not may_be_called(url.strip(), production=deps.settings.production):
        wrong["url"] = "Give an address of yours that starts with https:// and can be reached from the internet."
    if not isinstance(events, list) or not events or any(each not in tuple(EVENTS) for each in events):
        wrong["events"] = "Give a list of events: " + ", ".join(EVENTS) + "."
    if not wrong and len(await endpoints_of(session, shop.id)) >= MOST_ENDPOINTS:
        wrong["url"] = f"There are {MOST_ENDPOINTS} webhooks already. Remove one first."
    if wrong or not isinstance(url, str):
        raise Invalid(wrong)
    secret = _new_secret()
    endpoint = WebhookEndpoint(
        shop_id=shop.id,
        url=url.strip(),
        events=list(dict.fromkeys(events)),
        secret_encrypted=deps.vault.encrypt(secret),
        created_at=deps.clock(),
    )
    session.add(endpoint)
    await session.flush()
    await write_audit(
        session, shop.domain, at=deps.clock(), actor=actor, action="webhook_added", detail={"endpoint_id": endpoint.id}
    )
    return {**describe_endpoint(endpoint), "secret": secret}


async def renew_secret(
    deps: Deps, session: AsyncSession, shop: Shop, endpoint_id: int, *, actor: str
) -> dict[str, Any]:
    """The endpoint with a new `secret`, the only time that it is shown. Raises `NotFound`.

    Each attempt is signed as it is made, so what the receiver refuses meanwhile is repeated with the new one.
    """
    endpoint = await get_endpoint(session, shop.id, endpoint_id)
    secret = _new_secret()
    endpoint.secret_encrypted = deps.vault.encrypt(secret)
    detail: dict[str, object] = {"endpoint_id": endpoint_id}
    action = "webhook_secret_renewed"
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action=action, detail=detail)
    return {**describe_endpoint(endpoint), "secret": secret}


async def remove_endpoint(
    deps: Deps, session: AsyncSession, shop: Shop, endpoint_id: int, *, actor: str
) -> dict[str, Any]:
    """Raises `NotFound`."""
    endpoint = await get_endpoint(session, shop.id, endpoint_id)
    endpoint.deleted_at = deps.clock()
    await write_audit(
        session,
        shop.domain,
        at=deps.clock(),
        actor=actor,
        action="webhook_removed",
        detail={"endpoint_id": endpoint_id},
    )
    return describe_endpoint(endpoint)


async def replay(deps: Deps, session: AsyncSession, shop_id: int, call_id: int) -> dict[str, Any]:
    """The same event once more, with the same id, as a call of its own. Raises `NotFound`."""
    old = await get_call(session, shop_id, call_id)
    endpoint = await get_endpoint(session, shop_id, old.endpoint_id)
    call = await _store(deps, session, endpoint, old.event_id, old.event, old.body_encrypted)
    call.replay_of = old.replay_of or old.id
    return describe_call(deps, call)


async def list_calls(deps: Deps, session: AsyncSession, shop_id: int, *, before: int | None = None) -> dict[str, Any]:
    calls = await call_rows(session, shop_id, before=before)
    return {"calls": [describe_call(deps, call) for call in calls]}


def _new_secret() -> str:
    return "whsec_" + secrets.token_urlsafe(32)


def describe_endpoint(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": endpoint.events,
        "created_at": endpoint.created_at.isoformat(),
    }


def describe_call(deps: Deps, call: WebhookCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "endpoint_id": call.endpoint_id,
        "event_id": call.event_id,
        "event": call.event,
        "state": call.state,
        "attempts": call.attempts,
        "log": call.log,
        "body": deps.vault.decrypt(call.body_encrypted),
        "created_at": call.created_at.isoformat(),
        "delivered_at": call.delivered_at.isoformat() if call.delivered_at else None,
        "next_attempt_at": call.due_at.isoformat() if call.state == WAITING else None,
        "replay_of": call.replay_of,
    }


def sign(secret: str, body: str, at: datetime) -> str:
    moment = str(int(at.timestamp()))
    digest = hmac.digest(secret.encode(), f"{moment}.{body}".encode(), "sha256").hex()
    return f"t={moment},v1={digest}"


def may_be_called(url: str, *, production: bool) -> bool:
    """As far as the address itself says; what its name resolves to is looked at when it is connected to."""
    if not is_link(url):
        return False
    parts = urlsplit(url)
    try:
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        named = "." in (parts.hostname or "") or not production
        return parts.scheme == "https" and named if production else named
    return not production or (parts.scheme == "https" and is_outside(str(address)))


async def _store(
    deps: Deps, session: AsyncSession, endpoint: WebhookEndpoint, event_id: str, event: str, body: bytes
) -> WebhookCall:
    now = deps.clock()
    call = WebhookCall(
        shop_id=endpoint.shop_id,
        endpoint_id=endpoint.id,
        event_id=event_id,
        event=event,
        body_encrypted=body,
        state=WAITING,
        attempts=0,
        log=[],
        due_at=now,
        created_at=now,
    )
    session.add(call)
    await session.flush()
    await enqueue(session, MAKE_CALL, [call.id])
    return call


async def _post(deps: Deps, endpoint: WebhookEndpoint, call: WebhookCall) -> tuple[int | None, str | None]:
    """(status, None) or (None or status, what went wrong)."""
    body = deps.vault.decrypt(call.body_encrypted)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "sms-for-ecommerce",
        "X-Connect-Event": call.event,
        "X-Connect-Event-Id": call.event_id,
        "X-Connect-Signature": sign(deps.vault.decrypt(endpoint.secret_encrypted), body, deps.clock()),
    }
    try:
        async with asyncio.timeout(DEADLINE):
            status = await deps.outside.status_of(
                "POST", endpoint.url, shard=f"webhook:{endpoint.id}", content=body.encode(), headers=headers
            )
    except LeadsInside as error:
        return None, str(error)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        return None, type(error).__name__
    return status, None if 200 <= status < 300 else f"answered {status}"


async def _settle(
    deps: Deps, call_id: int, status: int | None, problem: str | None, milliseconds: int, *, final: bool = False
) -> None:
    now = deps.clock()
    async with deps.db.transaction() as session:
        call = await session.get(WebhookCall, call_id, with_for_update=True)
        if call is None or call.state != WAITING:
            return
        attempt = {"at": now.isoformat(), "status": status, "problem": problem, "milliseconds": milliseconds}
        call.log = [*call.log, attempt]
        if problem is None:
            call.state, call.delivered_at = DELIVERED, now
        elif final or call.attempts > len(PAUSES):
            call.state = FAILED
        else:
            pause = PAUSES[call.attempts - 1]
            call.due_at = now + pause
            await enqueue(session, MAKE_CALL, [call.id], delay=pause)
    log.info("connect.webhook_called", call_id=call_id, status=status, problem=problem)

"""`POST /webhooks/shopify`: every topic comes here; proven, stored once, answered. No work is done here.

A plain ASGI endpoint: Starlette's request and response objects would cost a third of this road's time. Answers: 200
stored (or stored before), 401 not signed by Shopify, 429 instead for whoever sends many such, 400 without a shop or a
topic, 413 over 2 MiB, 503 when the database cannot take it (Shopify then repeats the call). What is signed is
never limited, so that nobody can talk us out of an order by calling from the same address.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from starlette.types import Message, Receive, Scope, Send

from app.config import ADMIN_API_VERSION
from app.core.log import get_logger
from app.core.rate_limit import RateLimit, caller_of
from app.core.strange_versions import StrangeVersions
from app.deps import Deps
from app.shopify.shop_domain import clean_shop_domain
from app.shopify.webhooks import BadSignature, verify_hmac
from app.webhooks.intake import Arrived, Intake, Overloaded

log = get_logger(__name__)

LARGEST_BODY = 2 * 1024 * 1024
LONGEST_HEADER = 255


class BodyTooLarge(Exception):
    pass


class ShopifyWebhooks:
    """The ASGI endpoint. Deps and intake are found in the lifespan's state."""

    def __init__(self) -> None:
        self._unsigned = RateLimit(burst=60, per_second=1)
        self._versions = StrangeVersions(ADMIN_API_VERSION)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await answer(send, 405)
            return
        deps: Deps = scope["state"]["deps"]
        intake: Intake = scope["state"]["intake"]
        status = await take(deps, intake, scope["headers"], receive)
        if status == 401 and not self._unsigned.take(caller_of(scope.get("client"))):
            status = 429
        await answer(send, status)
        if status == 200:
            await self._look_at_version(deps, dict(scope["headers"]))

    async def _look_at_version(self, deps: Deps, headers: dict[bytes, bytes]) -> None:
        """After the answer, which waits for nothing that is not needed."""
        if headers.get(b"x-shopify-api-version", self._versions.expected) == self._versions.expected:
            return
        topic, version = _text(headers, b"x-shopify-topic"), _text(headers, b"x-shopify-api-version")
        try:
            await self._versions.note(deps.db, topic, version, deps.clock())
        except Exception as error:  # noqa: BLE001  # the call is stored and answered; the note can wait for the next
            log.warning("webhook.version_not_noted", error=type(error).__name__)


async def take(deps: Deps, intake: Intake, raw_headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> int:
    """The status to answer with."""
    headers = dict(raw_headers)
    try:
        body = await read_body(receive, headers.get(b"content-length"))
        verify_hmac(body, headers.get(b"x-shopify-hmac-sha256"), deps.settings.shopify_secrets)
    except BodyTooLarge:
        return 413
    except BadSignature:
        return 401
    shop_domain = clean_shop_domain(_text(headers, b"x-shopify-shop-domain"))
    topic = _text(headers, b"x-shopify-topic")
    if shop_domain is None or not topic:
        return 400
    # Without its id a call is known by its content, so that a repetition is still seen as one.
    webhook_id = _text(headers, b"x-shopify-webhook-id") or hashlib.sha256(topic.encode() + body).hexdigest()
    arrived = Arrived(
        source="shopify",
        webhook_id=f"{shop_domain}/{topic}/{webhook_id}",
        shop_domain=shop_domain,
        provider_user_id=None,
        topic=topic,
        event_id=_text(headers, b"x-shopify-event-id"),
        triggered_at=_time(_text(headers, b"x-shopify-triggered-at")),
        received_at=deps.clock(),
        body=body,
    )
    return await store(intake, arrived)


async def store(intake: Intake, arrived: Arrived) -> int:
    try:
        await intake.store(arrived)
    except Overloaded:
        return 503
    except Exception as error:  # noqa: BLE001  # the caller repeats what is not answered with 200: nothing is lost
        log.error("intake.failed", source=arrived.source, error=type(error).__name__)
        return 503
    return 200


async def read_body(receive: Receive, content_length: bytes | None) -> bytes:
    """The whole body, given up as soon as it is known to be too large. Raises `BodyTooLarge`."""
    if content_length is not None and content_length.isdigit() and int(content_length) > LARGEST_BODY:
        raise BodyTooLarge
    chunks, size = [], 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def answer(send: Send, status: int, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """An empty answer, a few dozen bytes in all."""
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), *(headers or [])]}
    )
    await send({"type": "http.response.body", "body": b""})


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    """Printable ASCII of at most 255 characters: what Shopify sends; anything else reads as missing."""
    value = headers.get(name, b"")
    if len(value) > LONGEST_HEADER or not value.isascii():
        return ""
    text = value.decode("ascii")
    return text if text.isprintable() else ""


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None

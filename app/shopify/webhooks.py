"""What Shopify's webhook calls look like, how one is proven, and which function answers which topic.

Source: Shopify, "Webhooks reference" and "Verify webhook deliveries". The HMAC covers the raw body only, not the
headers: topic and shop are believed because only Shopify can sign a body, and the shop must still be well-formed.
A topic is declared by one function in the `webhooks.py` of the feature that cares.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")

NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""An escaped NUL: good JSON, but no text that PostgreSQL could keep."""
COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")


class BadSignature(Exception):
    """The body was not signed with our client secret."""


class BadPayload(Exception):
    """A signed body that is not what its topic promises."""


def verify_hmac(raw: bytes, header: bytes | str | None, secrets: Sequence[str]) -> None:
    """Raises `BadSignature`. Both secrets are always tried, in constant time; any header is safe to pass."""
    try:
        text = header if isinstance(header, bytes) else (header or "").encode("ascii")
        given = base64.b64decode(text, validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadSignature from None
    good = False
    for secret in secrets:
        good |= hmac.compare_digest(hmac.digest(secret.encode(), raw, "sha256"), given)
    if not good:
        raise BadSignature


def sign(raw: bytes, secret: str) -> str:
    """The header by which Shopify proves *raw*; used by the simulator and tests."""
    return base64.b64encode(hmac.digest(secret.encode(), raw, "sha256")).decode()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One stored webhook call, as handlers see it. *shop_id* is None for a shop that never installed the app."""

    id: int
    shop_id: int | None
    shop_domain: str
    topic: str
    webhook_id: str
    event_id: str
    triggered_at: datetime | None
    received_at: datetime
    body: bytes = field(repr=False)

    @property
    def event_at(self) -> datetime:
        """When the thing happened: Shopify's trigger time, else when we heard of it."""
        return min(self.triggered_at, self.received_at) if self.triggered_at else self.received_at

    def payload(self, shape: type[T]) -> T:
        """The body as *shape* (a msgspec struct; unknown fields are ignored). Raises `BadPayload`."""
        body = NUL.sub(rb"\1", self.body) if rb"\u0000" in self.body else self.body
        try:
            try:
                return msgspec.json.decode(body, type=shape)
            except msgspec.ValidationError:
                raise
            except (msgspec.DecodeError, UnicodeDecodeError):
                return msgspec.json.decode(_without_halves(body), type=shape)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BadPayload(f"{self.topic}: {type(error).__name__}") from None


def _without_halves(body: bytes) -> bytes:
    """Half a surrogate pair, cut off somewhere on the way, must not cost the customer the text. Raises ValueError."""
    return json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")


TopicHandler = Callable[[Any, AsyncSession, Delivery], Awaitable[str]]
"""`async def handle(deps, session, delivery) -> outcome`; the outcome is a short word kept with the delivery."""


@dataclass(frozen=True)
class Subscriber:
    name: str
    topic: str
    scope: str
    registered: Literal["app", "shop"]
    handle: TopicHandler
    optional: bool = False
    """Its scope is asked for only when a merchant wants what it is needed for."""


@dataclass
class TopicRegistry:
    """Every declared subscriber by name; several may care for one topic."""

    subscribers: dict[str, Subscriber] = field(default_factory=dict)

    def add(self, subscriber: Subscriber) -> None:
        if subscriber.name in self.subscribers:
            raise RuntimeError(f"Two webhook handlers are named {subscriber.name!r}.")
        self.subscribers[subscriber.name] = subscriber

    def of(self, topic: str) -> list[Subscriber]:
        return [each for each in self.subscribers.values() if each.topic == topic]

    def app_topics(self) -> list[str]:
        """Topics declared in shopify.app.toml: Shopify calls them for every shop."""
        return sorted({each.topic for each in self.subscribers.values() if each.registered == "app"})

    def scopes(self) -> list[str]:
        """What must be granted; `write_x` implies `read_x`."""
        needed = {each.scope for each in self.subscribers.values() if each.scope and not each.optional}
        return sorted(scope for scope in needed if not (scope.startswith("read_") and "write_" + scope[5:] in needed))

    def optional_scopes(self) -> list[str]:
        """What a merchant may be asked for later."""
        wanted = {each.scope for each in self.subscribers.values() if each.scope and each.optional}
        return sorted(wanted - set(self.scopes()))


topics = TopicRegistry()


def on_topic(
    topic: str, *, name: str, scope: str = "", registered: Literal["app", "shop"] = "shop", optional: bool = False
) -> Callable[[TopicHandler], TopicHandler]:
    """Declare the function that answers *topic*. *registered*: "app" in shopify.app.toml, "shop" per shop by API.

    *optional*: the scope is not asked for at installation.
    """

    def declare(handle: TopicHandler) -> TopicHandler:
        topics.add(Subscriber(name, topic, scope, registered, handle, optional))
        return handle

    return declare


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value, limited to what Shopify could have sent: printable, at most 255 characters."""
    value = headers.get(name, "")
    return "".join(char for char in value if char.isprintable())[:255]

"""What stands around every route but the webhooks: limits for whoever calls without proof, and headers on every answer.

The webhooks are left out, for speed and because RingCentral limits the size of an answer; they have a limit of
their own for calls that nobody signed. Headers that a route has set itself are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.log import get_logger
from app.core.rate_limit import RateLimit, caller_of

log = get_logger(__name__)

LEFT_OUT = "/webhooks/"
TOO_MANY = "Too many requests. Please try again in a moment."
PROOFLESS = frozenset({401, 403, 404, 405})
PROVEN = "proven"
"""In the scope of a request whose caller has shown a valid token or key: what it asks for in vain is no guessing."""


@dataclass(frozen=True)
class Limit:
    """*every*: each request below *prefix* counts; otherwise only those that were answered as having no proof."""

    prefix: str
    every: bool
    limit: RateLimit


class WebApp(Starlette):
    """Starlette, but the *direct* paths are answered before any middleware and without a search among the routes.

    What stands there has a proof and limits of its own, and answers every failure itself.
    """

    def __init__(self, *, direct: Mapping[str, ASGIApp], **rest: Any) -> None:
        super().__init__(**rest)
        self._direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (endpoint := self._direct.get(scope["path"])) is not None:
            await endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class RateLimited:
    """The first of *limits* whose prefix fits decides."""

    def __init__(self, app: ASGIApp, limits: Sequence[Limit]) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(LEFT_OUT):
            await self._app(scope, receive, send)
            return
        limit = next((each for each in self._limits if scope["path"].startswith(each.prefix)), None)
        if limit is None:
            await self._app(scope, receive, send)
            return
        caller = caller_of(scope.get("client"))
        refused = not limit.limit.take(caller) if limit.every else limit.limit.is_spent(caller)
        if refused:
            retry_after = str(limit.limit.retry_after(caller))
            answer = JSONResponse(
                {"error": TOO_MANY}, 429, headers={"Retry-After": retry_after, "Cache-Control": "no-store"}
            )
            await answer(scope, receive, send)
            return

        async def counting(message: Message) -> None:
            vain = message["type"] == "http.response.start" and message["status"] in PROOFLESS
            if vain and not limit.every and PROVEN not in scope:
                limit.limit.take(caller)
            await send(message)

        await self._app(scope, receive, counting)


class SecurityHeaders:
    """Adds *headers* where a route has not set its own."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(LEFT_OUT):
            await self._app(scope, receive, send)
            return

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    present.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, adding)

"""What every endpoint stands on: whose key it is, its scope and pace, for which account, once only, and the log of
it.

A call is answered in JSON whatever happens, with a request id and where the key stands in its minute. The work of a
call with an `Idempotency-Key` and its answer are one transaction, so a repeated call gets the same answer and does
nothing.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.v1.body import LARGEST_BODY, parse_object, read_capped
from app.api.v1.errors import ApiError, body_of, code_of
from app.connect.keys import Pace, find_key, take_call
from app.connect.models import Account, ApiKey, ApiRequest
from app.connect.queries.accounts import find_account, find_account_by_connect_id
from app.connect.queries.api import claim_answer, keep_answer
from app.core.edge import PROVEN
from app.core.errors import AppError, Invalid
from app.core.log import get_logger
from app.core.whole_number import whole_number
from app.deps import Deps
from app.shops.models import Shop
from app.shops.queries import get_shop

log = get_logger(__name__)

BY_CONNECT_ID: Final = ("X-Shout-Connect-ID", "X-Connect-ID")
BY_USER_ID: Final = ("X-Shout-User-Id", "X-Connect-User-ID")
LONGEST_IDEMPOTENCY_KEY: Final = 255


@dataclass
class Answer:
    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One authenticated request. *raw* is its body."""

    request: Request
    deps: Deps
    shop: Shop
    key: ApiKey
    raw: bytes = field(repr=False)
    account_id: int | None = None

    @property
    def actor(self) -> str:
        return f"api_key:{self.key.id}"

    def object(self) -> dict[str, Any]:
        """The body. Raises `Invalid`."""
        return parse_object(self.raw)

    async def account(self) -> Account:
        """Whom the headers name. Raises `ApiError` when they name nobody."""
        account = await self.named_account()
        if account is None:
            names = f"{BY_CONNECT_ID[0]} or {BY_USER_ID[0]}"
            raise ApiError(422, "account_required", f"Say for which connected account this is: send {names}.")
        return account

    async def named_account(self) -> Account | None:
        """Whom the headers name, if they name anybody. Raises `ApiError`."""
        headers = self.request.headers
        connect_ids = {headers[name].strip() for name in BY_CONNECT_ID if headers.get(name, "").strip()}
        user_ids = {headers[name].strip() for name in BY_USER_ID if headers.get(name, "").strip()}
        found: dict[int, Account] = {}
        async with self.deps.db.transaction() as session:
            for connect_id in connect_ids:
                account = await find_account_by_connect_id(session, self.shop.id, decoded(connect_id))
                found |= {_known(account, "connect id").id: _known(account, "connect id")}
            for user_id in user_ids:
                number = whole_number(user_id)
                account = await find_account(session, self.shop.id, number) if number is not None else None
                found |= {_known(account, "user id").id: _known(account, "user id")}
        if len(found) > 1:
            raise ApiError(422, "account_required", "The headers name two different connected accounts.")
        account = next(iter(found.values()), None)
        if account is not None:
            self.account_id = account.id
        return account

    async def once(self, work: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
        """Run *work* in one transaction; with an `Idempotency-Key` only for the first call that bears it."""
        key = self.request.headers.get("idempotency-key", "").strip()
        if len(key) > LONGEST_IDEMPOTENCY_KEY or not key.isprintable():
            raise Invalid({"Idempotency-Key": f"Use at most {LONGEST_IDEMPOTENCY_KEY} printable characters."})
        async with self.deps.db.transaction() as session:
            if not key:
                return await work(session)
            told = await claim_answer(session, self.key.id, decoded(key), self._fingerprint(), self.deps.clock())
            if told is not None:
                return self._again(told.request_hash, told.status, told.body_encrypted)
            answer = await work(session)
            sealed = self.deps.vault.encrypt(json.dumps(answer.body))
            await keep_answer(session, self.key.id, decoded(key), answer.status, sealed)
            return answer

    def _fingerprint(self) -> bytes:
        names = (*BY_CONNECT_ID, *BY_USER_ID)
        parts = [self.request.method, self.request.url.path, *(self.request.headers.get(name, "") for name in names)]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass") + b"\n\n" + self.raw).digest()

    def _again(self, request_hash: bytes, status: int | None, body: bytes | None) -> Answer:
        if request_hash != self._fingerprint():
            raise ApiError(422, "idempotency_key_reused", "This Idempotency-Key was used for another request.")
        if status is None or body is None:
            raise ApiError(409, "in_progress", "The first request with this Idempotency-Key is still under way.")
        return Answer(json.loads(self.deps.vault.decrypt(body)), status, {"Idempotent-Replayed": "true"})


Handle = Callable[[Call], Awaitable[Answer]]


def endpoint(path: str, *, largest: int = LARGEST_BODY, **handles: tuple[str, Handle]) -> Route:
    """A route whose methods are each a needed scope and a handler."""
    shown = path.replace(":path", "")

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        scope, handle = handles[method]
        return await _answer(request, shown, scope, handle, largest)

    return Route(path, answer, methods=list(handles))


async def _answer(request: Request, route: str, scope: str, handle: Handle, largest: int) -> Response:
    deps: Deps = request.state.deps
    started, request_id = time.perf_counter(), "req_" + secrets.token_hex(10)
    known = Known()
    code: str | None = None
    try:
        call = await _open(request, deps, scope, largest, known)
        known.call = call
        answer = await handle(call)
    except AppError as error:
        code = code_of(error)
        answer = Answer(body_of(error, request_id), error.status, dict(getattr(error, "headers", {})))
        if error.status >= 500:
            log.warning("api.failed", request_id=request_id, error=type(error).__name__, status=error.status)
    except DBAPIError as error:
        log.exception("api.database_failed", request_id=request_id)
        unavailable = ApiError(503, "unavailable", "The database did not answer. Please repeat the request.")
        known.broken = error.connection_invalidated
        code, answer = unavailable.code, Answer(body_of(unavailable, request_id), 503, {"Retry-After": "5"})
    except Exception:
        log.exception("api.crashed", request_id=request_id)
        crashed = ApiError(500, "server_error", "Something went wrong on our side. Please repeat the request.")
        code, answer = crashed.code, Answer(body_of(crashed, request_id), 500)
    if known.key is not None:
        await _note(deps, known, request, route, request_id, answer.status, code, started)
    return respond(answer, request_id, known.pace)


@dataclass
class Known:
    """What is known of a request so far, for its answer's headers and the log."""

    key: ApiKey | None = None
    pace: Pace | None = None
    call: Call | None = None
    broken: bool = False


async def _open(request: Request, deps: Deps, scope: str, largest: int, known: Known) -> Call:
    """Raises `ApiError` for a missing, revoked or too narrow key, too many calls, or a shop that is gone."""
    token = bearer_of(request)
    async with deps.db.transaction() as session:
        key = await find_key(session, token) if token else None
        if key is None:
            raise ApiError(
                401,
                "unauthorized",
                "Send a valid API key: Authorization: Bearer connect_…",
                headers={"WWW-Authenticate": 'Bearer realm="Connect API"'},
            )
        known.key = key
        known.pace = await take_call(session, key, deps.clock())
        shop = await get_shop(session, key.shop_id)
    if known.pace.exceeded:
        wait = {"Retry-After": str(known.pace.reset)}
        raise ApiError(429, "too_many_requests", f"Wait {known.pace.reset} seconds, then go on.", headers=wait)
    if not allows(key.scopes, scope):
        raise ApiError(403, "missing_scope", f"This API key lacks the scope {scope}.")
    if not shop.installed:
        raise ApiError(403, "app_uninstalled", "The shop has uninstalled the app.")
    request.scope[PROVEN] = True
    return Call(request, deps, shop, key, await read_capped(request, largest))


def bearer_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and len(token) <= 200 else ""


def allows(scopes: list[str], needed: str) -> bool:
    """Who may write may read."""
    return not needed or needed in scopes or needed.replace(":read", ":write") in scopes


def respond(answer: Answer, request_id: str, pace: Pace | None) -> Response:
    headers = {"Cache-Control": "no-store", "X-Request-Id": request_id, "X-Content-Type-Options": "nosniff"}
    if pace is not None:
        for prefix in ("RateLimit", "X-RateLimit"):
            headers |= {
                f"{prefix}-Limit": str(pace.limit),
                f"{prefix}-Remaining": str(pace.remaining),
                f"{prefix}-Reset": str(pace.reset),
            }
    body = json.dumps(answer.body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Response(body, answer.status, headers | answer.headers, media_type="application/json")


async def _note(
    deps: Deps,
    known: Known,
    request: Request,
    route: str,
    request_id: str,
    status: int,
    code: str | None,
    started: float,
) -> None:
    """For the merchant's request log. A log that cannot be written must not cost the answer."""
    if known.key is None or known.broken:
        return
    row = ApiRequest(
        shop_id=known.key.shop_id,
        api_key_id=known.key.id,
        account_id=known.call.account_id if known.call is not None else None,
        request_id=request_id,
        at=deps.clock(),
        method=request.method,
        route=route,
        status=status,
        code=code,
        duration_ms=round((time.perf_counter() - started) * 1000),
    )
    try:
        async with deps.db.transaction() as session:
            session.add(row)
    except DBAPIError:
        log.exception("api.unlogged", request_id=request_id)


def _known(account: Account | None, what: str) -> Account:
    if account is None:
        raise ApiError(404, "account_not_found", f"No connected account has this {what}.")
    return account


def decoded(header: str) -> str:
    """Header values arrive as Latin-1; who sends UTF-8 means UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header

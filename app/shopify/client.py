"""The Admin GraphQL API: one call, its retries within one deadline, and what its answers mean.

Source: Shopify, "GraphQL Admin API reference", "Rate limits". HTTP 200 may still be a failure; `THROTTLED` comes as
HTTP 200 and names how long to wait. Partial data beside errors is kept, because a field refused for want of approval
must not cost us the rest; when nothing at all was answered, the error's code says what kind of failure it was.

    ShopifyError
    ├── AccessTokenRejected    401: expired, revoked or uninstalled; renew once, then the merchant must open the app
    ├── AccessForbidden        403: scope, IP allowlist or a forbidden kind of token; an operator has to look
    ├── ShopUnavailable        402, 404, 423: frozen, gone or locked shop
    └── ShopifyUnavailable     no answer, 5xx or throttled beyond our deadline; the same call may succeed later
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import httpx2

from app.config import ADMIN_API_VERSION
from app.core.errors import AppError
from app.core.http import Http
from app.core.log import get_logger
from app.shopify.throttle import Throttle

log = get_logger(__name__)

ATTEMPTS = 4
LONGEST_WAIT = 8.0
DEADLINE = 45.0
"""Seconds for one call with all its repetitions; each single answer has the deadline of `core.http`."""


class ShopifyError(AppError):
    status = 502


class AccessTokenRejected(ShopifyError):
    pass


class AccessForbidden(ShopifyError):
    pass


class ShopUnavailable(ShopifyError):
    pass


class ShopifyUnavailable(ShopifyError):
    status = 503


RETRY_AFTER = re.compile(r"\d{1,4}(\.\d{1,3})?")
TEMPORARY = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
SHOP_AWAY = "This shop is frozen, locked or closed at the moment."
UNREADABLE = "Shopify's answer could not be read."
BUSY = "Shopify is busy. The call will be repeated later."


@dataclass(frozen=True, slots=True)
class Answer:
    """*data* may be partial; *errors* are Shopify's, each with a code where it gave one."""

    data: dict[str, Any]
    errors: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.data.get(name)

    def whole(self, name: str) -> Any:
        """The field *name* of an answer without errors. Raises by the errors' codes: refused for good, or for now."""
        codes = {code for code, _ in self.errors}
        if not codes:
            return self.data.get(name)
        if codes <= {"ACCESS_DENIED"}:
            raise AccessForbidden(
                "Shopify has not granted the app what this needs. Open the app and accept the update."
            )
        raise ShopifyUnavailable("Shopify could not answer completely. The call will be repeated later.")


class AdminClient:
    """Speaks to any shop's Admin API. *simulator_origin* replaces `https://{shop}` outside production, Host kept."""

    def __init__(
        self,
        http: Http,
        *,
        simulator_origin: str | None = None,
        throttle: Throttle | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._simulator_origin = simulator_origin
        self._throttle = throttle or Throttle()
        self._sleep = sleep

    async def post_form(self, shop_domain: str, path: str, form: Mapping[str, str]) -> httpx2.Response:
        """An OAuth call. Raises `ShopifyUnavailable` when no answer came."""
        try:
            return await self._http.request(
                "POST",
                self._origin(shop_domain) + path,
                shard=shop_domain,
                data=dict(form),
                headers={"Host": shop_domain, "Accept": "application/json"},
                timeout=10.0,
            )
        except httpx2.TransportError as error:
            raise ShopifyUnavailable(f"Shopify did not answer ({type(error).__name__}).") from None

    async def graphql(
        self, shop_domain: str, access_token: str, operation: str, variables: Mapping[str, Any] | None = None
    ) -> Answer:
        """Run *operation* (GraphQL text). Raises `ShopifyError`s; mutations' `userErrors` are the caller's to read."""
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._repeat(shop_domain, access_token, operation, variables or {})
        except TimeoutError:
            raise ShopifyUnavailable("Shopify took too long. The call will be repeated later.") from None

    async def _repeat(
        self, shop_domain: str, access_token: str, operation: str, variables: Mapping[str, Any]
    ) -> Answer:
        for attempt in range(1, ATTEMPTS + 1):
            response = await self._in_turn(shop_domain, access_token, operation, variables)
            wait = _must_wait(response, attempt)
            if wait is None:
                return _answer(response, shop_domain)
            if attempt < ATTEMPTS and wait <= LONGEST_WAIT:
                await self._sleep(wait)
        raise ShopifyUnavailable(BUSY)

    async def _in_turn(
        self, shop_domain: str, access_token: str, operation: str, variables: Mapping[str, Any]
    ) -> httpx2.Response:
        """One request, once the shop's bucket can pay for it."""
        reserved, wait = self._throttle.reserve(shop_domain, operation)
        cost = None
        try:
            if wait > LONGEST_WAIT:
                raise ShopifyUnavailable(BUSY)
            if wait > 0:
                await self._sleep(wait)
            response = await self._post(shop_domain, access_token, operation, variables)
            cost = _cost(response)
        finally:
            self._throttle.settle(shop_domain, operation, reserved, cost)
        return response

    async def _post(
        self, shop_domain: str, access_token: str, operation: str, variables: Mapping[str, Any]
    ) -> httpx2.Response:
        url = f"{self._origin(shop_domain)}/admin/api/{ADMIN_API_VERSION}/graphql.json"
        try:
            return await self._http.request(
                "POST",
                url,
                shard=shop_domain,
                json={"query": operation, "variables": variables},
                headers={"Host": shop_domain, "X-Shopify-Access-Token": access_token},
            )
        except httpx2.TransportError as error:
            raise ShopifyUnavailable(f"Shopify did not answer ({type(error).__name__}).") from None

    def _origin(self, shop_domain: str) -> str:
        return self._simulator_origin or f"https://{shop_domain}"


def _must_wait(response: httpx2.Response, attempt: int) -> float | None:
    """Seconds to wait before the same call again, or None when this answer counts."""
    if response.status_code == 429 or response.status_code >= 500:
        asked = response.headers.get("Retry-After", "")
        return float(asked) if RETRY_AFTER.fullmatch(asked) else min(0.5 * 2.0**attempt, LONGEST_WAIT)
    if response.status_code != 200:
        return None
    codes = {code for code, _ in _errors(_json(response))}
    if "THROTTLED" in codes:
        cost = _cost(response) or {}
        status = cost.get("throttleStatus") or {}
        missing = float(cost.get("requestedQueryCost") or 0) - float(status.get("currentlyAvailable") or 0)
        return max(missing / float(status.get("restoreRate") or 100), 0.5)
    return 0.5 * 2.0**attempt if codes & TEMPORARY and _is_empty(_json(response).get("data")) else None


def _answer(response: httpx2.Response, shop_domain: str) -> Answer:
    match response.status_code:
        case 200:
            pass
        case 401:
            raise AccessTokenRejected("Shopify no longer accepts this shop's access token.")
        case 403:
            log.error("shopify.forbidden", shop=shop_domain)
            raise AccessForbidden("Shopify refused the call: a missing scope, or this server's address is not allowed.")
        case 402 | 404 | 423:
            raise ShopUnavailable(SHOP_AWAY)
        case status:
            raise ShopifyError(f"Shopify answered {status}.")
    served = response.headers.get("X-Shopify-API-Version")
    if served is not None and served != ADMIN_API_VERSION:
        log.warning("shopify.version_fell_forward", asked=ADMIN_API_VERSION, served=served)
    body = _json(response)
    errors = tuple(_errors(body))
    data = body.get("data")
    if errors:
        log.warning("shopify.graphql_errors", shop=shop_domain, codes=sorted({code for code, _ in errors}))
        if _is_empty(data):
            raise _failure({code for code, _ in errors})
    if not isinstance(data, dict):
        raise ShopifyUnavailable(UNREADABLE)
    return Answer(data, errors)


def _failure(codes: set[str]) -> ShopifyError:
    """What it means that errors came and nothing else."""
    if "ACCESS_DENIED" in codes:
        return AccessForbidden("Shopify does not let the app see this: a scope or the data access approval is missing.")
    if "SHOP_INACTIVE" in codes:
        return ShopUnavailable(SHOP_AWAY)
    if codes & TEMPORARY:
        return ShopifyUnavailable(BUSY)
    return ShopifyError(f"Shopify refused the call ({', '.join(sorted(codes - {''})) or 'no code'}).")


def _is_empty(data: object) -> bool:
    return not isinstance(data, dict) or all(value is None for value in data.values())


def _cost(response: httpx2.Response) -> Mapping[str, Any] | None:
    """`extensions.cost` of an answer that has one."""
    if response.status_code != 200:
        return None
    extensions = _json(response).get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    return cost if isinstance(cost, dict) else None


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        raise ShopifyUnavailable(UNREADABLE) from None
    if not isinstance(body, dict):
        raise ShopifyUnavailable(UNREADABLE)
    return body


def _errors(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(code, message) pairs; `errors` is sometimes one plain string."""
    found = body.get("errors")
    if isinstance(found, str):
        return [("", found)]
    if not isinstance(found, list):
        return []
    return [
        (str((each.get("extensions") or {}).get("code") or ""), str(each.get("message") or ""))
        for each in found
        if isinstance(each, dict)
    ]


@cache
def operation(package: str, name: str) -> str:
    """The GraphQL document *name*.graphql that lies beside the code of *package* that uses it."""
    return files(package).joinpath(f"{name}.graphql").read_text()


def gid(kind: str, number: str | int) -> str:
    """Shopify's global id, e.g. `gid://shopify/Order/1`."""
    text = str(number)
    return text if text.startswith("gid://") else f"gid://shopify/{kind}/{text}"


def plain_id(value: str | int | None) -> str | None:
    """The number at the end of a global id."""
    return None if value is None else str(value).rsplit("/", 1)[-1]

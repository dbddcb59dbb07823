"""The Admin GraphQL API: one call, its retries within one deadline, and what its answers mean.

Source: Shopify, "GraphQL Admin API reference", "Rate limits". HTTP 200 may still be a failure; `THROTTLED` comes as
HTTP 200 and names how long to wait. Partial data beside errors is kept, because a field refused for want of approval
must not cost us the rest.

    ShopifyError
    ├── AccessTokenRejected    401: expired, revoked or uninstalled; renew once, then the merchant must open the app
    ├── AccessForbidden        403: scope, IP allowlist or a forbidden kind of token; an operator has to look
    ├── ShopUnavailable        402, 404, 423: frozen, gone or locked shop
    └── ShopifyUnavailable     no answer, 5xx or throttled beyond our deadline; the same call may succeed later
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import httpx2

from app.config import ADMIN_API_VERSION
from app.core.errors import AppError
from app.core.http import Http
from app.core.log import get_logger

log = get_logger(__name__)

ATTEMPTS = 4
LONGEST_WAIT = 8.0
PASSING = {"INTERNAL_SERVER_ERROR", "TIMEOUT", "THROTTLED"}
"""Codes after which the same call may succeed."""


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

    def __init__(self, http: Http, *, simulator_origin: str | None = None) -> None:
        self._http = http
        self._simulator_origin = simulator_origin

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
        for attempt in range(1, ATTEMPTS + 1):
            response = await self._post(shop_domain, access_token, operation, variables or {})
            wait = _must_wait(response, attempt)
            if wait is None:
                return _answer(response, shop_domain)
            if attempt == ATTEMPTS or wait > LONGEST_WAIT:
                raise ShopifyUnavailable("Shopify is busy. The call will be repeated later.")
            await asyncio.sleep(wait)
        raise ShopifyUnavailable("Shopify is busy. The call will be repeated later.")

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
        return float(asked) if asked.replace(".", "", 1).isdigit() else min(0.5 * 2.0**attempt, LONGEST_WAIT)
    if response.status_code != 200:
        return None
    body = _json(response)
    if "THROTTLED" not in {code for code, _ in _errors(body)}:
        return None
    cost = (body.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    missing = float(cost.get("requestedQueryCost") or 0) - float(status.get("currentlyAvailable") or 0)
    return max(missing / float(status.get("restoreRate") or 100), 0.5)


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
            raise ShopUnavailable("This shop is frozen, locked or closed at the moment.")
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
    if not isinstance(data, dict):
        if errors and not {code for code, _ in errors} & PASSING:
            raise ShopifyError(f"Shopify refused the call ({errors[0][0] or 'no code'}).")
        raise ShopifyUnavailable("Shopify's answer could not be read.")
    return Answer(data, errors)


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        raise ShopifyUnavailable("Shopify's answer could not be read.") from None
    if not isinstance(body, dict):
        raise ShopifyUnavailable("Shopify's answer could not be read.")
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

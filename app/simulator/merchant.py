"""The merchant's browser without a browser: opens the app as Shopify Admin does and calls what its pages call.

Every request carries the proof that Shopify gives: the signed query on the document, a fresh ID token on each call.
"""

from types import TracebackType
from typing import Any, Self

import httpx2

from app.core.http import trusted
from app.simulator.shopify import ShopifySimulator


class Answered(Exception):
    """The app answered with an error; the text holds the call, the status and the beginning of the answer."""


class Merchant:
    def __init__(self, shopify: ShopifySimulator, domain: str, app_url: str) -> None:
        self._shopify, self._domain = shopify, domain
        self._client = httpx2.AsyncClient(verify=trusted(), base_url=app_url, timeout=30, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def open_app(self, path: str = "/") -> httpx2.Response:
        """The document, with the query that Shopify signs when the merchant opens the app."""
        response = await self._client.get(f"{path}?{self._shopify.document_query(self._domain, path)}")
        return _accepted(response)

    async def get(self, path: str) -> dict[str, Any]:
        return await self._call("GET", path)

    async def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._call("PUT", path, body)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._shopify.id_token(self._domain)}"}
        response = await self._client.request(method, path, json=body, headers=headers)
        answer: dict[str, Any] = _accepted(response).json()
        return answer


def _accepted(response: httpx2.Response) -> httpx2.Response:
    if response.status_code not in (200, 201):
        request = response.request
        raise Answered(
            f"{request.method} {request.url.path} was answered {response.status_code}: {response.text[:300]}"
        )
    return response

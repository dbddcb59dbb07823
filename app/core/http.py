"""The one kind of HTTP client that talks to the outside.

A pool of more than about 20 connections makes httpx2's pool slower, not faster (it looks at every connection for
each request), so a client is a set of small pools, chosen by a hash of who is being served. Every request has
a deadline; redirects are never followed, because none of the services we call redirects and one that did could lead
our credentials elsewhere.
"""

import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx2

CONNECTIONS_PER_POOL = 20
TIMEOUT = httpx2.Timeout(connect=5.0, read=15.0, write=15.0, pool=30.0)


class Http:
    """*shards* pools of at most 20 connections each. Use as an async context manager, or call `aclose`."""

    def __init__(self, *, shards: int = 4) -> None:
        limits = httpx2.Limits(
            max_connections=CONNECTIONS_PER_POOL, max_keepalive_connections=CONNECTIONS_PER_POOL, keepalive_expiry=30
        )
        self._pools = [
            httpx2.AsyncClient(verify=trusted(), timeout=TIMEOUT, limits=limits, trust_env=False) for _ in range(shards)
        ]

    async def request(self, method: str, url: str, *, shard: str = "", **options: Any) -> httpx2.Response:
        """One request through the pool of *shard*. Raises `httpx2.TransportError` when no answer came."""
        return await self._pool(shard).request(method, url, **options)

    @asynccontextmanager
    async def stream(self, method: str, url: str, *, shard: str = "", **options: Any) -> AsyncIterator[httpx2.Response]:
        """The same, but the body is read by the caller, bit by bit, as far as it is wanted."""
        async with self._pool(shard).stream(method, url, **options) as response:
            yield response

    def _pool(self, shard: str) -> httpx2.AsyncClient:
        return self._pools[zlib.crc32(shard.encode()) % len(self._pools)]

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


@cache
def trusted() -> ssl.SSLContext:
    """The certificates we believe in, read once a process (30 ms and a megabyte), however many pools there are."""
    return httpx2.create_ssl_context(trust_env=False)

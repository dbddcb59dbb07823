"""The one kind of HTTP client that talks to the outside: httpx2's requests and answers over pools of connections.

A pool of more than about 20 connections makes it slower, not faster (it looks at every connection for each request),
so a client is a set of small pools, chosen by a hash of who is being served. Every request has a deadline; nothing is
repeated, no cookie is kept and redirects are never followed, because none of the services we call redirects and one
that did could lead our credentials elsewhere. `httpx2.AsyncClient` would do the same by way of hooks, cookies and
redirects for twice the CPU, and two calls are most of what sending a text costs.
"""

import base64
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from types import TracebackType
from typing import Any, Final, Self

import httpcore2
import httpx2

from app.core.wire import Wires

CONNECTIONS_PER_POOL = 20
TIMEOUT = httpx2.Timeout(connect=5.0, read=15.0, write=15.0, pool=30.0)
HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "sms-for-ecommerce"}


class Http:
    """*shards* pools of at most 20 connections each. Use as an async context manager, or call `aclose`."""

    def __init__(self, *, shards: int = 4, wires: Wires | None = None) -> None:
        """*wires* decides to what a connection may lead."""
        self._pools = [
            httpcore2.AsyncConnectionPool(
                ssl_context=trusted(),
                max_connections=CONNECTIONS_PER_POOL,
                max_keepalive_connections=CONNECTIONS_PER_POOL,
                keepalive_expiry=30,
                network_backend=wires or Wires(),
            )
            for _ in range(shards)
        ]

    async def request(
        self,
        method: str,
        url: str,
        *,
        shard: str = "",
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: httpx2.Timeout | float = TIMEOUT,  # noqa: ASYNC109  # of each step; callers have deadlines
        **content: Any,
    ) -> httpx2.Response:
        """One request through the pool of *shard*. *content*: `params`, `json`, `data` or `content`.

        Raises `httpx2.TransportError` when no answer came.
        """
        given = httpx2.Headers(HEADERS)
        given.update(headers)
        if auth is not None:
            given["Authorization"] = f"Basic {base64.b64encode(':'.join(auth).encode()).decode()}"
        limits = timeout if isinstance(timeout, httpx2.Timeout) else httpx2.Timeout(timeout)
        request = httpx2.Request(method, url, headers=given, extensions={"timeout": limits.as_dict()}, **content)
        return await _exchange(self._pool(shard), request)

    async def status_of(
        self, method: str, url: str, *, content: bytes, shard: str = "", headers: Mapping[str, str] | None = None
    ) -> int:
        """How a stranger's server answers. The body is never read, however long it is made, nor unpacked.

        Raises `httpx2.TransportError` and `httpx2.InvalidURL`.
        """
        given = httpx2.Headers(HEADERS)
        given.update(headers)
        extensions = {"timeout": TIMEOUT.as_dict()}
        request = httpx2.Request(method, url, headers=given, content=content, extensions=extensions)
        with _named_failures():
            answer = await self._pool(shard).handle_async_request(_for_the_pool(request))
            await answer.aclose()
        return answer.status

    @asynccontextmanager
    async def stream(
        self, url: str, *, shard: str = "", headers: Mapping[str, str] | None = None
    ) -> AsyncIterator["Incoming"]:
        """A GET whose body, as it lies there, is read by the caller, bit by bit and as far as it is wanted.

        Raises `httpx2.TransportError`, also while the body is read.
        """
        given = httpx2.Headers({**HEADERS, "Accept-Encoding": "identity"})
        given.update(headers)
        request = httpx2.Request("GET", url, headers=given, extensions={"timeout": TIMEOUT.as_dict()})
        with _named_failures():
            answer = await self._pool(shard).handle_async_request(_for_the_pool(request))
        try:
            yield Incoming(answer)
        finally:
            await answer.aclose()

    def _pool(self, shard: str) -> httpcore2.AsyncConnectionPool:
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


class Incoming:
    """An answer whose body has not been read."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self.status_code = answer.status
        self._answer = answer

    async def chunks(self) -> AsyncIterator[bytes]:
        with _named_failures():
            async for chunk in self._answer.aiter_stream():
                yield chunk


async def _exchange(pool: httpcore2.AsyncConnectionPool, request: httpx2.Request) -> httpx2.Response:
    try:
        answer = await pool.handle_async_request(_for_the_pool(request))
        try:
            content = await answer.aread()
        finally:
            await answer.aclose()
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        failure = _failure(error)
    except httpcore2.UnsupportedProtocol as error:
        failure = httpx2.UnsupportedProtocol(str(error))
    else:
        return httpx2.Response(answer.status, headers=answer.headers, content=content, request=request)
    raise failure


@contextmanager
def _named_failures() -> Iterator[None]:
    """For requests without a token of ours: the error remembers where it came from."""
    try:
        yield
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise _failure(error) from None


def _for_the_pool(request: httpx2.Request) -> httpcore2.Request:
    url = request.url
    return httpcore2.Request(
        request.method,
        httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.content,
        extensions=request.extensions,
    )


def _failure(error: Exception) -> httpx2.TransportError:
    """httpx2's error of the same name: a `ConnectTimeout` stays one."""
    kind: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__, httpx2.TransportError)
    return kind(str(error))


@cache
def trusted() -> ssl.SSLContext:
    """The certificates we believe in, read once a process (30 ms and a megabyte), however many pools there are."""
    return httpx2.create_ssl_context(trust_env=False)

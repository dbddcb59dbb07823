"""A real HTTP server on a loopback port that answers as told and remembers what it was asked."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    """Seconds."""


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, list[str]]
    raw_query: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.content)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.content.decode())


class Stub:
    """`answer` lines replies up for a call; the last of them is given again and again."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._replies: dict[tuple[str, str], list[Reply]] = defaultdict(list)
        self.app = Starlette(
            routes=[Route("/{path:path}", self._reply, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]
        )

    def answer(self, method: str, path: str, *replies: Reply) -> None:
        self._replies[method, path] = list(replies)

    def asked(self, method: str, path: str) -> list[Seen]:
        return [one for one in self.seen if (one.method, one.path) == (method, path)]

    async def _reply(self, request: Request) -> Response:
        self.seen.append(
            Seen(
                request.method,
                request.url.path,
                parse_qs(request.url.query),
                request.url.query,
                dict(request.headers),
                await request.body(),
            )
        )
        replies = self._replies[request.method, request.url.path]
        if not replies:
            return Response(b'{"errorCode":"CMN-102"}', 404, media_type="application/json")
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        await asyncio.sleep(reply.delay)
        content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        body = b"" if reply.body is None else content
        return Response(body, reply.status, headers=dict(reply.headers), media_type="application/json")


@asynccontextmanager
async def serving(stub: Stub) -> AsyncIterator[Stub]:
    async with serve(stub.app) as stub.url:
        yield stub


@asynccontextmanager
async def serve(app: Any) -> AsyncIterator[str]:
    """Answers the address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def hanging_up() -> AsyncIterator[str]:
    """A server that reads the request and then closes the connection without a word."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

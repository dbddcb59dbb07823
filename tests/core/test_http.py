"""The one kind of HTTP client, and who may bring another: small pools, deadlines everywhere, no redirects."""

import ast
import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

import app
from app.core.http import CONNECTIONS_PER_POOL, TIMEOUT, Http
from tests.sms.stub import serve

APP = Path(app.__path__[0])
LOGIN = APP / "sms" / "providers" / "ringcentral" / "sdk.py"
LARGE = 500_000
POOLS = {APP / "core" / "http.py", APP / "core" / "outside.py", APP / "core" / "wire.py"}


class Service:
    """Notes the port that each request came from: one for each connection."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.app = Starlette(
            routes=[Route("/slow", self.slow), Route("/away", self.away), Route("/echo", self.echo, methods=["PUT"])]
        )

    async def slow(self, request: Request) -> Response:
        assert request.client is not None
        self.ports.append(request.client.port)
        await asyncio.sleep(0.02)
        return Response("ok")

    async def echo(self, request: Request) -> Response:
        seen = {
            "method": request.method,
            "query": request.url.query,
            "headers": dict(request.headers),
            "body": (await request.body()).decode(),
        }
        body = gzip.compress(json.dumps(seen).encode())
        return Response(body, 201, {"Content-Encoding": "gzip"})

    async def away(self, request: Request) -> Response:
        return RedirectResponse("/slow")


async def test_a_pool_opens_twenty_connections_at_most_and_keeps_them() -> None:
    service = Service()
    async with serve(service.app) as url, Http(shards=1) as http:
        await asyncio.gather(*(http.request("GET", f"{url}/slow", shard=str(n)) for n in range(80)))
    assert len(service.ports) == 80
    assert len(set(service.ports)) <= CONNECTIONS_PER_POOL == 20


async def test_who_is_served_decides_the_pool() -> None:
    service = Service()
    async with serve(service.app) as url, Http(shards=4) as http:
        for shard in ("token-1", "token-1", "token-2", "token-3", "token-4"):
            await http.request("GET", f"{url}/slow", shard=shard)
    assert service.ports[0] == service.ports[1]
    assert len(set(service.ports)) > 1


async def test_a_redirect_is_not_followed() -> None:
    service = Service()
    async with serve(service.app) as url, Http(shards=1) as http:
        answer = await http.request("GET", f"{url}/away")
    assert (answer.status_code, service.ports) == (307, [])


async def test_a_silent_server_is_given_up() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server, Http(shards=1) as http:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(httpx2.ReadTimeout):
            await http.request("GET", url, timeout=httpx2.Timeout(30, read=0.1))
    assert None not in (TIMEOUT.connect, TIMEOUT.read, TIMEOUT.write, TIMEOUT.pool)


async def test_what_is_asked_and_answered_is_whole() -> None:
    service = Service()
    async with serve(service.app) as url, Http(shards=1) as http:
        answer = await http.request(
            "PUT",
            f"{url}/echo?a=1",
            params={"b": "2 3"},
            json={"greeting": "Grüße"},
            auth=("user", "pass"),
            headers={"X-Own": "yes", "accept": "text/plain"},
        )
    seen = answer.json()
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (201, "gzip")
    assert (seen["method"], seen["query"], seen["body"]) == ("PUT", "b=2+3", '{"greeting":"Grüße"}')
    assert seen["headers"]["authorization"] == "Basic dXNlcjpwYXNz"
    assert (seen["headers"]["x-own"], seen["headers"]["accept"]) == ("yes", "text/plain")
    assert seen["headers"]["user-agent"] == "sms-for-ecommerce"


async def test_a_long_body_is_read_as_far_as_it_is_wanted() -> None:
    async def say_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE + b"x" * 1000)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(say_much, "127.0.0.1", 0)
    async with server, Http(shards=1) as http:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with http.stream(url) as answer:
            assert (answer.status_code, await anext(answer.chunks())) == (200, b"x" * 1000)
        with pytest.raises(httpx2.RemoteProtocolError):
            async with http.stream(url) as answer:
                assert b"".join([chunk async for chunk in answer.chunks()]) == b""


async def test_a_request_leaves_in_one_piece_and_a_large_one_whole() -> None:
    pieces: list[int] = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(1 << 20):
            pieces.append(len(piece))
            if pieces[-1] < 1000 or sum(pieces) > LARGE:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    async with server, Http(shards=1) as http:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await http.request("POST", url, content=b"x" * 500)
        assert len(pieces) == 1
        pieces.clear()
        assert (await http.request("POST", url, content=b"x" * LARGE)).text == "ok"
    assert LARGE < sum(pieces) < LARGE + 1000


async def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    async with server, Http(shards=1) as http:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for _ in range(3):
            assert (await http.request("GET", url)).text == "ok"
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", httpx2.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", httpx2.RemoteProtocolError),
        (b"no answer at all\r\n\r\n", httpx2.RemoteProtocolError),
    ],
)
async def test_a_broken_answer_says_that_the_request_had_left(answer: bytes, failure: type[Exception]) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    async with server, Http(shards=1) as http:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(failure) as caught:
            await http.request("GET", url, headers={"Authorization": "Bearer secret"})
    assert caught.value.__context__ is None, "httpcore's errors hold the request, and with it the token"


async def test_what_never_left_is_told_apart() -> None:
    async with Http(shards=1) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.request("GET", "http://127.0.0.1:9")
        with pytest.raises(httpx2.UnsupportedProtocol):
            await http.request("GET", "ftp://127.0.0.1")


def test_nobody_brings_a_client_of_their_own() -> None:
    """Every call in production goes through `Http`; the SDK's `requests` is kept to the login."""
    found = {
        path
        for path, node in production_nodes()
        if isinstance(node, ast.Attribute) and node.attr in {"AsyncClient", "Client"} and named(node.value) == "httpx2"
    }
    assert found == set()
    assert {path for path, node in production_nodes() if "httpcore2" in imports(node)} == POOLS
    importers = {path for path, node in production_nodes() if imports(node) & {"requests", "ringcentral"}}
    assert importers == {LOGIN}


def production_nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in APP.rglob("*.py"):
        if "simulator" not in path.relative_to(APP).parts:
            for node in ast.walk(ast.parse(path.read_text())):
                yield path, node


def named(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def imports(node: ast.AST) -> set[str]:
    """Top-level packages that a statement imports."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return {(node.module or "").split(".")[0]}
    return set()


async def test_a_strangers_answer_without_end_is_not_read() -> None:
    async def pour(_request: Request) -> Response:
        async def drops() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)

        return StreamingResponse(drops())

    async with serve(Starlette(routes=[Route("/", pour, methods=["POST"])])) as url, Http(shards=1) as http:
        async with asyncio.timeout(5):
            assert await http.status_of("POST", url, content=b"{}") == 200

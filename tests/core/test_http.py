"""The one kind of HTTP client, and who may bring another: small pools, deadlines everywhere, no redirects."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import app
from app.core.http import CONNECTIONS_PER_POOL, TIMEOUT, Http
from tests.sms.stub import serve

APP = Path(app.__path__[0])
LOGIN = APP / "sms" / "providers" / "ringcentral" / "login.py"
OWN_CLIENTS = {APP / "core" / "http.py"}


class Service:
    """Notes the port that each request came from: one for each connection."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.app = Starlette(routes=[Route("/slow", self.slow), Route("/away", self.away)])

    async def slow(self, request: Request) -> Response:
        assert request.client is not None
        self.ports.append(request.client.port)
        await asyncio.sleep(0.02)
        return Response("ok")

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
            await http.request("GET", url, timeout=httpx2.Timeout(0.1))
    assert None not in (TIMEOUT.connect, TIMEOUT.read, TIMEOUT.write, TIMEOUT.pool)


def test_nobody_brings_a_client_of_their_own() -> None:
    """Every call in production goes through `Http`; the SDK's `requests` is kept to the login."""
    found = {
        path
        for path, node in production_nodes()
        if isinstance(node, ast.Attribute) and node.attr in {"AsyncClient", "Client"} and named(node.value) == "httpx2"
    }
    assert found == OWN_CLIENTS
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

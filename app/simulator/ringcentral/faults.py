"""Troubles ordered in advance for the next calls: refusals, silence and dropped connections, before or after the call
was carried out. A trouble of the second kind is how a client meets a text that was sent without ever saying so.
"""

import asyncio
from dataclasses import dataclass
from fnmatch import fnmatchcase

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

POLL = 0.02
CONNECTION = "simulator.connection"
"""Where the server puts the socket of a request, so that it can be cut without an answer."""


@dataclass(slots=True)
class Trouble:
    """*path* is the end of the path it waits for, and may hold `*`. *kind*: "fail", "hang" or "drop"."""

    kind: str
    path: str
    times: int
    after_accepting: bool = False
    status: int = 503
    code: str | None = None
    retry_after: int | None = None
    seconds: float = 0


class Troubles:
    def __init__(self) -> None:
        self._waiting: list[Trouble] = []

    def order(self, trouble: Trouble) -> None:
        self._waiting.append(trouble)

    def clear(self) -> None:
        self._waiting.clear()

    def meet(self, path: str) -> Trouble | None:
        """The oldest trouble for *path*, counted down."""
        for trouble in self._waiting:
            if fnmatchcase(path, f"*{trouble.path}"):
                trouble.times -= 1
                if trouble.times < 1:
                    self._waiting.remove(trouble)
                return trouble
        return None


async def outlast(request: Request, seconds: float) -> bool:
    """Says nothing for *seconds*. False when the caller gave up in the meantime."""
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        if await request.is_disconnected():
            return False
        await asyncio.sleep(POLL)
    return True


class NoAnswer(Response):
    """Cuts the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope.get(CONNECTION)
        if transport is None:
            raise ConnectionResetError("the simulated RingCentral dropped the connection")
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            continue

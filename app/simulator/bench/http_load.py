"""A load generator of raw HTTP/1.1 connections, which costs little enough to share a machine with what it measures.

Without a rate each connection sends its next request when the last was answered. With one, requests leave by the
clock on whichever connection is free; the time a request waits for a free connection counts as its own.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

NextRequest = Callable[[], Sequence[bytes]]


@dataclass
class Load:
    """What came of one run. *latencies* are seconds; *errors* are answers other than 200 and lost lines."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


class Connection(asyncio.Protocol):
    """*when_free* is called with this connection each time an answer has come."""

    def __init__(self, load: Load, when_free: Callable[["Connection"], None]) -> None:
        self._load, self._when_free = load, when_free
        self._answer = b""
        self._sent_at = 0.0
        self.stopping = False
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by inheritance.
        self._transport = cast(asyncio.Transport, transport)
        self._when_free(self)

    def send(self, request: Sequence[bytes], due_at: float) -> None:
        self._sent_at = due_at
        self._transport.writelines(request)

    def close(self) -> None:
        self.stopping = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"\r\n\r\n"):
            return  # every route that is measured answers without a body
        self._load.latencies.append(time.perf_counter() - self._sent_at)
        if not self._answer.startswith(b"HTTP/1.1 200"):
            self._load.errors += 1
        self._answer = b""
        self._when_free(self)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.stopping:
            self._load.errors += 1
        if not self.closed.done():
            self.closed.set_result(None)


async def run_load(
    port: int, next_request: NextRequest, *, connections: int, seconds: float, rate: float | None = None
) -> Load:
    """The load of *seconds*, after a second of warming up."""
    load, free = Load(), deque[Connection]()

    def again(connection: Connection) -> None:
        if connection.stopping:
            return
        if rate is None:
            connection.send(next_request(), time.perf_counter())
        else:
            free.append(connection)

    loop = asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(lambda: Connection(load, again), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    pacing = asyncio.create_task(_pace(free, next_request, rate)) if rate is not None else None
    await asyncio.sleep(1.0)
    load.latencies.clear()
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    measured = Load(time.perf_counter() - started, list(load.latencies), load.errors)
    if pacing is not None:
        pacing.cancel()
    for line in lines:
        line.close()
    await asyncio.wait([line.closed for line in lines], timeout=10)
    return measured


async def _pace(free: deque[Connection], next_request: NextRequest, rate: float) -> None:
    due_at = time.perf_counter()
    while True:
        now = time.perf_counter()
        while due_at <= now and free:
            free.popleft().send(next_request(), due_at)
            due_at += 1 / rate
        await asyncio.sleep(max(due_at - now, 0.0002))

"""What the benchmarks of sending stand on: an embedded PostgreSQL, the app's own processes, and both outside services.

RingCentral is the trial's simulator with its real limits, which here also writes down when each text arrived. The
processes are the production ones; only their CPU and memory are read from outside.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import uvicorn
from cryptography.fernet import Fernet
from starlette.types import ASGIApp

from app.config import Settings
from app.core.clock import system_clock
from app.core.http import trusted
from app.core.jobs import registry
from app.deps import Deps
from app.simulator.ports import Ports
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.ringcentral.platform import RecordedRequest
from app.simulator.ringcentral.state import Message

API_KEY, API_SECRET = "0123456789abcdef0123456789abcdef", "the-client-secret-of-the-benchmark"


class WatchedRingCentral(RingCentralSimulator):
    """*arrived*: the moment (`time.perf_counter`) at which the text to each phone was first taken over."""

    def __init__(self, url: str) -> None:
        super().__init__(clock=system_clock, url=url)
        self.answers: Counter[int] = Counter()
        self.texts: Counter[str] = Counter()
        self.arrived: dict[str, float] = {}

    def add_message(self, message: Message) -> None:
        super().add_message(message)
        if message.direction == "Outbound":
            self.texts[message.to[0]] += 1
            self.arrived.setdefault(message.to[0], time.perf_counter())

    def record(self, request: RecordedRequest) -> None:
        super().record(request)
        self.answers[request.status] += 1


@dataclass
class Watched:
    """A process of the app: the CPU that it used since `begin`, and the most memory that it had."""

    process: psutil.Process
    began: float = 0.0
    rss_mb: float = 0.0

    def begin(self) -> None:
        self.began, self.rss_mb = self._cpu(), 0.0

    def look(self) -> None:
        self.rss_mb = max(self.rss_mb, self.process.memory_info().rss / 2**20)

    @property
    def cpu(self) -> float:
        return self._cpu() - self.began

    def _cpu(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@dataclass
class Stage:
    database_url: str
    folder: Path
    ports: Ports
    ringcentral: WatchedRingCentral
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        values: dict[str, Any] = {name.lower(): value for name, value in self.environment.items()}
        return Settings(**values)

    @contextmanager
    def process(self, name: str) -> Iterator[Watched]:
        """*name*: web or worker."""
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen([sys.executable, "-m", "app", name], env=self.environment, stdout=log, stderr=log)  # noqa: S603
        try:
            yield Watched(psutil.Process(child.pid))
        finally:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(15)
            child.kill()
            child.wait()

    def log_of(self, name: str) -> str:
        with suppress(FileNotFoundError):
            return (self.folder / f"{name}.log").read_text(errors="replace")
        return ""

    async def until_logged(self, name: str, words: str) -> None:
        async with asyncio.timeout(60):
            while words not in self.log_of(name):  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)

    async def until_answers(self) -> None:
        async with asyncio.timeout(60), httpx2.AsyncClient(verify=trusted(), trust_env=False) as client:
            while True:
                with suppress(httpx2.TransportError):
                    if (await client.get(f"{self.ports.app_url}/readyz", timeout=2)).status_code == 200:
                        return
                await asyncio.sleep(0.1)


def make_stage(database_url: str, folder: Path) -> Stage:
    ports = Ports.free()
    stage = Stage(database_url, folder, ports, WatchedRingCentral(ports.ringcentral_url))
    stage.environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")},
        "APP_ENV": "test",
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "PORT": str(ports.app),
        "SHOPIFY_API_KEY": API_KEY,
        "SHOPIFY_API_SECRET": API_SECRET,
        "SHOPIFY_APP_URL": ports.app_url,
        "SHOPIFY_SIMULATOR_ORIGIN": f"http://127.0.0.1:{ports.shopify}",
        "RINGCENTRAL_SERVER_URL": ports.ringcentral_url,
        "RINGCENTRAL_CLIENT_ID": "simulated-client",
        "RINGCENTRAL_CLIENT_SECRET": "simulated-secret",
        "PYTHONUNBUFFERED": "1",
    }
    return stage


@asynccontextmanager
async def served(app: ASGIApp, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1)
    server = Quiet(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110  # the flag is uvicorn's own
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task


class Quiet(uvicorn.Server):
    """Leaves the signals to the benchmark."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def put_off_recurring_work(deps: Deps) -> None:
    """So that none of it runs into the measurement."""
    await deps.db.pool.execute(
        "INSERT INTO recurring_turns (name, due_at) SELECT name, now() + interval '1 day' "
        "FROM unnest($1::text[]) AS n(name) ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at",
        list(registry.recurring),
    )

"""Small work that an answer leaves behind and nobody waits for: it ends with the process at the latest.

A background task of Starlette's would keep its connection from answering the next request until it is done.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from app.core.log import get_logger

log = get_logger(__name__)


class Errands:
    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def run(self, deed: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(deed)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Cancels what is under way and waits until it has let go of its connections."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("errand.failed", exc_info=error)

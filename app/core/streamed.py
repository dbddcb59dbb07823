"""Answers that are sent piece by piece, and end for good when their reader goes away.

Starlette leaves the pieces' generator where it stood, for the garbage collector to find. Until then it would hold its
transaction, and for ever its connection if the process ends first. So it is closed here, and so is work behind it, also
while the answer is being cancelled: that is what the shield is for.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from anyio import CancelScope
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Streamed(StreamingResponse):
    def __init__(self, pieces: AsyncGenerator[Any, None], **rest: Any) -> None:
        super().__init__(pieces, **rest)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self._pieces.aclose()


async def end(work: asyncio.Task[Any]) -> None:
    """Cancels *work*, if it is not done, and waits until it has let go of what it held."""
    work.cancel()
    with CancelScope(shield=True):
        await asyncio.gather(work, return_exceptions=True)

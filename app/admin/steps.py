"""Answers a long check line by line, each step in the moment it happens, where the page asks for that.

The lines are JSON objects: steps of `code`, `level` and `sentence`, then one last line with `status` and the `body`
that an ordinary answer would have had. A page that stops listening ends the check; what was stored by then stays.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import msgspec
from starlette.responses import Response

from app.admin.explain import explain
from app.admin.page import with_phones
from app.admin.session import Visit
from app.core.errors import AppError
from app.core.language import language_of
from app.core.log import get_logger
from app.core.streamed import Streamed, end
from app.shops.progress import Tell, tell_nobody

log = get_logger(__name__)

LINES = "application/x-ndjson"
Work = Callable[[Tell], Awaitable[dict[str, Any]]]


async def answer_in_steps(visit: Visit, work: Work) -> dict[str, Any] | Response:
    if LINES not in visit.request.headers.get("accept", ""):
        return await work(tell_nobody)
    # Without this header a proxy in front may collect the lines until the end.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Streamed(_lines(visit, work), media_type=LINES, headers=headers)


async def _lines(visit: Visit, work: Work) -> AsyncGenerator[bytes, None]:
    lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    told = language_of(visit.request).told

    async def tell(code: str, level: str, sentence: str) -> None:
        lines.put_nowait({"code": code, "level": level, "sentence": with_phones(told(sentence))})

    async def run() -> None:
        try:
            lines.put_nowait({"status": 200, "body": await work(tell)})
        except AppError as error:
            status, body, _ = explain(visit.request, error)
            lines.put_nowait({"status": status, "body": body})
        except Exception:
            # The answer has begun, so the edge cannot turn this into a 500 any more.
            log.exception("steps.failed")
            lines.put_nowait({"status": 500, "body": {}})
        finally:
            lines.put_nowait(None)

    running = asyncio.create_task(run())
    try:
        while (line := await lines.get()) is not None:
            yield msgspec.json.encode(line) + b"\n"
    finally:
        await end(running)

"""What is sent piece by piece ends with its reader, and lets go of what it held."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from app.core.streamed import Streamed, end


@pytest.mark.parametrize("version", ["2.3", "2.4"])
async def test_the_work_behind_an_answer_has_ended_when_the_answer_has(version: str) -> None:
    said: list[str] = []
    gone = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.01)  # as a connection that is given back
            said.append("let go")

    async def pieces() -> AsyncGenerator[str, None]:
        working = asyncio.create_task(work())
        try:
            while True:
                yield "piece"
        finally:
            await end(working)
            said.append("closed")

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            gone.set()
            await asyncio.sleep(0)
            if version == "2.4":
                raise OSError

    scope = {"type": "http", "asgi": {"spec_version": version}}
    with suppress(ClientDisconnect):
        await Streamed(pieces())(scope, receive, send)
    assert said == ["let go", "closed"]

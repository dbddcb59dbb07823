"""Work that nobody waits for is ended with the process, and its failure is told."""

import asyncio

from structlog.testing import capture_logs

from app.core.errands import Errands


async def test_what_is_under_way_has_let_go_when_the_process_ends() -> None:
    errands, said, begun = Errands(), list[str](), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)  # as a connection that is given back
            said.append("let go")

    errands.run(work())
    await begun.wait()
    await errands.close()
    assert said == ["let go"]


async def test_a_failure_is_told_and_harms_nobody() -> None:
    errands = Errands()

    async def work() -> None:
        raise RuntimeError("of no use")

    with capture_logs() as logs:
        errands.run(work())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert [each["event"] for each in logs] == ["errand.failed"]
    await errands.close()

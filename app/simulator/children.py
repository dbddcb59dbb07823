"""The trial's child processes: started in a session of their own, watched, and ended with everything they started.

Who they are is written down beside their start time, so that a later trial can end what a killed one left behind and
never mistakes a stranger with the same number for it.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

END_SECONDS = 10.0
SAME_START_SECONDS = 2.0  # start times are computed from the machine's uptime and wobble when its clock is set


class ChildEnded(Exception):
    """A process that the trial needs has ended; the text holds its last words."""


@dataclass
class Children:
    record: Path
    logs: Path
    environment: Mapping[str, str]
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def run(self, *arguments: str) -> None:
        """Run `python -m app …` to its end. Raises `ChildEnded` when it fails."""
        name = arguments[0]
        process = await self._start(name, arguments)
        try:
            if await process.wait() != 0:
                raise ChildEnded(f"`{name}` failed.\n{self._last_words(name)}")
        finally:
            await self.end(name)

    async def start(self, *arguments: str) -> None:
        """Start `python -m app …` and leave it running."""
        await self._start(arguments[0], arguments)

    async def watch(self) -> None:
        """Wait for as long as all run. Raises `ChildEnded` when one is gone."""
        waits = {asyncio.create_task(process.wait()): name for name, process in self.running.items()}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            name = waits[done.pop()]
            raise ChildEnded(f"The {name} process has ended by itself.\n{self._last_words(name)}")
        finally:
            for wait in waits:
                wait.cancel()

    async def end(self, name: str) -> None:
        process = self.running[name]
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        finally:
            _signal_group(process.pid, signal.SIGKILL)  # whatever it started and did not end
            del self.running[name]
            self._write_down()

    async def end_all(self) -> None:
        await asyncio.gather(*(self.end(name) for name in list(self.running)), return_exceptions=True)

    async def _start(self, name: str, arguments: tuple[str, ...]) -> asyncio.subprocess.Process:
        self.logs.mkdir(exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "app.simulator.bound",
            str(os.getpid()),
            sys.executable,
            "-m",
            "app",
            *arguments,
        ]
        with self._log(name).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment),
                start_new_session=True,  # Ctrl-C is for the trial, which ends them in its own order
            )
        self.running[name] = process
        self._write_down()
        return process

    def _write_down(self) -> None:
        known = {}
        for name, process in self.running.items():
            try:
                known[name] = {"pid": process.pid, "started": psutil.Process(process.pid).create_time()}
            except psutil.NoSuchProcess:
                continue
        self.record.write_text(json.dumps(known))

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").splitlines()[-15:]
        return "\n".join(f"  {line}" for line in lines) + f"\n(all of it: {self._log(name)})"


def end_leftovers(record: Path) -> int:
    """End what a killed trial left behind; says how many processes that were."""
    if not record.exists():
        return 0
    left = [process for known in json.loads(record.read_text() or "{}").values() for process in _tree(known)]
    for process in left:
        process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=END_SECONDS)
    for process in stubborn:
        process.kill()
    record.unlink()
    return len(left)


def _tree(known: dict[str, float]) -> list[psutil.Process]:
    try:
        process = psutil.Process(int(known["pid"]))
        if (
            abs(process.create_time() - known["started"]) > SAME_START_SECONDS
            or process.status() == psutil.STATUS_ZOMBIE
        ):
            return []
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _signal_group(leader: int, number: signal.Signals) -> None:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):  # nobody left; macOS says the latter of zombies
        return

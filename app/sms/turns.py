"""When this process may call RingCentral as a user: one text after the other, and never in a pause it has been told of.

Each call inside a 429's penalty starts the penalty again, so a call should not begin while the answer of the one
before it may be that 429. The next begins when the answer is here, or after a moment, so that a call that hangs holds
up nobody. A pause is known here the moment its answer has arrived, before the database knows.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakValueDictionary

PATIENCE = 0.25
"""Seconds. A refusal for pace is answered sooner than this, since nothing is done for it."""


class Turn:
    """Held from before the fence, so that it is fresh when the call leaves; the next fences while this one calls."""

    def __init__(self, fencing: asyncio.Lock, calling: asyncio.Lock) -> None:
        self._fencing, self._calling = fencing, calling
        self._held: list[asyncio.Lock] = []
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        await self._take(self._fencing)

    async def may_call(self) -> None:
        """Waits until the call before is answered, or has had its moment."""
        await self._take(self._calling)
        self._release(self._fencing)
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._release, self._calling)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for lock in list(self._held):
            self._release(lock)

    async def _take(self, lock: asyncio.Lock) -> None:
        await lock.acquire()
        self._held.append(lock)

    def _release(self, lock: asyncio.Lock) -> None:
        if lock in self._held:
            self._held.remove(lock)
            lock.release()


class Turns:
    def __init__(self) -> None:
        self._fencing: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._calling: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._pauses: dict[int, datetime] = {}

    @asynccontextmanager
    async def of(self, provider_user_id: int) -> AsyncIterator[Turn]:
        """Waits for this user's turn, in the order of asking."""
        turn = Turn(
            self._fencing.setdefault(provider_user_id, asyncio.Lock()),
            self._calling.setdefault(provider_user_id, asyncio.Lock()),
        )
        try:
            await turn.start()
            yield turn
        finally:
            turn.end()

    def pause(self, provider_user_id: int, until: datetime) -> None:
        """A longer pause is never shortened."""
        self._pauses[provider_user_id] = max(until, self._pauses.get(provider_user_id, until))

    def paused_until(self, provider_user_id: int) -> datetime | None:
        return self._pauses.get(provider_user_id)

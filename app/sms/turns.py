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
    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock, self._held = lock, True
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The call leaves now: the next may follow after a moment at the latest."""
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._release)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._release()

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._lock.release()


class Turns:
    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._pauses: dict[int, datetime] = {}

    @asynccontextmanager
    async def of(self, provider_user_id: int) -> AsyncIterator[Turn]:
        """Waits for this user's turn, in the order of asking."""
        lock = self._locks.setdefault(provider_user_id, asyncio.Lock())
        await lock.acquire()
        turn = Turn(lock)
        try:
            yield turn
        finally:
            turn.end()

    def pause(self, provider_user_id: int, until: datetime) -> None:
        """A longer pause is never shortened."""
        self._pauses[provider_user_id] = max(until, self._pauses.get(provider_user_id, until))

    def paused_until(self, provider_user_id: int) -> datetime | None:
        return self._pauses.get(provider_user_id)

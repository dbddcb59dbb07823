"""The messages in the hands of this process: which users are served next, how many at once, and their leases.

Each message is a task of its own, so nobody waits for the slowest answer of somebody else. Work that costs this
process time (the gate) and waiting for RingCentral have separate bounds, or a RingCentral that hangs would stop all
sending. Three of four places go to users with more than a minute's worth of texts, for they decide when all is sent;
the fourth goes to whoever was served longest ago, so a first text leaves at once whatever else is queued.
"""

import asyncio
import secrets
import time
from collections import defaultdict

import asyncpg

from app.core.log import get_logger
from app.deps import Deps
from app.messages.claim import Claimed, DueUser, claim_due, users_with_due_messages
from app.messages.queries import keep_leases
from app.messages.send import LEASE, call_and_settle, pass_or_settle

log = get_logger(__name__)

OUTBOX = "outbox"
"""The channel on which a process that sends nothing itself says that it has queued something."""
MOST_IN_GATE = 24
MOST_IN_HAND = 240
MOST_OF_A_USER = 20
"""In the hands of this process at once, so that a user whose calls hang leaves room for others."""
MOST_AT_ONCE = 8
"""Of one user in one claim: bounded work per turn."""
LOOK_AGAIN = 0.25
"""Seconds for which the list of due users is good."""
HEARTBEAT = 10.0
"""Seconds between heartbeats: a lease lasts four of them."""


class Dispatch:
    """One for each worker process. `turn` starts what may start and returns; `finish` waits for what was started."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._name = secrets.token_hex(8)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[int, int] = {}
        self._of_user: dict[int, int] = defaultdict(int)
        self._in_gate = 0
        self._due: dict[int, DueUser] = {}
        self._looked_at = float("-inf")
        self._look_took = 0.0
        self._news = False
        self.wake = asyncio.Event()
        """Set when another turn may find something to start."""
        self._served: dict[int, int] = {}
        self._turns = 0

    async def turn(self) -> int:
        """Claim messages for the free places and start them. Answers how many were started."""
        if self._room() <= 0:
            return 0
        await self._look()
        wanted = self._choose(self._room())
        if not wanted:
            return 0
        async with self._deps.db.transaction() as session:
            claimed = await claim_due(session, wanted, holder=self._name, now=self._deps.clock(), lease=LEASE)
        self._note_served(wanted, claimed)
        for conversation in _conversations(claimed):
            self._start(conversation)
        return len(claimed)

    async def finish(self) -> None:
        """What is in hand is brought to its end; nothing new is taken."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def keep_leases(self) -> int:
        """The heartbeat: other workers leave alone what this process still works on."""
        if self._held:
            async with self._deps.db.transaction() as session:
                await keep_leases(session, dict(self._held), self._deps.clock() + LEASE)
        return 0

    def look_now(self) -> None:
        """Something was queued: the list of due users is out of date."""
        self._news = True
        self.wake.set()

    def _room(self) -> int:
        return min(MOST_IN_GATE - self._in_gate, MOST_IN_HAND - len(self._held))

    async def _look(self) -> None:
        """News are looked at soon, but a look must not be all that this process does."""
        age = time.monotonic() - self._looked_at
        pause = min(3 * self._look_took, LOOK_AGAIN)
        if self._news and age < pause:
            await asyncio.sleep(pause - age)
        elif not self._news and age < LOOK_AGAIN:
            return
        self._news = False
        self._looked_at = time.monotonic()
        async with self._deps.db.reading() as session:
            due = await users_with_due_messages(session, self._deps.clock())
        self._look_took = time.monotonic() - self._looked_at
        self._due = {user.user_id: user for user in due}
        self._served = {user_id: turn for user_id, turn in self._served.items() if user_id in self._due}

    def _choose(self, room: int) -> dict[int, int]:
        """How many messages to claim of whom. Replies first, then backlogs and the others, three places to one."""
        free = [user for user in self._due.values() if self._hands_on(user) < MOST_OF_A_USER]
        free.sort(key=lambda user: (self._served.get(user.user_id, 0), -user.due))
        replying = [user for user in free if user.replying]
        backlogs = [user for user in free if user.backlog and not user.replying]
        others = [user for user in free if not user.backlog and not user.replying]
        wanted: dict[int, int] = {}
        self._take(wanted, replying, room)
        left = room - sum(wanted.values())
        self._take(wanted, others, (left + 3) // 4 if backlogs else left)
        self._take(wanted, backlogs, room - sum(wanted.values()))
        self._take(wanted, others, room - sum(wanted.values()))
        return wanted

    def _take(self, wanted: dict[int, int], users: list[DueUser], room: int) -> None:
        for user in users:
            if room <= 0:
                return
            if user.user_id not in wanted:
                most = min(room, user.due, MOST_AT_ONCE, MOST_OF_A_USER - self._hands_on(user))
                wanted[user.user_id] = most
                room -= most

    def _hands_on(self, user: DueUser) -> int:
        return self._of_user.get(user.user_id, 0)

    def _note_served(self, wanted: dict[int, int], claimed: list[Claimed]) -> None:
        """Users that gave fewer messages than were asked for have no more, or no more free calls."""
        got: dict[int, int] = defaultdict(int)
        for held in claimed:
            got[held.provider_user_id] += 1
        self._turns += 1
        for user_id, most in wanted.items():
            self._served[user_id] = self._turns
            user = self._due.get(user_id)
            left = user.due - got[user_id] if user is not None else 0
            if user is None or got[user_id] < most or left <= 0:
                self._due.pop(user_id, None)
            else:
                self._due[user_id] = DueUser(user_id, left, user.backlog, False)

    def _start(self, conversation: list[Claimed]) -> None:
        for held in conversation:
            self._held[held.message.id] = held.message.fence
            self._of_user[held.provider_user_id] += 1
            self._in_gate += 1
        task = asyncio.create_task(self._send_in_order(conversation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_in_order(self, conversation: list[Claimed]) -> None:
        """Texts to one phone go one after the other: "fulfilled" must not overtake "confirmed"."""
        for place, held in enumerate(conversation):
            if place:
                held.seen = None  # the call before took its time
            await self._send(held)

    async def _send(self, held: Claimed) -> None:
        """Never raises, so that one message cannot stop others; what it leaves unsettled, the sweep settles."""
        deps, waiting = self._deps, True
        try:
            ready = await pass_or_settle(deps, held)
            self._in_gate -= 1
            waiting = False
            self._wake()
            if ready is not None:
                await call_and_settle(deps, held, ready)
        except Exception:
            log.exception("message.send_failed", message_id=held.message.id)
        finally:
            self._in_gate -= waiting
            self._held.pop(held.message.id, None)
            self._of_user[held.provider_user_id] -= 1
            if not self._of_user[held.provider_user_id]:
                del self._of_user[held.provider_user_id]
            self._wake()

    def _wake(self) -> None:
        """There is room again, and more to send."""
        if self._due:
            self.wake.set()


async def send_due_messages(deps: Deps) -> int:
    """One turn, brought to its end. Answers how many messages were worked on."""
    dispatch = Dispatch(deps)
    started = await dispatch.turn()
    await dispatch.finish()
    return started


async def announce_queued(deps: Deps) -> None:
    """Tell the workers that this process has queued something: one NOTIFY for all that was queued meanwhile."""
    while True:
        await deps.outbox_changed.wait()
        deps.outbox_changed.clear()
        try:
            await deps.db.notify(OUTBOX)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # They look by themselves every moment; this only makes it sooner.
            log.warning("outbox.not_announced", error=type(error).__name__)


def _conversations(claimed: list[Claimed]) -> list[list[Claimed]]:
    conversations: dict[object, list[Claimed]] = defaultdict(list)
    for held in claimed:
        message = held.message
        conversations[message.phone_hash or message.order_id or message.id].append(held)
    return list(conversations.values())

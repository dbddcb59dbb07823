"""The pace RingCentral allows: calls per group, user and application in a sliding window, and the penalty after a 429.

Source: RingCentral developer guide, "Rate limits". Every call inside a penalty starts the penalty again, whatever
process it comes from; the limits themselves can be changed, because a client must read them from the headers.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.clock import Clock
from app.simulator.ringcentral.errors import KNOWN, Fault

GROUPS = ("auth", "heavy", "medium", "light")


@dataclass(slots=True)
class Window:
    """The calls of one user, application and group. *penalty* is the length in seconds of the one running, which began
    at *paused_since*, however often it was started again."""

    calls: deque[datetime] = field(default_factory=deque)
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    penalty: float = 0


class Limits:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], Window] = {}
        self.use()

    def use(
        self,
        *,
        auth: int = 5,
        heavy: int = 10,
        medium: int = 40,
        light: int = 50,
        window: float = 60,
        penalty: float = 60,
    ) -> None:
        self._allowed = {"auth": auth, "heavy": heavy, "medium": medium, "light": light}
        self.window, self.penalty = window, penalty

    def take(self, caller: str, group: str) -> Mapping[str, str]:
        """Counts one call and answers the headers that tell what is left. Raises the 429 when nothing was."""
        window, now = self._window(caller, group), self._clock()
        if window.paused_until is not None and now < window.paused_until:
            raise self._refusal(caller, group, window.penalty)
        while window.calls and window.calls[0] <= now - timedelta(seconds=self.window):
            window.calls.popleft()
        if len(window.calls) >= self._allowed[group]:
            raise self._refusal(caller, group, self.penalty)
        window.calls.append(now)
        return self._headers(group, self._allowed[group] - len(window.calls))

    def penalise(self, caller: str, group: str, seconds: float) -> None:
        """Starts a penalty, or starts the running one again."""
        window = self._window(caller, group)
        if self.penalty_age(caller, group) is None:
            window.paused_since = self._clock()
        window.paused_until = self._clock() + timedelta(seconds=seconds)
        window.penalty = seconds

    def penalty_age(self, caller: str, group: str) -> float | None:
        """Seconds since the running penalty began; None when there is none."""
        window, now = self._window(caller, group), self._clock()
        if window.paused_since is None or window.paused_until is None or now >= window.paused_until:
            return None
        return (now - window.paused_since).total_seconds()

    def _window(self, caller: str, group: str) -> Window:
        return self._windows.setdefault((caller, group), Window())

    def _refusal(self, caller: str, group: str, seconds: float) -> Fault:
        self.penalise(caller, group, seconds)
        headers = {"Retry-After": str(max(1, round(seconds))), **self._headers(group, 0)}
        status, word, message = KNOWN["CMN-301"]
        return Fault(status, "CMN-301", message, word, headers=headers)

    def _headers(self, group: str, remaining: int) -> dict[str, str]:
        return {
            "X-Rate-Limit-Group": group,
            "X-Rate-Limit-Limit": str(int(self._allowed[group])),
            "X-Rate-Limit-Remaining": str(int(remaining)),
            "X-Rate-Limit-Window": f"{self.window:g}",
        }

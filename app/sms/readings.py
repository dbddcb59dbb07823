"""Long listings that the pace cuts short: a job ends there, comes back, and goes on with the page it had come to.

Kept in the memory of this process, for a while: another process that takes the job up reads from the first page, and
does as much in each of its turns, so it comes to an end too. A listing of customers' texts is nothing to store.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

KEPT_FOR = timedelta(minutes=30)
"""A listing of the most pages that are ever read takes two minutes, where nothing else calls."""
MOST = 100


@dataclass
class Reading:
    """One listing, in one or in several goes. *begun_at*: what came later may be missing from its first pages."""

    begun_at: datetime
    answers: MutableMapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass
class Readings:
    _kept: dict[str, Reading] = field(default_factory=dict, repr=False)

    def of(self, key: str, now: datetime) -> Reading:
        """The one that was begun under *key* and is not `done`, or a new one. The oldest give way to it."""
        self._kept = {each: kept for each, kept in self._kept.items() if kept.begun_at > now - KEPT_FOR}
        if key not in self._kept and len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        return self._kept.setdefault(key, Reading(now))

    def done(self, key: str) -> None:
        self._kept.pop(key, None)

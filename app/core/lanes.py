"""How much of a kind of work is in hand at once in this process, altogether and for each who is served."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Lanes:
    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def enter(self, most: Mapping[str, int]) -> Iterator[bool]:
        """Take a place in each lane of *most* (lane to its places) meanwhile; False, and none taken, if one is full."""
        if any(self._taken[lane] >= places for lane, places in most.items()):
            yield False
            return
        self._taken.update(most.keys())
        try:
            yield True
        finally:
            self._taken.subtract(most.keys())
            self._taken = +self._taken

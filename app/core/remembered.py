"""Small answers from outside, remembered in this process for a while, and only so many."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass
class Remembered(Generic[Key]):
    """The oldest give way once there are *most*."""

    most: int
    _kept: dict[Key, tuple[str, datetime]] = field(default_factory=dict, repr=False)

    def find(self, key: Key, now: datetime) -> str | None:
        """None for what was never told, and for what is no longer to be believed."""
        value, until = self._kept.get(key, ("", now))
        return value if until > now else None

    def keep(self, key: Key, value: str, until: datetime) -> None:
        self._kept.pop(key, None)
        while len(self._kept) >= self.most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (value, until)

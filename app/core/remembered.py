"""Small answers from outside, remembered in this process for a while, and only so many."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Answer:
    """Asked for anew from *due* on, and gone from *until* on: meanwhile it is good enough to show."""

    value: str
    due: datetime
    until: datetime


@dataclass
class Remembered(Generic[Key]):
    """The oldest give way once there are *most*. What is no longer to be believed leaves the memory with `sweep`."""

    most: int
    _kept: dict[Key, Answer] = field(default_factory=dict, repr=False)

    def find(self, key: Key, now: datetime) -> str | None:
        """None for what was never told, and for what is no longer to be believed."""
        answer = self._kept.get(key)
        if answer is None:
            return None
        if answer.until > now:
            return answer.value
        del self._kept[key]
        return None

    def is_due(self, key: Key, now: datetime) -> bool:
        """Whether it pays to ask."""
        return self.find(key, now) is None or self._kept[key].due <= now

    def claim(self, key: Key, now: datetime, due: datetime) -> None:
        """Somebody asks: others need not before *due*. What is known is shown meanwhile, but no longer than before."""
        if self.find(key, now) is None:
            self.keep(key, Answer("", due, due))
        else:
            self._kept[key] = replace(self._kept[key], due=due)

    def keep(self, key: Key, answer: Answer) -> None:
        self._kept.pop(key, None)
        while len(self._kept) >= self.most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = answer

    def sweep(self, now: datetime) -> None:
        """To be called again and again: nobody may ever look for an answer again."""
        self._kept = {key: answer for key, answer in self._kept.items() if answer.until > now}

    def forget(self, which: Callable[[Key], bool]) -> None:
        self._kept = {key: answer for key, answer in self._kept.items() if not which(key)}

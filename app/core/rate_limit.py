"""A token bucket for each caller, in the memory of this process: a net against floods, not an accounting.

Bounded: the callers seen longest ago are forgotten first. An IPv6 caller is known by its /64, because one machine may
use all of it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address

MOST_CALLERS = 10_000


class RateLimit:
    """*burst* at once, then *per_second*. *now* answers seconds that never go back."""

    def __init__(
        self,
        *,
        burst: float,
        per_second: float,
        most_callers: int = MOST_CALLERS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.burst, self.per_second = burst, per_second
        self._most, self._now = most_callers, now
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> bool:
        """Whether *caller* had one left; it is gone then."""
        left, now = self._left(caller), self._now()
        allowed = left >= 1
        self._callers[caller] = (left - 1 if allowed else left, now)
        self._callers.move_to_end(caller)
        while len(self._callers) > self._most:
            self._callers.popitem(last=False)
        return allowed

    def is_spent(self, caller: str) -> bool:
        """Whether `take` would refuse; nothing is taken."""
        return self._left(caller) < 1

    def retry_after(self, caller: str) -> int:
        """Whole seconds until there is one again."""
        return max(1, round((1 - self._left(caller)) / self.per_second + 0.5))

    def _left(self, caller: str) -> float:
        known = self._callers.get(caller)
        if known is None:
            return self.burst
        left, at = known
        return min(self.burst, left + (self._now() - at) * self.per_second)


def caller_of(client: tuple[str, int] | list[object] | None) -> str:
    """Who calls, from ASGI's `client`. Behind a proxy that is its client once FORWARDED_ALLOW_IPS names the proxy."""
    host = str(client[0]) if client else ""
    try:
        address = IPv6Address(host.partition("%")[0])
    except AddressValueError:
        return host
    mapped = address.ipv4_mapped
    return str(mapped) if mapped is not None else f"{int(address) >> 64:x}/64"

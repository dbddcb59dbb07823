"""How many points of the Admin API a shop has left, as far as this process knows, so that it waits before a refusal.

Source: Shopify, "Rate limits": a leaky bucket for each app and shop; every answer tells what is left and how fast it
fills. Other processes spend from the same bucket, so this is an estimate that each answer corrects; a call that is
throttled nevertheless is waited out by the same rule. What calls in flight may cost is counted as spent.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_SHOPS = 10_000
MOST_OPERATIONS = 500
STANDARD_RATE = 100.0


@dataclass
class Bucket:
    """*left* points at the moment *at*, by Shopify's own word; *in_flight* is what our open calls may cost."""

    left: float
    size: float
    rate: float
    at: float
    in_flight: float = 0.0

    def after(self, now: float) -> float:
        """Points left once every open call has been paid for; may be less than none."""
        return min(self.size, self.left + (now - self.at) * self.rate) - self.in_flight


class Throttle:
    """One for each client. Bounded: the shops asked longest ago are forgotten."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._costs: OrderedDict[str, float] = OrderedDict()

    def reserve(self, shop_domain: str, operation: str) -> tuple[float, float]:
        """(points to give back by `settle`, seconds to wait before the call). Who comes first goes first."""
        bucket, cost = self._buckets.get(shop_domain), self._costs.get(operation, 0.0)
        if bucket is None:
            return 0.0, 0.0
        bucket.in_flight += cost
        return cost, max(-bucket.after(self._now()) / bucket.rate, 0.0)

    def settle(self, shop_domain: str, operation: str, reserved: float, cost: Mapping[str, Any] | None) -> None:
        """After the answer, or without one: *cost* is `extensions.cost`."""
        bucket = self._buckets.get(shop_domain)
        if bucket is not None:
            bucket.in_flight = max(bucket.in_flight - reserved, 0.0)
        if cost is None:
            return
        requested = _number(cost.get("requestedQueryCost"))
        if requested is not None:
            _remember(self._costs, operation, requested, MOST_OPERATIONS)
        status = cost.get("throttleStatus")
        left = _number(status.get("currentlyAvailable")) if isinstance(status, Mapping) else None
        if left is None or not isinstance(status, Mapping):
            return
        rate = _number(status.get("restoreRate")) or STANDARD_RATE
        size = _number(status.get("maximumAvailable")) or rate * 20
        known = bucket.in_flight if bucket is not None else 0.0
        _remember(self._buckets, shop_domain, Bucket(left, size, rate, self._now(), known), MOST_SHOPS)


def _remember(known: OrderedDict[str, Any], key: str, value: object, most: int) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > most:
        known.popitem(last=False)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

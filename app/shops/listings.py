"""Listings of many pages: a job reads one to its end, waiting for the slot of each page, and few jobs do so at once.

A job that gave up in the middle would begin again with the first page, and a listing of more pages than a minute has
calls would never end. A job that waits holds one of the places that all shops share, so that a listing which goes on
needs one of a few places of its own, which it keeps to its end. Where none is free it comes back later.
"""

import random
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from app.core.jobs import JOBS_AT_ONCE
from app.core.lanes import Lanes
from app.sms.contract import Throttled

LOOKS = 150
"""For a slot, one a second. One is free after a minute, unless others take it; a longer pause is not waited for."""
PLACES = max(1, JOBS_AT_ONCE // 10)
PLACES_OF_COMPARISONS = max(1, PLACES // 2)
"""The others are always there for texts that were missed: one of them may be a STOP."""
COMPARISONS_OF_A_USER = 2
"""All pages of a user share the calls of one minute."""


class Listing:
    """One job's listings of one user. *most*: the lanes in which it needs a place, *back*: seconds to come back in."""

    def __init__(self, lanes: Lanes, most: Mapping[str, int], back: tuple[int, int]) -> None:
        self._lanes, self._most, self._back = lanes, most, back
        self._held = ExitStack()
        self._has_place = False
        self.goes_on = False
        """Whether it is past its first page and has a place, so that every further call is waited for."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def take_place(self) -> None:
        """Raises `Throttled` where none is free."""
        if not self._has_place:
            self._has_place = self._held.enter_context(self._lanes.enter(self._most))
        if not self._has_place:
            back = random.uniform(*self._back)  # noqa: S311  # jitter, not a secret
            raise Throttled("Other long lists are being read first.", code="listings", retry_after=back)

    def go_on(self) -> None:
        """To be called before a second page and each later one."""
        self.take_place()
        self.goes_on = True


def missed_texts(lanes: Lanes) -> Listing:
    """Most have one page, and one page needs no place: no long listing keeps others' STOP from being found."""
    return Listing(lanes, {"listings": PLACES}, (10, 20))


def comparison(lanes: Lanes, provider_user_id: int) -> Listing:
    """Of RingCentral's consent list with ours, which can wait: `take_place` before the first page."""
    of_user = f"comparisons of {provider_user_id}"
    most = {"listings": PLACES, "comparisons": PLACES_OF_COMPARISONS, of_user: COMPARISONS_OF_A_USER}
    return Listing(lanes, most, (60, 180))

"""Calls a provider as one RingCentral user: with its shared token, in its shared pace, and never in a pause.

Source: RingCentral, "Rate limits". One use of the provider may be many calls; each has a slot of the user's minute. No
transaction is open during a call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from app.core.log import get_logger
from app.deps import Deps
from app.shops.listings import LOOKS, Listing
from app.shops.logins import access_of, break_connection, renew_token, usable_token
from app.shops.pace import STAMP, Cost, take_calls
from app.shops.pauses import note_pause, refuse_while_paused, refuse_while_told_to_pause
from app.shops.queries import get_provider_user
from app.sms.contract import (
    Access,
    CallGroup,
    ProviderUnavailable,
    SmsError,
    SmsProvider,
    Throttled,
    TokenRejected,
    Transport,
)

log = get_logger(__name__)

T = TypeVar("T")


async def call_provider(
    deps: Deps,
    provider_user_id: int,
    call: Callable[[SmsProvider, Access], Awaitable[T]],
    *,
    cost: Cost = Cost(),  # noqa: B008  # frozen
    transport: str = Transport.SMS,
    listing: Listing | None = None,
) -> T:
    """Run *call* with a good token, renewing it once if it is rejected. Raises the contract's errors.

    *cost* is what it takes at least: without so many slots it does not begin. Where there is none for what it takes
    beyond, the pages of a long listing, it raises `Throttled`, or waits if it is a job's *listing*. Whoever works for
    several users at once has none: it would keep the others waiting. A `Throttled` answer pauses the user for every
    process before it is raised.
    """
    rejected, code = None, ""
    for _ in range(2):
        if listing is not None and listing.goes_on:
            cost = Cost(light=0)  # waited for like any further page
        provider, access, slots = await _prepare(deps, provider_user_id, rejected, cost, transport)
        purse = Purse(deps, provider_user_id, cost, slots, listing)
        try:
            refuse_while_told_to_pause(deps, provider_user_id)
            return await call(provider, replace(access, pay=purse.pay))
        except TokenRejected as error:
            rejected, code = access.access_token, error.code
        except SmsError as error:
            await note_pause(deps, provider_user_id, error)
            raise
        finally:
            await _stamp(deps, purse.slots)
    raise await break_connection(deps, provider_user_id, code)


class Purse:
    """The slots of one use: those paid for beforehand, then one for each further call, which a listing waits for."""

    def __init__(
        self, deps: Deps, provider_user_id: int, cost: Cost, slots: list[int], listing: Listing | None = None
    ) -> None:
        self._listing = listing
        self._deps = deps
        self._provider_user_id = provider_user_id
        self._paid = {CallGroup.AUTH: cost.auth, CallGroup.MEDIUM: cost.medium, CallGroup.LIGHT: cost.light}
        self.slots = slots

    async def pay(self, group: CallGroup) -> None:
        if self._paid[group] > 0:
            refuse_while_told_to_pause(self._deps, self._provider_user_id)
            self._paid[group] -= 1
            return
        # Calls follow each other, so the answers to all before this one are here.
        await _stamp(self._deps, self.slots)
        self.slots = []
        if self._listing is None:
            await self._take(group)
        else:
            self._listing.go_on()
            await self._wait_for(group)

    async def _wait_for(self, group: CallGroup) -> None:
        for looks_left in reversed(range(LOOKS)):
            try:
                await self._take(group)
            except Throttled as full:
                if full.retry_after > looks_left:
                    raise
                await asyncio.sleep(1)
            else:
                return

    async def _take(self, group: CallGroup) -> None:
        cost = Cost(light=int(group is CallGroup.LIGHT), medium=int(group is CallGroup.MEDIUM))
        async with self._deps.db.transaction() as session:
            user = await get_provider_user(session, self._provider_user_id, lock=True)
            refuse_while_paused(self._deps, user)
            self.slots += await take_calls(session, user, cost, self._deps.clock())


async def _prepare(
    deps: Deps, provider_user_id: int, rejected: str | None, cost: Cost, transport: str
) -> tuple[SmsProvider, Access, list[int]]:
    """A good token, which may take a login, and the slots of the calls."""
    for _ in range(2):
        async with deps.db.transaction() as session:
            user = await get_provider_user(session, provider_user_id, lock=True)
            refuse_while_paused(deps, user)
            token = usable_token(deps, user, rejected)
            if token is not None:
                slots = await take_calls(session, user, cost, deps.clock())
                return deps.provider(user.provider, transport), access_of(user, token), slots
        await renew_token(deps, provider_user_id, rejected)
    raise ProviderUnavailable("RingCentral's sign-in did not last. It will be repeated.", code="login_brief")


async def _stamp(deps: Deps, slots: Sequence[int]) -> None:
    if slots:
        await deps.db.pool.execute(STAMP, deps.clock(), list(slots))

"""The simulated RingCentral as tests and the trial hold it: add users and numbers, text as a customer, order troubles.

With a `HeldClock` nothing happens by itself: statuses follow the clock whenever somebody looks, and subscribers hear of
them when `deliver_status_events` is called. With any other clock the server calls it twice a second while it runs.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from app.core.clock import Clock, HeldClock
from app.simulator.ringcentral.control import build_control, texts_of
from app.simulator.ringcentral.credentials import make_jwt, revoke_jwt
from app.simulator.ringcentral.faults import Trouble
from app.simulator.ringcentral.handsets import deliver_text
from app.simulator.ringcentral.notifications import announce_changes
from app.simulator.ringcentral.numbers import PERMISSIONS
from app.simulator.ringcentral.platform import Platform
from app.simulator.ringcentral.server import build_server
from app.simulator.ringcentral.state import SMS_FEATURES, Number, User

TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")


class RingCentralSimulator(Platform):
    def __init__(self, *, clock: Clock, state_path: Path | None = None, url: str = "http://127.0.0.1:8002") -> None:
        super().__init__(clock=clock, state_path=state_path, url=url)
        self.status_events_every = 0.5
        self.app: Starlette = build_server(self, control=build_control(self), lifespan=self._lifespan)

    # --- Users, numbers, credentials

    def add_user(
        self,
        *,
        name: str = "Acme Store",
        extension_id: str | None = None,
        brand: str = "RingCentral",
        account_id: str | None = None,
        permissions: tuple[str, ...] = PERMISSIONS,
    ) -> User:
        """A user in an account of their own, unless *account_id* says whose. A known *extension_id* answers the user
        who has it."""
        if extension_id is not None and extension_id in self.state.users:
            return self.state.users[extension_id]
        count = len(self.state.users)
        user = User(
            owner_id=extension_id or str(629893001 + 1000 * count),
            account_id=account_id or str(809640001 + 1000 * count),
            name=name,
            brand=brand,
            extension_number=str(101 + count),
            permissions=list(permissions),
        )
        self.state.users[user.owner_id] = user
        self.save()
        return user

    def add_number(
        self,
        user: User,
        phone: str = "+16505550100",
        *,
        features: tuple[str, ...] = SMS_FEATURES,
        stop_handled_by: str | None = None,
        campaign_status: str | None = "Confirmed",
        **fields: Any,
    ) -> Number:
        """*fields*: any other of `Number`. *stop_handled_by* None: as RingCentral does for such a number. A number
        added before is answered as it is, or moved to *user*."""
        number = self.state.numbers.get(phone)
        if number is None:
            fields.setdefault("payment_type", "TollFree" if phone.startswith(TOLL_FREE) else "Local")
            fields.setdefault("primary", not any(n.owner_id == user.owner_id for n in self.state.numbers.values()))
            number = Number(
                id=121554771344 + self.state.new_id(),
                phone=phone,
                owner_id=user.owner_id,
                account_id=user.account_id,
                features=features,
                stop_handled_by=stop_handled_by or ("list" if "A2PSmsSender" in features else "provider"),
                campaign_status=campaign_status,
                **fields,
            )
            self.state.numbers[phone] = number
        number.owner_id, number.account_id = user.owner_id, user.account_id
        self.save()
        return number

    def issue_jwt(self, user: User, *, audience: str | None = None, expires_at: datetime | None = None) -> str:
        """A credential to paste. *expires_at* None: it never expires."""
        token = make_jwt(self, user, audience=audience, expires_at=expires_at)
        self.save()
        return token

    def revoke_jwt(self, token: str) -> None:
        revoke_jwt(self, token)
        self.save()

    def end_sessions(self, user: User) -> None:
        """All access tokens of *user* are unknown from now on."""
        for session in list(self.state.sessions.values()):
            if session.owner_id == user.owner_id:
                del self.state.sessions[session.access_token]
        self.save()

    def forget_sync_tokens(self) -> None:
        """Every synchronisation token given so far is answered with MSG-333."""
        self.sync_generation += 1

    # --- What happened, and what customers do

    @property
    def sent(self) -> list[dict[str, str]]:
        return self.state.sent

    @property
    def group_messages(self) -> list[dict[str, str]]:
        """Texts to several recipients at once, who all saw each other's numbers. An application has none."""
        return self.state.group_messages

    def texts_of(self, phone: str) -> list[dict[str, str]]:
        """Everything the handset saw, oldest first; what was blocked or failed is absent."""
        return texts_of(self, phone)

    async def customer_texts(self, phone: str, to: str, text: str) -> None:
        """Raises LookupError when no user has the number *to*."""
        await deliver_text(self, phone, to, text)

    async def deliver_status_events(self) -> None:
        await announce_changes(self)

    # --- Troubles

    def fail_next(
        self,
        status: int,
        *,
        code: str | None = None,
        retry_after: int | None = None,
        times: int = 1,
        path: str = "/sms",
        after_accepting: bool = False,
    ) -> None:
        """*path* is the end of the path, `*` allowed. A 429 starts a penalty of *retry_after* seconds, or the usual
        one."""
        self.troubles.order(
            Trouble(
                kind="fail",
                path=path,
                times=times,
                after_accepting=after_accepting,
                status=status,
                code=code,
                retry_after=retry_after,
            )
        )

    def hang_next(self, seconds: float, *, path: str = "/sms", times: int = 1, after_accepting: bool = False) -> None:
        """Real seconds. A caller that gives up before has not had its call carried out, unless *after_accepting*."""
        self.troubles.order(
            Trouble(kind="hang", path=path, times=times, after_accepting=after_accepting, seconds=seconds)
        )

    def drop_next(self, *, path: str = "/sms", after_accepting: bool = False, times: int = 1) -> None:
        self.troubles.order(Trouble(kind="drop", path=path, times=times, after_accepting=after_accepting))

    def use_limits(
        self,
        *,
        auth: int = 5,
        heavy: int = 10,
        medium: int = 40,
        light: int = 50,
        window: float = 60,
        penalty: float = 60,
    ) -> None:
        self.limits.use(auth=auth, heavy=heavy, medium=medium, light=light, window=window, penalty=penalty)

    # --- While it runs

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        task = None if isinstance(self.clock, HeldClock) else asyncio.create_task(self._tell_of_statuses())
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self.aclose()

    async def _tell_of_statuses(self) -> None:
        while True:
            await asyncio.sleep(self.status_events_every)
            await self.deliver_status_events()

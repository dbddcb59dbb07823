"""RingCentral as two `SmsProvider`s, one for each transport: the methods of the contract, each handed to the module
that knows its subject. Login, numbers, subscription and consent list are the same for both, the texts' road is not."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from app.core.clock import Clock
from app.core.http import Http
from app.core.log import get_logger
from app.sms.contract import (
    Accepted,
    Access,
    Changes,
    ConsentRecord,
    Credentials,
    DeliveryFailure,
    Event,
    Finding,
    InboundText,
    Line,
    Number,
    NumberFacts,
    StatusReport,
    Subscription,
    Token,
    Transport,
)
from app.sms.providers.ringcentral import (
    consents,
    delivery_failures,
    high_volume,
    inbound,
    login,
    messages,
    numbers,
    subscriptions,
)
from app.sms.providers.ringcentral.client import DEADLINE_SECONDS, Client

log = get_logger(__name__)


class Road(Protocol):
    """What differs between the transports: how texts go out, and where they are found afterwards. One module each."""

    async def inspect_line(
        self, client: Client, access: Access, number: Number
    ) -> tuple[NumberFacts, list[Finding]]: ...

    async def send(self, client: Client, access: Access, *, sender: str, recipient: str, text: str) -> Accepted: ...

    async def find_sent(
        self,
        client: Client,
        access: Access,
        *,
        sender: str,
        recipient: str,
        text: str,
        since: datetime,
        besides: Collection[str],
    ) -> Accepted | None: ...

    async def read_statuses(
        self, client: Client, access: Access, ids: Sequence[str], *, sent_between: tuple[datetime, datetime] | None
    ) -> list[StatusReport]: ...

    async def list_inbound(
        self, client: Client, access: Access, *, since: datetime, numbers: Collection[str]
    ) -> list[InboundText]: ...

    async def list_changes(
        self, client: Client, access: Access, *, sync_token: str | None, since: datetime, numbers: Collection[str]
    ) -> Changes: ...


class RingCentral:
    """*server_url* is the configured server; besides RingCentral's own two it is the only one that is ever called.
    *deadline*: of one call, in seconds."""

    name = "ringcentral"
    transport: Transport = Transport.SMS
    _road: Road = messages

    def __init__(self, http: Http, *, clock: Clock, server_url: str, deadline: float = DEADLINE_SECONDS) -> None:
        self._client = Client(http, deadline=deadline)
        self._clock = clock
        self._servers = login.Servers(configured=server_url)

    def check_credentials(self, credentials: Credentials, *, now: Clock) -> dict[str, str]:
        return login.check_credentials(credentials, self._servers, now())

    async def log_in(self, credentials: Credentials) -> Token:
        return await login.log_in(credentials, self._servers, self._clock)

    async def log_out(self, credentials: Credentials, access_token: str) -> None:
        if not self._servers.allows(credentials.server):
            return
        failure = await self._client.revoke(
            credentials.server, credentials.client_id, credentials.client_secret, access_token
        )
        if failure is not None:
            log.info("ringcentral.log_out_failed", code=failure.code)

    async def list_numbers(self, access: Access) -> list[Number]:
        return await numbers.list_numbers(self._client, access)

    async def inspect(self, access: Access, scopes: frozenset[str]) -> list[Finding]:
        return await numbers.inspect(self._client, access, scopes)

    async def inspect_number(self, access: Access, number: Number) -> tuple[NumberFacts, list[Finding]]:
        return await self._road.inspect_line(self._client, access, number)

    async def send(self, access: Access, *, sender: str, recipient: str, text: str) -> Accepted:
        return await self._road.send(self._client, access, sender=sender, recipient=recipient, text=text)

    async def find_sent(
        self,
        access: Access,
        *,
        sender: str,
        recipient: str,
        text: str,
        since: datetime,
        besides: Collection[str] = (),
    ) -> Accepted | None:
        return await self._road.find_sent(
            self._client, access, sender=sender, recipient=recipient, text=text, since=since, besides=besides
        )

    async def read_statuses(
        self, access: Access, ids: Sequence[str], *, sent_between: tuple[datetime, datetime] | None = None
    ) -> list[StatusReport]:
        return await self._road.read_statuses(self._client, access, ids, sent_between=sent_between)

    async def list_inbound(
        self, access: Access, *, since: datetime, numbers: Collection[str] = ()
    ) -> list[InboundText]:
        return await self._road.list_inbound(self._client, access, since=since, numbers=numbers)

    async def list_changes(
        self, access: Access, *, sync_token: str | None, since: datetime, numbers: Collection[str] = ()
    ) -> Changes:
        return await self._road.list_changes(self._client, access, sync_token=sync_token, since=since, numbers=numbers)

    async def subscribe(
        self,
        access: Access,
        *,
        address: str,
        verification_token: str,
        lifetime: timedelta,
        lines: Collection[Line],
    ) -> Subscription:
        return await subscriptions.subscribe(
            self._client,
            access,
            address=address,
            verification_token=verification_token,
            lifetime=lifetime,
            lines=lines,
        )

    def hears(self, subscription: Subscription, lines: Collection[Line]) -> bool:
        return subscriptions.hears(subscription, lines)

    async def read_subscription(self, access: Access, subscription_id: str) -> Subscription | None:
        return await subscriptions.read_subscription(self._client, access, subscription_id)

    async def renew_subscription(self, access: Access, subscription_id: str) -> Subscription | None:
        return await subscriptions.renew_subscription(self._client, access, subscription_id)

    async def unsubscribe(self, access: Access, subscription_id: str) -> None:
        await subscriptions.unsubscribe(self._client, access, subscription_id)

    def parse_event(self, raw: bytes) -> Event:
        return inbound.parse_event(raw, received_at=self._clock())

    async def record_opt_out(self, access: Access, *, sender: str, recipient: str) -> None:
        await consents.record(self._client, access, sender=sender, recipient=recipient, opted_out=True)

    async def record_opt_in(self, access: Access, *, sender: str, recipient: str) -> None:
        await consents.record(self._client, access, sender=sender, recipient=recipient, opted_out=False)

    async def search_consents(
        self, access: Access, *, sender: str, recipient: str | None = None, opted_out: bool = True
    ) -> list[ConsentRecord]:
        return await consents.search(self._client, access, sender=sender, recipient=recipient, opted_out=opted_out)

    def delivery_failure(self, code: str | None) -> DeliveryFailure:
        return delivery_failures.delivery_failure(code)


class HighVolume(RingCentral):
    """The same user's High Volume numbers: texts go out, are found and are read by operations of their own."""

    transport: Transport = Transport.A2P
    _road: Road = high_volume

"""What all parts of the simulated RingCentral share: its memory, its clock, its switches, and who is calling.

The switches stand for things the real service may or may not do (issue refresh tokens, report STOP to the
application, refuse a filter); their defaults are what its documentation says.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from starlette.requests import Request

from app.core.clock import Clock
from app.core.http import trusted
from app.simulator.ringcentral.errors import Fault, fault
from app.simulator.ringcentral.faults import Troubles
from app.simulator.ringcentral.limits import Limits
from app.simulator.ringcentral.state import Message, Number, State, User, load_state, save_state

SCOPES = ("ReadMessages", "ReadAccounts", "SMS", "SubscriptionWebhook")
KEPT_REQUESTS = 20_000


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """*status* 0: cut off or hung up without an answer. *penalty_age*: it came so many seconds after the 429 that began
    the running penalty; None outside penalties."""

    method: str
    path: str
    status: int
    at: datetime
    owner_id: str | None = None
    penalty_age: float | None = None

    @property
    def violates_penalty(self) -> bool:
        return self.penalty_age is not None


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One notification. *status* None: it was lost on purpose, or nobody answered in time."""

    subscription_id: str
    owner_id: str
    event: str
    uuid: str
    status: int | None
    at: datetime
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request, with its body read."""

    request: Request
    body: bytes
    user: User
    client_id: str

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises CMN-103 for another media type and CMN-104 for what cannot be read."""
        media_type = self.request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type != "application/json":
            raise Fault(415, "CMN-103", "Content type is not supported", "UnsupportedMediaType")
        try:
            value = msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise unreadable() from error
        if not isinstance(value, dict):
            raise unreadable()
        return value


def unreadable() -> Fault:
    return fault("CMN-104", "Request body cannot be parsed as JSON")


class Platform:
    """*state_path* None: nothing is kept. Set *url* before the first JWT is issued: it is the audience."""

    def __init__(self, *, clock: Clock, state_path: Path | None, url: str) -> None:
        self.clock = clock
        self.url = url
        self.state_path = state_path
        self.state: State = load_state(state_path, secret=secrets.token_hex(32))
        self.limits = Limits(clock)
        self.troubles = Troubles()

        self.client_id = "simulated-client"
        self.client_secret = "simulated-secret"
        self.other_clients: dict[str, str] = {}
        self.scopes: tuple[str, ...] = SCOPES
        self.jwt_allowed = True
        self.refresh_tokens = False
        self.sessions_per_user = 5

        self.duplicate_webhooks = False
        self.lose_webhooks = False
        self.stop_reaches_application = True
        self.token_header = "Verification-Token"
        self.blacklist_after: int | None = 10
        self.webhook_deadline = 3.0
        self.refused_filters: set[str] = set()
        self.disabled_filters: set[str] = set()

        self.delivery_outcomes: dict[str, str] = {}
        self.refusals: dict[str, str] = {}
        self.latency = 0.0
        """Seconds for which an answer is on its way, after the call was carried out."""
        self.rejections: dict[str, str] = {}
        self.sent_after = 1.0
        self.delivered_after = 3.0

        self.requests: list[RecordedRequest] = []
        self.webhooks: list[WebhookAttempt] = []
        self.sync_generation = 0
        self.undelivered_consents: list[str] = []
        self.unsettled = unsettled_of(self.state.messages)
        self.a2p_unsettled = unsettled_of(self.state.a2p_messages)
        self.announcing = asyncio.Lock()
        self._http: httpx2.AsyncClient | None = None

    def secret_of(self, client_id: str) -> str | None:
        return self.client_secret if client_id == self.client_id else self.other_clients.get(client_id)

    def save(self) -> None:
        if self.state_path is not None:
            save_state(self.state, self.state_path)

    def http(self) -> httpx2.AsyncClient:
        """The client that calls webhooks; each call sets its own deadline."""
        if self._http is None or self._http.is_closed:
            limits = httpx2.Limits(max_connections=20, max_keepalive_connections=20)
            self._http = httpx2.AsyncClient(
                verify=trusted(), timeout=None, limits=limits, trust_env=False, follow_redirects=False
            )
        return self._http

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    def record(self, request: RecordedRequest) -> None:
        self.requests.append(request)
        if len(self.requests) > KEPT_REQUESTS:
            del self.requests[: KEPT_REQUESTS // 2]

    def add_message(self, message: Message) -> None:
        self.state.messages[message.id] = message
        self.unsettled[message.id] = None

    def numbers_of(self, user: User) -> list[Number]:
        """The numbers assigned to *user*, then the company's numbers, which every user sees but cannot text from."""
        numbers = [n for n in self.state.numbers.values() if n.account_id == user.account_id]
        own = [n for n in numbers if n.owner_id == user.owner_id]
        company = [n for n in numbers if n.owner_id != user.owner_id and n.usage_type.endswith("CompanyNumber")]
        return own + company

    def extension_uri(self, user: User) -> str:
        return f"{self.url}/restapi/v1.0/account/{user.account_id}/extension/{user.owner_id}"


def unsettled_of(messages: dict[int, Message]) -> dict[int, None]:
    return {m.id: None for m in messages.values() if m.announced in (None, "Queued", "Sent")}


def timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""What a provider of text messages promises to the features, in no provider's own words.

Everything a provider can answer is one of the values or one of the errors below, so that the sending code decides by
type alone. A provider is stateless: it is handed `Access` for each call and keeps no token, no pace and no retries;
those belong to the caller, who shares them between processes. One that has several kinds of numbers offers an object
for each transport: they share login, numbers and subscription, and differ in how texts are sent, found and read.

    SmsError                   one plain sentence for the merchant, and the provider's own code
    ├── Throttled              nothing was done; no call at all for `retry_after` seconds
    ├── ProviderUnavailable    nothing was done; the same call may succeed later
    ├── OutcomeUnknown         it may have been done: look it up (`find_sent`) before doing it again
    ├── MessageRefused         never for this message; the next one may pass
    ├── RecipientRefused       never to this recipient (opted out, unusable number, closed destination)
    ├── SenderRefused          not from this number or account: pause for `pause_seconds`, or stop when that is None
    ├── CredentialsRefused     the login is refused for good: ask for new credentials
    ├── TokenRejected          the access token is no longer good: renew it once, then try once more
    └── VendorFault            this app's own registration or request is wrong: the operator has to act

A sentence never holds a secret, a phone number or a text, and an error never holds the request it came from.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from app.core.clock import Clock
from app.core.errors import AppError


class SmsError(AppError):
    """Base of everything a provider refuses or fails to do. *code* is the provider's, for logs and support."""

    status = 502

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class Throttled(SmsError):
    """Too many calls. *retry_after* is in seconds; calls before that make the penalty start again."""

    status = 429

    def __init__(
        self,
        sentence: str,
        *,
        code: str,
        retry_after: float,
        rate: "RateReport | None" = None,
    ) -> None:
        super().__init__(sentence, code=code)
        self.retry_after = retry_after
        self.rate = rate


class ProviderUnavailable(SmsError):
    """*retry_after* in seconds when the provider named a time, else None."""

    status = 503

    def __init__(self, sentence: str, *, code: str, retry_after: float | None = None) -> None:
        super().__init__(sentence, code=code)
        self.retry_after = retry_after


class OutcomeUnknown(SmsError):
    """*retry_after* in seconds when the provider also asked for a pause, else None."""

    status = 503

    def __init__(self, sentence: str, *, code: str, retry_after: float | None = None) -> None:
        super().__init__(sentence, code=code)
        self.retry_after = retry_after


class MessageRefused(SmsError):
    status = 422


class RecipientRefused(SmsError):
    """With neither flag set it is the destination (a country, a short number) that cannot be reached."""

    status = 422

    def __init__(
        self,
        sentence: str,
        *,
        code: str,
        opted_out: bool = False,
        unusable_number: bool = False,
    ) -> None:
        super().__init__(sentence, code=code)
        self.opted_out = opted_out
        self.unusable_number = unusable_number


class SenderRefused(SmsError):
    """*pause_seconds* None: stop until the merchant has acted."""

    status = 422

    def __init__(self, sentence: str, *, code: str, pause_seconds: float | None = None) -> None:
        super().__init__(sentence, code=code)
        self.pause_seconds = pause_seconds


class CredentialsRefused(SmsError):
    """*field* is the field of the credentials form that the sentence belongs to."""

    status = 422

    def __init__(self, sentence: str, *, code: str, field: str = "jwt") -> None:
        super().__init__(sentence, code=code)
        self.field = field


class TokenRejected(SmsError):
    pass


class VendorFault(SmsError):
    pass


class Transport(StrEnum):
    """The road that the texts of a number take, as stored with its sender."""

    SMS = "sms"
    A2P = "a2p"


# --- Login and what a number can do -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    client_secret: str = field(repr=False)
    jwt: str = field(repr=False)
    server: str


@dataclass(frozen=True, slots=True)
class Token:
    """*owner_id* is the provider's user behind the credentials: pace, token row and subscription belong to it."""

    access_token: str = field(repr=False)
    expires_at: datetime
    owner_id: str
    scopes: frozenset[str]


class CallGroup(StrEnum):
    """The groups in which a provider counts the calls of a user, each with a window of its own."""

    AUTH = "auth"
    MEDIUM = "medium"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Access:
    """What a call needs: whose server, and the token that opens it. *scopes* of the token, None when not known.

    *pay* is awaited before each single call, since one use of a provider may make many (a listing, page by page). It
    waits for the user's pace, or raises `Throttled`; None where the one call was paid for beforehand.
    """

    server: str
    access_token: str = field(repr=False)
    scopes: frozenset[str] | None = None
    pay: Callable[[CallGroup], Awaitable[None]] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the user. *reason* says in one sentence why it cannot send; None when *usable*. *transport* is None
    for a number that is not made for texts."""

    id: str
    phone_number: str
    features: frozenset[str]
    usable: bool
    reason: str | None
    label: str | None
    payment_type: str | None
    usage_type: str | None
    country: str | None
    primary: bool
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A number of ours that texts are sent from and come in on."""

    phone_number: str
    transport: Transport


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the connection page. A PROBLEM keeps texts from being sent, a WARNING does not."""

    code: str
    level: Level
    sentence: str


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What the provider has registered for a number. *checked* is False when it could not be read; the other fields
    then hold the cautious assumption for a number of this kind."""

    checked: bool
    stop_confirmed_by_provider: bool
    campaign_status: str | None = None
    registration_tier: str | None = None
    use_cases: tuple[str, ...] = ()
    opt_in_required: bool = False
    opt_out_coverage: str | None = None


# --- Sending and what became of it ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RateReport:
    """The provider's own account of the pace: calls allowed and left in *window* seconds. *group* is only a label."""

    group: str | None
    limit: int
    remaining: int
    window: float


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Taken over by the provider, which is not yet delivered."""

    provider_message_id: str
    status: DeliveryState
    rate: RateReport | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """*error_code* explains FAILED (see `SmsProvider.delivery_failure`). SENT may be final: not all carriers report.
    *cost_micros*: millionths of a US dollar, where the provider tells."""

    provider_message_id: str
    state: DeliveryState
    error_code: str | None
    segment_count: int | None
    at: datetime | None
    cost_micros: int | None = None


class FailureKind(StrEnum):
    """What follows from a text that did not arrive."""

    OPTED_OUT = "opted_out"  # store the opt-out, never retry
    NUMBER_UNUSABLE = "number_unusable"  # mark the number, never retry
    TEXT_REFUSED = "text_refused"  # the wording has to change
    SENDER_STOPPED = "sender_stopped"  # stop the sender, tell the merchant
    SENDER_PAUSED = "sender_paused"  # pause the sender for `pause_seconds`
    NOT_FINAL = "not_final"  # no failure: look again later
    RETRY_ONCE = "retry_once"  # one more try after minutes
    PROVIDER_FAULT = "provider_fault"  # permanent, worth a report to the provider


@dataclass(frozen=True, slots=True)
class DeliveryFailure:
    code: str
    kind: FailureKind
    sentence: str
    pause_seconds: float | None = None
    """Only for SENDER_PAUSED."""
    unusable_days: int | None = None
    """Only for NUMBER_UNUSABLE: None means for good."""


# --- What comes in ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text from a customer. *target* is our number, None when the provider did not say which of *recipients* it is.
    *text* is empty for a message of pictures only (*media_count* above zero). Unique by *provider_message_id*."""

    provider_message_id: str
    sender: str
    recipients: tuple[str, ...]
    target: str | None
    text: str = field(repr=False)
    received_at: datetime
    owner_id: str | None = None
    subscription_id: str | None = None
    conversation_id: str | None = None
    media_count: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in the message store since the last look; some of it may repeat. Keep *sync_token* for the next."""

    inbound: tuple[InboundText, ...]
    statuses: tuple[StatusReport, ...]
    sync_token: str
    older_exist: bool = False
    """True when a full look had more messages than fit: `list_inbound` reads them page by page."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One entry of the provider's consent list. *sender* is None when it stands for more than one number of ours;
    *coverage* is the provider's word for its reach ("PhoneNumber", "Account", "CampaignType")."""

    sender: str | None
    recipient: str
    opted_out: bool
    source: str | None
    coverage: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """*active* is False when the provider has stopped calling us: it has to be made anew."""

    id: str
    status: str
    active: bool
    expires_at: datetime | None
    address: str | None
    disabled_filters: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InboundReceived:
    event_id: str | None
    subscription_id: str | None
    owner_id: str | None
    message: InboundText


@dataclass(frozen=True, slots=True)
class StatusesChanged:
    """A wake-up: something changed in the message store. *message_ids* are only those the event named, often none."""

    event_id: str | None
    subscription_id: str | None
    owner_id: str | None
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusReported:
    """What became of texts, in the event itself: nothing has to be read."""

    event_id: str | None
    subscription_id: str | None
    owner_id: str | None
    reports: tuple[StatusReport, ...]


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    event_id: str | None
    subscription_id: str | None
    owner_id: str | None
    records: tuple[ConsentRecord, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionReminder:
    """*expires_in* in seconds, None when not told."""

    event_id: str | None
    subscription_id: str | None
    owner_id: str | None
    expires_in: int | None


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Anything else, also what could not be read at all; *name* is the event's own path, or why it was not read."""

    event_id: str | None
    subscription_id: str | None
    owner_id: str | None
    name: str


Event = InboundReceived | StatusesChanged | StatusReported | ConsentChanged | SubscriptionReminder | UnknownEvent


# --- The provider -----------------------------------------------------------------------------------------------------


class SmsProvider(Protocol):
    """Every coroutine raises `SmsError`s and nothing else, within a deadline of its own."""

    @property
    def name(self) -> str:
        """As stored with a sender."""

    @property
    def transport(self) -> Transport:
        """As stored with a sender."""

    def check_credentials(self, credentials: Credentials, *, now: Clock) -> dict[str, str]:
        """What is wrong with them as far as can be seen offline: a sentence per field; empty when nothing is."""

    async def log_in(self, credentials: Credentials) -> Token: ...

    async def log_out(self, credentials: Credentials, access_token: str) -> None:
        """End the session. A failure is logged and nothing else: the token dies by itself within the hour."""

    async def list_numbers(self, access: Access) -> list[Number]:
        """All numbers of the user, of every transport, usable ones first."""

    async def inspect(self, access: Access, scopes: frozenset[str]) -> list[Finding]:
        """Whether the login may do what the app needs. What could not be checked is a warning, never a failure."""

    async def inspect_number(self, access: Access, number: Number) -> tuple[NumberFacts, list[Finding]]:
        """How the number is registered for text messages. What could not be checked is a warning, never a failure."""

    async def send(self, access: Access, *, sender: str, recipient: str, text: str) -> Accepted:
        """One text to one recipient, tried once."""

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
        """The message of a send whose outcome was lost, or None when the provider never took it over.
        *since* is when the lost send began; *besides* are ids that belong to other texts."""

    async def read_statuses(
        self, access: Access, ids: Sequence[str], *, sent_between: tuple[datetime, datetime] | None = None
    ) -> list[StatusReport]:
        """In no order; ids unknown to the provider are left out. *sent_between*: when the first and the last of them
        were sent; a provider whose store is read by time makes one call of many with it."""

    async def list_inbound(
        self, access: Access, *, since: datetime, numbers: Collection[str] = ()
    ) -> list[InboundText]:
        """Oldest first. *numbers*: ours that are asked about; texts to others of the user may be among them."""

    async def list_changes(
        self, access: Access, *, sync_token: str | None, since: datetime, numbers: Collection[str] = ()
    ) -> Changes:
        """Changes since *sync_token*; without one, or when it is no longer good, everything since *since*."""

    async def subscribe(
        self,
        access: Access,
        *,
        address: str,
        verification_token: str,
        lifetime: timedelta,
        lines: Collection[Line],
    ) -> Subscription:
        """Have the events of *lines* delivered to *address*. The provider calls it while this call is under way, so
        the secret path must already answer. Older subscriptions to the same host are deleted first."""

    async def read_subscription(self, access: Access, subscription_id: str) -> Subscription | None:
        """None when it no longer exists."""

    def hears(self, subscription: Subscription, lines: Collection[Line]) -> bool:
        """Whether *subscription* brings the texts that come in on all *lines*."""

    async def renew_subscription(self, access: Access, subscription_id: str) -> Subscription | None:
        """None when it no longer exists."""

    async def unsubscribe(self, access: Access, subscription_id: str) -> None:
        """Nothing happens when it no longer exists."""

    def parse_event(self, raw: bytes) -> Event:
        """Never raises: what cannot be read is an `UnknownEvent`."""

    async def record_opt_out(self, access: Access, *, sender: str, recipient: str) -> None:
        """On the provider's consent list."""

    async def record_opt_in(self, access: Access, *, sender: str, recipient: str) -> None:
        """On the provider's consent list. Only with a consent that is newer than the opt-out."""

    async def search_consents(
        self, access: Access, *, sender: str, recipient: str | None = None, opted_out: bool = True
    ) -> list[ConsentRecord]:
        """The provider's consent list for one number of ours, whole or for one *recipient*."""

    def delivery_failure(self, code: str | None) -> DeliveryFailure:
        """What the `error_code` of a FAILED report means and what follows from it."""

"""Everything the simulated RingCentral remembers, and how it is kept in a file between two starts.

Ids look like the real ones: extension and message ids are integers, conversation ids lie above 2^53 (so that a client
that reads them as floating point numbers is found out), subscription ids are UUIDs.
"""

from datetime import datetime
from pathlib import Path

import msgspec

SMS_FEATURES = ("SmsSender", "MmsSender", "CallerId")
A2P_FEATURES = ("A2PSmsSender", "CallerId")
"""A High Volume number, which has no standard SMS."""
USE_CASES = ("CustomerCare", "AccountNotification", "DeliveryNotification")
STOP_CONFIRMATION = "You have opted out of messages from this number. Reply START to receive messages again."


class User(msgspec.Struct):
    """One extension. *permissions* are the role permissions of the person, not the scopes of the application."""

    owner_id: str
    account_id: str
    name: str
    brand: str
    extension_number: str
    permissions: list[str]
    disabled: bool = False


class Number(msgspec.Struct):
    """*stop_handled_by*: "provider" blocks and confirms STOP by itself, "app" leaves both to the application, "list"
    blocks but leaves the confirmation, and lets that one text through, as on High Volume numbers.
    *campaign_status* None stands for a number that is linked to no campaign."""

    id: int
    phone: str
    owner_id: str
    account_id: str
    features: tuple[str, ...] = SMS_FEATURES
    payment_type: str = "Local"
    usage_type: str = "DirectNumber"
    type: str = "VoiceFax"
    status: str = "Normal"
    primary: bool = True
    stop_handled_by: str = "provider"
    stop_confirmation: str = STOP_CONFIRMATION
    campaign_status: str | None = "Confirmed"
    registration_tier: str = "LowVolume"
    use_cases: tuple[str, ...] = USE_CASES
    opt_in_required: bool = False
    toll_free_verified: bool = True

    @property
    def is_high_volume(self) -> bool:
        return "A2PSmsSender" in self.features


class JwtCredential(msgspec.Struct):
    owner_id: str
    expires_at: datetime
    revoked: bool = False


class Session(msgspec.Struct):
    """*previous_refresh_token* may still be shown once more for a moment after it was used (see auth.py)."""

    id: str
    client_id: str
    owner_id: str
    access_token: str
    access_expires_at: datetime
    started_at: datetime
    scope: str
    refresh_token: str | None = None
    refresh_expires_at: datetime | None = None
    previous_refresh_token: str | None = None
    first_used_at: datetime | None = None


class Message(msgspec.Struct):
    """A row of a message store. *outcome* is what will become of an outbound text: "Delivered", "Sent" (no receipt will
    come) or a delivery error code. *announced* is the status of which subscribers were last told. *batch_id*: of an
    outbound High Volume text."""

    id: int
    owner_id: str
    account_id: str
    direction: str
    from_: str
    to: list[str]
    text: str
    created_at: datetime
    conversation_id: int
    outcome: str = "Delivered"
    announced: str | None = None
    batch_id: str | None = None


class Batch(msgspec.Struct):
    """What one send of High Volume texts was answered with."""

    id: str
    account_id: str
    from_: str
    created_at: datetime
    message_ids: list[int]
    rejected: list[dict[str, str | int | list[str]]]


class Subscription(msgspec.Struct):
    id: str
    client_id: str
    owner_id: str
    event_filters: list[str]
    address: str
    created_at: datetime
    expires_at: datetime
    lifetime: int
    verification_token: str | None = None
    disabled_filters: list[str] = []
    failures: int = 0
    blacklisted_at: datetime | None = None
    blacklisted_reason: str | None = None


class Consent(msgspec.Struct):
    account_id: str
    from_: str
    to: str
    opt_status: str
    source: str
    coverage: str
    modified_at: datetime


class HandsetText(msgspec.Struct):
    """A text as a customer's telephone shows it: "in" arrived there, "out" was written there."""

    direction: str
    from_: str
    to: str
    text: str
    at: datetime


class State(msgspec.Struct):
    secret: str
    users: dict[str, User] = {}
    numbers: dict[str, Number] = {}
    jwts: dict[str, JwtCredential] = {}
    sessions: dict[str, Session] = {}
    messages: dict[int, Message] = {}
    a2p_messages: dict[int, Message] = {}
    batches: dict[str, Batch] = {}
    stops_to_confirm: dict[str, datetime] = {}
    conversations: dict[str, int] = {}
    subscriptions: dict[str, Subscription] = {}
    consents: dict[str, Consent] = {}
    handsets: dict[str, list[HandsetText]] = {}
    sent: list[dict[str, str]] = []
    group_messages: list[dict[str, str]] = []
    next_id: int = 0

    def new_id(self) -> int:
        """Counts up; every kind of id adds its own base to it."""
        self.next_id += 1
        return self.next_id

    def conversation_between(self, ours: str, theirs: str) -> int:
        key = f"{ours}|{theirs}"
        if key not in self.conversations:
            self.conversations[key] = 1638233798595111162 + 1009 * len(self.conversations)
        return self.conversations[key]

    def has_opted_out(self, ours: str, theirs: str) -> bool:
        consent = self.consents.get(f"{ours}|{theirs}")
        return consent is not None and consent.opt_status == "OptOut"


def load_state(path: Path | None, *, secret: str) -> State:
    """The state kept in *path*, or an empty one with *secret* as the key of its JWTs."""
    if path is None or not path.exists():
        return State(secret=secret)
    return msgspec.json.decode(path.read_bytes(), type=State)


def save_state(state: State, path: Path) -> None:
    """Replaces the file in one step, so that a kill leaves either the old state or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_bytes(msgspec.json.encode(state))
    draft.replace(path)

"""The event filters of subscriptions: which are known, what `~` in them stands for, and which events they let through.

Source: RingCentral developer guide, "Event filters" and "Subscription reminders".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from app.simulator.ringcentral.errors import Fault, fault
from app.simulator.ringcentral.paging import DIGITS
from app.simulator.ringcentral.platform import Platform
from app.simulator.ringcentral.state import Subscription, User

STORE = re.compile(r"/restapi/v1\.0/account/(?P<account>[^/]+)/extension/(?P<extension>[^/]+)/message-store")
INSTANT = re.compile(STORE.pattern + "/instant")
CONSENTS = re.compile(r"/restapi/v2/accounts/(?P<account>[^/]+)/sms/consents")
A2P_MESSAGES = re.compile(r"/restapi/v1\.0/account/(?P<account>[^/]+)/a2p-sms/messages")
A2P_BATCHES = re.compile(r"/restapi/v1\.0/account/(?P<account>[^/]+)/a2p-sms/batches")
A2P_OPT_OUTS = re.compile(r"/restapi/v1\.0/account/(?P<account>[^/]+)/a2p-sms/opt-outs")
REMINDER = re.compile(r"/restapi/v1\.0/subscription/(?P<subscription>[^/]+)")


KINDS = {
    "instant": INSTANT,
    "store": STORE,
    "consents": CONSENTS,
    "a2p messages": A2P_MESSAGES,
    "a2p batches": A2P_BATCHES,
    "a2p opt-outs": A2P_OPT_OUTS,
    "reminder": REMINDER,
}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """*kind*: one of `KINDS`. *text* has real ids in the place of `~`."""

    kind: str
    query: Mapping[str, str]
    text: str


def resolve_filter(platform: Platform, user: User, subscription: Subscription, text: object) -> EventFilter:
    if not isinstance(text, str) or any(refused in text for refused in platform.refused_filters):
        raise refusal(text)
    path, _, query_text = text.partition("?")
    query = read_query(query_text)
    for kind, pattern in KINDS.items():
        found = pattern.fullmatch(path)
        if found is not None:
            check_query(kind, query, subscription, text)
            resolved = resolve_ids(user, subscription, path, found)
            return EventFilter(kind, query, f"{resolved}?{query_text}" if query_text else resolved)
    raise refusal(text)


def parse_filter(text: str) -> EventFilter:
    """A filter that was resolved before."""
    path, _, query_text = text.partition("?")
    kind = next(kind for kind, pattern in KINDS.items() if pattern.fullmatch(path))
    return EventFilter(kind, read_query(query_text), text)


def read_query(text: str) -> dict[str, str]:
    """A `+` stands for itself here: a filter is not an address, and holds telephone numbers as they are."""
    return dict(parse_qsl(text.replace("+", "%2B"), keep_blank_values=True))


def check_query(kind: str, query: Mapping[str, str], subscription: Subscription, text: str) -> None:
    match kind:
        case "instant" if dict(query) == {"type": "SMS"}:
            return
        case "store" if set(query) <= {"type", "direction"} and query.get("type", "SMS") in {"SMS", "Fax", "VoiceMail"}:
            if query.get("direction", "Inbound") not in {"Inbound", "Outbound"}:
                raise refusal(text)
        case "consents" | "a2p batches" | "a2p opt-outs" if not query:
            return
        case "a2p messages" if query.get("direction") in {"Inbound", "Outbound"}:
            if not set(query) <= {"direction", "to" if query["direction"] == "Inbound" else "from"}:
                raise refusal(text)
        case "reminder" if set(query) <= {"threshold", "interval"}:
            check_reminder(query, subscription.lifetime)
        case _:
            raise refusal(text)


def check_reminder(query: Mapping[str, str], lifetime: int) -> None:
    """The first reminder comes at most half a life before the end, then at most twice in what is left."""
    threshold, interval = query.get("threshold", "60"), query.get("interval", "15")
    if not DIGITS.fullmatch(threshold) or not DIGITS.fullmatch(interval):
        raise fault("SUB-516")
    if int(threshold) > lifetime / 2 or int(interval) > int(threshold) / 2:
        raise fault("SUB-516")


def resolve_ids(user: User, subscription: Subscription, path: str, found: re.Match[str]) -> str:
    ids = found.groupdict()
    if ids.get("extension", "~") not in ("~", user.owner_id):
        raise fault("SUB-405")
    if ids.get("account", "~") not in ("~", user.account_id):
        raise fault("SUB-406")
    if ids.get("subscription", "~") not in ("~", subscription.id):
        raise fault("SUB-405")
    path = re.sub(r"(/accounts?)/~", rf"\1/{user.account_id}", path)
    path = path.replace("/extension/~", f"/extension/{user.owner_id}")
    return path.replace("/subscription/~", f"/subscription/{subscription.id}")


def refusal(text: object) -> Fault:
    return fault("SUB-508", f"Event filter [{text}] is not supported")

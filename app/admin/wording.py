"""What states, countries and levels are called in the pages, and in which tone: code has other words than merchants.

The tables are written in English; a page reads them through `Wording`, in its reader's language. In a table every
string that begins with a capital is a phrase for people, all others are names of code.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from app.core.language import Language

STATES: Final = {
    "queued": ("Queued", "info"),
    "sending": ("Sending", "info"),
    "accepted": ("On its way", "info"),
    "sent": ("Sent", "info"),
    "delivered": ("Delivered", "success"),
    "failed": ("Failed", "critical"),
    "skipped": ("Not sent", "neutral"),
    "expired": ("Expired", "warning"),
    "cancelled": ("Canceled", "neutral"),
    "unknown": ("Being checked", "warning"),
}

PROGRESS: Final = {
    "sending": "The checks run",
    "accepted": "RingCentral has it",
    "sent": "The carrier has it",
    "delivered": "Arrived on the phone",
}
"""What a step of the timeline means, where its cause would tell a merchant nothing more."""

CAUSES: Final = (
    "Held by quiet hours",
    "Held by the daily limit",
    "Waiting for the end of another text",
    "Not delivered: tried once more",
    "Its worker died before the call",
    "Its worker died during the call",
    "Accepted by RingCentral, as a late answer says",
    "Redacted",
)
"""Of other steps, as the outbox writes them down, from the first letter on."""

STATE_GROUPS: Final = {
    "delivered": "Delivered",
    "accepted,sent,unknown": "On their way",
    "queued,sending": "Waiting",
    "skipped,cancelled": "Not sent",
    "failed,expired": "Failed",
}
"""States as Home counts them and as the log is filtered by them."""

LEVELS: Final = {
    "ok": ("check-circle-filled", "success", "In order"),
    "info": ("info", "info", "Good to know"),
    "warning": ("alert-triangle", "warning", "Worth a look"),
    "problem": ("alert-circle", "critical", "Needs you"),
    "error": ("alert-circle", "warning", "Needed before saving"),
}

COUNTRIES: Final = ("US", "CA", "PR", "GB", "IE", "AU", "NZ", "FR", "DE", "ES", "MX")

TIME_ZONES: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Halifax",
    "America/St_Johns",
    "America/Winnipeg",
    "America/Edmonton",
    "America/Vancouver",
    "America/Toronto",
    "America/Puerto_Rico",
)

FEATURES: Final = {
    "SmsSender": "Texts",
    "InternationalSmsSender": "International texts",
    "A2PSmsSender": "High-volume texts",
    "MmsSender": "Pictures",
    "CallerId": "Calls",
}

CONNECTION_STATES: Final = {
    "not_connected": ("Not connected", "neutral"),
    "number_needed": ("Choose a number", "warning"),
    "ready": ("Connected", "success"),
    "paused": ("Paused", "warning"),
    "broken": ("Connect again", "critical"),
    "to_fix": ("Something to fix", "warning"),
    "disconnected": ("Not connected", "neutral"),
}

TRANSPORTS: Final = {"sms": "Standard SMS", "a2p": "High Volume SMS"}

CAMPAIGN_STATES: Final = {
    "Confirmed": ("Confirmed", "success"),
    "Created": ("Not submitted yet", "warning"),
    "Draft": ("Not submitted yet", "warning"),
    "Submitted": ("Waiting for approval", "warning"),
    "Unconfirmed": ("Waiting for approval", "warning"),
    "UpdateRequested": ("A change waits for approval", "warning"),
    "SubmitFailed": ("Refused", "critical"),
    "PreVetFailed": ("Refused", "critical"),
    "CampaignSuspended": ("Suspended", "critical"),
    "CampaignExpired": ("Expired", "critical"),
    "DeleteRequested": ("Being deleted", "critical"),
}
"""RingCentral's words for the registration that carriers ask for."""

TIERS: Final = {"LowVolume": "Low volume", "StandardVolume": "Standard volume"}

USE_CASES: Final = {
    "DeliveryNotification": "Delivery notifications",
    "AccountNotification": "Account notifications",
    "CustomerCare": "Customer care",
    "Mixed": "Several purposes",
    "Marketing": "Marketing",
    "TwoFactorAuthentication": "Sign-in codes",
    "SecurityAlert": "Security alerts",
    "HigherEducation": "Higher education",
    "PollingVoting": "Polls and votes",
    "PublicServiceAnnouncement": "Public announcements",
    "FraudAlertMessaging": "Fraud alerts",
}

OPT_OUT_METHODS: Final = {
    "phone": "Phone call",
    "email": "Email",
    "chat": "Chat or social media",
    "letter": "Letter",
    "in_person": "In person",
    "other": "Another way",
}

CONSENT_SOURCES: Final = {
    "sms": "Text message",
    "staff": "Your staff",
    "shopify": "Shopify",
    "provider": "RingCentral",
    "public_page": "Opt-out page",
    "checkout": "Checkout",
    "connect_page": "Connect page",
    "api": "Your software (API)",
}

CONSENT_CHANGES: Final = {
    "opt_out": "Opted out",
    "opt_in": "Opted in again",
    "hold": "Put on hold",
    "release": "Released",
    "order_update_consent": "Agreed to order updates",
    "shopify_subscribed": "Subscribed in Shopify",
    "shopify_unsubscribed": "Unsubscribed in Shopify",
    "shopify_pending": "Sign-up pending in Shopify",
    "shopify_never_subscribed": "Not subscribed in Shopify",
    "shopify_redacted": "Erased in Shopify",
    "shopify_unknown": "Changed in Shopify",
    "account_texts_stated": "Agreed to texts to accounts, as you stated",
    "account_texts_wished": "Wants texts to accounts",
    "account_texts_refused": "Wants no texts to accounts",
    "api_subscribed": "Subscribed, told by your software",
    "api_pending": "Sign-up pending, told by your software",
}

LIST_STATES: Final = {
    "open": ("Not opted out", "success"),
    "held": ("Waits for you", "warning"),
    "opted_out": ("Opted out", "neutral"),
    "subscribed": ("Subscribed", "success"),
    "unsubscribed": ("Unsubscribed", "neutral"),
    "pending": ("Sign-up pending", "warning"),
    "never_subscribed": ("Not subscribed", "neutral"),
    "redacted": ("Erased", "neutral"),
    "no_customer": ("No such customer", "neutral"),
    "not_connected": ("Not connected", "neutral"),
    "unknown": ("Not known just now", "warning"),
}
"""What the three lists say about one number."""

VERDICTS: Final = {
    "yes": ("check-circle-filled", "success", "This number may be texted"),
    "later": ("clock", "info", "This number may be texted later"),
    "no": ("x-circle", "critical", "This number gets no order texts"),
    "unknown": ("alert-triangle", "warning", "Not known just now"),
}

DOUBTS: Final = {
    "quoted": "It repeats words of your own text.",
    "annoyed": "It sounds annoyed.",
    "molesto": "It sounds annoyed.",
    "fache": "It sounds annoyed.",
    "enough": "It sounds annoyed.",
    "who": "The customer doesn't seem to know who writes.",
    "email": "It speaks of emails, not of texts.",
    "emoji": "A picture that can mean several things.",
    "": "It may be about the texts, or about an order.",
}
"""Why a reply was doubtful, by the last part of the rule that said so."""

POLICIES: Final = {
    "subscribers": "Only customers who are subscribed to texts in Shopify.",
    "order_updates": "Subscribed customers, and those who agreed to order updates when ordering.",
}

MEANINGS: Final = {
    "opt_out": "Opted out",
    "opt_in": "Opted in again",
    "help": "Asked for help",
    "doubtful": "Put on hold",
}
"""What the app understood of a customer's text; one that is for people has no entry."""

US_STATES: Final = {
    "US-AL": "Alabama",
    "US-CT": "Connecticut",
    "US-FL": "Florida",
    "US-KY": "Kentucky",
    "US-LA": "Louisiana",
    "US-MA": "Massachusetts",
    "US-MD": "Maryland",
    "US-MS": "Mississippi",
    "US-NJ": "New Jersey",
    "US-OK": "Oklahoma",
    "US-OR": "Oregon",
    "US-RI": "Rhode Island",
    "US-TX": "Texas",
    "US-WA": "Washington",
}
"""Those with hours of their own; named alike in every language."""

AGES: Final = {
    30: "30 minutes",
    60: "1 hour",
    120: "2 hours",
    180: "3 hours",
    360: "6 hours",
    720: "12 hours",
    1440: "24 hours",
}
"""How old a confirmation may get, in minutes."""

KEEP: Final = {30: "30 days", 90: "90 days", 180: "180 days", 365: "1 year", 730: "2 years"}
"""For how long something may be kept, in days."""

PERIODS: Final = {7: "Last 7 days", 30: "Last 30 days", 90: "Last 90 days"}
"""Of Analytics, in days."""

STAFF_DEEDS: Final = {"sent again": "Sent again by your staff", "cancelled": "Canceled by your staff"}

ACCOUNT_STATES: Final = {
    "invited": ("Invited", "info"),
    "granted": ("Connected", "success"),
    "revoked": ("Permission taken back", "warning"),
}

CONNECT_NEWS: Final = {
    "shopify": "About orders from Shopify",
    "all": "About all orders, also from your software",
    "none": "Never",
}

RULE_FIELDS: Final = {
    "discount_code": "Discount code",
    "order_tag": "Order tag",
    "note_attribute": "Note attribute",
    "customer_tag": "Customer tag",
    "landing_page": "Landing page (ref, UTM)",
}

HISTORY_WISHES: Final = {
    "unset": "The person has not said whether past orders may be imported.",
    "yes": "The person wants past orders imported.",
    "no": "The person does not want past orders imported.",
}

IMPORT_RESULTS: Final = {
    "created": "Stored",
    "duplicate": "Known before",
    "refused": "Their account wants no history",
    "nobody": "Belong to no account",
    "cancelled": "Canceled orders",
    "test": "Test orders",
}

IMPORT_STATES: Final = {
    "running": ("Under way", "info"),
    "paused": ("Paused", "warning"),
    "done": ("Done", "success"),
    "failed": ("Stopped by a problem", "critical"),
}

CALL_STATES: Final = {
    "waiting": ("Waiting", "info"),
    "delivered": ("Accepted", "success"),
    "failed": ("Failed", "critical"),
}

ORDER_STATES: Final = {
    "created": "Created",
    "invoiced": "Invoiced",
    "paid": "Paid",
    "shipped": "Shipped",
    "refunded": "Refunded",
}

SETTINGS: Final = {
    "hours": ("clock", "Sending hours"),
    "recipients": ("team", "Who gets the text"),
    "limits": ("filter", "Limits and missed orders"),
    "keywords": ("chat", "STOP and HELP"),
    "replies": ("notification", "Replies and alerts"),
    "sign-up": ("plus-circle", "Signing up"),
    "cost": ("cash-dollar", "Price"),
    "data": ("lock", "How long data is kept"),
}
"""The sections of Settings, by the last part of their address."""

HOURS: Final = tuple(f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 30))


class Wording:
    """The tables above as one reader sees them."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def __getattr__(self, name: str) -> Any:
        """A table by its name, translated."""
        if not name.isupper() or name not in globals():
            raise AttributeError(name)
        return self._translate(globals()[name])

    def state(self, name: str) -> tuple[str, str]:
        label, tone = STATES.get(name, (readable(name), "neutral"))
        return self._language.gettext(label), tone

    def step(self, to: str, cause: str, *, first: bool) -> str:
        """What a line of the timeline says beside its state."""
        gettext = self._language.gettext
        if first:
            return gettext("Waits for its turn")
        deed, by_staff, _ = cause.partition(" by staff:")
        if by_staff:
            return gettext(STAFF_DEEDS.get(deed, readable(deed)))
        if to in PROGRESS:
            return gettext(PROGRESS[to])
        return self._language.told(cause[:1].upper() + cause[1:].replace("_", " "))

    def language(self, locale: str) -> str:
        return self._language.name_of(locale)

    def country(self, code: str) -> str:
        return self._language.country(code)

    def place(self, code: str) -> str:
        """Of the table of hours: a country, or a state of one."""
        return US_STATES.get(code) or self._language.country(code)

    def window(self, window: Mapping[str, str]) -> str:
        """ "Mon–Sat, 9:00 AM – 9:00 PM"; without days where it is every day."""
        days = window["weekdays"]
        hours = " – ".join(self._language.time(window[end]) for end in ("start", "end"))  # a range of times
        if len(days) == 7:
            return hours
        first, last = self._language.weekday(int(days[0])), self._language.weekday(int(days[-1]))
        return f"{first if first == last else first + '–' + last}, {hours}"  # a range of days

    def days(self, count: int) -> str:
        return self._language.days(count)

    def minutes(self, count: int) -> str:
        return self._language.minutes(count)

    def level(self, name: str) -> tuple[str, str, str]:
        icon, tone, meaning = LEVELS.get(name, LEVELS["warning"])
        return icon, tone, self._language.gettext(meaning)

    def connection_state(self, name: str, findings: Iterable[Mapping[str, Any]] = ()) -> tuple[str, str]:
        """A number that is ready and has a problem all the same is not called connected."""
        if name == "ready" and any(each["level"] == "problem" for each in findings):
            name = "to_fix"
        label, tone = CONNECTION_STATES.get(name, (readable(name), "warning"))
        return self._language.gettext(label), tone

    def campaign_state(self, name: str) -> tuple[str, str]:
        label, tone = CAMPAIGN_STATES.get(name, (_spaced(name), "warning"))
        return self._language.gettext(label), tone

    def use_case(self, name: str) -> str:
        return self._language.gettext(USE_CASES.get(name, _spaced(name)))

    def consent_source(self, name: str) -> str:
        return self._language.gettext(CONSENT_SOURCES.get(name, readable(name)))

    def consent_change(self, name: str) -> str:
        return self._language.gettext(CONSENT_CHANGES.get(name, readable(name)))

    def account_state(self, name: str) -> tuple[str, str]:
        return self._labelled(ACCOUNT_STATES, name)

    def import_state(self, name: str) -> tuple[str, str]:
        return self._labelled(IMPORT_STATES, name)

    def call_state(self, name: str) -> tuple[str, str]:
        return self._labelled(CALL_STATES, name)

    def _labelled(self, table: Mapping[str, tuple[str, str]], name: str) -> tuple[str, str]:
        label, tone = table.get(name, (readable(name), "neutral"))
        return self._language.gettext(label), tone

    def list_state(self, name: str) -> tuple[str, str]:
        label, tone = LIST_STATES.get(name, LIST_STATES["unknown"])
        return self._language.gettext(label), tone

    def verdict(self, name: str) -> tuple[str, str, str]:
        icon, tone, heading = VERDICTS[name]
        return icon, tone, self._language.gettext(heading)

    def doubt(self, rule: str | None) -> str:
        last = (rule or "").rpartition(".")[2].partition(":")[0]
        return self._language.gettext(DOUBTS.get(last, DOUBTS[""]))

    def readable(self, name: str) -> str:
        return self._language.told(readable(name))

    def _translate(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._language.gettext(value) if is_phrase(value) else value
        if isinstance(value, Mapping):
            return {key: self._translate(each) for key, each in value.items()}
        return tuple(self._translate(each) for each in value) if isinstance(value, tuple) else value


def phrases() -> Iterator[str]:
    """Every phrase of the tables, for the catalogues."""
    for name, value in globals().items():
        if name.isupper() and name not in ("COUNTRIES", "TIME_ZONES", "US_STATES"):
            yield from _phrases_in(value)
    yield "Waits for its turn"


def is_phrase(text: str) -> bool:
    return text[:1].isupper() or (text[:1].isdigit() and " " in text)


def readable(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _spaced(name: str) -> str:
    """RingCentral may add words of its own: "FraudAlert" is read as "Fraud alert"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _phrases_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and is_phrase(value):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _phrases_in(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _phrases_in(each)

"""What states, languages and levels are called in the pages, and in which tone: code has other words than merchants."""

from typing import Final

STATES: Final = {
    "queued": ("Queued", "info"),
    "sending": ("Sending", "info"),
    "accepted": ("On its way", "info"),
    "sent": ("Sent", "info"),
    "delivered": ("Delivered", "success"),
    "failed": ("Failed", "critical"),
    "skipped": ("Not sent", "neutral"),
    "expired": ("Expired", "warning"),
    "cancelled": ("Cancelled", "neutral"),
    "unknown": ("Being checked", "warning"),
}

PROGRESS: Final = {
    "sending": "The checks run",
    "accepted": "RingCentral has it",
    "sent": "The carrier has it",
    "delivered": "Arrived on the phone",
}
"""What a step of the timeline means, where its cause would tell a merchant nothing more."""

STATE_GROUPS: Final = {
    "delivered": "Delivered",
    "accepted,sent,unknown": "On their way",
    "queued,sending": "Waiting",
    "skipped,cancelled": "Not sent",
    "failed,expired": "Failed",
}
"""States as Home counts them and as the log is filtered by them."""

LANGUAGES: Final = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pt": "Portuguese",
}

LEVELS: Final = {
    "ok": ("check-circle-filled", "success", "In order"),
    "info": ("info", "info", "Good to know"),
    "warning": ("alert-triangle", "warning", "Worth a look"),
    "problem": ("alert-circle", "critical", "Needs you"),
    "error": ("alert-circle", "warning", "Needed before saving"),
}

COUNTRIES: Final = {
    "US": "United States",
    "CA": "Canada",
    "PR": "Puerto Rico",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "AU": "Australia",
    "NZ": "New Zealand",
    "FR": "France",
    "DE": "Germany",
    "ES": "Spain",
    "MX": "Mexico",
}

TIME_ZONES: Final = {
    "America/New_York": "Eastern time (New York)",
    "America/Chicago": "Central time (Chicago)",
    "America/Denver": "Mountain time (Denver)",
    "America/Phoenix": "Arizona (Phoenix)",
    "America/Los_Angeles": "Pacific time (Los Angeles)",
    "America/Anchorage": "Alaska (Anchorage)",
    "Pacific/Honolulu": "Hawaii (Honolulu)",
    "America/Halifax": "Atlantic time (Halifax)",
    "America/St_Johns": "Newfoundland (St. John's)",
    "America/Winnipeg": "Central time (Winnipeg)",
    "America/Edmonton": "Mountain time (Edmonton)",
    "America/Vancouver": "Pacific time (Vancouver)",
    "America/Toronto": "Eastern time (Toronto)",
    "America/Puerto_Rico": "Atlantic time (Puerto Rico)",
}

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
    "disconnected": ("Not connected", "neutral"),
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
}

CONSENT_CHANGES: Final = {
    "opt_out": "Opted out",
    "opt_in": "Opted in again",
    "hold": "Put on hold",
    "release": "Released",
    "order_update_consent": "Agreed to order updates",
}

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

HOURS: Final = tuple(
    (f"{hour:02d}:{minute:02d}", f"{hour % 12 or 12}:{minute:02d} {'AM' if hour < 12 else 'PM'}")
    for hour in range(24)
    for minute in (0, 30)
)


def state(name: str) -> tuple[str, str]:
    return STATES.get(name, (readable(name), "neutral"))


def step(to: str, cause: str, *, first: bool) -> str:
    """What a line of the timeline says beside its state."""
    if first:
        return "Waits for its turn"
    deed, by_staff, _ = cause.partition(" by staff:")
    if by_staff:
        return f"{readable(deed)} by your staff"
    return PROGRESS.get(to) or cause[:1].upper() + cause[1:].replace("_", " ")


def language(locale: str) -> str:
    return LANGUAGES.get(locale.split("-")[0].lower(), locale)


def level(name: str) -> tuple[str, str, str]:
    return LEVELS.get(name, LEVELS["warning"])


def connection_state(name: str) -> tuple[str, str]:
    return CONNECTION_STATES.get(name, (readable(name), "warning"))


def consent_source(name: str) -> str:
    return CONSENT_SOURCES.get(name, readable(name))


def consent_change(name: str) -> str:
    return CONSENT_CHANGES.get(name, readable(name))


def readable(name: str) -> str:
    return name.replace("_", " ").capitalize()

"""What a merchant can set, with defaults; stored as JSON on the shop, saved whole or in part, checked as a whole."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid, Overtaken
from app.core.phone import to_e164
from app.shops.models import Shop

EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
ORIGIN = re.compile(r"https://[A-Za-z0-9.-]{1,190}(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?")
"""A site on the operator's own machine needs no TLS: no other machine can be it."""
MOST_SITES = 20
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class QuietHours(BaseModel):
    """Texts wait outside *start*–*end*, counted in the recipient's time zone. The confirmation never waits."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = True
    start: str = "09:00"
    end: str = "20:00"

    @field_validator("start", "end")
    @classmethod
    def _time(cls, value: str) -> str:
        if not TIME_OF_DAY.fullmatch(value):
            raise ValueError("Give a time of day as HH:MM, for example 09:00.")
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> "QuietHours":
        if self.enabled and self.start == self.end:
            raise ValueError("The start and the end of the sending window must differ.")
        return self


class Retention(BaseModel):
    """For how many days something is kept once it is over. Proof of consent and opt-outs is not cut short by these."""

    model_config = ConfigDict(extra="forbid")

    texts_days: Annotated[int, Field(ge=1, le=730)] = 180
    phones_days: Annotated[int, Field(ge=7, le=1825)] = 365
    deliveries_days: Annotated[int, Field(ge=1, le=30)] = 7


class ShopSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quiet_hours: QuietHours = Field(default_factory=QuietHours)
    stop_confirmation: Literal["auto", "provider", "app"] = "auto"
    contact_phone: str | None = None
    confirmation_max_age_minutes: Annotated[int, Field(ge=5, le=1440)] = 180
    countries: tuple[str, ...] = ("US", "CA")
    time_zone: str | None = None
    setup_guide: bool = True
    missed_events: Literal["send_late", "skip"] = "send_late"
    retention: Retention = Field(default_factory=Retention)
    # Where address and area code disagree, both have to be open.
    quiet_both: bool = True
    # States' and countries' windows and daily limits for solicitations, as a guard for order texts too.
    state_rules: bool = False
    daily_cap: Annotated[int, Field(ge=1, le=50)] | None = None
    keyword_opt_in: bool = False
    first_text_disclosure: bool = False
    help_reply: bool = True
    # "short" is the one sentence without brand and frequency that some merchants have registered for their number.
    help_wording: Literal["full", "short"] = "full"
    reply_email: str | None = None
    reply_phone: str | None = None
    # The customer's own phone gave the consent; the order's is texted only where consent covers it.
    phone_source: Literal["customer", "order"] = "customer"
    alert_email: str | None = None
    """Who is told when no text can leave any more."""
    mail_language: Literal["en", "de", "es", "fr"] | None = None
    """What e-mails and texts to the merchant's own people are written in. None until an address is first given."""
    # Whom to tell of whose orders; software that posts orders mostly tells by itself.
    connect_news: Literal["shopify", "all", "none"] = "shopify"

    connect_self_join: bool = False
    """Whether people who were not invited may join on the Connect page. Off, because each of them gets a code."""
    connect_sites: tuple[str, ...] = ()
    """Origins of the organisation's own sites: only those are told that somebody has joined or left."""

    price_per_segment: Annotated[float, Field(ge=0, le=10)] = 0.0119
    """US dollars. RingCentral's price depends on the plan, so what is computed from it is called "about"."""
    test_phone: str | None = None
    """Where the last test text went; only offered again, never sent to by itself."""

    @field_validator("daily_cap", mode="before")
    @classmethod
    def _no_cap(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("reply_email", "alert_email")
    @classmethod
    def _email(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        if not EMAIL.fullmatch(value.strip()):
            raise ValueError("Give one e-mail address, for example team@example.com.")
        return value.strip()

    @field_validator("contact_phone")
    @classmethod
    def _called(cls, value: str | None) -> str | None:
        return _phone(value, "Give a telephone number that customers can call, with its area code.")

    @field_validator("reply_phone", "test_phone")
    @classmethod
    def _texted(cls, value: str | None) -> str | None:
        return _phone(value, "Give a mobile number with its area code, for example +1 415 555 0123.")

    @field_validator("countries")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("Allow at least one country.")
        if any(not re.fullmatch(r"[A-Z]{2}", code) for code in value):
            raise ValueError("Give countries as two capital letters, for example US.")
        unknown = [code for code in value if code not in phonenumbers.SUPPORTED_REGIONS]
        if unknown:
            raise ValueError(f"There is no country {unknown[0]}.")
        return tuple(dict.fromkeys(value))

    @field_validator("connect_sites")
    @classmethod
    def _sites(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        sites = tuple(dict.fromkeys(site.strip().rstrip("/").lower() for site in value))
        wrong = next((site for site in sites if not ORIGIN.fullmatch(site)), None)
        if wrong is not None:
            raise ValueError(f"{wrong[:100]} is not the address of a site. Give it with https and without a path.")
        if len(sites) > MOST_SITES:
            raise ValueError(f"Name at most {MOST_SITES} sites.")
        return sites

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is None or not value:
            return None
        if value not in _zones():
            raise ValueError("Choose a time zone from the list.")
        return value


def _phone(value: str | None, otherwise: str) -> str | None:
    if value is None or not value.strip():
        return None
    phone = to_e164(value, "US")
    if phone is None:
        raise ValueError(otherwise)
    return phone


def read_settings_of(shop: Shop) -> ShopSettings:
    """Stored settings over the defaults. A stored value that this version does not accept falls back to its default."""
    try:
        return ShopSettings.model_validate(shop.settings)
    except ValidationError as error:
        wrong = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
        return ShopSettings.model_validate({key: value for key, value in shop.settings.items() if key not in wrong})


async def save_settings(session: AsyncSession, shop: Shop, patch: object) -> ShopSettings:
    """Merge *patch* (parsed JSON) into the shop's settings. Raises `Invalid` with a sentence for each field."""
    if not isinstance(patch, dict):
        raise Invalid({"settings": "Send the settings as a JSON object."})
    merged = _merge(read_settings_of(shop).model_dump(mode="json"), patch)
    try:
        checked = ShopSettings.model_validate(merged)
    except ValidationError as error:
        raise Invalid(field_sentences(error)) from None
    shop.settings = checked.model_dump(mode="json")
    await session.execute(update(Shop).where(Shop.id == shop.id).values(settings=shop.settings))
    return checked


def refuse_undoing(shop: Shop, was: dict[str, Any]) -> None:
    """*was*: what fields were to whoever changes them now, by dotted name. Raises `Overtaken` where they changed."""
    stored = read_settings_of(shop).model_dump(mode="json")
    now: dict[str, object] = {str(name): _at(stored, str(name)) for name in was}
    changed = {name: value for name, value in now.items() if value != was[name]}
    if changed:
        raise Overtaken("Somebody else has changed this meanwhile. Your change is not saved yet.", changed)


def _at(stored: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        stored = stored.get(part) if isinstance(stored, dict) else None
    return stored


def field_sentences(error: ValidationError) -> dict[str, str]:
    """Dotted field name to one sentence."""
    sentences: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in fault["loc"]) or "settings"
        sentences.setdefault(name, _sentence(fault["type"], str(fault["msg"]), fault.get("ctx", {})))
    return sentences


def _sentence(kind: str, message: str, limits: Mapping[str, Any]) -> str:
    match kind:
        case "less_than_equal":
            return f"Give at most {limits['le']:g}."
        case "greater_than_equal":
            return f"Give at least {limits['ge']:g}."
        case "float_parsing" | "float_type" | "int_parsing" | "int_type" | "int_from_float":
            return "Give a number."
        case "extra_forbidden":
            return "There is no such setting."
        case "missing":
            return "This is needed."
        case "value_error":
            return message.removeprefix("Value error, ")
        case _:
            return message[:1].upper() + message[1:].rstrip(".") + "."


def _merge(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in patch.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


@cache
def _zones() -> frozenset[str]:
    """Each look reads the whole folder of zones, and settings are read for every text."""
    return frozenset(available_timezones())

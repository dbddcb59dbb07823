"""Telephone numbers: what counts as one, and how it is shown where the whole number must not be.

Inside this program a phone is always an E.164 string; this module is the only door to it. It stands on Google's
libphonenumber metadata (package `phonenumbers`), which also knows the time zones of an area code: several for some
codes, dozens for toll-free numbers, and none at all for ranges it has not seen.
"""

import re
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult
from phonenumbers.timezone import time_zones_for_number

UNKNOWN_COUNTRY: Final = "ZZ"
"""The region code that CLDR and libphonenumber give to what belongs to no country."""

_LETTER: Final = re.compile(r"[^\W\d_]")
_LONGEST_INPUT: Final = 40
_HIDDEN: Final = "•" * 7
_UNKNOWN_ZONE: Final = "Etc/Unknown"
_NOT_TIED_TO_A_PLACE: Final = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)


def to_e164(raw: str | None, country: str | None = None) -> str | None:
    """Return *raw* as E.164, or None for anything that is not a valid number one can text.

    *country* (ISO 3166, any case) is where a number without a "+" belongs; without it such a number is refused rather
    than guessed. Letters are refused: a vanity number such as 1-800-FLOWERS is a switchboard's, an extension cannot be
    texted, and "555-555-SHIP" is what people type to get past a required field.
    """
    text = (raw or "").strip()
    if not text or len(text) > _LONGEST_INPUT or _LETTER.search(text):
        return None
    number = _parse(text, country.strip().upper() if country else None)
    if number is None or number.extension:
        return None
    # An international number was normalised by whoever wrote the "+"; new area codes reach the carriers before they
    # reach any metadata, so it only has to be possible. What was typed without a "+" has to be valid where it belongs.
    if text.startswith("+"):
        good = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    else:
        good = phonenumbers.is_valid_number(number)
    if not good:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def mask(phone: str) -> str:
    """Return *phone* for pages and exports: "+1•••••••0123". The number of bullets says nothing about the length."""
    number = _parse(phone, None)
    if number is None:
        return _HIDDEN
    return f"+{number.country_code}{_HIDDEN}{str(number.national_number)[-4:]}"


def readable(phone: str | None) -> str:
    """As people write it: "+1 212-555-0123"; what is no number stays as it is."""
    number = _parse(phone or "", None)
    if number is None:
        return phone or ""
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def country_of(phone: str) -> str:
    """Return the ISO country of an E.164 number, or "ZZ" (`UNKNOWN_COUNTRY`), which is on nobody's list."""
    number = _parse(phone, None)
    if number is None:
        return UNKNOWN_COUNTRY
    region: str | None = phonenumbers.region_code_for_number(number)
    if region is None:
        # Not in the metadata: the country that the code is mostly used by, which for +1 is the United States.
        region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if region.isalpha() else UNKNOWN_COUNTRY


def zones_of(phone: str) -> tuple[str, ...]:
    """Return the time zones of the number's area code; empty when it says nothing about where the person lives."""
    number = _parse(phone, None)
    if number is None or phonenumbers.number_type(number) in _NOT_TIED_TO_A_PLACE:
        return ()
    return tuple(zone for zone in time_zones_for_number(number) if zone != _UNKNOWN_ZONE)


def _parse(text: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except NumberParseException:
        return None

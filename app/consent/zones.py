"""Time zones by delivery address, as data: US states, Canadian provinces, and countries that have one zone.

States cut by a zone line list every zone that people live in, the larger part first; ZIP codes narrow the ones where
three digits decide. What is not listed is unknown here, and the telephone number is asked instead.
Source: 49 CFR part 71 and the IANA time zone database; province codes as Shopify writes them (ISO 3166-2).
"""

from collections.abc import Mapping
from typing import Final

_EASTERN: Final = "America/New_York"
_CENTRAL: Final = "America/Chicago"
_MOUNTAIN: Final = "America/Denver"
_PACIFIC: Final = "America/Los_Angeles"


def address_zones(country: str | None, province: str | None, city_or_zip: str | None = None) -> tuple[str, ...]:
    """Return the zones a delivery address may lie in; empty when the address does not tell."""
    nation, state = (country or "").strip().upper(), (province or "").strip().upper().rpartition("-")[2]
    if nation == "US":
        return _by_zip(state, city_or_zip) or US_STATES.get(state, ())
    if nation == "CA":
        return CA_PROVINCES.get(state, ())
    if nation == "AU":
        return AU_STATES.get(state, ())
    return COUNTRIES.get(nation, ())


def _by_zip(state: str, city_or_zip: str | None) -> tuple[str, ...]:
    zip_code = (city_or_zip or "").strip()[:5]
    rules = _ZIP_PREFIXES.get(state)
    if rules is None or len(zip_code) != 5 or not (zip_code.isascii() and zip_code.isdigit()):
        return ()
    return rules.get(zip_code[:3], rules[""])


def _rows(rows: Mapping[tuple[str, ...], str]) -> dict[str, tuple[str, ...]]:
    return {code: zones for zones, codes in rows.items() for code in codes.split()}


US_STATES: Final = _rows(
    {
        (_EASTERN,): "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        (_CENTRAL,): "AL AR IA IL LA MN MO MS OK WI",
        (_MOUNTAIN,): "CO MT NM UT WY",
        (_PACIFIC,): "CA NV WA",
        (_EASTERN, _CENTRAL): "FL",
        ("America/Kentucky/Louisville", _CENTRAL): "KY",
        (_CENTRAL, _EASTERN): "TN",
        ("America/Indiana/Indianapolis", _CENTRAL): "IN",
        ("America/Detroit", _CENTRAL): "MI",
        (_CENTRAL, _MOUNTAIN): "KS ND NE SD TX",
        ("America/Boise", _PACIFIC): "ID",
        (_PACIFIC, "America/Boise"): "OR",
        # The Navajo Nation keeps daylight saving time, the rest of the state does not.
        ("America/Phoenix", _MOUNTAIN): "AZ",
        ("America/Anchorage", "America/Adak"): "AK",
        ("Pacific/Honolulu",): "HI",
        ("America/Puerto_Rico",): "PR VI",
        ("Pacific/Guam",): "GU MP",
        ("Pacific/Pago_Pago",): "AS",
    }
)

_ZIP_PREFIXES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "TX": {"798": (_MOUNTAIN, _CENTRAL), "799": (_MOUNTAIN,), "885": (_MOUNTAIN,), "": (_CENTRAL,)},
    "FL": {"324": (_CENTRAL, _EASTERN), "325": (_CENTRAL,), "": (_EASTERN,)},
    "ID": {"835": (_PACIFIC, "America/Boise"), "838": (_PACIFIC,), "": ("America/Boise",)},
    "OR": {"979": ("America/Boise", _PACIFIC), "": (_PACIFIC,)},
    "MI": {"498": ("America/Detroit", _CENTRAL), "499": ("America/Detroit", _CENTRAL), "": ("America/Detroit",)},
}
"""Per state the first three digits of ZIP codes that differ from the rest (""); a prefix cut by the line has both."""

CA_PROVINCES: Final = _rows(
    {
        ("America/St_Johns", "America/Goose_Bay"): "NL",
        ("America/Halifax",): "NS PE",
        ("America/Moncton",): "NB",
        ("America/Toronto", "America/Blanc-Sablon"): "QC",
        ("America/Toronto", "America/Winnipeg"): "ON",
        ("America/Winnipeg",): "MB",
        ("America/Regina", "America/Edmonton"): "SK",
        ("America/Edmonton",): "AB NT",
        ("America/Vancouver", "America/Edmonton"): "BC",
        ("America/Whitehorse",): "YT",
        ("America/Iqaluit", "America/Rankin_Inlet", "America/Cambridge_Bay"): "NU",
    }
)

AU_STATES: Final = _rows(
    {
        ("Australia/Sydney",): "NSW ACT",
        ("Australia/Melbourne",): "VIC",
        ("Australia/Brisbane",): "QLD",
        ("Australia/Adelaide",): "SA",
        ("Australia/Darwin",): "NT",
        ("Australia/Perth",): "WA",
        ("Australia/Hobart",): "TAS",
    }
)

COUNTRIES: Final[Mapping[str, tuple[str, ...]]] = {
    "AT": ("Europe/Vienna",),
    "BE": ("Europe/Brussels",),
    "CH": ("Europe/Zurich",),
    "CZ": ("Europe/Prague",),
    "DE": ("Europe/Berlin",),
    "DK": ("Europe/Copenhagen",),
    "ES": ("Europe/Madrid", "Atlantic/Canary"),
    "FI": ("Europe/Helsinki",),
    "FR": ("Europe/Paris",),
    "GB": ("Europe/London",),
    "GU": ("Pacific/Guam",),
    "HK": ("Asia/Hong_Kong",),
    "IE": ("Europe/Dublin",),
    "IL": ("Asia/Jerusalem",),
    "IN": ("Asia/Kolkata",),
    "IT": ("Europe/Rome",),
    "JP": ("Asia/Tokyo",),
    "LU": ("Europe/Luxembourg",),
    "NL": ("Europe/Amsterdam",),
    "NO": ("Europe/Oslo",),
    "NZ": ("Pacific/Auckland",),
    "PL": ("Europe/Warsaw",),
    "PR": ("America/Puerto_Rico",),
    "PT": ("Europe/Lisbon", "Atlantic/Azores"),
    "SE": ("Europe/Stockholm",),
    "SG": ("Asia/Singapore",),
    "VI": ("America/St_Thomas",),
}

"""When a phone may be texted: in which time zones its owner may be, and the next moment that is allowed in all of them.

Where two zones are possible (Idaho, a 907 number, a state cut by a zone line) the text waits until both are open. The
order of evidence is delivery address, area code, shop; an area code is defensible evidence but follows people who
move. Zones are IANA names, and every step is computed in real time, so that days of clock changes come out right.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.consent.quiet_rules import QuietRule, next_open_by_rules
from app.consent.zones import address_zones
from app.core.phone import zones_of

DEFAULT_START: Final = "09:00"
DEFAULT_END: Final = "20:00"

_DAYS_AHEAD: Final = 3
_TOO_MANY_ZONES: Final = 7
"""A number with more zones than this says nothing about a place."""


def next_open(
    now: datetime, *, zones: Sequence[str], start: str = DEFAULT_START, end: str = DEFAULT_END
) -> datetime | None:
    """Return None if texts may go out *now* in all *zones*, else the first moment (UTC) when they may.

    *start* is the first minute that is open and *end* the first that is closed; an *end* before *start* means a window
    over midnight, equal ones mean there are no quiet hours. Where the zones have no common open moment the first zone
    decides: it is the one with the best evidence.
    """
    window = _parse(start), _parse(end)
    places = [ZoneInfo(name) for name in zones]
    if _open_in_all(now, places, window):
        return None
    common = (moment for moment in _openings(now, places, window) if _open_in_all(moment, places, window))
    found = min(common, default=None)
    return found if found is not None else next_open(now, zones=zones[:1], start=start, end=end)


def next_allowed(
    now: datetime, *, zones: Sequence[str], start: str, end: str, rules: Sequence[QuietRule] = ()
) -> datetime | None:
    """Like `next_open`, with the rows of states and countries beside the shop's own window.

    Where the shop's window and a rule have no common moment in the next days, the rule decides: it is the stricter.
    """
    moment, limit = now, now + timedelta(days=_DAYS_AHEAD + 5)
    while moment < limit:
        later = next_open(moment, zones=zones, start=start, end=end)
        later = next_open_by_rules(later or moment, zones, rules) or later
        if later is None:
            return None if moment == now else moment
        moment = later
    return next_open_by_rules(now, zones, rules)


def recipient_zones(
    *,
    phone: str | None,
    country: str | None,
    province: str | None,
    city_or_zip: str | None = None,
    shop_zone: str,
    both: bool = False,
) -> tuple[str, ...]:
    """Return the zones in which the owner of *phone* may be: by delivery address, else area code, else the shop's.

    *country* and *province* are Shopify's codes (US, ID); *city_or_zip* narrows states with two zones where a ZIP code
    can. With *both*, address and area code must agree: the zones of either are returned, the stricter reading.
    """
    by_address = address_zones(country, province, city_or_zip)
    by_phone = _phone_zones(phone)
    if both and by_address:
        return tuple(dict.fromkeys((*by_address, *by_phone)))
    return by_address or by_phone or (shop_zone,)


def is_window(start: str, end: str) -> bool:
    """Say whether *start* and *end* are times of day as `next_open` takes them ("09:00")."""
    try:
        _parse(start), _parse(end)
    except ValueError:
        return False
    return True


def _phone_zones(phone: str | None) -> tuple[str, ...]:
    zones = zones_of(phone) if phone else ()
    return zones if len(zones) < _TOO_MANY_ZONES else ()


def _parse(text: str) -> time:
    """Read "HH:MM"; "24:00" is midnight. Raises ValueError for anything else."""
    hours, separator, minutes = text.partition(":")
    if separator != ":" or len(hours) != 2 or len(minutes) != 2 or not (hours + minutes).isdecimal():
        raise ValueError(f"not a time of day: {text!r}")
    if (hours, minutes) == ("24", "00"):
        return time(0)
    return time(int(hours), int(minutes))


def _open_in_all(moment: datetime, places: Sequence[ZoneInfo], window: tuple[time, time]) -> bool:
    return all(_is_open(moment.astimezone(place).time(), window) for place in places)


def _is_open(local: time, window: tuple[time, time]) -> bool:
    start, end = window
    if start == end:
        return True
    if start < end:
        return start <= local < end
    return local >= start or local < end


def _openings(now: datetime, places: Sequence[ZoneInfo], window: tuple[time, time]) -> Iterator[datetime]:
    """Every moment of the next days at which some zone may become open: at *start*, and where its clock is changed."""
    for place in places:
        today = now.astimezone(place).date()
        for day in (today + timedelta(days=ahead) for ahead in range(-1, _DAYS_AHEAD)):
            for fold in (0, 1):
                opening = datetime.combine(day, window[0].replace(fold=fold), place).astimezone(UTC)
                if opening > now:
                    yield opening
            midnight = datetime.combine(day, time(0), place).astimezone(UTC)
            change = _clock_change(midnight, midnight + timedelta(days=1), place)
            if change is not None and change > now:
                yield change


def _clock_change(begin: datetime, end: datetime, place: ZoneInfo) -> datetime | None:
    """Find the second between *begin* and *end* from which another offset counts, if there is one."""
    before = begin.astimezone(place).utcoffset()
    if end.astimezone(place).utcoffset() == before:
        return None
    low, high = int(begin.timestamp()), int(end.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, place).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)

"""Dates as the Connect API takes and writes them: "now", a day, or RFC 3339; written in the shop's time zone."""

import re
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?([Zz]|UTC|[+-]\d{2}:?\d{2}))?", re.ASCII
)
_YEARS: Final = range(1970, 2200)


def read_moment(value: str, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment in UTC, or None when *value* is none. A day begins in *zone*; a time without offset is meant there."""
    text = value.strip()
    if text.lower() == "now":
        return now
    try:
        if _DAY.fullmatch(text):
            moment = datetime.combine(date.fromisoformat(text), time(0), zone)
        elif _MOMENT.fullmatch(text):
            moment = _read_rfc3339(text)
        else:
            return None
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return aware.astimezone(UTC) if aware.year in _YEARS else None
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """ "2026-11-23T12:00:00.000000-05:00"."""
    return moment.astimezone(zone).isoformat(timespec="microseconds") if moment is not None else None


def _read_rfc3339(text: str) -> datetime:
    text = re.sub(r" ?(UTC|[Zz])$", "+00:00", text)
    text = re.sub(r" (?=[+-]\d{2}:?\d{2}$)", "", text)
    # Python reads six decimals; a nanosecond more or less is nobody's concern.
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))

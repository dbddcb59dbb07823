"""Sending windows and daily limits that states and countries set for solicitations, as dated data with a source a row.

Order texts are no solicitations, so these rows are a guard that a shop may switch on, not a statement of what the law
demands of it; a lawyer should read them first. The rows of states were taken from public summaries, not from the
statutes, and those summaries disagree on some states. A row says when it was taken over, and pages show that age.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.core.phone import country_of

TAKEN_OVER: Final = date(2026, 11, 22)
OLD_AFTER: Final = timedelta(days=180)

_EVERY_DAY: Final = "0123456"
_MINIMUM_WINDOW_DAYS: Final = 9
"""Days ahead in which every rule has an opening, also after a closed Sunday and a holiday weekend."""

_SUMMARIES: Final = (
    "https://support.referrizer.com/en/category/text-campaigns/article/tcpa-quiet-hours-and-state-specific-rules-for-text-campaigns",
    "https://usestello.com/compliance",
)
_FLORIDA_OKLAHOMA_WASHINGTON: Final = ("http://eflo.net/VICIDIALforum/viewtopic.php?f=2&t=41540",)
_FLORIDA: Final = ("https://flsenate.gov/Session/Bill/2021/1120/BillText/er/HTML", *_FLORIDA_OKLAHOMA_WASHINGTON)
_FEDERAL: Final = ("https://www.ecfr.gov/current/title-47/section-64.1200",)
_CANADA: Final = ("https://www.northerntel.ca/eng/inside_ntl/donotcalllist/donotcalllist.htm",)
_FRANCE: Final = ("https://ops.esendex.fr/?p=5396",)


@dataclass(frozen=True, slots=True)
class QuietRule:
    """*windows*: (weekdays from Monday = 0, start, end) in local time; a day without one is closed."""

    place: str
    windows: tuple[tuple[str, str, str], ...]
    sources: tuple[str, ...]
    daily_cap: int | None = None
    taken_over: date = TAKEN_OVER
    note: str = ""


RULES: Final = {
    rule.place: rule
    for rule in (
        QuietRule("US", ((_EVERY_DAY, "08:00", "21:00"),), _FEDERAL, note="Calls and texts that solicit."),
        QuietRule(
            "US-FL",
            ((_EVERY_DAY, "08:00", "20:00"),),
            _FLORIDA,
            daily_cap=3,
            note="Three in 24 hours about one subject; a Florida area code presumes that its owner lives there.",
        ),
        QuietRule("US-OK", ((_EVERY_DAY, "08:00", "20:00"),), _FLORIDA_OKLAHOMA_WASHINGTON, daily_cap=3),
        QuietRule(
            "US-OR", ((_EVERY_DAY, "08:00", "20:00"),), _SUMMARIES, daily_cap=3, note="HB 3865, since 1 January 2026."
        ),
        QuietRule("US-WA", ((_EVERY_DAY, "08:00", "20:00"),), _FLORIDA_OKLAHOMA_WASHINGTON),
        QuietRule("US-CT", ((_EVERY_DAY, "09:00", "20:00"),), _SUMMARIES),
        QuietRule(
            "US-MD", ((_EVERY_DAY, "08:00", "20:00"),), _SUMMARIES, daily_cap=3, note="The limit needs checking."
        ),
        *(
            QuietRule(f"US-{state}", ((_EVERY_DAY, "08:00", "20:00"),), _SUMMARIES)
            for state in ("MS", "NJ", "AL", "LA")
        ),
        QuietRule("US-MA", ((_EVERY_DAY, "08:00", "20:00"),), _SUMMARIES),
        QuietRule("US-TX", (("012345", "09:00", "21:00"), ("6", "12:00", "21:00")), _SUMMARIES),
        QuietRule("US-RI", (("01234", "09:00", "18:00"), ("56", "10:00", "17:00")), _SUMMARIES),
        QuietRule("US-KY", ((_EVERY_DAY, "10:00", "21:00"),), _SUMMARIES),
        QuietRule(
            "CA",
            (("01234", "09:00", "21:30"), ("56", "10:00", "18:00")),
            _CANADA,
            note="Telemarketing calls and faxes, by a telephone company's summary; provinces may be narrower.",
        ),
        QuietRule(
            "FR",
            (("012345", "08:00", "20:30"),),
            _FRANCE,
            note="Carriers' rule for advertising, by an old summary; public holidays are not in this table.",
        ),
    )
}


AREA_CODES: Final = {
    code: f"US-{state}"
    for state, codes in {
        "AL": "205 251 256 334 659 938",
        "CT": "203 475 860 959",
        "FL": "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954",
        "KY": "270 364 502 606 859",
        "LA": "225 318 337 504 985",
        "MA": "339 351 413 508 617 774 781 857 978",
        "MD": "227 240 301 410 443 667",
        "MS": "228 601 662 769",
        "NJ": "201 551 609 640 732 848 856 862 908 973",
        "OK": "405 539 572 580 918",
        "OR": "458 503 541 971",
        "RI": "401",
        "TX": "210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 915 936 940 945 "
        "956 972 979",
        "WA": "206 253 360 425 509 564",
    }.items()
    for code in codes.split()
}
"""Area codes of the states that have a row above (North American Numbering Plan); libphonenumber's own table of places
would take 180 MB of memory."""


def rules_for(country: str | None, province: str | None, phone: str | None) -> tuple[QuietRule, ...]:
    """The rows of every place that the person may be in: by delivery address and by area code."""
    places = [(country or "").upper(), f"{(country or '').upper()}-{(province or '').upper().rpartition('-')[2]}"]
    if phone is not None:
        nation = country_of(phone)
        places += [nation, AREA_CODES.get(phone[2:5], "") if phone.startswith("+1") else ""]
    return tuple(RULES[place] for place in dict.fromkeys(places) if place in RULES)


def next_open_by_rules(now: datetime, zones: Sequence[str], rules: Sequence[QuietRule]) -> datetime | None:
    """None when every rule is open *now* in all *zones*, else the first moment (UTC) when they are."""
    places = [ZoneInfo(name) for name in zones]
    if _open(now, places, rules):
        return None
    moments = sorted(_openings(now, places, rules))
    return next((each for each in moments if _open(each, places, rules)), now + timedelta(days=1))


def daily_cap_of(rules: Sequence[QuietRule]) -> int | None:
    return min((rule.daily_cap for rule in rules if rule.daily_cap is not None), default=None)


def table(today: date) -> list[dict[str, object]]:
    """Every row as pages show it, with its source and age."""
    return [
        {
            "place": rule.place,
            "windows": [{"weekdays": days, "start": start, "end": end} for days, start, end in rule.windows],
            "daily_cap": rule.daily_cap,
            "sources": list(rule.sources),
            "taken_over": rule.taken_over.isoformat(),
            "age_days": (today - rule.taken_over).days,
            "old": today - rule.taken_over > OLD_AFTER,
            "note": rule.note,
        }
        for rule in RULES.values()
    ]


def _open(moment: datetime, places: Sequence[ZoneInfo], rules: Sequence[QuietRule]) -> bool:
    return all(_open_at(moment.astimezone(place), rule) for place in places for rule in rules)


def _open_at(local: datetime, rule: QuietRule) -> bool:
    clock, day = local.time(), str(local.weekday())
    return any(day in days and _time(start) <= clock < _time(end) for days, start, end in rule.windows)


def _openings(now: datetime, places: Sequence[ZoneInfo], rules: Sequence[QuietRule]) -> Iterator[datetime]:
    for place in places:
        today = now.astimezone(place).date()
        for day in (today + timedelta(days=ahead) for ahead in range(_MINIMUM_WINDOW_DAYS)):
            for rule in rules:
                for days, start, _ in rule.windows:
                    opening = datetime.combine(day, _time(start), place).astimezone(UTC)
                    if str(day.weekday()) in days and opening > now:
                        yield opening


def _time(text: str) -> time:
    return time.fromisoformat(text)

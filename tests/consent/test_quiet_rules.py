"""States' and countries' windows: the right rows for a person, and the right moment by their clocks."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.consent.quiet_hours import next_allowed
from app.consent.quiet_rules import RULES, daily_cap_of, next_open_by_rules, rules_for, table

NEW_YORK, CHICAGO, LONDON = "America/New_York", "America/Chicago", "Europe/London"


def places(country: str | None, province: str | None, phone: str | None) -> list[str]:
    return [rule.place for rule in rules_for(country, province, phone)]


def opens(moment: datetime, zone: str, *rules: str, start: str = "00:00", end: str = "00:00") -> datetime | None:
    return next_allowed(moment, zones=[zone], start=start, end=end, rules=[RULES[place] for place in rules])


@pytest.mark.parametrize(
    ("country", "province", "phone", "expected"),
    [
        ("US", "TX", "+12125550123", ["US", "US-TX"]),
        ("US", "US-TX", "+12125550123", ["US", "US-TX"]),
        ("US", "NY", "+13055550142", ["US", "US-FL"]),  # a Florida number presumes a Floridian
        ("US", "FL", "+14015550123", ["US", "US-FL", "US-RI"]),
        ("US", "NY", "+18335550123", ["US"]),
        (None, None, "+12065550123", ["US", "US-WA"]),
        ("CA", "ON", "+14165550123", ["CA"]),
        ("FR", None, "+33612345678", ["FR"]),
        ("GB", None, "+447911123456", []),
        (None, None, None, []),
    ],
)
def test_address_and_area_code_both_count(
    country: str | None, province: str | None, phone: str | None, expected: list[str]
) -> None:
    assert places(country, province, phone) == expected


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("moment", "zone", "rules", "expected"),
    [
        (utc(2026, 11, 24, 17, 0), CHICAGO, ("US-TX",), None),  # Tuesday 11:00
        (utc(2026, 11, 29, 16, 0), CHICAGO, ("US-TX",), utc(2026, 11, 29, 18, 0)),  # Sunday 10:00: noon
        (utc(2026, 11, 29, 3, 0), CHICAGO, ("US-TX",), utc(2026, 11, 29, 18, 0)),  # Saturday 21:00, over midnight
        (utc(2026, 11, 27, 23, 30), NEW_YORK, ("US-RI",), utc(2026, 11, 28, 15, 0)),  # Friday 18:30: Saturday 10:00
        (utc(2026, 11, 25, 1, 0), NEW_YORK, ("US-FL",), utc(2026, 11, 25, 13, 0)),  # 20:00 sharp is closed
        (utc(2026, 11, 24, 14, 30), NEW_YORK, ("US-FL", "US-KY"), utc(2026, 11, 24, 15, 0)),  # both
        (utc(2026, 3, 8, 6, 0), NEW_YORK, ("US",), utc(2026, 3, 8, 12, 0)),  # clocks go forward that night
        (utc(2026, 11, 1, 5, 0), NEW_YORK, ("US",), utc(2026, 11, 1, 13, 0)),  # and back
        (utc(2026, 11, 28, 20, 0), "Europe/Paris", ("FR",), utc(2026, 11, 30, 7, 0)),  # no Sunday
    ],
)
def test_the_next_moment_by_the_rules(
    moment: datetime, zone: str, rules: tuple[str, ...], expected: datetime | None
) -> None:
    assert opens(moment, zone, *rules) == expected


def test_the_shops_window_and_a_rule_have_to_be_open_together() -> None:
    sunday = utc(2026, 11, 29, 16, 0)
    assert opens(sunday, CHICAGO, "US-TX", start="13:00", end="20:00") == utc(2026, 11, 29, 19, 0)
    assert opens(sunday, CHICAGO, "US-TX", start="09:00", end="11:00") == utc(2026, 11, 30, 15, 0)


def test_where_they_are_never_open_together_the_rule_decides() -> None:
    night = utc(2026, 11, 25, 4, 0)  # 23:00 in New York, the shop's window is 22:00 to 02:00
    assert opens(night, NEW_YORK, "US-FL", start="22:00", end="02:00") == utc(2026, 11, 25, 13, 0)


def test_every_rule_opens_within_a_week_and_names_its_source_and_age() -> None:
    for rule in RULES.values():
        closed = utc(2026, 11, 29, 7, 0)
        opening = next_open_by_rules(closed, [NEW_YORK], [rule])
        assert opening is not None
        assert opening - closed <= timedelta(days=2)
        assert rule.sources
        assert all(source.startswith("http") for source in rule.sources)
    rows = table(date(2027, 6, 30))
    assert {row["place"] for row in rows} == set(RULES)
    assert all(row["old"] and row["age_days"] == 220 for row in rows)
    assert not any(row["old"] for row in table(date(2026, 12, 24)))


def test_the_lowest_daily_limit_counts() -> None:
    assert daily_cap_of([RULES["US-FL"], RULES["US-WA"]]) == 3
    assert daily_cap_of([RULES["US-WA"]]) is None

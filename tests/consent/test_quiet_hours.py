from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.consent.quiet_hours import is_window, next_open, recipient_zones
from app.consent.zones import AU_STATES, CA_PROVINCES, COUNTRIES, US_STATES

NEW_YORK, CHICAGO, DENVER = "America/New_York", "America/Chicago", "America/Denver"
LOS_ANGELES, BOISE, PHOENIX = "America/Los_Angeles", "America/Boise", "America/Phoenix"
ANCHORAGE, ADAK = "America/Anchorage", "America/Adak"


def at(text: str, zone: str = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20 09:00", None),
        ("2026-11-20 12:00", None),
        ("2026-11-20 19:59:59", None),
        ("2026-11-20 20:00", "2026-11-21 09:00"),
        ("2026-11-20 23:30", "2026-11-21 09:00"),
        ("2026-11-20 00:00", "2026-11-20 09:00"),
        ("2026-11-20 08:59:59", "2026-11-20 09:00"),
        ("2026-12-31 21:00", "2027-01-01 09:00"),
    ],
)
def test_one_zone(now: str, opens: str | None) -> None:
    assert next_open(at(now), zones=[NEW_YORK]) == (at(opens) if opens else None)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20 22:00", None),
        ("2026-11-20 23:59", None),
        ("2026-11-21 00:00", None),
        ("2026-11-21 01:59", None),
        ("2026-11-21 02:00", "2026-11-21 22:00"),
        ("2026-11-20 12:00", "2026-11-20 22:00"),
    ],
)
def test_a_window_over_midnight(now: str, opens: str | None) -> None:
    assert next_open(at(now), zones=[NEW_YORK], start="22:00", end="02:00") == (at(opens) if opens else None)


@pytest.mark.parametrize(
    ("start", "end", "now", "opens"),
    [
        ("09:00", "24:00", "2026-11-20 23:59", None),
        ("09:00", "00:00", "2026-11-21 00:00", "2026-11-21 09:00"),
        ("00:00", "09:00", "2026-11-20 00:00", None),
        ("00:00", "09:00", "2026-11-20 10:00", "2026-11-21 00:00"),
        ("08:00", "08:00", "2026-11-20 03:00", None),
        ("00:00", "24:00", "2026-11-20 03:00", None),
    ],
)
def test_edges_of_windows(start: str, end: str, now: str, opens: str | None) -> None:
    assert next_open(at(now), zones=[NEW_YORK], start=start, end=end) == (at(opens) if opens else None)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        # 8 March 2026: at 02:00 the clock goes to 03:00; 1 November 2026: at 02:00 back to 01:00.
        ("2026-03-07 21:00", "2026-03-08 09:00"),
        ("2026-03-08 01:30", "2026-03-08 09:00"),
        ("2026-03-08 03:30", "2026-03-08 09:00"),
        ("2026-10-31 21:00", "2026-11-01 09:00"),
        ("2026-11-01 01:30", "2026-11-01 09:00"),
    ],
)
def test_days_of_clock_changes(now: str, opens: str) -> None:
    assert next_open(at(now), zones=[NEW_YORK]) == at(opens)


def test_the_night_of_a_clock_change_is_an_hour_shorter_or_longer() -> None:
    def wait(now: str) -> timedelta:
        opens = next_open(at(now), zones=[NEW_YORK])
        assert opens is not None
        return opens - at(now)

    assert wait("2026-03-06 20:00") == timedelta(hours=13)
    assert wait("2026-03-07 20:00") == timedelta(hours=12)
    assert wait("2026-10-31 20:00") == timedelta(hours=14)


def test_a_start_that_the_clock_skips_opens_when_it_jumps() -> None:
    opens = next_open(at("2026-03-08 01:00"), zones=[NEW_YORK], start="02:30", end="20:00")
    assert opens == at("2026-03-08 03:00")


def test_an_hour_that_comes_twice_opens_again() -> None:
    second_half_past_one = at("2026-11-01 01:30").replace() + timedelta(minutes=20)
    opens = next_open(second_half_past_one, zones=[NEW_YORK], start="00:00", end="01:45")
    assert opens == datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zones", "now", "opens"),
    [
        ([BOISE, LOS_ANGELES], at("2026-11-20 09:30", BOISE), at("2026-11-20 09:00", LOS_ANGELES)),
        ([BOISE, LOS_ANGELES], at("2026-11-20 10:00", BOISE), None),
        ([BOISE, LOS_ANGELES], at("2026-11-20 19:30", LOS_ANGELES), at("2026-11-21 09:00", LOS_ANGELES)),
        ([ANCHORAGE, ADAK], at("2026-11-20 09:00", ANCHORAGE), at("2026-11-20 09:00", ADAK)),
        ([NEW_YORK, "Pacific/Honolulu"], at("2026-11-20 10:00"), at("2026-11-20 14:00")),
        ([PHOENIX, DENVER], at("2026-07-01 09:30", DENVER), at("2026-07-01 09:00", PHOENIX)),
        ([PHOENIX, DENVER], at("2026-12-01 09:30", DENVER), None),
    ],
)
def test_several_zones_must_all_be_open(zones: list[str], now: datetime, opens: datetime | None) -> None:
    assert next_open(now, zones=zones) == opens


def test_zones_without_a_common_moment_follow_the_first() -> None:
    zones = ["Europe/London", "Pacific/Auckland"]
    now = at("2026-11-20 21:00", "Europe/London")
    assert next_open(now, zones=zones, start="12:00", end="13:00") == at("2026-11-21 12:00", "Europe/London")
    assert next_open(at("2026-11-20 12:30", "Europe/London"), zones=zones, start="12:00", end="13:00") is None


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
clock_changes = st.sampled_from(
    ["2026-03-07T12:00", "2026-03-08T05:00", "2026-10-31T12:00", "2026-11-01T04:00"]
).flatmap(
    lambda day: st.integers(0, 1440).map(
        lambda minutes: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=minutes)
    )
)
times = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
zone_lists = st.lists(st.sampled_from([NEW_YORK, CHICAGO, BOISE, PHOENIX, "America/St_Johns"]), min_size=1, max_size=2)


@settings(max_examples=60, deadline=None)
@given(st.one_of(moments, clock_changes), zone_lists, times, times)
def test_agrees_with_looking_at_the_clock_every_five_minutes(
    now: datetime, zones: list[str], start: str, end: str
) -> None:
    def is_open(moment: datetime) -> bool:
        walls = [moment.astimezone(ZoneInfo(zone)).strftime("%H:%M") for zone in zones]
        if start == end:
            return True
        return all(start <= wall < end if start < end else wall >= start or wall < end for wall in walls)

    opens = next_open(now, zones=zones, start=start, end=end)
    if is_open(now):
        assert opens is None
        return
    grid = now + timedelta(minutes=-now.minute % 5)
    seen = next((step for step in (grid + timedelta(minutes=5 * i) for i in range(288 * 2)) if is_open(step)), None)
    if seen is not None:
        assert opens == seen


@pytest.mark.parametrize(
    ("country", "province", "zip_code", "phone", "zones"),
    [
        ("US", "NY", None, "+13105550123", (NEW_YORK,)),
        ("us", "ny", None, None, (NEW_YORK,)),
        ("US", "US-CO", None, None, (DENVER,)),
        ("US", "ID", None, None, (BOISE, LOS_ANGELES)),
        ("US", "ID", "83702", None, (BOISE,)),
        ("US", "ID", "83814", None, (LOS_ANGELES,)),
        ("US", "ID", "83501-1234", None, (LOS_ANGELES, BOISE)),
        ("US", "ID", "Boise", None, (BOISE, LOS_ANGELES)),
        ("US", "AK", None, None, (ANCHORAGE, ADAK)),
        ("US", "TX", "79901", None, (DENVER,)),
        ("US", "TX", "75201", None, (CHICAGO,)),
        ("US", "TX", None, None, (CHICAGO, DENVER)),
        ("US", "FL", "32502", None, (CHICAGO,)),
        ("US", "FL", "33101", None, (NEW_YORK,)),
        ("US", "AZ", None, None, (PHOENIX, DENVER)),
        ("CA", "BC", None, None, ("America/Vancouver", "America/Edmonton")),
        ("CA", "NS", "B3H 4R2", None, ("America/Halifax",)),
        ("FR", None, "75001", "+12125550123", ("Europe/Paris",)),
        ("US", "??", None, "+13035550123", (DENVER,)),
        ("US", None, None, "+13035550123", (DENVER,)),
        (None, None, None, "+12085550123", (BOISE, LOS_ANGELES)),
        (None, None, None, "+442079460958", ("Europe/London",)),
        ("BR", "SP", None, "+18005550123", (CHICAGO,)),
        (None, None, None, "+18885550123", (CHICAGO,)),
        (None, None, None, "nonsense", (CHICAGO,)),
        (None, None, None, None, (CHICAGO,)),
    ],
)
def test_recipient_zones(
    country: str | None, province: str | None, zip_code: str | None, phone: str | None, zones: tuple[str, ...]
) -> None:
    found = recipient_zones(phone=phone, country=country, province=province, city_or_zip=zip_code, shop_zone=CHICAGO)
    assert found == zones


def test_the_stricter_reading_takes_address_and_area_code() -> None:
    found = recipient_zones(phone="+13105550123", country="US", province="NY", shop_zone=CHICAGO, both=True)
    assert found == (NEW_YORK, LOS_ANGELES)


def test_every_state_and_province_is_known_and_every_zone_exists() -> None:
    states = (
        "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH "
        "OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR VI GU AS MP"
    )
    provinces = "AB BC MB NB NL NS NT NU ON PE QC SK YT"
    assert set(US_STATES) == set(states.split(" "))
    assert set(CA_PROVINCES) == set(provinces.split(" "))
    for table in (US_STATES, CA_PROVINCES, AU_STATES, COUNTRIES):
        assert all(ZoneInfo(zone).key == zone for zones in table.values() for zone in zones)


@pytest.mark.parametrize(
    ("start", "end", "valid"),
    [
        ("09:00", "20:00", True),
        ("00:00", "24:00", True),
        ("22:00", "02:00", True),
        ("9:00", "20:00", False),
        ("09:00", "25:00", False),
        ("09:60", "20:00", False),
        ("", "20:00", False),
        ("09:00:00", "20:00", False),
        ("nine", "20:00", False),
        ("²³:00", "20:00", False),
    ],
)
def test_what_is_a_window(start: str, end: str, *, valid: bool) -> None:
    assert is_window(start, end) is valid

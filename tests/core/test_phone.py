import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.phone import UNKNOWN_COUNTRY, country_of, mask, to_e164, zones_of


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("+12125550123", None, "+12125550123"),
        (" +1 (212) 555-0123 ", None, "+12125550123"),
        ("+1.212.555.0123", "DE", "+12125550123"),
        ("212-555-0123", "US", "+12125550123"),
        ("(212) 555-0123", "us", "+12125550123"),
        ("1 212 555 0123", "US", "+12125550123"),
        ("416 555 0123", "CA", "+14165550123"),
        ("0044 20 7946 0958", "DE", "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("\uff0b1\uff12\uff11\uff125550123", None, "+12125550123"),
        ("+1 212\u00a0555\u20110123", None, "+12125550123"),
    ],
)
def test_numbers_become_e164(raw: str, country: str | None, expected: str) -> None:
    assert to_e164(raw, country) == expected


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        (None, "US"),
        ("", "US"),
        ("   ", "US"),
        ("n/a", "US"),
        ("555-555-SHIP", "US"),
        ("1-800-FLOWERS", "US"),
        ("+1 800 FLOWERS", None),
        ("212-555-0123 ext. 5", "US"),
        ("212-555-0123 x5", "US"),
        ("212-555-0123;5", "US"),
        ("212-555-0123 #5", "US"),
        ("212-555-0123 / 212-555-0124", "US"),
        ("2125550123", None),
        ("12125550123", None),
        ("212-555-0123", "not a country"),
        ("212-555-0123", ""),
        ("555 555 0100", "US"),
        ("000-000-0000", "US"),
        ("555-0123", "US"),
        ("911", "US"),
        ("+999123456789", None),
        ("+", None),
        ("++12125550123, and much more that is no number at all", None),
        ("\x00", "US"),
    ],
)
def test_everything_else_is_refused(raw: str | None, country: str | None) -> None:
    assert to_e164(raw, country) is None


@given(st.text(max_size=60), st.sampled_from([None, "US", "CA", "GB", "??"]))
def test_any_input_gives_a_stable_number_or_none(raw: str, country: str | None) -> None:
    phone = to_e164(raw, country)
    assert phone is None or to_e164(phone) == phone


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+12125550123", "+1•••••••0123"),
        ("+442079460958", "+44•••••••0958"),
        ("+33612345678", "+33•••••••5678"),
        ("not a phone", "•••••••"),
        ("", "•••••••"),
    ],
)
def test_mask_keeps_only_country_and_the_last_four(phone: str, shown: str) -> None:
    assert mask(phone) == shown


@pytest.mark.parametrize(
    ("phone", "country"),
    [
        ("+12125550123", "US"),
        ("+14165550123", "CA"),
        ("+17875550123", "PR"),
        ("+442079460958", "GB"),
        ("+80012345678", UNKNOWN_COUNTRY),
        ("nonsense", UNKNOWN_COUNTRY),
    ],
)
def test_country(phone: str, country: str) -> None:
    assert country_of(phone) == country


@pytest.mark.parametrize(
    ("phone", "zones"),
    [
        ("+12125550123", {"America/New_York"}),
        ("+13035550123", {"America/Denver"}),
        ("+12085550123", {"America/Boise", "America/Los_Angeles"}),
        ("+19075550123", {"America/Adak", "America/Anchorage"}),
        ("+442079460958", {"Europe/London"}),
        ("+18005550123", set()),
        ("+18885550123", set()),
        ("+80012345678", set()),
        ("nonsense", set()),
    ],
)
def test_zones_of_the_area_code(phone: str, zones: set[str]) -> None:
    assert set(zones_of(phone)) == zones


def test_an_international_number_only_has_to_be_possible() -> None:
    """Whoever wrote the "+" has normalised it; a new area code must not cost a customer their texts."""
    assert to_e164("+1 555 555 0100") == "+15555550100"
    assert country_of("+15555550100") == "US"
    assert to_e164("+1 555 0100") is None

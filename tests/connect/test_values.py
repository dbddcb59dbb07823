"""Money, dates and evidence, as tables."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.connect.consent import Evidence, ShopifyConsent, judge
from app.connect.moments import read_moment, write_moment
from app.connect.money import format_money
from app.connect.notices import with_names

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
DENVER = ZoneInfo("America/Denver")


@pytest.mark.parametrize(
    ("cents", "currency", "shown"),
    [
        (3500, "USD", "$35.00"),
        (16800, "USD", "$168.00"),
        (0, "USD", "$0.00"),
        (-505, "USD", "-$5.05"),
        (123456789, "USD", "$1,234,567.89"),
        (3500, "CAD", "CA$35.00"),
        (3500, "JPY", "¥3,500"),
        (3500, "CHF", "35.00 CHF"),
    ],
)
def test_money(cents: int, currency: str, shown: str) -> None:
    assert format_money(cents, currency) == shown


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("now", "2026-11-23T17:00:00+00:00"),
        (" Now ", "2026-11-23T17:00:00+00:00"),
        ("2023-01-03", "2023-01-03T07:00:00+00:00"),
        ("2021-04-09T12:00:00.123456-06:00", "2021-04-09T18:00:00.123456+00:00"),
        ("2021-04-09T12:00:00.123456789-06:00", "2021-04-09T18:00:00.123456+00:00"),
        ("2021-04-09T12:00:00Z", "2021-04-09T12:00:00+00:00"),
        ("2021-04-09 12:00:00 UTC", "2021-04-09T12:00:00+00:00"),
        ("2021-04-09 12:00:00 -0600", "2021-04-09T18:00:00+00:00"),
        ("2021-04-09T12:00", "2021-04-09T18:00:00+00:00"),
        ("2021-02-30", None),
        ("20210409", None),
        ("2021-W01-1", None),
        ("1969-12-31", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2021-04-09T25:00:00Z", None),
        ("tomorrow", None),
        ("", None),
        ("２０２１-04-09", None),
    ],
)
def test_dates(text: str, read: str | None) -> None:
    moment = read_moment(text, now=NOW, zone=DENVER)
    assert (moment.isoformat() if moment else None) == read


def test_a_moment_is_written_in_the_shops_zone() -> None:
    assert write_moment(NOW, DENVER) == "2026-11-23T10:00:00.000000-07:00"
    assert write_moment(None, DENVER) is None


EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("evidence", "shopify", "state"),
    [
        (None, None, None),
        (None, ("SUBSCRIBED", EARLIER), "SUBSCRIBED"),
        (None, ("NOT_SUBSCRIBED", EARLIER), "NOT_SUBSCRIBED"),
        (("subscribed", EARLIER), None, "SUBSCRIBED"),
        (("subscribed", LATER), ("UNSUBSCRIBED", EARLIER), "SUBSCRIBED"),
        (("subscribed", EARLIER), ("UNSUBSCRIBED", LATER), "UNSUBSCRIBED"),
        (("subscribed", EARLIER), ("UNSUBSCRIBED", None), "UNSUBSCRIBED"),
        (("unsubscribed", EARLIER), ("SUBSCRIBED", LATER), "UNSUBSCRIBED"),
        (("pending", LATER), ("SUBSCRIBED", EARLIER), "PENDING"),
    ],
)
def test_who_agreed(
    evidence: tuple[str, datetime] | None, shopify: tuple[str, datetime | None] | None, state: str | None
) -> None:
    given = Evidence(*evidence, "checkout", "words") if evidence else None
    verdict = judge(given, ShopifyConsent(*shopify) if shopify else None)
    assert verdict.state == state
    assert (verdict.refusal is None) is (state == "SUBSCRIBED")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("A new order.", "Demo Store: A new order. Reply STOP to opt-out."),
        ("Demo Store has news. Text STOP to end.", "Demo Store has news. Text STOP to end."),
    ],
)
def test_a_notification_names_the_brand_and_the_way_out(text: str, sent: str) -> None:
    assert with_names("Demo Store", text) == sent

"""The time zone in which a shop's days begin: its own choice, else Shopify's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.shops.models import Shop
from app.shops.settings import read_settings_of


def zone_of(shop: Shop) -> ZoneInfo:
    """UTC where a name is unknown here: the zones of the machine that wrote it may be newer."""
    try:
        return ZoneInfo(read_settings_of(shop).time_zone or shop.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which *day* begins in *zone*."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

"""Which orders a run is about: up to its own start, because what comes later is no history."""

from datetime import UTC, datetime, timedelta
from typing import Final

from app.connect.models import HistoryImport

WINDOW: Final = timedelta(days=60)


def period_of(run: HistoryImport) -> str:
    """In Shopify's search syntax."""
    since = run.since or run.created_at - WINDOW
    return f"created_at:>='{_moment(since)}' created_at:<'{_moment(run.created_at)}'"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

"""How fast the pages are for the people who use them: App Bridge measures, the page passes it on, `/metrics` shows it.

Source: Shopify, "Web Vitals API" of App Bridge, and Built for Shopify's limits for the 75th percentile of loads: LCP
2.5 s, INP 0.2 s, CLS 0.1. A bucket ends at each limit, so that the share of loads within it can be read off. Nothing
here says which shop or who it was. Each web process counts for itself.
"""

from typing import Any, Final

from prometheus_client import Histogram

from app.admin.json_body import read_object
from app.admin.session import Visit
from app.core.errors import Invalid

TIMES: Final = ("LCP", "INP", "FCP", "TTFB")
SHIFT: Final = "CLS"
MOST_AT_ONCE = 20
LONGEST_MS, LARGEST_SHIFT = 120_000, 100
"""Beyond these a report is no measurement."""

NO_MEASUREMENT = "Each measurement has a name and a number from 0 upwards."

SECONDS = Histogram(
    "web_vitals_seconds",
    "Largest paint, slowest interaction, first paint and first byte of the admin pages, as browsers report them.",
    ["name"],
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5, 4, 6, 10),
)
LAYOUT_SHIFT = Histogram(
    "web_vitals_layout_shift",
    "Cumulative layout shift of the admin pages, as browsers report it.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1),
)


async def note_vitals(visit: Visit) -> dict[str, Any]:
    """Names that are not known here are passed over: App Bridge may learn new ones."""
    metrics = (await read_object(visit.request)).get("metrics")
    if not isinstance(metrics, list) or len(metrics) > MOST_AT_ONCE:
        raise Invalid({"metrics": f"Give a list of at most {MOST_AT_ONCE} measurements."})
    measured = [(name, value) for name, value in map(_read, metrics) if name in (*TIMES, SHIFT)]
    for name, value in measured:
        if name == SHIFT:
            LAYOUT_SHIFT.observe(value)
        else:
            SECONDS.labels(name).observe(value / 1000)
    return {"noted": len(measured)}


def _read(metric: object) -> tuple[str, float]:
    name, value = (metric.get("name"), metric.get("value")) if isinstance(metric, dict) else (None, None)
    largest = LARGEST_SHIFT if name == SHIFT else LONGEST_MS
    if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid({"metrics": NO_MEASUREMENT})
    if not 0 <= value <= largest:  # integers of any length too, which no float holds
        raise Invalid({"metrics": NO_MEASUREMENT})
    return name, float(value)

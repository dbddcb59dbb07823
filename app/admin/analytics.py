"""What became of the texts of a period: four numbers and three charts, each with the figures that it is drawn from."""

from datetime import date
from typing import Any

from starlette.responses import Response

from app.admin.page import page, render
from app.admin.session import Visit
from app.admin.wording import PERIODS
from app.core.language import Language, language_of
from app.messages.analytics import Analytics, analyse
from app.messages.kinds import kinds
from app.shops.settings import read_settings_of

USUAL = 30
TALLIES = ("delivered", "on_the_way", "failed")


@page
async def show_analytics(visit: Visit) -> Response:
    days = _days(visit.request.query_params.get("days", ""))
    async with visit.deps.db.transaction() as session:
        found = await analyse(visit.deps, session, visit.shop, days=days)
    reader = language_of(visit.request)
    return render(
        visit,
        "analytics",
        days=days,
        found=found,
        columns=columns_of(found, reader),
        kinds=[(_label(kind), of_kind) for kind, of_kind in found.by_kind],
        cost=_rounded(found.segments * read_settings_of(visit.shop).price_per_segment),
        price=read_settings_of(visit.shop).price_per_segment,
    )


def columns_of(found: Analytics, reader: Language) -> list[dict[str, Any]]:
    """One for each day; its name stands under every fifth or so, and on a phone under every second of those (the others
    are *spare*), so that they do not run into each other."""
    step = max(1, round(len(found.by_day) / 6))
    columns = []
    for position, ((day, tally), (_, opt_outs)) in enumerate(zip(found.by_day, found.opt_outs, strict=True)):
        values = [getattr(tally, name) for name in TALLIES]
        steps, beside = divmod(len(found.by_day) - 1 - position, step)
        columns.append(
            {
                "name": reader.day(day),
                "labelled": beside == 0,
                "spare": steps % 2 == 1,
                "values": values,
                "opt_outs": opt_outs,
                "weekend": _is_weekend(day),
            }
        )
    return columns


def _rounded(cost: float) -> float:
    """To cents, as bills are; less than one keeps its digits."""
    return round(cost, 2) if cost >= 0.01 else cost


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def _label(kind: str) -> str:
    known = kinds.find(kind)
    return known.label if known is not None else kind


def _days(given: str) -> int:
    return next((days for days in PERIODS if str(days) == given), USUAL)

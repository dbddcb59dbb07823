"""Everything that could keep texts from leaving, checked now, each with what to do about it and where."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.admin.page import page, render
from app.admin.session import Visit
from app.admin.steps import answer_in_steps
from app.deps import Deps
from app.messages.diagnostics import diagnose
from app.notifications.checks import check_notifications
from app.shops.connection import check_again
from app.shops.models import Shop
from app.shops.progress import Tell
from app.sms.contract import Level, SmsError

WORST_FIRST = {"problem": 0, "warning": 1, "ok": 2}
WHERE: Final = {
    "ringcentral": "/settings/connection",
    "number": "/settings/connection",
    "pace": "/settings/connection",
    "countries": "/settings/recipients",
    "doubtful_replies": "/consent",
    "consent_drift": "/consent",
    "texts": "/templates",
    "mail": "/settings/replies",
}
"""The page on which a check is put in order."""
OF_RINGCENTRAL: Final = ("brand", "campaign.", "high_volume.", "number.", "permission.", "scopes", "unchecked.")
"""RingCentral's own findings, by how their codes begin: they belong to the connection."""


@page
async def show_diagnostics(visit: Visit) -> Response:
    found = (await read_diagnostics(visit))["diagnostics"]
    return render(
        visit,
        "diagnostics",
        groups=by_number(worst_first(found)),
        problems=sum(each["level"] == "problem" for each in found),
        warnings=sum(each["level"] == "warning" for each in found),
    )


async def diagnose_all(deps: Deps, session: AsyncSession, shop: Shop) -> list[dict[str, Any]]:
    found = await diagnose(deps, session, shop)
    return [*found, *await check_notifications(deps, session, shop)]


def worst_first(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the page on which each is put in order."""
    by_level = sorted(found, key=lambda each: WORST_FIRST.get(each["level"], 1))
    return [each | {"href": _where(each["code"])} for each in by_level]


def by_number(found: list[dict[str, Any]]) -> list[tuple[str | None, list[dict[str, Any]]]]:
    """(the number that is meant, its checks); None is the shop itself. The order of *found* is kept, so that what is
    worst stands first."""
    groups: dict[str | None, list[dict[str, Any]]] = {}
    for each in found:
        groups.setdefault(each["about"], []).append(each)
    return list(groups.items())


async def read_diagnostics(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"diagnostics": await diagnose_all(visit.deps, session, visit.shop)}


async def run_diagnostics(visit: Visit) -> dict[str, Any] | Response:
    """RingCentral is asked anew about every number, then all is checked. That it is away is one more finding."""

    async def work(tell: Tell) -> dict[str, Any]:
        try:
            await check_again(visit.deps, visit.shop, tell=tell)
        except SmsError as error:
            await tell("ringcentral_away", Level.WARNING, error.sentence)
            away = {
                "code": "ringcentral_away",
                "level": "warning",
                "sentence": error.sentence,
                "action": None,
                "about": None,
            }
            return {"diagnostics": [*(await read_diagnostics(visit))["diagnostics"], away]}
        return await read_diagnostics(visit)

    return await answer_in_steps(visit, work)


def _where(code: str) -> str | None:
    return WHERE["ringcentral"] if code.startswith(OF_RINGCENTRAL) else WHERE.get(code)

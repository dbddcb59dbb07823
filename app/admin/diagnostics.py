"""Everything that could keep texts from leaving, checked now, each with what to do about it."""

from typing import Any

from starlette.responses import Response

from app.admin.page import page, render
from app.admin.session import Visit
from app.messages.diagnostics import diagnose

WORST_FIRST = {"problem": 0, "warning": 1, "ok": 2}


@page
async def show_diagnostics(visit: Visit) -> Response:
    found = (await read_diagnostics(visit))["diagnostics"]
    found.sort(key=lambda each: WORST_FIRST.get(each["level"], 1))
    return render(
        visit,
        "diagnostics",
        diagnostics=found,
        problems=sum(each["level"] == "problem" for each in found),
        warnings=sum(each["level"] == "warning" for each in found),
    )


async def read_diagnostics(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"diagnostics": await diagnose(visit.deps, session, visit.shop)}

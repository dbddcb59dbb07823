"""Who opted out, how consent changed, and the form for an opt-out that reached staff by another way than a text."""

from typing import Any

from starlette.responses import Response

from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.consent.log import activity, opt_outs
from app.messages.opt_out import record_staff_opt_out

SHOWN = 100


@page
async def show_consent(visit: Visit) -> Response:
    deps, shop_id = visit.deps, visit.shop.id
    async with deps.db.transaction() as session:
        opted_out = await opt_outs(deps, session, shop_id, limit=SHOWN)
        changes = await activity(deps, session, shop_id, limit=SHOWN // 2)
    return render(visit, "consent", opted_out=opted_out, changes=changes, shown=SHOWN)


async def record_opt_out(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await record_staff_opt_out(visit.deps, session, visit.shop, form, actor=visit.actor)

"""The download of the log: a signed-in POST makes an address, and whoever opens that address once gets the file.

The address needs no session token, because a browser's download cannot carry one.
"""

from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from app.admin.json_body import read_object
from app.admin.messages import read_filters
from app.admin.session import Visit
from app.deps import Deps
from app.messages.export import export_csv, make_export_link, take_export_link
from app.messages.people import phones_of_people

KEPT = ("status", "kind", "q")
NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


async def make_export(visit: Visit) -> dict[str, Any]:
    given = await read_object(visit.request)
    filters = read_filters(QueryParams([(name, str(given[name])) for name in KEPT if given.get(name)]))
    kept = {name: filters[name] for name in KEPT if filters[name]}
    people = await phones_of_people(visit.deps, visit.shop.id, filters["q"])
    async with visit.deps.db.transaction() as session:
        token = await make_export_link(visit.deps, session, visit.shop.id, {**kept, "people": people})
    return {"url": f"/exports/{token}"}


async def download_export(request: Request) -> Response:
    deps: Deps = request.state.deps
    async with deps.db.transaction() as session:
        taken = await take_export_link(deps, session, str(request.path_params["token"]))
    if taken is None:
        return PlainTextResponse("This download has expired. Export the messages again.", 410, NO_STORE)
    shop_id, filters = taken
    day = f"{deps.clock():%Y-%m-%d}"
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="messages-{day}.csv"'}
    return StreamingResponse(export_csv(deps, shop_id, filters), headers=headers, media_type="text/csv; charset=utf-8")

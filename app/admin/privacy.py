"""Customers' data requests: the list, the link to a file, and the file itself."""

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.admin.in_address import path_id
from app.admin.page import page, render
from app.admin.session import Visit
from app.compliance.data_request import list_requests, make_link, take_file
from app.core.errors import NotFound
from app.deps import Deps


@page
async def show_privacy(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        return render(visit, "privacy", requests=await list_requests(session, visit.shop.id))


async def read_data_requests(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"data_requests": await list_requests(session, visit.shop.id)}


async def link_data_request(visit: Visit) -> dict[str, Any]:
    request_id = path_id(visit, "There is no such file.")
    async with visit.deps.db.transaction() as session:
        path = await make_link(visit.deps, session, visit.shop, request_id, actor=visit.actor)
    return {"url": visit.deps.settings.shopify_app_url + path}


async def download_data_request(request: Request) -> Response:
    """Needs no session: the link itself is the proof, and is spent by this."""
    deps: Deps = request.state.deps
    try:
        async with deps.db.transaction() as session:
            file = await take_file(deps, session, request.path_params["link"])
    except NotFound as error:
        return PlainTextResponse(error.sentence, 404, {"Cache-Control": "no-store"})
    return Response(
        file.content,
        media_type="application/json",
        headers={"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{file.name}"'},
    )

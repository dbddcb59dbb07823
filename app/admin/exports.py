"""Downloads, of the log and of evidence: a signed-in POST makes an address, and whoever opens it once gets the file.

The address needs no session token, because a browser's download cannot carry one.
"""

from collections.abc import AsyncGenerator
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.admin.evidence import evidence_data, evidence_page
from app.admin.json_body import read_object
from app.admin.messages import read_filters
from app.admin.session import Visit
from app.core.streamed import Streamed
from app.deps import Deps
from app.messages.export import export_csv, export_opt_outs, make_export_link, take_export_link
from app.messages.people import phones_of_people
from app.shopify.client import ShopifyUnavailable
from app.shops.queries import get_shop

KEPT = ("status", "kind", "q")
NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


async def make_export(visit: Visit) -> dict[str, Any]:
    given = await read_object(visit.request)
    filters = read_filters(QueryParams([(name, str(given[name])) for name in KEPT if given.get(name)]))
    kept = {name: filters[name] for name in KEPT if filters[name]}
    people = await phones_of_people(visit.deps, visit.shop.id, filters["q"])
    if people is None:
        # A file outlives its page, so it must not lack a customer's texts without a word.
        raise ShopifyUnavailable("Shopify did not answer, so this name could not be looked up. Try again in a moment.")
    async with visit.deps.db.transaction() as session:
        token = await make_export_link(visit.deps, session, visit.shop.id, {**kept, "people": people})
    return {"url": f"/exports/{token}"}


async def make_opt_outs_export(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        token = await make_export_link(visit.deps, session, visit.shop.id, {"opt_outs": True})
    return {"url": f"/exports/{token}"}


async def download_export(request: Request) -> Response:
    deps: Deps = request.state.deps
    async with deps.db.transaction() as session:
        taken = await take_export_link(deps, session, str(request.path_params["token"]))
    if taken is None:
        return PlainTextResponse("This download has expired. Ask for it again in the app.", 410, NO_STORE)
    shop_id, filters = taken
    day = f"{deps.clock():%Y-%m-%d}"
    if "evidence_of" in filters:
        return await _evidence(deps, shop_id, day, filters["evidence_of"], filters["format"])
    if "opt_outs" in filters:
        return _file(export_opt_outs(deps, shop_id), f"opt-outs-{day}.csv")
    return _file(export_csv(deps, shop_id, filters), f"messages-{day}.csv")


def _file(pieces: AsyncGenerator[bytes, None], name: str, media_type: str = "text/csv; charset=utf-8") -> Response:
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Streamed(pieces, headers=headers, media_type=media_type)


async def _evidence(deps: Deps, shop_id: int, day: str, phone: str, wanted: str) -> Response:
    """The page opens, to be read and printed; the data is saved."""
    async with deps.db.transaction() as session:
        shop = await get_shop(session, shop_id)
    if wanted == "json":
        return _file(evidence_data(deps, shop, phone), f"consent-{phone.lstrip('+')}-{day}.json", "application/json")
    opened = evidence_page(deps, shop, phone)
    opened.headers["Referrer-Policy"] = "no-referrer"
    return opened

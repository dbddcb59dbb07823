"""An affiliate of the demo store: invites Jane as the merchant would, and posts an order as the store's software would.

Both go to the app over HTTP, the one with a session token, the other with an API key made for it. What Jane does is
done by whoever tries it out, on her Connect page.
"""

import secrets
from datetime import datetime
from typing import Any

import httpx2
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.core.errors import Invalid
from app.simulator.demo_shop import JANE, JANET
from app.simulator.frame.desk import Desk
from app.simulator.merchant import Answered, Merchant

CONNECT_ID = "jane-1"
PEOPLE = ({"name": "Jane, affiliate", "phone": JANE}, {"name": "Janet, her customer", "phone": JANET})
"""Whose telephones the panel offers beside those of the shop's customers."""
PERSON = {"connect_id": CONNECT_ID, "name": "Jane Doe", "phone": JANE, "email": "jane@example.com"}


def affiliate_routes(desk: Desk) -> list[Route]:
    async def invite(request: Request) -> Response:
        return JSONResponse(await invite_jane(desk, request))

    async def order(request: Request) -> Response:
        return JSONResponse(await post_order(desk, request))

    return [
        Route("/frame/{store}/affiliate/invitation", desk.guard(invite), methods=["POST"]),
        Route("/frame/{store}/affiliate/orders", desk.guard(order), methods=["POST"]),
    ]


async def invite_jane(desk: Desk, request: Request) -> dict[str, Any]:
    """Her invitation, or the page itself once she has joined. People who were not invited may join as well."""
    shop = desk.shop_of(request)
    try:
        async with Merchant(desk.shopify, shop.domain, desk.app_origin) as merchant:
            await merchant.put("/api/admin/settings", {"connect_self_join": True})
            known = (await merchant.get("/api/admin/connect/accounts"))["accounts"]
            jane = next((each for each in known if each["connect_id"] == CONNECT_ID), None)
            if jane is None:
                jane = await merchant.post("/api/admin/connect/accounts", PERSON)
            account = await merchant.get(f"/api/admin/connect/accounts/{jane['id']}")
            page = (await merchant.get("/api/admin/connect/hosted-page"))["url"]
    except (Answered, httpx2.TransportError) as problem:
        raise Invalid({"app": f"The app did not take it. {problem}"}) from problem
    return {"url": page if account["joined_at"] else account["invite_url"], "joined": bool(account["joined_at"])}


async def post_order(desk: Desk, request: Request) -> dict[str, Any]:
    """An order of Janet's with Jane, with Janet's consent, by the Connect API."""
    shop = desk.shop_of(request)
    try:
        if desk.api_key is None:
            async with Merchant(desk.shopify, shop.domain, desk.app_origin) as merchant:
                made = await merchant.post("/api/admin/api-keys", {"name": "Demo panel", "scopes": ["orders"]})
                desk.api_key = made["key"]
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.post(
                f"{desk.app_origin}/api/v1/orders",
                json={"order": _order(desk.shopify.clock())},
                headers={"Authorization": f"Bearer {desk.api_key}", "X-Shout-Connect-ID": CONNECT_ID},
            )
    except (Answered, httpx2.TransportError) as problem:
        raise Invalid({"app": f"The app did not take it. {problem}"}) from problem
    if answer.status_code != 201:
        error = msgspec.json.decode(answer.content).get("error", {})
        raise Invalid({"app": f"The app answered {answer.status_code}: {error.get('message', '')} Invite Jane first."})
    texts = answer.json()["metadata"].get("text_alerts", {}).values()
    reasons = [text["reason"]["sentence"] for text in texts if text["reason"]]
    return {"name": answer.json()["reference_id"], "why_not": reasons[0] if reasons else None}


def _order(now: datetime) -> dict[str, Any]:
    return {
        "reference_id": f"J-{secrets.randbelow(9000) + 1000}",
        "invoiced_at": "now",
        "paid_at": "now",
        "description": "Order from Ecommerce Site",
        "profile_name": "Janet Smith",
        "profile_phone_number": "(801) 555-6788",
        "profile_shipping_address_raw": "1 E Center St, Provo, UT 84606",
        "line_items": [{"name": "Tank Top", "each_price_cents": 3500, "quantity": 2, "price_cents": 7000}],
        "total_cents": 7000,
        "sms_consent": {
            "state": "subscribed",
            "collected_at": now.isoformat(),
            "source": "checkout",
            "wording": "Text me updates about my order. Msg & data rates may apply. Reply STOP to opt out.",
        },
    }

"""The verbs of the demo panel: each endpoint reads one small JSON body and asks a simulator to do one thing."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.core.errors import Invalid, NotFound
from app.core.phone import to_e164
from app.simulator.frame.desk import Desk
from app.simulator.shopify import Customer, Order, Shop
from app.simulator.shopify.orders import EVENTS, CannotFulfil, CannotRefund

CONSENT_STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED", "PENDING")
LONGEST_TEXT = 1000

Body = TypeVar("Body", bound=msgspec.Struct)


class NewCustomer(msgspec.Struct):
    first_name: str
    last_name: str = ""
    phone: str = ""
    agreed: bool = True


class PlaceOrder(msgspec.Struct):
    """*customer_id* names a known customer, or *customer* is a new one."""

    customer_id: str | None = None
    customer: NewCustomer | None = None
    unpaid: bool = False


class Parcel(msgspec.Struct):
    tracking_company: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    partial: bool = False


class ParcelNews(msgspec.Struct):
    status: str


class RefundOf(msgspec.Struct):
    """*half*: half of what is left, else all of it."""

    half: bool = False


class ScopeGrant(msgspec.Struct):
    scopes: list[str]


class ConsentChange(msgspec.Struct):
    state: str


class CustomerText(msgspec.Struct):
    phone: str
    to: str
    text: str


class Nothing(msgspec.Struct):
    pass


def action_routes(desk: Desk) -> list[Route]:
    """The panel's own endpoints; `desk.guard` keeps them to this machine and to the panel's page."""

    def post(path: str, act: Callable[[Desk, Request], Awaitable[dict[str, Any]]]) -> Route:
        async def endpoint(request: Request) -> Response:
            return JSONResponse(await act(desk, request))

        return Route(path, desk.guard(endpoint), methods=["POST"])

    return [
        post("/frame/{store}/orders", place_order),
        post("/frame/{store}/orders/{order_id:int}/fulfil", fulfil_order),
        post("/frame/{store}/orders/{order_id:int}/cancel", cancel_order),
        post("/frame/{store}/orders/{order_id:int}/pay", pay_order),
        post("/frame/{store}/orders/{order_id:int}/refund", refund_order),
        post("/frame/{store}/orders/{order_id:int}/report", report_parcel),
        post("/frame/{store}/orders/{order_id:int}/tracking", change_tracking),
        post("/frame/{store}/scopes", grant_scopes),
        post("/frame/{store}/customers/{customer_id:int}/consent", change_consent),
        post("/frame/{store}/texts", send_text),
        post("/frame/{store}/webhooks/retry", retry_webhooks),
    ]


async def place_order(desk: Desk, request: Request) -> dict[str, Any]:
    shop = desk.shop_of(request)
    body = await _read(request, PlaceOrder)
    customer = _new_customer(desk, shop, body.customer) if body.customer else _known_customer(shop, body.customer_id)
    paid = "pending" if body.unpaid else "paid"
    order = await desk.shopify.place_order(shop.domain, customer, financial_status=paid)
    return {"id": str(order.id), "name": order.name, "phone": customer.phone}


async def fulfil_order(desk: Desk, request: Request) -> dict[str, Any]:
    shop = desk.shop_of(request)
    parcel = await _read(request, Parcel)
    order = _open_order(shop, request)
    try:
        await desk.shopify.fulfil_order(
            shop.domain,
            order,
            tracking_company=parcel.tracking_company.strip() or None,
            tracking_number=parcel.tracking_number.strip() or None,
            tracking_url=parcel.tracking_url.strip() or None,
            partial=parcel.partial,
        )
    except CannotFulfil as problem:
        raise Invalid({"order": str(problem)}) from problem
    return {"name": order.name}


async def pay_order(desk: Desk, request: Request) -> dict[str, Any]:
    shop = desk.shop_of(request)
    await _read(request, Nothing)
    order = _open_order(shop, request)
    await desk.shopify.pay_order(shop.domain, order)
    return {"name": order.name}


async def refund_order(desk: Desk, request: Request) -> dict[str, Any]:
    shop = desk.shop_of(request)
    body = await _read(request, RefundOf)
    order = _known_order(shop, request)
    left = order.total_cents - order.refunded_cents
    try:
        await desk.shopify.refund_order(shop.domain, order, cents=left // 2 if body.half else None)
    except CannotRefund as problem:
        raise Invalid({"order": str(problem)}) from problem
    return {"name": order.name}


async def report_parcel(desk: Desk, request: Request) -> dict[str, Any]:
    """About the parcel that left last."""
    shop = desk.shop_of(request)
    body = await _read(request, ParcelNews)
    order = _open_order(shop, request)
    if body.status not in EVENTS or not order.fulfillments:
        raise Invalid({"status": "There is no parcel of which this could be reported."})
    await desk.shopify.report_parcel(shop.domain, order, order.fulfillments[-1], body.status)
    return {"name": order.name}


async def change_tracking(desk: Desk, request: Request) -> dict[str, Any]:
    """Of the parcel that left last."""
    shop = desk.shop_of(request)
    body = await _read(request, Parcel)
    order = _open_order(shop, request)
    if not order.fulfillments:
        raise Invalid({"order": "There is no parcel yet."})
    await desk.shopify.change_tracking(
        shop.domain,
        order,
        order.fulfillments[-1],
        company=body.tracking_company.strip() or None,
        number=body.tracking_number.strip() or None,
        url=body.tracking_url.strip() or None,
    )
    return {"name": order.name}


async def grant_scopes(desk: Desk, request: Request) -> dict[str, Any]:
    """The merchant agrees to what the app asked for; Shopify tells the app of it."""
    shop = desk.shop_of(request)
    body = await _read(request, ScopeGrant)
    await desk.shopify.change_scopes(shop.domain, sorted({*shop.scopes, *body.scopes}))
    return {"granted": shop.scopes}


async def cancel_order(desk: Desk, request: Request) -> dict[str, Any]:
    shop = desk.shop_of(request)
    await _read(request, Nothing)
    order = _open_order(shop, request)
    await desk.shopify.cancel_order(shop.domain, order)
    return {"name": order.name}


async def change_consent(desk: Desk, request: Request) -> dict[str, Any]:
    shop = desk.shop_of(request)
    body = await _read(request, ConsentChange)
    if body.state not in CONSENT_STATES:
        raise Invalid({"state": f"Choose one of {', '.join(CONSENT_STATES)}."})
    customer = _known_customer(shop, request.path_params["customer_id"])
    await desk.shopify.set_consent(shop.domain, customer, body.state)
    return {"consent": body.state}


async def send_text(desk: Desk, request: Request) -> dict[str, Any]:
    desk.shop_of(request)
    body = await _read(request, CustomerText)
    text = body.text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise Invalid({"text": f"Write between 1 and {LONGEST_TEXT} characters."})
    phone, to = to_e164(body.phone), to_e164(body.to)
    if phone is None or to is None:
        raise Invalid({"to": "There is no number to text to yet."})
    try:
        await desk.ringcentral.customer_texts(phone, to, text)
    except LookupError as problem:
        raise Invalid({"to": "Nobody has the number this text is for."}) from problem
    return {"sent": text}


async def retry_webhooks(desk: Desk, request: Request) -> dict[str, Any]:
    desk.shop_of(request)
    await _read(request, Nothing)
    await desk.shopify.retry_webhooks()
    return {"retried": True}


def _new_customer(desk: Desk, shop: Shop, new: NewCustomer) -> Customer:
    phone = to_e164(new.phone, shop.country_code)
    errors = {}
    if not new.first_name.strip():
        errors["first_name"] = "Enter a first name."
    if phone is None:
        errors["phone"] = "Enter a phone number with country code, like +1 212 555 0123."
    elif any(customer.phone == phone for customer in shop.customers.values()):
        errors["phone"] = "Another customer has this number."
    if errors or phone is None:
        raise Invalid(errors)
    return desk.shopify.add_customer(
        shop.domain,
        first_name=new.first_name.strip(),
        last_name=new.last_name.strip(),
        phone=phone,
        consent="SUBSCRIBED" if new.agreed else "NEVER_SUBSCRIBED",
    )


def _known_customer(shop: Shop, customer_id: str | int | None) -> Customer:
    customer = shop.customers.get(int(str(customer_id))) if str(customer_id).isdecimal() else None
    if customer is None:
        raise NotFound("This customer does not exist.")
    return customer


def _known_order(shop: Shop, request: Request) -> Order:
    order = shop.orders.get(request.path_params["order_id"])
    if order is None:
        raise NotFound("This order does not exist.")
    return order


def _open_order(shop: Shop, request: Request) -> Order:
    order = _known_order(shop, request)
    if order.cancelled_at is not None:
        raise Invalid({"order": "This order is canceled."})
    return order


async def _read(request: Request, shape: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.DecodeError as problem:
        raise Invalid({"body": str(problem)}) from problem

"""What the browser panel and other processes of the trial may do with the simulated shops, under `/_simulator/`.

Answers on this machine's own host names only, so that a page elsewhere cannot reach it by pointing its name here, and
takes only JSON bodies, which a foreign page cannot send without being asked first. Ids are written as text, because a
browser's numbers are too small for them.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.simulator.shopify.faults import Fault
from app.simulator.shopify.orders import CannotFulfil, CannotRefund
from app.simulator.shopify.panel import customer_row, delivery_row, order_row, panel_view, shop_row
from app.simulator.shopify.state import Address, Customer, Order, Shop
from app.simulator.shopify.verbs import CUSTOMERS_OWN, SimulatedShopify

State = Literal["SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED", "PENDING"]
Body = TypeVar("Body")
Handler = Callable[[Request], Awaitable[Response]]


class NewShop(msgspec.Struct, forbid_unknown_fields=True):
    domain: str
    name: str = "Demo Store"


class NewCustomer(msgspec.Struct, forbid_unknown_fields=True):
    first_name: str | None = "Ada"
    last_name: str | None = "Lovelace"
    phone: str | None = None
    email: str | None = None
    consent: State = "SUBSCRIBED"
    locale: str = "en"


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """By a known customer, by a new one, or by a guest."""

    customer_id: str | int | None = None
    customer: NewCustomer | None = None
    items: list[dict[str, Any]] | None = None
    phone: str | None = None
    shipping: Address | None = None
    test: bool = False
    tags: list[str] = []
    discount_codes: list[str] = []
    note_attributes: dict[str, str] = {}
    landing_site: str | None = None
    financial_status: Literal["paid", "pending"] = "paid"


class NewParcel(msgspec.Struct, forbid_unknown_fields=True):
    tracking_company: str | None = "UPS"
    tracking_number: str | None = "1Z999AA10123456784"
    tracking_url: str | None = None
    partial: bool = False


class ParcelNews(msgspec.Struct, forbid_unknown_fields=True):
    """*parcel* counts from 0; the last one by default."""

    status: str
    parcel: int = -1


class NewTracking(msgspec.Struct, forbid_unknown_fields=True):
    tracking_company: str | None = "UPS"
    tracking_number: str | None = "1Z999AA10123456785"
    tracking_url: str | None = None
    parcel: int = -1


class NewRefund(msgspec.Struct, forbid_unknown_fields=True):
    """All that is left, or *amount*, such as "12.00"."""

    amount: str | None = None


class NewScopes(msgspec.Struct, forbid_unknown_fields=True):
    scopes: list[str]


class NewConsent(msgspec.Struct, forbid_unknown_fields=True):
    state: State


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class NewFaults(msgspec.Struct, forbid_unknown_fields=True):
    kind: Literal["graphql", "token"] | None = None
    status: int | None = None
    times: int = 1
    body: Any = None
    retry_after: int | None = None
    throttle: bool = False
    hang_seconds: float = 0
    after_accepting: bool = False
    bulk_allowed: bool | None = None
    bulk_error: Literal["ACCESS_DENIED", "INTERNAL_SERVER_ERROR", "TIMEOUT"] | None = None
    lose_webhooks: bool | None = None
    duplicate_webhooks: bool | None = None


class Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class ControlEndpoints:
    def __init__(self, simulator: SimulatedShopify) -> None:
        self._simulator = simulator

    def routes(self) -> list[Route]:
        shop = "/_simulator/shops/{domain}"
        order, customer = f"{shop}/orders/{{id:int}}", f"{shop}/customers/{{id:int}}"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/_simulator/shops", self.list_shops),
            ("POST", "/_simulator/shops", self.add_shop),
            ("GET", shop, self.show_shop),
            ("GET", f"{shop}/document-query", self.document_query),
            ("GET", f"{shop}/id-token", self.id_token),
            ("POST", f"{shop}/install", self.install),
            ("POST", f"{shop}/uninstall", self.uninstall),
            ("POST", f"{shop}/redact", self.redact_shop),
            ("POST", f"{shop}/scopes", self.change_scopes),
            ("POST", f"{shop}/orders", self.place_order),
            ("POST", f"{order}/fulfil", self.fulfil_order),
            ("POST", f"{order}/cancel", self.cancel_order),
            ("POST", f"{order}/pay", self.pay_order),
            ("POST", f"{order}/refund", self.refund_order),
            ("POST", f"{order}/report", self.report_parcel),
            ("POST", f"{order}/tracking", self.change_tracking),
            ("POST", f"{shop}/customers", self.add_customer),
            ("POST", f"{customer}/consent", self.set_consent),
            ("POST", f"{customer}/redact", self.redact_customer),
            ("POST", f"{customer}/data-request", self.request_data),
            ("POST", "/_simulator/faults", self.set_faults),
            ("POST", "/_simulator/webhooks/retry", self.retry_webhooks),
        ]
        return [Route(path, _answering(handler), methods=[method]) for method, path, handler in table]

    async def list_shops(self, request: Request) -> Response:
        return JSONResponse({"shops": [shop_row(shop) for shop in self._simulator.shops.values()]})

    async def add_shop(self, request: Request) -> Response:
        given = await _read(request, NewShop)
        return JSONResponse(shop_row(self._simulator.add_shop(given.domain, name=given.name)), status_code=201)

    async def show_shop(self, request: Request) -> Response:
        return JSONResponse(panel_view(self._shop(request), self._simulator.deliveries))

    async def document_query(self, request: Request) -> Response:
        path = request.query_params.get("path", "/")
        if not path.startswith("/") or path.startswith("//"):
            raise Refused(422, "The path begins with one slash.")
        user, locale = request.query_params.get("user_id", "1"), request.query_params.get("locale", "en")
        query = self._simulator.document_query(self._shop(request).domain, path, user_id=user, locale=locale)
        url = f"{self._simulator.app_url}{path.partition('?')[0]}?{query}"
        return JSONResponse({"query": query, "url": url}, headers={"Cache-Control": "no-store"})

    async def id_token(self, request: Request) -> Response:
        user = request.query_params.get("user_id", "1")
        token = self._simulator.id_token(self._shop(request).domain, user_id=user)
        return JSONResponse({"id_token": token}, headers={"Cache-Control": "no-store"})

    async def install(self, request: Request) -> Response:
        await _read(request, Nothing)
        return JSONResponse(shop_row(self._simulator.install(self._shop(request).domain)))

    async def uninstall(self, request: Request) -> Response:
        await _read(request, Nothing)
        return _deliveries(await self._simulator.uninstall(self._shop(request).domain))

    async def redact_shop(self, request: Request) -> Response:
        await _read(request, Nothing)
        return _deliveries(await self._simulator.send_shop_redact(self._shop(request).domain))

    async def place_order(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, NewOrder)
        try:
            order = await self._simulator.place_order(
                shop.domain,
                self._buyer(shop, given),
                phone=given.phone,
                shipping=given.shipping or CUSTOMERS_OWN,
                items=given.items,
                test=given.test,
                tags=given.tags,
                discount_codes=given.discount_codes,
                note_attributes=given.note_attributes,
                landing_site=given.landing_site,
                financial_status=given.financial_status,
            )
        except (TypeError, KeyError, ValueError, ArithmeticError) as error:
            raise Refused(422, f"The order cannot be placed: {error}") from error
        return JSONResponse(order_row(order), status_code=201)

    async def fulfil_order(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, NewParcel)
        try:
            order = await self._simulator.fulfil_order(
                shop.domain,
                self._order(request, shop),
                tracking_company=given.tracking_company,
                tracking_number=given.tracking_number,
                tracking_url=given.tracking_url,
                partial=given.partial,
            )
        except CannotFulfil as error:
            raise Refused(409, str(error)) from error
        return JSONResponse(order_row(order))

    async def cancel_order(self, request: Request) -> Response:
        await _read(request, Nothing)
        shop = self._shop(request)
        return JSONResponse(order_row(await self._simulator.cancel_order(shop.domain, self._order(request, shop))))

    async def pay_order(self, request: Request) -> Response:
        await _read(request, Nothing)
        shop = self._shop(request)
        return JSONResponse(order_row(await self._simulator.pay_order(shop.domain, self._order(request, shop))))

    async def refund_order(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, NewRefund)
        try:
            cents = int(Decimal(given.amount) * 100) if given.amount is not None else None
            order = await self._simulator.refund_order(shop.domain, self._order(request, shop), cents=cents)
        except ArithmeticError as error:
            raise Refused(422, "Give the amount as a number, such as 12.00.") from error
        except CannotRefund as error:
            raise Refused(409, str(error)) from error
        return JSONResponse(order_row(order))

    async def report_parcel(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, ParcelNews)
        order = self._order(request, shop)
        try:
            await self._simulator.report_parcel(shop.domain, order, order.fulfillments[given.parcel], given.status)
        except (IndexError, ValueError) as error:
            raise Refused(422, f"This cannot be reported: {error}") from error
        return JSONResponse(order_row(order))

    async def change_tracking(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, NewTracking)
        order = self._order(request, shop)
        try:
            parcel = order.fulfillments[given.parcel]
        except IndexError as error:
            raise Refused(422, "There is no such parcel.") from error
        await self._simulator.change_tracking(
            shop.domain,
            order,
            parcel,
            company=given.tracking_company,
            number=given.tracking_number,
            url=given.tracking_url,
        )
        return JSONResponse(order_row(order))

    async def change_scopes(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, NewScopes)
        await self._simulator.change_scopes(shop.domain, given.scopes)
        return JSONResponse(shop_row(shop))

    async def add_customer(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, NewCustomer)
        return JSONResponse(customer_row(self._new_customer(shop, given)), status_code=201)

    async def set_consent(self, request: Request) -> Response:
        shop, given = self._shop(request), await _read(request, NewConsent)
        customer = self._customer(request.path_params["id"], shop)
        await self._simulator.set_consent(shop.domain, customer, given.state)
        return JSONResponse(customer_row(customer))

    async def redact_customer(self, request: Request) -> Response:
        await _read(request, Nothing)
        shop = self._shop(request)
        customer = self._customer(request.path_params["id"], shop)
        return _deliveries(await self._simulator.send_customers_redact(shop.domain, customer))

    async def request_data(self, request: Request) -> Response:
        await _read(request, Nothing)
        shop = self._shop(request)
        customer = self._customer(request.path_params["id"], shop)
        return _deliveries(await self._simulator.send_data_request(shop.domain, customer))

    async def set_faults(self, request: Request) -> Response:
        given = await _read(request, NewFaults)
        if given.lose_webhooks is not None:
            self._simulator.lose_webhooks = given.lose_webhooks
        if given.duplicate_webhooks is not None:
            self._simulator.duplicate_webhooks = given.duplicate_webhooks
        if given.bulk_allowed is not None:
            self._simulator.bulk.allowed = given.bulk_allowed
        if given.bulk_error is not None:
            self._simulator.bulk.errors.append(given.bulk_error)
        if given.kind is not None:
            fault = Fault(
                given.kind,
                times=given.times,
                status=given.status,
                body=given.body,
                retry_after=given.retry_after,
                throttle=given.throttle,
                hang_seconds=given.hang_seconds,
                after=given.after_accepting,
            )
            self._simulator.faults.add(fault)
        return Response(status_code=204)

    async def retry_webhooks(self, request: Request) -> Response:
        await _read(request, Nothing)
        return _deliveries(await self._simulator.retry_webhooks())

    def _shop(self, request: Request) -> Shop:
        shop = self._simulator.shops.get(request.path_params["domain"])
        if shop is None:
            raise Refused(404, "There is no such shop.")
        return shop

    def _order(self, request: Request, shop: Shop) -> Order:
        order = shop.orders.get(request.path_params["id"])
        if order is None:
            raise Refused(404, "There is no such order.")
        return order

    def _customer(self, customer_id: int, shop: Shop) -> Customer:
        customer = shop.customers.get(customer_id)
        if customer is None:
            raise Refused(404, "There is no such customer.")
        return customer

    def _buyer(self, shop: Shop, given: NewOrder) -> Customer | None:
        if given.customer is not None:
            return self._new_customer(shop, given.customer)
        return self._customer(int(given.customer_id), shop) if given.customer_id is not None else None

    def _new_customer(self, shop: Shop, given: NewCustomer) -> Customer:
        return self._simulator.add_customer(
            shop.domain,
            first_name=given.first_name,
            last_name=given.last_name,
            phone=given.phone,
            email=given.email,
            consent=given.consent,
            locale=given.locale,
        )


def _answering(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            return JSONResponse({"errors": {"request": refused.sentence}}, status_code=refused.status)

    return answer


async def _read(request: Request, form: type[Body]) -> Body:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "Send JSON.")
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=form)
    except msgspec.MsgspecError as error:
        raise Refused(422, str(error)) from error


def _deliveries(deliveries: list[Any]) -> Response:
    return JSONResponse({"deliveries": [delivery_row(delivery) for delivery in deliveries]})

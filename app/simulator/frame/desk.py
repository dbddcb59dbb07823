"""What every route of the simulated admin is given, and who may call it.

The frame shares its port with the simulated shops, and its panel places orders and sends texts. So it answers only to
the names of this machine (a page on the internet whose name was pointed at 127.0.0.1 is refused), and whatever changes
something must be JSON, which another site's page cannot send without asking first.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.core.errors import AppError, NotFound, Refused
from app.simulator.frame.conditions import Conditions
from app.simulator.mailbox import Mailbox
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import Shop, ShopifySimulator

Endpoint = Callable[[Request], Awaitable[Response]]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Desk:
    def __init__(
        self,
        shopify: ShopifySimulator,
        ringcentral: RingCentralSimulator,
        app_url: Callable[[], str],
        mailbox: Mailbox,
    ) -> None:
        self.shopify = shopify
        self.ringcentral = ringcentral
        self.mailbox = mailbox
        self.api_key: str | None = None
        """Of the organisation's own software, once the panel has played it."""
        self.conditions = Conditions()
        self._app_url = app_url

    @property
    def app_origin(self) -> str:
        url = urlsplit(self._app_url())
        return f"{url.scheme}://{url.netloc}"

    def shop_of(self, request: Request) -> Shop:
        """The shop a path speaks of: `/store/{handle}/…` as in Shopify's own admin."""
        shop = self.shopify.shops.get(f"{request.path_params['store']}.myshopify.com")
        if shop is None:
            raise NotFound("There is no such store in the simulator.")
        return shop

    def guard(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            try:
                check_caller(request)
                return await endpoint(request)
            except AppError as problem:
                return JSONResponse(problem.body(), status_code=problem.status)

        return guarded


def check_caller(request: Request) -> None:
    if request.url.hostname not in LOOPBACK_NAMES:
        raise NotFound("The simulated admin is at http://localhost.")
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Refused("Send JSON.")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}":
        raise Refused("Only the panel's own page may ask this.")

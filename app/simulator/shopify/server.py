"""The simulated Shopify as one ASGI application that tells its shops apart by the Host header.

`{shop}.myshopify.com` reaches the Admin endpoints of that shop while the connection goes to this server; the machine's
own names reach the control endpoints and, where the trial has set one, the admin frame.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.clock import Clock
from app.simulator.shopify.admin_http import AdminEndpoints
from app.simulator.shopify.bulk_files import BulkFiles
from app.simulator.shopify.control import ControlEndpoints
from app.simulator.shopify.verbs import SimulatedShopify

OWN_HOSTS = ("localhost", "127.0.0.1")


class ShopifySimulator(SimulatedShopify):
    """*pages* answers what comes to this machine's own host and is not a control endpoint: the admin frame."""

    def __init__(
        self, *, clock: Clock, api_key: str, api_secret: str, app_url: str, state_path: Path | None = None
    ) -> None:
        super().__init__(clock=clock, api_key=api_key, api_secret=api_secret, app_url=app_url, state_path=state_path)
        self.pages: ASGIApp | None = None
        routes = [*ControlEndpoints(self).routes(), *BulkFiles(self.bulk).routes()]
        own = Router(routes, redirect_slashes=False, default=self._show_page)
        admin = Router(AdminEndpoints(self).routes(), redirect_slashes=False)
        self.app = Starlette(
            routes=[Host("{shop}.myshopify.com", admin), *(Host(host, own) for host in OWN_HOSTS)],
            lifespan=self._lifespan,
        )

    async def _show_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        page: ASGIApp = self.pages or PlainTextResponse("Not Found", status_code=404)
        await page(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        await self.aclose()

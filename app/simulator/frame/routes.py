"""The simulated Shopify Admin: the page that frames the app, the stand-ins for Shopify's CDN, the demo panel's data.

Addresses follow the genuine admin (`/store/{handle}/apps/{app}/{path of the app}`), so that reloading keeps the place.
The app runs in a cross-site frame: this page is on `localhost`, the app on `127.0.0.1`.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import jinja2
import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.core.errors import Invalid, NotFound
from app.core.language import language_of
from app.simulator.frame.actions import action_routes
from app.simulator.frame.affiliate import PEOPLE, affiliate_routes
from app.simulator.frame.assets import stub_files
from app.simulator.frame.conditions import Conditions
from app.simulator.frame.desk import Desk
from app.simulator.frame.keys import Keys
from app.simulator.frame.views import panel_view
from app.simulator.mailbox import Mailbox
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import ShopifySimulator

APP_HANDLE = "sms-for-ecommerce"
APP_NAME = "SMS for Ecommerce"
DEFAULT_STORE = "demo-store"
EXPIRED_SECONDS_AGO = 60

FOLDER = Path(__file__).parent / "admin"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src {app}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def frame_routes(
    shopify: ShopifySimulator,
    ringcentral: RingCentralSimulator,
    app_url: Callable[[], str],
    mailbox: Mailbox | None = None,
) -> list[BaseRoute]:
    """The routes to mount on the simulated Shopify's server; *app_url* is asked at each use, the app may move."""
    pages = Pages(Desk(shopify, ringcentral, app_url, mailbox or Mailbox()))
    guard = pages.desk.guard
    return [
        Route("/", guard(pages.go_to_app)),
        Route("/store/{store}", guard(pages.go_to_app)),
        Route("/store/{store}/apps/{app}", guard(pages.go_to_app)),
        Route("/store/{store}/apps/{app}/{path:path}", guard(pages.show_admin)),
        Route("/frame/assets/{name:path}", guard(pages.send_asset)),
        Route("/frame/{store}/document", guard(pages.open_document)),
        Route("/frame/{store}/id-token", guard(pages.issue_id_token), methods=["POST"]),
        Route("/frame/{store}/state", guard(pages.show_state)),
        Route("/frame/{store}/keys", guard(pages.show_keys)),
        Route("/frame/{store}/conditions", guard(pages.change_conditions), methods=["PUT"]),
        *action_routes(pages.desk),
        *affiliate_routes(pages.desk),
        Route("/shopifycloud/{name}", guard(pages.send_stand_in)),
    ]


class TokenWish(msgspec.Struct):
    """*retry*: the app has refused the token before."""

    retry: bool = False


class Pages:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._keys = Keys(desk.ringcentral)
        self._templates = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True)

    async def go_to_app(self, request: Request) -> Response:
        store = request.path_params.get("store", DEFAULT_STORE)
        return RedirectResponse(f"/store/{store}/apps/{APP_HANDLE}/", status_code=302)

    async def show_admin(self, request: Request) -> Response:
        shop = self.desk.shop_of(request)
        if request.path_params["app"] != APP_HANDLE:
            # App Bridge names the app by its client id; the admin answers with its handle.
            query = f"?{request.url.query}" if request.url.query else ""
            path = request.path_params["path"]
            return RedirectResponse(f"/store/{shop.handle}/apps/{APP_HANDLE}/{path}{query}", status_code=302)
        page = self._templates.get_template("frame.html").render(
            app_name=APP_NAME, app_origin=self.desk.app_origin, store=shop.handle, shop_name=shop.name,
            scopes=" ".join(shop.scopes),
            base=f"/store/{shop.handle}/apps/{APP_HANDLE}",
        )  # fmt: skip
        policy = PAGE_POLICY.format(app=self.desk.app_origin)
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "origin"}
        return HTMLResponse(page, headers=headers)

    async def send_asset(self, request: Request) -> Response:
        file = (FOLDER / request.path_params["name"]).resolve()
        if not file.is_relative_to(FOLDER) or not file.is_file() or file.suffix not in MEDIA_TYPES:
            raise NotFound("There is no such file.")
        return _cacheable(request, file.read_bytes(), MEDIA_TYPES[file.suffix])

    async def send_stand_in(self, request: Request) -> Response:
        """As `cdn.shopify.com` answers: for any origin. With the CDN blocked, as a network in trouble does."""
        if self.desk.conditions.block_cdn:
            return Response(status_code=503, headers={"Cache-Control": "no-store"})
        files = stub_files(look=self.desk.conditions.look)
        script = files.get(request.url.path)
        if script is None:
            raise NotFound("The simulated CDN has only App Bridge and Polaris.")
        response = _cacheable(request, script, "text/javascript")
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    async def open_document(self, request: Request) -> Response:
        """The address the admin puts into its frame: the app's, with the parameters Shopify signs.

        The language that Shopify knows of its user is here the browser's.
        """
        shop = self.desk.shop_of(request)
        path = request.query_params.get("path", "/")
        if not path.startswith("/") or path.startswith("//"):
            raise Invalid({"path": "A path of the app starts with one slash."})
        query = self.desk.shopify.document_query(shop.domain, path, locale=language_of(request).code)
        return _json({"url": f"{self.desk.app_origin}{path.partition('?')[0]}?{query}"})

    async def issue_id_token(self, request: Request) -> Response:
        shop = self.desk.shop_of(request)
        wish = msgspec.json.decode(await request.body(), type=TokenWish)
        expired = self.desk.conditions.expire_tokens and not wish.retry
        lifetime = -EXPIRED_SECONDS_AGO if expired else 60
        return _json({"token": self.desk.shopify.id_token(shop.domain, lifetime=lifetime)})

    async def show_state(self, request: Request) -> Response:
        shop = self.desk.shop_of(request)
        phone = request.query_params.get("phone")
        desk = self.desk
        view = panel_view(desk.shopify, desk.ringcentral, shop, desk.conditions, phone)
        return _json({**view, "mails": list(reversed(desk.mailbox.mails)), "people": PEOPLE})

    async def show_keys(self, request: Request) -> Response:
        self.desk.shop_of(request)
        return _json(self._keys.view())

    async def change_conditions(self, request: Request) -> Response:
        self.desk.shop_of(request)
        try:
            conditions = msgspec.json.decode(await request.body(), type=Conditions)
        except msgspec.DecodeError as problem:
            raise Invalid({"body": str(problem)}) from problem
        self.desk.conditions = conditions
        conditions.apply(self.desk.shopify, self.desk.ringcentral)
        return _json(conditions)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers={"Cache-Control": "no-store"})


def _cacheable(request: Request, content: bytes, media_type: str) -> Response:
    """Always asked again, sent again only when changed: a developer's edit shows at the next reload."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)

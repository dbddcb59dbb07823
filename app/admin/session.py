"""Who is asking: turns the ID token of a request into a shop, and a missing or stale token into a way to a fresh one.

Source: Shopify, "Authenticate and authorize an embedded app" and "App Bridge: fetch". The admin puts the token into
the query of a document and App Bridge puts it into the `Authorization` header of every fetch; its bounce page fetches
documents too. The shop is read from the verified token and from nowhere else. A first visit installs the shop.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.core.edge import PROVEN
from app.core.errors import Unavailable
from app.core.jobs import enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.notifications.registration import REGISTER
from app.shopify.client import ShopifyError
from app.shopify.oauth import SubjectTokenRejected
from app.shopify.session_token import BadSessionToken, StaffSession, verify_session_token
from app.shopify.shop_domain import clean_shop_domain
from app.shopify.webhooks import topics
from app.shops.install import open_shop
from app.shops.jobs import READ_FACTS
from app.shops.models import Shop
from app.shops.queries import find_shop

log = get_logger(__name__)

FETCH_NEW_TOKEN = {"X-Shopify-Retry-Invalid-Session-Request": "1"}
"""App Bridge answers this header by fetching a new ID token and trying once more."""
NOT_KEPT = ("id_token", "shopify-reload")
OPEN_FROM_ADMIN = "Open the app again from your Shopify admin."


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in staff member. *shopify_away*: Shopify could not be asked for a token just now."""

    request: Request
    deps: Deps
    shop: Shop
    actor: str
    shopify_away: bool = False


class NoSession(Exception):
    """The token is missing, forged or stale."""


class OtherShop(Exception):
    """The address names another shop than the token."""


Endpoint = Callable[[Request], Awaitable[Response]]


async def open_visit(request: Request, id_token: str | None) -> Visit:
    """Raises `NoSession` and `OtherShop`; installs the shop when this is the first that is heard of it."""
    deps: Deps = request.state.deps
    staff = _verify(deps, id_token)
    # A page of one shop shown under the name of another would be saved into the wrong one.
    named = {clean_shop_domain(value) for value in request.query_params.getlist("shop")}
    if named - {staff.shop_domain}:
        raise OtherShop
    request.scope[PROVEN] = True
    shop, away = await _open(deps, staff, id_token or "")
    await _welcome(deps, shop)
    return Visit(request, deps, shop, f"staff:{staff.user_id}", away)


def bearer_token(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def document_token(request: Request) -> str | None:
    """A header wins over the query, because whoever fetches with a header can be asked to try again."""
    if "authorization" in request.headers:
        return bearer_token(request.headers)
    return request.query_params.get("id_token")


def fetched(request: Request) -> bool:
    """Whether App Bridge's fetch asked, which can fetch a new token by itself."""
    return "authorization" in request.headers or request.headers.get("x-fragment") == "1"


def bounce(request: Request) -> Response:
    """To the page that comes back with a token, by way of App Bridge."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in NOT_KEPT]
    path = request.url.path + ("?" + urlencode(kept) if kept else "")
    return RedirectResponse(
        "/auth/bounce?" + urlencode([*kept, ("shopify-reload", path)]), 302, {"Cache-Control": "no-store"}
    )


def is_own_path(value: str) -> bool:
    """Whether *value* is a path of this app: a browser reads `//host` and `/\\host` as another server."""
    if not value.startswith("/") or value.startswith("//") or "\\" in value or any(ord(char) < 33 for char in value):
        return False
    parts = urlsplit(value)
    return not parts.scheme and not parts.netloc


def refuse_fetch() -> Response:
    return JSONResponse(
        {"error": "Your session has ended. " + OPEN_FROM_ADMIN}, 401, FETCH_NEW_TOKEN | {"Cache-Control": "no-store"}
    )


def _verify(deps: Deps, id_token: str | None) -> StaffSession:
    if not id_token:
        raise NoSession
    settings = deps.settings
    try:
        return verify_session_token(
            id_token, client_id=settings.shopify_api_key, secrets=settings.shopify_secrets, clock=deps.clock
        )
    except BadSessionToken as error:
        log.info("session.refused", reason=str(error))
        raise NoSession from None


async def _open(deps: Deps, staff: StaffSession, id_token: str) -> tuple[Shop, bool]:
    try:
        return await open_shop(deps, staff, id_token, needed_scopes=topics.scopes()), False
    except SubjectTokenRejected:
        raise NoSession from None
    except ShopifyError as error:
        # Reading and most saving need nothing of Shopify, so the page opens and says what is missing.
        log.warning("session.exchange_failed", error=type(error).__name__)
    async with deps.db.transaction() as session:
        shop = await find_shop(session, staff.shop_domain)
    # Shopify's plain no to a shop that has left, or never came: a token outlives an uninstall by up to a minute.
    if shop is None or not shop.installed:
        raise Unavailable("Shopify does not let the app into this shop. If it was uninstalled, install it again.")
    return shop, True


async def _welcome(deps: Deps, shop: Shop) -> None:
    """After an installation: have the shop's name and zone read and its webhooks registered. Queued once only."""
    if shop.facts_read_at is not None and (shop.installed_at is None or shop.facts_read_at >= shop.installed_at):
        return
    async with deps.db.transaction() as session:
        await enqueue(session, READ_FACTS, [shop.id], once=True)
        await enqueue(session, REGISTER, [shop.id], once=True)

"""The authorization code grant, for opening the app outside Shopify Admin or hosting it oneself.

Source: Shopify, "Authorization code grant". The main road is managed installation, which needs none of this. `state` is
random, bound to the shop, valid for ten minutes and used once; the callback is believed only if Shopify signed it;
the redirect goes to a host that the signed query names and that is Shopify's.
"""

import base64
import binascii
import hashlib
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.core.jobs import enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.notifications.registration import request_registration
from app.shopify.app_toml import needed_scopes
from app.shopify.client import ShopifyError
from app.shopify.oauth import permission_url, query_is_signed, without
from app.shopify.shop_domain import clean_shop_domain
from app.shops.install import first_sight
from app.shops.jobs import READ_FACTS
from app.shops.models import OAuthState
from app.shops.tokens import OfflineTokens

log = get_logger(__name__)

STATE_LIFE = timedelta(minutes=10)
CALLBACK_AGE = timedelta(hours=1)
"""How far Shopify's time of signing may be from ours."""


def code_grant_routes() -> list[Route]:
    return [Route("/auth/install", begin_install), Route("/auth/callback", finish_install)]


async def begin_install(request: Request) -> Response:
    """To Shopify's grant screen."""
    deps: Deps = request.state.deps
    shop_domain = clean_shop_domain(request.query_params.get("shop"))
    if shop_domain is None:
        return PlainTextResponse("Open this app from Shopify Admin: this address needs a shop.", status_code=400)
    if request.query_params.get("embedded") == "1":
        # Inside the admin an ID token says all, and Shopify's grant screen cannot be shown in its frame.
        return RedirectResponse(f"/?{without(request.url.query, 'id_token')}", 302, {"Cache-Control": "no-store"})
    if "hmac" in request.query_params and not query_is_signed(request.url.query, deps.settings.shopify_secrets):
        return PlainTextResponse("This link was not signed by Shopify.", status_code=401)
    state = secrets.token_urlsafe(32)
    async with deps.db.transaction() as session:
        await session.execute(delete(OAuthState).where(OAuthState.expires_at < deps.clock()))
        session.add(OAuthState(state_hash=_hash(state), shop_domain=shop_domain, expires_at=deps.clock() + STATE_LIFE))
    callback = f"{deps.settings.shopify_app_url}/auth/callback"
    url = permission_url(
        shop_domain,
        client_id=deps.settings.shopify_api_key,
        scopes=needed_scopes(),
        redirect_uri=callback,
        state=state,
    )
    return RedirectResponse(url, status_code=302)


async def finish_install(request: Request) -> Response:
    """Back from the grant screen: redeem the code, then into Shopify Admin."""
    deps: Deps = request.state.deps
    query = request.query_params
    shop_domain = clean_shop_domain(query.get("shop"))
    signed = query_is_signed(request.url.query, deps.settings.shopify_secrets)
    if shop_domain is None or not signed or not _is_recent(deps, query.get("timestamp", "")):
        return PlainTextResponse("This answer was not signed by Shopify.", status_code=401)
    if not await _use_state(deps, query.get("state", ""), shop_domain):
        return PlainTextResponse("This sign-in has expired. Please start again from Shopify.", status_code=400)
    shop = await first_sight(deps, shop_domain)
    tokens = OfflineTokens(deps.db, deps.vault, deps.oauth, deps.clock)
    try:
        await tokens.redeem(shop.id, query.get("code", ""))
    except ShopifyError as error:
        return PlainTextResponse(error.sentence, status_code=error.status)
    finally:
        await tokens.finish()
    async with deps.db.transaction() as session:
        await enqueue(session, READ_FACTS, [shop.id], once=True)
        await request_registration(session, shop.id)
    return RedirectResponse(
        _admin_url(query.get("host", ""), shop_domain, deps.settings.shopify_api_key), status_code=302
    )


def _is_recent(deps: Deps, timestamp: str) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    return abs(deps.clock().timestamp() - int(timestamp)) <= CALLBACK_AGE.total_seconds()


async def _use_state(deps: Deps, state: str, shop_domain: str) -> bool:
    """True once for each state, for the shop that it was made for."""
    async with deps.db.transaction() as session:
        used = await session.scalar(
            delete(OAuthState)
            .where(
                OAuthState.state_hash == _hash(state),
                OAuthState.shop_domain == shop_domain,
                OAuthState.expires_at > deps.clock(),
            )
            .returning(OAuthState.shop_domain)
        )
    return used is not None


def _admin_url(host: str, shop_domain: str, client_id: str) -> str:
    """Where the app lives in Shopify Admin; an odd `host` falls back to the shop's own admin."""
    try:
        decoded = base64.b64decode(host + "=" * (-len(host) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        decoded = ""
    parts = urlsplit(f"https://{decoded}")
    trusted = parts.netloc in ("admin.shopify.com", shop_domain) and parts.username is None
    base = f"https://{decoded}" if trusted else f"https://{shop_domain}/admin"
    return f"{base.rstrip('/')}/apps/{client_id}/"


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()

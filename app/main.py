"""The web process: Shopify's and RingCentral's webhooks, the pages inside Shopify Admin, and the operator's checks."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypedDict

import prometheus_client
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.admin.code_grant import code_grant_routes
from app.admin.page import show_no_such_page
from app.admin.routes import admin_routes
from app.api.v1.routes import api_routes, refuse
from app.config import read_settings
from app.core.edge import Limit, RateLimited, SecurityHeaders, WebApp
from app.core.errors import AppError
from app.core.log import get_logger, set_up_logging
from app.core.memory import settle_memory
from app.core.migrations import is_current
from app.core.rate_limit import RateLimit
from app.core.static_files import static_files
from app.core.streamed import end
from app.deps import Deps
from app.hosted.routes import hosted_routes
from app.messages.dispatch import announce_queued
from app.messages.names import forget_names
from app.public.routes import public_routes
from app.webhooks.intake import Intake
from app.webhooks.ringcentral import RingCentralWebhooks
from app.webhooks.shopify import ShopifyWebhooks
from app.wiring import open_deps

log = get_logger(__name__)

SHOPIFY_WEBHOOKS = "/webhooks/shopify"
DepsOpener = Callable[[], AbstractAsyncContextManager[Deps]]


class State(TypedDict):
    deps: Deps
    intake: Intake


def create_app(open_deps: DepsOpener) -> WebApp:
    """The ASGI app; *open_deps* is entered when it starts and left when it stops."""

    @asynccontextmanager
    async def lifespan(_app: WebApp) -> AsyncIterator[State]:
        async with open_deps() as deps:
            intake = Intake(deps.db.pool, deps.vault)
            running = [asyncio.create_task(announce_queued(deps)), asyncio.create_task(forget_names(deps))]
            try:
                yield {"deps": deps, "intake": intake}
            finally:
                for each in running:
                    await end(each)
                await intake.close()

    return WebApp(
        direct={SHOPIFY_WEBHOOKS: ShopifyWebhooks()},
        routes=routes(),
        lifespan=lifespan,
        middleware=[Middleware(SecurityHeaders, HEADERS), Middleware(RateLimited, limits())],
        exception_handlers={AppError: _named_error, HTTPException: _refused, Exception: _unexpected_error},
    )


def create() -> WebApp:
    """What uvicorn starts, in each of its processes."""
    settings = read_settings()
    set_up_logging(json=settings.production, level=settings.log_level)
    if settings.database_url is None:
        raise RuntimeError("Start the web process with `sms-for-ecommerce web`, which finds the database.")
    app = create_app(partial(open_deps, settings, settings.database_url))
    static_files()  # now, so that the first page does not wait for them
    settle_memory()
    return app


def routes() -> list[BaseRoute]:
    """The routes are tried in this order. Shopify's webhooks never come this far: see `create_app`."""
    return [
        Route(SHOPIFY_WEBHOOKS, ShopifyWebhooks()),
        Route("/webhooks/ringcentral/{key}", RingCentralWebhooks()),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        *public_routes(),
        *hosted_routes(),
        *api_routes(),
        *code_grant_routes(),
        *admin_routes(),
        Route("/c/{path:path}", nowhere),
        Route("/{path:path}", show_no_such_page),
    ]


HEADERS = {
    # What is no page of ours may load nothing and be framed by nobody; pages set their own policy.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}


def limits() -> list[Limit]:
    """For each caller's address. Signed-in staff are never limited: only answers without proof count there.

    Pages for everybody have further limits of their own, in the database.
    """
    return [
        Limit("/auth/bounce", every=True, limit=RateLimit(burst=120, per_second=5)),
        Limit("/auth/", every=True, limit=RateLimit(burst=20, per_second=0.5)),
        Limit("/readyz", every=True, limit=RateLimit(burst=60, per_second=5)),
        Limit("/api/v1/openapi.json", every=True, limit=RateLimit(burst=60, per_second=2)),
        # Generous, since the visitors of an organisation's site load its script, and many may share an address.
        Limit("/c/", every=True, limit=RateLimit(burst=1200, per_second=50)),
        Limit("/static/", every=False, limit=RateLimit(burst=300, per_second=10)),
        Limit("/", every=False, limit=RateLimit(burst=300, per_second=5)),
    ]


async def nowhere(_request: Request) -> Response:
    """Outside Shopify Admin there is no session to ask for."""
    return PlainTextResponse("There is no such page.", status_code=404)


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """The process can do its work: the database answers and is migrated."""
    deps: Deps = request.state.deps
    try:
        migrated = await is_current(deps.db)
    except Exception as error:  # noqa: BLE001  # any failure means "not ready"
        log.error("readyz.failed", error=type(error).__name__)
        return JSONResponse({"status": "database unavailable"}, status_code=503)
    if not migrated:
        return JSONResponse({"status": "database not migrated"}, status_code=503)
    return JSONResponse({"status": "ready"})


async def metrics(request: Request) -> Response:
    """Prometheus metrics, for whoever has `OPERATOR_TOKEN`."""
    deps: Deps = request.state.deps
    token = deps.settings.operator_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token is None or not hmac.compare_digest(given, token.get_secret_value().encode()):
        return PlainTextResponse("Give the operator's token as a bearer token.", status_code=401)
    return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)


async def _named_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    return JSONResponse(error.body(), status_code=error.status)


async def _refused(request: Request, error: Exception) -> Response:
    """For the few addresses that fit no route at all, not even the last one: those with a line break."""
    if request.url.path.startswith("/api/v1/"):
        return await refuse(request, error)
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    return PlainTextResponse("There is no such page.", status_code=status, headers=headers)


async def _unexpected_error(request: Request, error: Exception) -> Response:
    # The first part only: a path may hold a webhook's secret key.
    log.error("request.failed", road=request.url.path.split("/")[1], error=type(error).__name__)
    answer = {"error": "Something went wrong on our side. Please try again."}
    return JSONResponse(answer, status_code=500, headers={**HEADERS, "Cache-Control": "no-store"})

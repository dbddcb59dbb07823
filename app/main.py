"""The web process: Shopify's and RingCentral's webhooks, the pages inside Shopify Admin, and the operator's checks."""

import hmac
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypedDict

import prometheus_client
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.admin.code_grant import code_grant_routes
from app.admin.routes import admin_routes
from app.api.v1.routes import api_routes
from app.config import read_settings
from app.core.errors import AppError
from app.core.log import get_logger, set_up_logging
from app.deps import Deps
from app.webhooks.intake import Intake
from app.webhooks.ringcentral import RingCentralWebhooks
from app.webhooks.shopify import ShopifyWebhooks
from app.wiring import open_deps

log = get_logger(__name__)

DepsOpener = Callable[[], AbstractAsyncContextManager[Deps]]


class State(TypedDict):
    deps: Deps
    intake: Intake


def create_app(open_deps: DepsOpener) -> Starlette:
    """The ASGI app; *open_deps* is entered when it starts and left when it stops."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with open_deps() as deps:
            intake = Intake(deps.db.pool, deps.vault)
            try:
                yield {"deps": deps, "intake": intake}
            finally:
                await intake.close()

    return Starlette(
        routes=routes(),
        lifespan=lifespan,
        exception_handlers={AppError: _named_error, Exception: _unexpected_error},
    )


def create() -> Starlette:
    """What uvicorn starts, in each of its processes."""
    settings = read_settings()
    set_up_logging(json=settings.production, level=os.environ.get("LOG_LEVEL", "INFO"))
    if settings.database_url is None:
        raise RuntimeError("Start the web process with `sms-for-ecommerce web`, which finds the database.")
    return create_app(partial(open_deps, settings, settings.database_url))


def routes() -> list[BaseRoute]:
    """The hot road first: the routes are tried in this order."""
    return [
        Route("/webhooks/shopify", ShopifyWebhooks()),
        Route("/webhooks/ringcentral/{key}", RingCentralWebhooks()),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        *api_routes(),
        *code_grant_routes(),
        *admin_routes(),
    ]


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """The process can do its work: the database answers and is migrated."""
    deps: Deps = request.state.deps
    try:
        async with deps.db.transaction() as session:
            await session.execute(text("SELECT 1 FROM shops LIMIT 1"))
    except Exception as error:
        log.error("readyz.failed", error=type(error).__name__)
        return JSONResponse({"status": "database unavailable"}, status_code=503)
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


async def _unexpected_error(request: Request, error: Exception) -> Response:
    log.error("request.failed", path=request.url.path, error=type(error).__name__)
    return JSONResponse({"error": "Something went wrong on our side. Please try again."}, status_code=500)

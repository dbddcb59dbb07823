"""The server that `bench intake` measures: our endpoint as it is in production, and three routes to compare it with.

/webhooks/shopify   `app.webhooks.shopify.ShopifyWebhooks`, unchanged, with the real vault and database
/hmac               reads the body and checks the HMAC: what no verified endpoint can be quicker than
/plain              what one would write first: Starlette's Request, SQLAlchemy, one insert and commit a call
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

import uvicorn
import uvloop
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.config import AppEnv, Settings
from app.core.edge import WebApp
from app.core.memory import settle_memory
from app.deps import Deps
from app.shopify.webhooks import BadSignature, verify_hmac
from app.webhooks.intake import Intake
from app.webhooks.shopify import ShopifyWebhooks, answer, read_body
from app.wiring import open_deps

SECRET = "the-client-secret-of-the-benchmark"
plain_deliveries = Table(
    "bench_plain_deliveries",
    MetaData(),
    Column("webhook_id", Text, primary_key=True),
    Column("shop_domain", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
)


class State(TypedDict):
    deps: Deps
    intake: Intake


async def check_only(request: Request) -> Response:
    deps: Deps = request.state.deps
    body = await request.body()
    try:
        verify_hmac(body, request.headers.get("x-shopify-hmac-sha256"), deps.settings.shopify_secrets)
    except BadSignature:
        return Response(status_code=401)
    return Response(status_code=200)


class OnlyTheProof:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        deps: Deps = scope["state"]["deps"]
        try:
            body = await read_body(receive, headers.get(b"content-length"))
            verify_hmac(body, headers.get(b"x-shopify-hmac-sha256"), deps.settings.shopify_secrets)
        except BadSignature:
            await answer(send, 401)
        else:
            await answer(send, 200)


async def insert_plainly(request: Request) -> Response:
    deps: Deps = request.state.deps
    body = await request.body()
    try:
        verify_hmac(body, request.headers.get("x-shopify-hmac-sha256"), deps.settings.shopify_secrets)
    except BadSignature:
        return Response(status_code=401)
    async with deps.db.transaction() as session:
        await session.execute(
            insert(plain_deliveries)
            .values(
                webhook_id=request.headers["x-shopify-webhook-id"],
                shop_domain=request.headers["x-shopify-shop-domain"],
                topic=request.headers["x-shopify-topic"],
                received_at=deps.clock(),
                body=body,
            )
            .on_conflict_do_nothing()
        )
    return Response(status_code=200)


def create(database_url: str) -> WebApp:
    settings = Settings(
        app_env=AppEnv.TEST,
        shopify_api_key="bench",
        shopify_api_secret=SecretStr(SECRET),
        shopify_app_url="http://127.0.0.1",
        encryption_keys=(SecretStr(Fernet.generate_key().decode()),),
    )

    @asynccontextmanager
    async def lifespan(_app: WebApp) -> AsyncIterator[State]:
        async with open_deps(settings, database_url) as deps:
            async with deps.db.engine.begin() as connection:
                await connection.run_sync(plain_deliveries.metadata.create_all)
            intake = Intake(deps.db.pool, deps.vault)
            yield {"deps": deps, "intake": intake}
            await intake.close()

    routes = [
        Route("/hmac", check_only, methods=["POST"]),
        Route("/hmac-bare", OnlyTheProof()),
        Route("/plain", insert_plainly, methods=["POST"]),
    ]
    return WebApp(routes=routes, lifespan=lifespan, direct={"/webhooks/shopify": ShopifyWebhooks()})


async def serve(database_url: str) -> None:
    """Answers its port on standard output, then serves until it is ended. The options are those of `web`."""
    config = uvicorn.Config(
        create(database_url), host="127.0.0.1", port=0, log_level="warning", access_log=False,
        server_header=False, date_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    settle_memory()
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():  # noqa: ASYNC110  # the flag is uvicorn's own
        await asyncio.sleep(0.01)
    if server.started:
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))

"""Every address of the API. What is not here is answered in the same shape as everything else."""

import secrets
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router

from app.api.v1 import messages, orders, users
from app.api.v1.body import LARGEST_BULK
from app.api.v1.call import Answer, endpoint, respond
from app.api.v1.errors import ApiError, body_of
from app.api.v1.openapi import document
from app.api.v1.reference_page import show_reference


def api_routes() -> list[BaseRoute]:
    return [Mount("/api/v1", Router(_routes(), default=_no_such_address), middleware=[_errors_in_one_shape()])]


def _routes() -> list[BaseRoute]:
    return [
        Route("/openapi.json", show_document),
        Route("/docs", show_reference),
        endpoint("/orders", GET=("orders:read", orders.list_), POST=("orders:write", orders.create)),
        endpoint("/orders/bulk", largest=LARGEST_BULK, POST=("orders:write", orders.import_)),
        endpoint("/orders/import", largest=LARGEST_BULK, POST=("orders:write", orders.import_)),
        endpoint(
            "/orders/{order:path}",
            GET=("orders:read", orders.read),
            PUT=("orders:write", orders.change),
            DELETE=("orders:write", orders.delete),
        ),
        endpoint("/messages/send_connect_notification", POST=("messages:write", messages.notify)),
        endpoint("/messages/send_broadcast_message", POST=("messages:write", messages.broadcast)),
        endpoint("/users", GET=("accounts:read", users.list_)),
        endpoint("/users/{user:path}", GET=("accounts:read", users.read)),
    ]


async def show_document(request: Request) -> Response:
    """The API's description, for anybody."""
    base = request.state.deps.settings.shopify_app_url
    return respond(Answer(document(base), headers={"Cache-Control": "public, max-age=300"}), _request_id(), None)


def _errors_in_one_shape() -> Middleware:
    return Middleware(ExceptionMiddleware, handlers={HTTPException: refuse})


async def _no_such_address(scope: Any, receive: Any, send: Any) -> None:
    raise HTTPException(404)


async def refuse(_request: Request, error: Exception) -> Response:
    """An `HTTPException` in the API's shape."""
    assert isinstance(error, HTTPException)
    sentences = {404: "There is nothing at this address.", 405: "This address does not take this method."}
    codes = {404: "not_found", 405: "method_not_allowed"}
    sentence = sentences.get(error.status_code, str(error.detail))
    named = ApiError(error.status_code, codes.get(error.status_code, "error"), sentence)
    request_id = _request_id()
    return respond(Answer(body_of(named, request_id), named.status, dict(error.headers or {})), request_id, None)


def _request_id() -> str:
    return "req_" + secrets.token_hex(10)

"""Every refusal of the API in one shape: `{"error": {"code", "message", "fields", "request_id"}}`.

*code* is for programs, *message* for people, *fields* names each wrong field with a sentence and is otherwise empty.
The HTTP status says the kind: 401 the key, 403 its scopes, 404, 409, 413, 422 the input, 429 the pace, 5xx us.
"""

from typing import Any

from app.connect.orders import DuplicateReference, OrdersNotEnabled
from app.core.errors import AppError, Invalid


class ApiError(AppError):
    """A refusal with a code of its own."""

    def __init__(self, status: int, code: str, sentence: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.headers = headers or {}


CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "too_many_requests",
    500: "server_error",
    502: "upstream_failed",
    503: "unavailable",
}


def code_of(error: AppError) -> str:
    match error:
        case ApiError(code=code):
            return code
        case OrdersNotEnabled():
            return "connect_orders_not_enabled"
        case DuplicateReference():
            return "duplicate_reference_id"
        case _:
            return CODES.get(error.status, "error")


def body_of(error: AppError, request_id: str) -> dict[str, Any]:
    fields = error.errors if isinstance(error, Invalid) else {}
    return {
        "error": {
            "code": code_of(error),
            "message": error.sentence or "This request cannot be answered.",
            "fields": fields,
            "request_id": request_id,
        }
    }

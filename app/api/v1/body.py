"""Reads what is sent: one JSON object of bounded size and depth, without anything that a database refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from app.api.v1.errors import ApiError
from app.core.errors import Invalid

LARGEST_BODY = 1024 * 1024
LARGEST_BULK = 8 * 1024 * 1024
DEEPEST = 20
LARGEST_NUMBER = 2**63 - 1


async def read_capped(request: Request, largest: int) -> bytes:
    """Raises `ApiError` 413 as soon as it is known to be too large."""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > largest:
                raise ApiError(413, "too_large", f"Send at most {largest // 1024} KiB at once.")
            chunks.append(chunk)
    except ClientDisconnect:
        raise ApiError(400, "bad_request", "The request ended before it was complete.") from None
    return b"".join(chunks)


def parse_object(raw: bytes) -> dict[str, Any]:
    """Raises `Invalid`."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        raise Invalid({"body": "Send valid JSON."}) from None
    if not isinstance(value, dict):
        raise Invalid({"body": "Send a JSON object."})
    _refuse_unstorable(value)
    return value


def _refuse_unstorable(value: object) -> None:
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if depth > DEEPEST:
            raise Invalid({"body": f"Nest at most {DEEPEST} levels deep."})
        if isinstance(each, str):
            if "\0" in each:
                raise Invalid({"body": "Texts must not contain the character NUL."})
        elif isinstance(each, int) and abs(each) > LARGEST_NUMBER:
            raise Invalid({"body": "A number is too large."})
        elif isinstance(each, Mapping):
            waiting.extend((part, depth + 1) for pair in each.items() for part in pair)
        elif isinstance(each, Sequence):
            waiting.extend((part, depth + 1) for part in each)

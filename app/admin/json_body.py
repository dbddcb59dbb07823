"""Reads what is sent to the JSON addresses: one object of at most 64 KiB, without anything that a database refuses."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import ClientDisconnect, Request

from app.core.errors import AppError, Invalid

LARGEST_BODY = 64 * 1024


class TooLarge(AppError):
    status = 413


class BrokenOff(AppError):
    """The page was left before it had sent everything: nobody's fault, and nobody hears the answer."""

    status = 400


async def read_object(request: Request) -> dict[str, object]:
    """Raises `TooLarge`, `BrokenOff` and `Invalid`."""
    try:
        raw = await _read_capped(request)
    except ClientDisconnect:
        raise BrokenOff("The request ended before its body did.") from None
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Invalid({"body": "Send valid JSON."}) from None
    if not isinstance(value, dict):
        raise Invalid({"body": "Send a JSON object, for example {}."})
    if _has_nul(value):
        raise Invalid({"body": "Texts must not contain the character NUL."})
    return value


async def _read_capped(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise TooLarge(f"Send at most {LARGEST_BODY // 1024} KiB.")
        chunks.append(chunk)
    return b"".join(chunks)


def _has_nul(value: object) -> bool:
    # PostgreSQL has no NUL in text.
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if "\0" in each:
                return True
        elif isinstance(each, Mapping):
            waiting.extend(each.keys())
            waiting.extend(each.values())
        elif isinstance(each, Sequence):
            waiting.extend(each)
    return False

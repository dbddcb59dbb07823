"""Lists, a page at a time: `?limit=` and `?cursor=`, where the cursor comes from the page before and says nothing."""

import base64
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import QueryParams

from app.core.errors import Invalid
from app.core.whole_number import whole_number

LONGEST_PAGE = 100
PAGE = 50


def read_page(given: QueryParams) -> tuple[int | None, int]:
    """(the last id already seen, how many). Raises `Invalid`."""
    wrong = {}
    limit = whole_number(given.get("limit", str(PAGE)))
    if limit is None or limit > LONGEST_PAGE:
        wrong["limit"] = f"Give a number from 1 to {LONGEST_PAGE}."
    cursor = given.get("cursor", "")
    seen = _open(cursor) if cursor else None
    if cursor and seen is None:
        wrong["cursor"] = "Give the next_cursor of the page before."
    if wrong or limit is None:
        raise Invalid(wrong)
    return seen, limit


def page_of(data: Sequence[dict[str, Any]], last_id: int | None) -> dict[str, Any]:
    """*last_id*: where the next page goes on; None at the end."""
    return {
        "object": "list",
        "data": list(data),
        "has_more": last_id is not None,
        "next_cursor": _seal(last_id) if last_id is not None else None,
    }


def _seal(last_id: int) -> str:
    return base64.urlsafe_b64encode(f"after:{last_id}".encode()).decode().rstrip("=")


def _open(cursor: str) -> int | None:
    if len(cursor) > 60 or not cursor.isascii():
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        return None
    return whole_number(text.removeprefix("after:")) if text.startswith("after:") else None

"""Shopify's connections: which slice of a list `first`, `after`, `last`, `before` and `reverse` ask for.

Source: Shopify, "Paginating results with GraphQL". A cursor holds the sort value and the id of its record, so a page
stays right when records before it change. 250 records a page at most.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Protocol

from graphql import GraphQLError

LARGEST_PAGE = 250

SortKey = tuple[str | int, int]

_whole: ContextVar[bool] = ContextVar("whole", default=False)


@contextmanager
def every_record() -> Iterator[None]:
    """Inside, a connection that names no size holds all that there is, as in a bulk operation."""
    token = _whole.set(True)
    try:
        yield
    finally:
        _whole.reset(token)


class Identified(Protocol):
    id: int


def connect(
    records: Sequence[Any],
    arguments: dict[str, Any],
    *,
    node: Callable[[Any], Any],
    sort_value: Callable[[Any], datetime | int] | None = None,
) -> dict[str, Any]:
    """A connection over *records*, sorted by *sort_value* (their id without one)."""
    first, last = arguments.get("first"), arguments.get("last")
    if _whole.get() and first is None and last is None:
        first = len(records)
    else:
        _check_size(first, last)

    def key(record: Any) -> SortKey:
        value = record.id if sort_value is None else sort_value(record)
        return (value.isoformat() if isinstance(value, datetime) else value, record.id)

    backwards = bool(arguments.get("reverse"))
    ordered = sorted(records, key=key, reverse=backwards)
    inside = [r for r in ordered if _is_between(key(r), arguments.get("after"), arguments.get("before"), backwards)]
    page = inside[:first] if first is not None else inside[-last:] if last else []
    edges = [{"cursor": _cursor(key(record)), "node": node(record)} for record in page]
    return {
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
            "hasNextPage": bool(page) and page[-1] is not ordered[-1],
            "hasPreviousPage": bool(page) and page[0] is not ordered[0],
        },
    }


def _check_size(first: int | None, last: int | None) -> None:
    if (first is None) == (last is None):
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    size = first if first is not None else last
    if size is not None and not 0 < size <= LARGEST_PAGE:
        message = f"first or last must be between 1 and {LARGEST_PAGE}"
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def _is_between(key: SortKey, after: str | None, before: str | None, backwards: bool) -> bool:
    lower, upper = (before, after) if backwards else (after, before)
    return (lower is None or _read(lower) < key) and (upper is None or key < _read(upper))


def _cursor(key: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(cursor: str) -> SortKey:
    try:
        value, record_id = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError) as error:
        raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_REQUEST"}) from error
    return value, record_id

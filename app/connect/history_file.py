"""The file of a bulk operation, some lines at a time: never whole in memory, and gone on with at any byte.

It lies with a file store, not with the shop: no token of ours goes there. Each line is a JSON object; one that belongs
to another names it as `__parentId` and stands somewhere after it.
Source: Shopify, "Perform bulk operations with the GraphQL Admin API" (JSONL; the address lives for seven days).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from app.core.http import Http
from app.shopify.client import ShopifyUnavailable, plain_id

MOST_LINES: Final = 500
MOST_BYTES: Final = 1_000_000
LONGEST_LINE: Final = 8_000_000


class FileLost(Exception):
    """The file is not there, or is not what was promised: asking again would not help."""


@dataclass(frozen=True)
class Lines:
    """Complete lines; the next one begins at byte *end*. *last*: the file ends there."""

    lines: list[bytes]
    end: int
    last: bool


async def next_lines(http: Http, url: str, start: int, *, size: int | None) -> Lines:
    """What comes from byte *start* on. Raises `FileLost`; `ShopifyUnavailable` when nothing came that could be used."""
    if size is not None and start >= size:
        return Lines([], start, last=True)
    found = _Found(start)
    try:
        await _read(http, url, start, found)
    except httpx2.TransportError as error:
        if not found.lines:
            raise ShopifyUnavailable(f"Shopify's file did not come ({type(error).__name__}).") from None
        return Lines(found.lines, found.end, last=False)
    if found.ended and found.rest and (size is None or found.end + len(found.rest) == size):
        found.take(found.rest)  # the last line may lack its end
    if found.ended and size is not None and found.end < size and not found.lines:
        raise FileLost  # shorter than it was promised to be
    return Lines(found.lines, found.end, last=found.end >= size if size is not None else found.ended)


Row = Mapping[str, Any]


def read_rows(lines: list[bytes]) -> tuple[list[Row], list[tuple[str, Row]]]:
    """(orders with those of their lines that came along, lines of earlier orders with its id). Raises `FileLost`."""
    orders: dict[str, dict[str, Any]] = {}
    loose: list[tuple[str, Row]] = []
    for line in lines:
        row = _row(line)
        parent = row.get("__parentId")
        if parent is None:
            orders[str(row.get("id"))] = {**row, "lineItems": {"nodes": []}}
        elif parent in orders:
            orders[parent]["lineItems"]["nodes"].append(row)
        else:
            loose.append((plain_id(parent) or "", row))
    return list(orders.values()), loose


class _Found:
    """What has come so far. *rest* is the beginning of a line whose end has not."""

    def __init__(self, start: int) -> None:
        self.lines: list[bytes] = []
        self.end, self.rest, self.ended = start, b"", False

    @property
    def enough(self) -> bool:
        return len(self.lines) >= MOST_LINES

    def add(self, chunk: bytes) -> None:
        """Raises `FileLost`."""
        *complete, self.rest = (self.rest + chunk).split(b"\n")
        for line in complete[: MOST_LINES - len(self.lines)]:
            self.take(line, ended_by=1)
        if len(self.rest) > LONGEST_LINE:
            raise FileLost

    def take(self, line: bytes, *, ended_by: int = 0) -> None:
        self.end += len(line) + ended_by
        self.lines.append(line)


async def _read(http: Http, url: str, start: int, found: _Found) -> None:
    headers = {"Range": f"bytes={start}-"} if start else {}
    async with http.stream(url, shard="bulk", headers=headers) as response:
        if response.status_code >= 500 or response.status_code == 429:
            raise ShopifyUnavailable(f"Shopify's file store answered {response.status_code}.")
        if response.status_code == 416:  # the file ends where we begin
            found.ended = True
            return
        if response.status_code not in (200, 206):
            raise FileLost
        # A store that does not know parts sends the whole file.
        skip = start if response.status_code == 200 else 0
        async for chunk in response.chunks():
            wanted, skip = chunk[skip:], max(skip - len(chunk), 0)
            found.add(wanted)
            if found.enough or (found.lines and found.end - start >= MOST_BYTES):
                return
    found.ended = True


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        raise FileLost from None
    if not isinstance(row, dict):
        raise FileLost
    return row

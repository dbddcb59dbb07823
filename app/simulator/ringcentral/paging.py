"""How RingCentral cuts a list into pages: `page` and `perPage` in, `paging` and `navigation` out."""

import re
from typing import Any

from starlette.requests import Request

from app.simulator.ringcentral.errors import invalid

DIGITS = re.compile(r"[0-9]{1,9}")


def read_paging(request: Request, *, most: int) -> tuple[int, int]:
    return read_count(request, "page", 1, 1_000_000), read_count(request, "perPage", 100, most)


def read_count(request: Request, name: str, default: int, most: int) -> int:
    value = request.query_params.get(name, str(default))
    if not DIGITS.fullmatch(value) or not 1 <= int(value) <= most:
        raise invalid(name)
    return int(value)


def page_of(records: list[Any], page: int, per_page: int, uri: str, *, totals: bool) -> dict[str, Any]:
    """*totals* False: the list does not tell how long it is, as the message store's does not."""
    start = (page - 1) * per_page
    shown = records[start : start + per_page]
    pages = max(1, -(-len(records) // per_page))
    paging: dict[str, int] = {"page": page, "perPage": per_page}
    if shown:
        paging |= {"pageStart": start, "pageEnd": start + len(shown) - 1}
    if totals:
        paging |= {"totalPages": pages, "totalElements": len(records)}
    wanted = {"firstPage": 1, "lastPage": pages}
    if page > 1:
        wanted["previousPage"] = page - 1
    if page < pages:
        wanted["nextPage"] = page + 1
    navigation = {name: {"uri": f"{uri}?page={number}&perPage={per_page}"} for name, number in wanted.items()}
    return {
        "uri": f"{uri}?page={page}&perPage={per_page}",
        "records": shown,
        "paging": paging,
        "navigation": navigation,
    }

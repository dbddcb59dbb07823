"""The request log of the API as the merchant sees it: what was called, by which key, and how it ended."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import ApiRequest
from app.connect.queries.api import request_rows

PAGE = 50


async def request_log(session: AsyncSession, shop_id: int, *, before: int | None = None) -> dict[str, Any]:
    """Newest first; `next` continues, or None."""
    rows = await request_rows(session, shop_id, before=before, limit=PAGE + 1)
    page = rows[:PAGE]
    return {"requests": [_describe(row) for row in page], "next": page[-1].id if len(rows) > PAGE else None}


def _describe(row: ApiRequest) -> dict[str, Any]:
    return {
        "id": row.id,
        "request_id": row.request_id,
        "at": row.at.isoformat(),
        "api_key_id": row.api_key_id,
        "account_id": row.account_id,
        "method": row.method,
        "route": row.route,
        "status": row.status,
        "code": row.code,
        "duration_ms": row.duration_ms,
    }

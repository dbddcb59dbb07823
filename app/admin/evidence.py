"""The evidence of one number as a page and as data, begun at once and ended when the whole chain has been verified.

Tens of thousands of links take seconds to compute. So the head of the page leaves before that, then how far the work
is, by a style that widens its bar (the page has no scripts), and at last the record. Of the data a blank leaves first,
which JSON does not mind: the browser then shows a download instead of an empty tab.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from app.admin.page import render_piece, stream_document
from app.core.log import get_logger
from app.core.streamed import Streamed, end
from app.deps import Deps
from app.messages.evidence import evidence_of
from app.shops.models import Shop

log = get_logger(__name__)

FAILED = "<p>The record could not be read. Close this page and ask for it again.</p>"
READY = "<style>.working { display: none; }</style>"


def evidence_page(deps: Deps, shop: Shop, phone: str) -> Streamed:
    return stream_document(_page(deps, shop, phone))


async def evidence_data(deps: Deps, shop: Shop, phone: str) -> AsyncGenerator[bytes, None]:
    yield b" "
    try:
        async with deps.db.transaction() as session:
            evidence = await evidence_of(deps, session, shop, phone)
    except Exception:
        log.exception("evidence.failed", shop_id=shop.id)
        raise  # a file that breaks off is no record, and no browser takes it for one
    yield msgspec.json.encode(evidence)


async def _page(deps: Deps, shop: Shop, phone: str) -> AsyncGenerator[str, None]:
    yield render_piece("admin/evidence_head.html", phone=phone, shop=shop)
    shares: asyncio.Queue[float | None] = asyncio.Queue()
    working = asyncio.create_task(_collect(deps, shop, phone, shares))
    try:
        while (share := await shares.get()) is not None:
            yield f"<style>.working i {{ inline-size: {share:.0%}; }}</style>\n"
        yield READY + render_piece("admin/evidence.html", evidence=await working)
    except Exception:
        # The answer has begun, so the edge cannot turn this into a 500 any more.
        log.exception("evidence.failed", shop_id=shop.id)
        yield READY + FAILED
    finally:
        await end(working)


async def _collect(deps: Deps, shop: Shop, phone: str, shares: asyncio.Queue[float | None]) -> dict[str, Any]:
    try:
        async with deps.db.transaction() as session:
            return await evidence_of(deps, session, shop, phone, tell=shares.put_nowait)
    finally:
        shares.put_nowait(None)

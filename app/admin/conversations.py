"""What customers wrote back: the list of conversations, one of them, and the answer that staff write in it."""

import secrets
from typing import Any

from starlette.responses import Response

from app.admin.json_body import read_object
from app.admin.names import render_with_names
from app.admin.order_links import order_links
from app.admin.page import page
from app.admin.praise import is_worth_a_review
from app.admin.session import Visit
from app.connect.accounts import names_of
from app.messages.analytics import analyse
from app.messages.conversations import conversation, list_conversations, mark_read, queue_staff_reply


@page
async def show_conversations(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        found = await list_conversations(visit.deps, session, visit.shop.id, names_of=names_of)
    phones = [each["phone"] for each in found["conversations"] if each["phone"]]
    return render_with_names(visit, "conversations", phones, conversations=found["conversations"])


@page
async def show_conversation(visit: Visit) -> Response:
    """Whoever opens it has read it."""
    async with visit.deps.db.transaction() as session:
        found = await conversation(visit.deps, session, visit.shop, _key(visit), names_of=names_of)
        await mark_read(visit.deps, session, visit.shop.id, _key(visit), up_to=found["newest_heard"])
        week = await analyse(visit.deps, session, visit.shop, days=7)
    praise = is_worth_a_review(week.whole)
    phones = [found["phone"]] if found["phone"] else []
    once = secrets.token_urlsafe(12)
    links = await order_links(visit, [order["id"] for order in found["orders"]])
    return render_with_names(
        visit, "conversation", phones, conversation=found, order_links=links, once=once, praise=praise
    )


async def read_conversation(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await conversation(visit.deps, session, visit.shop, _key(visit), names_of=names_of)


async def answer_conversation(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await queue_staff_reply(
            visit.deps, session, visit.shop, _key(visit), form, actor=visit.actor, names_of=names_of
        )


def _key(visit: Visit) -> str:
    return str(visit.request.path_params["key"])

"""The first page: what is left to set up, what happened today, and what needs a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.admin import wording
from app.admin.analytics import columns_of
from app.admin.diagnostics import diagnose_all, worst_first
from app.admin.names import render_with_names
from app.admin.page import page
from app.admin.praise import is_worth_a_review
from app.admin.session import Visit
from app.connect.accounts import names_of
from app.core.language import language_of
from app.messages.analytics import analyse
from app.messages.conversations import list_conversations
from app.messages.log import latest_failures, log_page
from app.messages.queue_view import describe_queue
from app.notifications.catalogue import list_notifications
from app.shops.connection_view import describe_connection
from app.shops.queries import own_senders
from app.shops.settings import read_settings_of

TODAY = ("delivered", "on_the_way", "waiting", "not_sent", "failed")
"""The numbers of today, in the order of the groups of states that they lead to in the log."""

MOST_CHECKS, MOST_QUEUES, MOST_FAILURES = 4, 5, 5
SAID_BY_GUIDE = {"connect": "ringcentral", "number": "number"}
"""Steps that say what a check would say too."""


@dataclass(frozen=True, slots=True)
class Step:
    """*name*: what the template calls it."""

    name: str
    href: str
    done: bool


@page
async def show_home(visit: Visit) -> Response:
    deps, shop = visit.deps, visit.shop
    async with deps.db.transaction() as session:
        connection = await describe_connection(session, shop.id)
        queue = await describe_queue(deps, session, shop)
        failures = await latest_failures(deps, session, shop.id, limit=MOST_FAILURES)
        replies = await list_conversations(deps, session, shop.id, names_of=names_of, limit=4)
        steps = await _steps(visit, session, connection)
        checks = worst_first(await diagnose_all(deps, session, shop))
        numbers = await own_senders(session, shop.id)
        week = await analyse(deps, session, shop, days=7)
    _, today = week.by_day[-1]
    done, guide = sum(step.done for step in steps), read_settings_of(shop).setup_guide
    left = {SAID_BY_GUIDE.get(step.name) for step in steps if guide and not step.done}
    return render_with_names(
        visit,
        "home",
        [each["phone"] for each in replies["conversations"] if each["phone"]],
        steps=steps,
        done=done,
        next_step=next((step for step in steps if not step.done), None),
        guide=guide,
        connection=connection,
        numbers=numbers,
        week=week.whole,
        praise=is_worth_a_review(week.whole),
        columns=columns_of(week, language_of(visit.request)),
        today=[(states, getattr(today, name)) for name, states in zip(TODAY, wording.STATE_GROUPS, strict=True)],
        queue=queue,
        queues=sorted(queue["senders"], key=lambda each: -each["depth"])[:MOST_QUEUES],
        failures=failures,
        checks=[each for each in checks if each["level"] != "ok" and each["code"] not in left][:MOST_CHECKS],
        replies=replies["conversations"],
        unread=replies["unread"],
    )


async def _steps(visit: Visit, session: AsyncSession, connection: Mapping[str, Any]) -> list[Step]:
    deps, shop_id = visit.deps, visit.shop.id
    notifications = await list_notifications(session, shop_id)
    tests = await log_page(deps, session, shop_id, kind="test", limit=1)
    tested = bool(tests["messages"])
    connected = connection["state"] != "not_connected"
    has_number = connection["phone_number"] is not None
    first = notifications[0]["kind"] if notifications else ""
    reviewed = tested or any(_reworded(each) for each in notifications)
    return [
        Step("connect", "/settings/connection", connected),
        Step("number", "/settings/connection", has_number),
        Step("review", "/templates", reviewed),
        Step("test", f"/templates/{first}", tested),
    ]


def _reworded(notification: Mapping[str, Any]) -> bool:
    defaults = notification["defaults"]
    return any(text != defaults.get(locale) for locale, text in notification["templates"].items())

"""The log of texts: who was texted what, what became of it, and why a text was not sent."""

from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.responses import Response

from app.admin import wording
from app.admin.in_address import path_id
from app.admin.names import render_with_names
from app.admin.order_links import order_links
from app.admin.page import page
from app.admin.session import Visit
from app.admin.templates import KIND
from app.core.errors import Invalid
from app.core.language import language_of
from app.core.whole_number import whole_number
from app.message_templates.segments import count_segments
from app.messages.conversations import count_unread
from app.messages.kinds import kinds
from app.messages.log import LONGEST_PAGE, log_page, message_detail
from app.messages.models import MessageState
from app.messages.people import GLANCE, PATIENCE, phones_of_people
from app.messages.resend import cancel_message, resend_message

NO_MESSAGE = "There is no such message."
PAGE_LENGTH = 50
LONGEST_SEARCH = 100
UNDER_WAY = (MessageState.QUEUED, MessageState.SENDING, MessageState.ACCEPTED, MessageState.SENT, MessageState.UNKNOWN)
"""Something more will become known of these, most of it soon."""
FILTERS = ("status", "kind", "q", "before", "limit")


@page
async def show_messages(visit: Visit) -> Response:
    given = visit.request.query_params
    try:
        filters = read_filters(given)
    except Invalid as invalid:
        # A mistyped address shows the log without its wrong part, rather than a fault.
        filters = read_filters(QueryParams([pair for pair in given.multi_items() if pair[0] not in invalid.errors]))
    # The page does not wait for Shopify: its script asks who has that name once more, with time.
    patience = PATIENCE if given.get("people") == "late" else GLANCE
    people = await phones_of_people(visit.deps, visit.shop.id, filters["q"], patience=patience)
    async with visit.deps.db.transaction() as session:
        found = await log_page(visit.deps, session, visit.shop.id, **filters, people=people)
        unread = await count_unread(session, visit.shop.id)
    kept = {name: filters[name] for name in ("status", "kind", "q") if filters[name]}
    return render_with_names(
        visit,
        "messages",
        [each["to"] for each in found["messages"] if each["to"]],
        messages=found["messages"],
        searched=found.get("searched"),
        by_name=found.get("by_name", False),
        people_late=people is None and patience == GLANCE,
        unasked=found.get("unasked", False),
        filters=filters,
        filtered=bool(kept),
        unread=unread,
        under_way=any(each["state"] in UNDER_WAY for each in found["messages"]),
        states=_choices(wording.Wording(language_of(visit.request)), filters["status"]),
        kinds=[(kind.name, kind.label) for kind in kinds.kinds.values()],
        older="/messages?" + urlencode({**kept, "before": found["next"]}) if found["next"] else None,
        newest="/messages?" + urlencode(kept) if filters["before"] else None,
    )


@page
async def show_message(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        message = await message_detail(visit.deps, session, visit.shop.id, path_id(visit, NO_MESSAGE))
    links = await order_links(visit, [message["order_id"]] if message["order_id"] else [])
    return render_with_names(
        visit,
        "message",
        [message["to"]] if message["to"] else [],
        message=message,
        order_link=links.get(message["order_id"]),
        dear=count_segments(message["text"] or "").offenders if message["segments"] else (),
        under_way=message["state"] in UNDER_WAY,
    )


async def read_messages(visit: Visit) -> dict[str, Any]:
    filters = read_filters(visit.request.query_params)
    people = await phones_of_people(visit.deps, visit.shop.id, filters["q"])
    async with visit.deps.db.transaction() as session:
        return await log_page(visit.deps, session, visit.shop.id, **filters, people=people)


async def read_message(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await message_detail(visit.deps, session, visit.shop.id, path_id(visit, NO_MESSAGE))


async def resend(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        await resend_message(visit.deps, session, visit.shop, path_id(visit, NO_MESSAGE), actor=visit.actor)
    return await read_message(visit)


async def cancel(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        await cancel_message(visit.deps, session, visit.shop, path_id(visit, NO_MESSAGE), actor=visit.actor)
    return await read_message(visit)


def read_filters(given: QueryParams) -> dict[str, Any]:
    """Raises `Invalid` with a sentence for each filter that cannot be meant."""
    text = {name: given.get(name, "").strip() for name in FILTERS}
    wrong = {}
    if text["status"] and not set(text["status"].split(",")) <= set(MessageState):
        wrong["status"] = "Give states, separated by commas: " + ", ".join(MessageState) + "."
    if text["kind"] and not KIND.fullmatch(text["kind"]):
        wrong["kind"] = "Give the name of a kind, for example order_confirmed."
    if len(text["q"]) > LONGEST_SEARCH or "\0" in text["q"]:
        wrong["q"] = f"Search for at most {LONGEST_SEARCH} characters."
    before = whole_number(text["before"])
    if text["before"] and before is None:
        wrong["before"] = "Give the id that the page before this one ended with."
    limit = whole_number(text["limit"] or str(PAGE_LENGTH), LONGEST_PAGE)
    if limit is None:
        wrong["limit"] = f"Give a number from 1 to {LONGEST_PAGE}."
    if wrong:
        raise Invalid(wrong)
    return {
        "status": text["status"] or None,
        "kind": text["kind"] or None,
        "q": text["q"] or None,
        "before": before,
        "limit": limit,
    }


def _choices(words: wording.Wording, status: str | None) -> list[tuple[str, str]]:
    """The groups of states, and what the address asks for beside them."""
    groups: dict[str, str] = words.STATE_GROUPS
    if status is None or status in groups:
        return list(groups.items())
    return [*groups.items(), (status, ", ".join(words.state(each)[0] for each in status.split(",")))]

"""An account's orders, its customers, and what they and it wrote to each other."""

import secrets

from starlette.responses import Response

from app.connect.conversations import (
    MOST_SHOWN,
    account_conversation,
    describe_latest,
    latest_of_customers,
    queue_account_reply,
)
from app.connect.own_page import account_customers, account_orders
from app.core.errors import AppError, Conflict, Invalid
from app.core.whole_number import whole_number
from app.hosted.member import Member, faults_of, members_only


@members_only
async def open_orders(member: Member) -> Response:
    last = whole_number(member.form.get("before", ""))
    async with member.deps.db.transaction() as session:
        found = await account_orders(member.deps, session, member.shop, member.account, before=last)
    return member.show("orders", **found, further=last is not None)


@members_only
async def open_customers(member: Member) -> Response:
    async with member.deps.db.transaction() as session:
        customers = await account_customers(member.deps, session, member.shop, member.account)
    return member.show("customers", customers=customers)


@members_only
async def open_messages(member: Member) -> Response:
    async with member.deps.db.transaction() as session:
        latest = (await latest_of_customers(session, member.shop, member.account))[:MOST_SHOWN]
        conversations = await describe_latest(member.deps, session, member.shop, member.account, latest)
    return member.show("messages", conversations=conversations)


@members_only
async def open_conversation(member: Member) -> Response:
    return await _show_conversation(member)


@members_only
async def answer(member: Member) -> Response:
    form = {"text": member.form.get("text", ""), "once": member.form.get("once", "")}
    try:
        async with member.deps.db.transaction() as session:
            queued = await queue_account_reply(member.deps, session, member.shop, member.account, _key(member), form)
    except (Invalid, Conflict) as wrong:
        return await _show_conversation(member, typed=form["text"], wrong=wrong)
    return await _show_conversation(member, flash="waits" if queued["waits"] else "sent", due_at=queued["due_at"])


async def _show_conversation(
    member: Member,
    *,
    typed: str = "",
    wrong: AppError | None = None,
    flash: str | None = None,
    due_at: str | None = None,
) -> Response:
    async with member.deps.db.transaction() as session:
        found = await account_conversation(member.deps, session, member.shop, member.account, _key(member))
    return member.show(
        "conversation",
        status=wrong.status if wrong is not None else 200,
        path=f"{member.base}/messages/{_key(member)}",
        conversation=found,
        once=secrets.token_urlsafe(12),
        typed=typed,
        errors=faults_of(wrong) if wrong is not None else {},
        flash=flash,
        due_at=due_at,
    )


def _key(member: Member) -> str:
    return str(member.request.path_params["key"])

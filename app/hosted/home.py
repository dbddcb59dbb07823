"""Where an account stands: what is still to be done, the switch for its texts, and what the organisation wrote."""

from datetime import timedelta
from typing import Any

from starlette.responses import Response

from app.connect.agreement import keep_refusals
from app.connect.conversations import describe_latest, latest_of_customers
from app.connect.own_page import account_figures, account_notices
from app.connect.queries.accounts import get_account
from app.hosted.member import Member, members_only
from app.shops.connection_view import describe_connection
from app.shops.queries import write_audit

MONTH = timedelta(days=30)
CONVERSATIONS_SHOWN = 3


async def show_home(member: Member, *, told: dict[str, Any] | None = None, flash: str | None = None) -> Response:
    deps, shop, account = member.deps, member.shop, member.account
    async with deps.db.transaction() as session:
        account = await get_account(session, shop.id, account.id)
        connection = await describe_connection(session, shop.id, account_id=account.id)
        latest = await latest_of_customers(session, shop, account)
        conversations = await describe_latest(deps, session, shop, account, latest[:CONVERSATIONS_SHOWN])
        figures = await account_figures(session, shop, account, since=deps.clock() - MONTH)
        notices = await account_notices(deps, session, shop, account)
    return member.show(
        "home",
        account=account,
        connection=connection,
        conversations=conversations,
        figures={**figures, "conversations": len(latest)},
        notices=notices,
        told=told,
        flash=flash,
    )


@members_only
async def open_home(member: Member) -> Response:
    return await show_home(member)


@members_only
async def switch_alerts(member: Member) -> Response:
    on = member.form.get("on") == "1"
    async with member.deps.db.transaction() as session:
        account = await get_account(session, member.shop.id, member.account.id, lock=True)
        account.alerts_enabled = on
        await keep_refusals(session, account, member.deps.clock(), alerts=not on)
        account.updated_at = member.deps.clock()
        await write_audit(
            session,
            member.shop.domain,
            at=member.deps.clock(),
            actor=member.actor,
            action="account_changed",
            detail={"account_id": account.id, "alerts_enabled": on},
        )
    return await show_home(member, flash="on" if on else "off")

"""What an account decides for itself: how it is told of news, whether its history may be imported."""

from starlette.responses import Response

from app.connect.agreement import keep_wish
from app.connect.joining import set_history_wish
from app.connect.queries.accounts import get_account
from app.connect.sign_in import ways_in
from app.hosted.guest import question_of
from app.hosted.member import Member, members_only
from app.shops.queries import write_audit


@members_only
async def open_settings(member: Member) -> Response:
    return await _show(member)


@members_only
async def save_settings(member: Member) -> Response:
    async with member.deps.db.transaction() as session:
        account = await get_account(session, member.shop.id, member.account.id, lock=True)
        await keep_wish(
            member.deps,
            session,
            account,
            by_sms=member.form.get("notify_by_sms") == "1",
            by_email=member.form.get("notify_by_email") == "1",
            asked=question_of(member),
        )
        set_history_wish(member.deps, account, member.form.get("history") == "yes")
        await write_audit(
            session,
            member.shop.domain,
            at=member.deps.clock(),
            actor=member.actor,
            action="account_changed",
            detail={"account_id": account.id},
        )
    return await _show(member, flash="saved")


async def _show(member: Member, *, flash: str | None = None) -> Response:
    async with member.deps.db.transaction() as session:
        account = await get_account(session, member.shop.id, member.account.id)
        ways = await ways_in(member.deps, session, member.shop)
    opened = member.deps.vault.decrypt
    return member.show(
        "settings",
        account=account,
        phone=opened(account.phone_encrypted) if account.phone_encrypted is not None else None,
        email=opened(account.email_encrypted) if account.email_encrypted is not None else None,
        ways=ways,
        question=question_of(member),
        flash=flash,
    )

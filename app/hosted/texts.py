"""The words of an account's texts: edited by kind and language, previewed, measured and checked as a merchant's are."""

from starlette.responses import Response

from app.connect.alerts import PAID
from app.connect.own_texts import LOCALES, describe_own_texts, save_own_text, values_of_account
from app.core.errors import AppError, NotFound
from app.hosted.member import Member, faults_of, members_only
from app.message_templates.variables import editor_chips
from app.notifications.catalogue import preview_notification
from app.shops.queries import find_sender


@members_only
async def open_texts(member: Member) -> Response:
    """A change of kind or language begins with what is stored; typing goes to `preview_text`."""
    return await _show(member)


@members_only
async def preview_text(member: Member) -> Response:
    return await _show(member, typed=member.form.get("template", ""))


@members_only
async def save_text(member: Member) -> Response:
    typed, (kind, locale) = member.form.get("template", ""), _chosen(member)
    try:
        async with member.deps.db.transaction() as session:
            await save_own_text(member.deps, session, member.shop, member.account, kind, locale, typed)
    except AppError as wrong:
        return await _show(member, typed=typed, errors=faults_of(wrong), status=wrong.status)
    return await _show(member, flash="saved")


@members_only
async def use_shared(member: Member) -> Response:
    """Back to the organisation's words."""
    kind, locale = _chosen(member)
    async with member.deps.db.transaction() as session:
        await save_own_text(member.deps, session, member.shop, member.account, kind, locale, "")
    return await _show(member, flash="shared")


async def _show(
    member: Member,
    *,
    typed: str | None = None,
    errors: dict[str, str] | None = None,
    flash: str | None = None,
    status: int = 200,
) -> Response:
    kind, locale = _chosen(member)
    async with member.deps.db.transaction() as session:
        texts = await describe_own_texts(session, member.shop, member.account)
        chosen = next((each for each in texts if each["kind"] == kind), None)
        if chosen is None:
            raise NotFound("There is no such kind of text.")
        locale = locale if locale in chosen["shared"] else LOCALES[0]
        words = typed if typed is not None else chosen["texts"][locale]
        sender = await find_sender(session, member.shop.id, account_id=member.account.id)
        number = sender.phone_number if sender is not None else None
        always = await values_of_account(member.deps, session, member.shop, member.account)
    try:
        body = {"template": words, "locale": locale}
        preview = await preview_notification(member.deps, member.shop, kind, body, always=always)
    except AppError as wrong:
        preview, errors = None, errors or faults_of(wrong)
    return member.show(
        "texts",
        status=status,
        texts=texts,
        chosen=chosen,
        locale=locale,
        locales=list(chosen["shared"]),
        words=words,
        unsaved=words.splitlines() != chosen["texts"][locale].splitlines(),
        number=number,
        preview=preview,
        chips=editor_chips(kind),
        errors=errors or {},
        flash=flash,
    )


def _chosen(member: Member) -> tuple[str, str]:
    return member.form.get("kind", "") or PAID, member.form.get("locale", "") or LOCALES[0]

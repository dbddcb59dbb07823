"""What the organisation tells its connected accounts: notifications to one, broadcasts to many, news of a new order.

By text from the organisation's own number, through the outbox and below the same opt-outs, and by e-mail where a mail
server is configured: each as the account wishes. The text names the shop and the way out, the answer the plain body.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import hosted_url, status_of
from app.connect.kinds import NOTICE
from app.connect.mail import can_mail, send_mail
from app.connect.models import Account, Notice
from app.connect.moments import read_moment, write_moment
from app.connect.order_form import whole
from app.connect.queries.accounts import accounts_not_revoked, find_account, find_account_by_connect_id
from app.core.errors import Invalid, NotFound
from app.core.jobs import enqueue
from app.core.whole_number import LARGEST_ID, whole_number
from app.deps import Deps
from app.message_templates.segments import UTF16_LIMIT, to_plain, utf16_length
from app.messages.queue import About, queue_message, queue_text
from app.messages.reasons import NOT_CONNECTED
from app.shops.models import Shop
from app.shops.queries import find_sender, get_shop
from app.shops.zone import zone_of

MAIL: Final = "connect.mail_notice"
LONGEST_BODY: Final = 900
MOST_NAMED: Final = 1000
FURTHEST: Final = timedelta(days=90)


async def send_notification(deps: Deps, session: AsyncSession, shop: Shop, body: object) -> dict[str, Any]:
    """To one account. Raises `Invalid`, `NotFound`."""
    form = _message_of(body)
    account = await _recipient(session, shop, form)
    if account.revoked_at is not None:
        raise NotFound("This account has taken back its permission.")
    text, send_at = _read(deps, shop, form)
    notice = await _keep(deps, session, shop, account, text, send_at, form)
    return describe_notice(deps, notice, zone_of(shop))


async def send_broadcast(deps: Deps, session: AsyncSession, shop: Shop, body: object) -> dict[str, Any]:
    """To the accounts named by `user_ids` and `connect_ids`, or without them to all. Raises `Invalid`, `NotFound`."""
    form = _message_of(body)
    text, send_at = _read(deps, shop, form)
    accounts = await _recipients(session, shop, form)
    parent = _new(deps, shop, None, text, send_at, form)
    session.add(parent)
    await session.flush()
    notices = [
        await _keep(deps, session, shop, account, text, send_at, form, broadcast_id=parent.id) for account in accounts
    ]
    zone = zone_of(shop)
    messages = [describe_notice(deps, notice, zone) for notice in notices]
    return {**describe_notice(deps, parent, zone), "recipients_count": len(messages), "messages": messages}


async def tell_of_order(deps: Deps, session: AsyncSession, shop: Shop, account: Account, name: str, total: str) -> None:
    """A new order is the account's. Only who granted access is written to, by text and e-mail as they wish."""
    if status_of(account) != "granted":
        return
    what = f"order {name}".strip() + (f" ({total})" if total else "")
    text = f"You have a new {what}. See {hosted_url(deps, shop)}"
    await _keep(deps, session, shop, account, text, None, {})


def describe_notice(deps: Deps, notice: Notice, zone: ZoneInfo) -> dict[str, Any]:
    """An account is one conversation and one profile of the organisation."""
    return {
        "id": notice.id,
        "body": deps.vault.decrypt(notice.body_encrypted),
        "company_id": notice.shop_id,
        "conversation_id": notice.account_id,
        "created_at": write_moment(notice.created_at, zone),
        "deleted_at": write_moment(notice.deleted_at, zone),
        "dont_mark_as_open": notice.dont_mark_as_open,
        "favorite": notice.favorited_at is not None,
        "favorited_at": write_moment(notice.favorited_at, zone),
        "object": "message",
        "profile_id": notice.account_id,
        "send_at": write_moment(notice.send_at, zone),
        "updated_at": write_moment(notice.updated_at, zone),
    }


async def mail_notice(deps: Deps, notice_id: int) -> None:
    """Raises `MailNotSent`."""
    async with deps.db.transaction() as session:
        notice = await session.get(Notice, notice_id)
        if notice is None or notice.account_id is None:
            return
        shop = await get_shop(session, notice.shop_id)
        account = await find_account(session, shop.id, notice.account_id)
    if account is None or account.revoked_at is not None or not account.notify_by_email:
        return
    if account.email_encrypted is None or not can_mail(deps):
        return
    name = brand_of(shop)
    await send_mail(
        deps,
        to=deps.vault.decrypt(account.email_encrypted),
        subject=f"{name}: a message for you",
        text=deps.vault.decrypt(notice.body_encrypted) + f"\n\n{name}",
        sender_name=name,
    )


def brand_of(shop: Shop) -> str:
    return shop.name or shop.domain.removesuffix(".myshopify.com")


async def _keep(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    account: Account,
    text: str,
    send_at: datetime | None,
    form: Mapping[str, Any],
    *,
    broadcast_id: int | None = None,
) -> Notice:
    notice = _new(deps, shop, account, text, send_at, form, broadcast_id=broadcast_id)
    session.add(notice)
    await session.flush()
    if account.notify_by_sms and account.phone_encrypted is not None:
        notice.message_id = await _text(deps, session, shop, account, notice, text)
    if account.notify_by_email and account.email_encrypted is not None and can_mail(deps):
        wait = max(send_at - deps.clock(), timedelta(0)) if send_at is not None else timedelta(0)
        await enqueue(session, MAIL, [notice.id], delay=wait)
    return notice


def _new(
    deps: Deps,
    shop: Shop,
    account: Account | None,
    text: str,
    send_at: datetime | None,
    form: Mapping[str, Any],
    *,
    broadcast_id: int | None = None,
) -> Notice:
    now = deps.clock()
    return Notice(
        shop_id=shop.id,
        account_id=account.id if account is not None else None,
        broadcast_id=broadcast_id,
        body_encrypted=deps.vault.encrypt(text),
        dont_mark_as_open=bool(form.get("dont_mark_as_open")),
        favorited_at=now if form.get("favorite") else None,
        created_at=now,
        updated_at=now,
        send_at=send_at,
    )


async def _text(
    deps: Deps, session: AsyncSession, shop: Shop, account: Account, notice: Notice, text: str
) -> int | None:
    phone = deps.vault.decrypt(account.phone_encrypted or b"")
    sender = await find_sender(session, shop.id)
    subject = f"notice:{notice.id}"
    if sender is None or sender.phone_number is None:
        about = About(subject=subject, phone=phone)
        return await queue_message(deps, session, shop.id, NOTICE, about, event_at=deps.clock(), refusal=NOT_CONNECTED)
    return await queue_text(
        deps,
        session,
        shop.id,
        sender.id,
        NOTICE,
        subject=subject,
        phone=phone,
        text=with_names(brand_of(shop), text),
        locale="en",
        due_at=notice.send_at,
    )


def with_names(brand: str, text: str) -> str:
    """Carriers want both in every automated text: who sends it, and the way out."""
    named = text if brand.lower() in text.lower() else f"{brand}: {text}"
    return to_plain(named if "STOP" in named else f"{named} Reply STOP to opt-out.")


def _message_of(body: object) -> Mapping[str, Any]:
    message = body.get("message") if isinstance(body, Mapping) else None
    if not isinstance(message, Mapping):
        raise Invalid({"message": 'Send the message as {"message": {…}}.'})
    return message


def _read(deps: Deps, shop: Shop, form: Mapping[str, Any]) -> tuple[str, datetime | None]:
    wrong = {}
    text, given = form.get("body"), form.get("send_at")
    if not isinstance(text, str) or not text.strip() or utf16_length(text) > LONGEST_BODY:
        wrong["message.body"] = f"Give a text of at most {LONGEST_BODY} characters."
    elif utf16_length(with_names(brand_of(shop), text)) > UTF16_LIMIT:
        wrong["message.body"] = "With the name of your shop and the way out this is too long for one text."
    now = deps.clock()
    send_at = read_moment(given, now=now, zone=zone_of(shop)) if isinstance(given, str) else None
    if given is not None and (send_at is None or send_at > now + FURTHEST):
        wrong["message.send_at"] = "Give a time within the next 90 days, for example 2026-12-01T09:00:00-05:00."
    for name in ("dont_mark_as_open", "favorite"):
        if form.get(name) is not None and not isinstance(form[name], bool):
            wrong[f"message.{name}"] = "This must be true or false."
    if wrong or not isinstance(text, str):
        raise Invalid(wrong)
    return text.strip(), send_at


async def _recipient(session: AsyncSession, shop: Shop, form: Mapping[str, Any]) -> Account:
    user_id, connect_id = form.get("user_id"), form.get("connect_id")
    if user_id is None and connect_id is None:
        raise Invalid({"message.user_id": "Say to whom: give user_id or connect_id."})
    account = None
    if user_id is not None:
        account = await _by_user_id(session, shop, user_id, "message.user_id")
    by_connect_id = await _by_connect_id(session, shop, connect_id, "message.connect_id") if connect_id else None
    if account is not None and by_connect_id is not None and account.id != by_connect_id.id:
        raise Invalid({"message.connect_id": "user_id and connect_id name two different accounts."})
    found = account or by_connect_id
    if found is None:
        raise NotFound("There is no such connected account.")
    return found


async def _recipients(session: AsyncSession, shop: Shop, form: Mapping[str, Any]) -> list[Account]:
    given: dict[str, list[Any]] = {}
    for name in ("user_ids", "connect_ids"):
        value = form.get(name)
        if value is not None and (not isinstance(value, list) or len(value) > MOST_NAMED):
            raise Invalid({f"message.{name}": f"Give a list of at most {MOST_NAMED} ids."})
        given[name] = list(value or [])
        single = form.get(name.removesuffix("s"))
        if single is not None:
            given[name].append(single)
    if not any(given.values()) and form.get("user_ids") is None and form.get("connect_ids") is None:
        return await accounts_not_revoked(session, shop.id)
    found = {}
    for index, user_id in enumerate(given["user_ids"]):
        account = await _by_user_id(session, shop, user_id, f"message.user_ids.{index}")
        found[account.id] = account
    for index, connect_id in enumerate(given["connect_ids"]):
        account = await _by_connect_id(session, shop, connect_id, f"message.connect_ids.{index}")
        found[account.id] = account
    return [account for account in found.values() if account.revoked_at is None]


async def _by_user_id(session: AsyncSession, shop: Shop, value: object, field: str) -> Account:
    number = whole_number(value) if isinstance(value, str) else whole(value)
    if number is None or not 0 < number <= LARGEST_ID:
        raise Invalid({field: "Give the user_id of a connected account."})
    account = await find_account(session, shop.id, number)
    if account is None:
        raise NotFound(f"There is no connected account with the user_id {number}.")
    return account


async def _by_connect_id(session: AsyncSession, shop: Shop, value: object, field: str) -> Account:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > 255:
        raise Invalid({field: "Give the connect_id of a connected account."})
    account = await find_account_by_connect_id(session, shop.id, value.strip())
    if account is None:
        raise NotFound("There is no connected account with this connect_id.")
    return account

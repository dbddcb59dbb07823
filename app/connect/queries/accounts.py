"""Accounts, their numbers and their own wording."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Row, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import Account, AccountTemplate, Notice
from app.core.errors import NotFound
from app.messages.models import Message
from app.messages.queries import cancel_queued
from app.shops.models import Sender


async def find_account(session: AsyncSession, shop_id: int, account_id: int) -> Account | None:
    return await session.scalar(
        select(Account).where(Account.shop_id == shop_id, Account.id == account_id, Account.deleted_at.is_(None))
    )


async def get_account(session: AsyncSession, shop_id: int, account_id: int, *, lock: bool = False) -> Account:
    query = select(Account).where(Account.shop_id == shop_id, Account.id == account_id, Account.deleted_at.is_(None))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    account = await session.scalar(query)
    if account is None:
        raise NotFound("There is no such connected account.")
    return account


async def find_account_by_connect_id(session: AsyncSession, shop_id: int, connect_id: str) -> Account | None:
    return await session.scalar(
        select(Account).where(
            Account.shop_id == shop_id, Account.connect_id == connect_id, Account.deleted_at.is_(None)
        )
    )


async def is_connect_id_taken(session: AsyncSession, shop_id: int, connect_id: str) -> bool:
    """Two calls that want the same one wait for each other, so that the second is told."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:connect_id, :shop))"),
        {"connect_id": connect_id, "shop": shop_id},
    )
    return await find_account_by_connect_id(session, shop_id, connect_id) is not None


async def accounts_of_person(
    session: AsyncSession, shop_id: int, *, email_hash: bytes | None = None, phone_hash: bytes | None = None
) -> list[Account]:
    """Accounts with this e-mail address or phone, newest first: two people may share one."""
    same = Account.email_hash == email_hash if email_hash is not None else Account.phone_hash == phone_hash
    query = select(Account).where(Account.shop_id == shop_id, Account.deleted_at.is_(None), same)
    return list(await session.scalars(query.order_by(Account.id.desc()).limit(10)))


async def accounts_meant(
    session: AsyncSession, shop_id: int, account_ids: Iterable[int], connect_ids: Iterable[str]
) -> tuple[list[int], list[tuple[str, int]]]:
    """Which of *account_ids* are living, and (connect_id in lower case, id) of those that *connect_ids* name."""
    lower = func.lower(Account.connect_id)
    query = select(Account.id, lower.label("connect_id")).where(
        Account.shop_id == shop_id,
        Account.deleted_at.is_(None),
        or_(Account.id.in_(list(account_ids)), lower.in_(list(connect_ids))),
    )
    rows = list(await session.execute(query.order_by(Account.id.desc())))
    return [row.id for row in rows], [(row.connect_id, row.id) for row in rows if row.connect_id]


async def lock_person(session: AsyncSession, shop_id: int, person_hash: bytes) -> None:
    """Until the transaction ends nobody else makes an account for this e-mail address or phone."""
    person = f"person:{person_hash.hex()}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(person, shop_id))))


async def account_page(
    session: AsyncSession, shop_id: int, *, after: int | None = None, limit: int = 100
) -> list[Account]:
    """Oldest first; *after* is the last id already seen."""
    query = select(Account).where(Account.shop_id == shop_id, Account.deleted_at.is_(None))
    if after is not None:
        query = query.where(Account.id > after)
    return list(await session.scalars(query.order_by(Account.id).limit(limit)))


async def accounts_known_by(
    session: AsyncSession,
    shop_id: int,
    *,
    connect_id: str,
    email_hash: bytes | None,
    phone_hash: bytes | None,
    limit: int,
) -> list[int]:
    """Newest first, those whose own id holds *connect_id* in whatever case, or who are reached by one of the hashes."""
    ways = [Account.connect_id.icontains(connect_id, autoescape=True)]
    ways += [Account.email_hash == email_hash] if email_hash is not None else []
    ways += [Account.phone_hash == phone_hash] if phone_hash is not None else []
    query = select(Account.id).where(Account.shop_id == shop_id, Account.deleted_at.is_(None), or_(*ways))
    return list(await session.scalars(query.order_by(Account.id.desc()).limit(limit)))


async def sealed_names(session: AsyncSession, shop_id: int, *, limit: int) -> list[tuple[int, bytes]]:
    """Newest first."""
    query = select(Account.id, Account.name_encrypted).where(Account.shop_id == shop_id, Account.deleted_at.is_(None))
    return [
        (row.id, row.name_encrypted) for row in await session.execute(query.order_by(Account.id.desc()).limit(limit))
    ]


async def accounts_by_id(session: AsyncSession, shop_id: int, account_ids: Iterable[int]) -> dict[int, Account]:
    query = select(Account).where(
        Account.shop_id == shop_id, Account.id.in_(list(account_ids)), Account.deleted_at.is_(None)
    )
    return {account.id: account for account in await session.scalars(query)}


async def accounts_not_revoked(session: AsyncSession, shop_id: int) -> list[Account]:
    """Accounts that the organisation may write to: invited or granted."""
    query = select(Account).where(
        Account.shop_id == shop_id, Account.deleted_at.is_(None), Account.revoked_at.is_(None)
    )
    return list(await session.scalars(query.order_by(Account.id)))


async def choosable_accounts(
    session: AsyncSession, shop_id: int, chosen: Collection[int], *, limit: int
) -> list[Row[int, str | None, bytes]]:
    """(id, the organisation's own id, encrypted name) of those that are *chosen* already and the oldest others."""
    query = (
        select(Account.id, Account.connect_id, Account.name_encrypted)
        .where(Account.shop_id == shop_id, Account.deleted_at.is_(None))
        .order_by(Account.id.not_in(chosen), Account.id)
        .limit(limit + len(chosen))
    )
    return sorted(await session.execute(query), key=lambda row: row.id)


async def names_of_accounts(session: AsyncSession, shop_id: int, account_ids: Iterable[int]) -> dict[int, bytes]:
    """Id to encrypted name; one that was removed has none."""
    query = select(Account.id, Account.name_encrypted).where(
        Account.shop_id == shop_id, Account.id.in_(list(account_ids)), Account.deleted_at.is_(None)
    )
    return {row.id: row.name_encrypted for row in await session.execute(query)}


async def count_accounts(session: AsyncSession, shop_id: int) -> int:
    query = select(func.count()).select_from(Account)
    return int(await session.scalar(query.where(Account.shop_id == shop_id, Account.deleted_at.is_(None))) or 0)


async def senders_of_accounts(session: AsyncSession, shop_id: int, account_ids: Iterable[int]) -> dict[int, Sender]:
    """The current sender of each account that has one."""
    query = select(Sender).where(
        Sender.shop_id == shop_id, Sender.account_id.in_(list(account_ids)), Sender.state != "disconnected"
    )
    return {
        sender.account_id: sender for sender in await session.scalars(query.order_by(Sender.id)) if sender.account_id
    }


async def any_account_sender(session: AsyncSession, shop_id: int) -> Sender | None:
    query = select(Sender).where(
        Sender.shop_id == shop_id,
        Sender.account_id.is_not(None),
        Sender.state == "ready",
        Sender.phone_number.is_not(None),
    )
    return await session.scalar(query.order_by(Sender.id).limit(1))


async def account_texts(session: AsyncSession, account_id: int, kind: str) -> dict[str, str]:
    """Locale to the account's own wording."""
    return {row.locale: row.text for row in await account_text_rows(session, account_id, kind)}


async def account_text_rows(session: AsyncSession, account_id: int, kind: str) -> list[AccountTemplate]:
    query = select(AccountTemplate).where(AccountTemplate.account_id == account_id, AccountTemplate.kind == kind)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def keep_account_text(
    session: AsyncSession, account_id: int, kind: str, locale: str, words: str, now: datetime
) -> None:
    row = insert(AccountTemplate).values(account_id=account_id, kind=kind, locale=locale, text=words, updated_at=now)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["account_id", "kind", "locale"], set_={"text": row.excluded.text, "updated_at": now}
        )
    )


async def forget_account_text(session: AsyncSession, account_id: int, kind: str, locale: str) -> None:
    await session.execute(
        delete(AccountTemplate).where(
            AccountTemplate.account_id == account_id, AccountTemplate.kind == kind, AccountTemplate.locale == locale
        )
    )


async def cancel_queued_of_account(
    session: AsyncSession, shop_id: int, account_id: int, *, now: datetime, reason: tuple[str, str]
) -> None:
    """Cancel what waits to leave in this account's name, scheduled texts included.

    Texts about the shop's own orders are left: their buyers hear from the shop's number instead, as the gate decides.
    """
    senders = select(Sender.id).where(Sender.shop_id == shop_id, Sender.account_id == account_id)
    these = (Message.sender_id.in_(senders), Message.kind.like("connect!_%", escape="!"))
    await cancel_queued(session, shop_id, *these, now=now, reason=reason)


async def cancel_notices_of_account(
    session: AsyncSession, shop_id: int, account_id: int, *, now: datetime, reason: tuple[str, str]
) -> None:
    """Cancel what the organisation has written to this account and waits to leave."""
    notices = select(Notice.message_id).where(Notice.shop_id == shop_id, Notice.account_id == account_id)
    await cancel_queued(session, shop_id, Message.id.in_(notices), now=now, reason=reason)

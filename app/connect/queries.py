"""All SQL about connected accounts, their orders, the API and its webhooks. The shop always comes first."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import (
    Account,
    AccountTemplate,
    ApiKey,
    ApiRequest,
    Attribution,
    AttributionRule,
    ConnectLine,
    ConnectOrder,
    HistoryImport,
    Notice,
    Profile,
    SignIn,
    StoredAnswer,
    Visit,
    WebhookCall,
    WebhookEndpoint,
)
from app.core.errors import NotFound
from app.messages.models import InboundMessage, Message, MessageState
from app.messages.queries import move
from app.shops.models import Sender

# --- accounts ---


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


async def account_page(
    session: AsyncSession, shop_id: int, *, after: int | None = None, limit: int = 100
) -> list[Account]:
    """Oldest first; *after* is the last id already seen."""
    query = select(Account).where(Account.shop_id == shop_id, Account.deleted_at.is_(None))
    if after is not None:
        query = query.where(Account.id > after)
    return list(await session.scalars(query.order_by(Account.id).limit(limit)))


async def accounts_not_revoked(session: AsyncSession, shop_id: int) -> list[Account]:
    """Accounts that the organisation may write to: invited or granted."""
    query = select(Account).where(
        Account.shop_id == shop_id, Account.deleted_at.is_(None), Account.revoked_at.is_(None)
    )
    return list(await session.scalars(query.order_by(Account.id)))


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


async def account_texts(session: AsyncSession, account_id: int, kind: str) -> dict[str, str]:
    """Locale to the account's own wording."""
    query = select(AccountTemplate.locale, AccountTemplate.text).where(
        AccountTemplate.account_id == account_id, AccountTemplate.kind == kind
    )
    return {row.locale: row.text for row in await session.execute(query)}


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


# --- signing in ---


async def add_sign_in(session: AsyncSession, values: dict[str, Any]) -> SignIn:
    return (await session.scalars(insert(SignIn).values(**values).returning(SignIn))).one()


async def count_sign_ins(session: AsyncSession, shop_id: int, person_hash: bytes, *, since: datetime) -> int:
    query = select(func.count()).where(
        SignIn.shop_id == shop_id, SignIn.person_hash == person_hash, SignIn.created_at > since
    )
    return int(await session.scalar(query) or 0)


async def count_strangers(session: AsyncSession, shop_id: int, *, since: datetime) -> int:
    """How often somebody without an account asked for a code."""
    query = select(func.count()).where(
        SignIn.shop_id == shop_id, SignIn.account_id.is_(None), SignIn.created_at > since
    )
    return int(await session.scalar(query) or 0)


async def get_sign_in(session: AsyncSession, shop_id: int, sign_in_id: int, *, lock: bool = False) -> SignIn | None:
    query = select(SignIn).where(SignIn.shop_id == shop_id, SignIn.id == sign_in_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def try_sign_in(
    session: AsyncSession, shop_id: int, sign_in_id: int, now: datetime, *, most: int
) -> SignIn | None:
    """The living sign-in, with this attempt counted before anybody looks at it."""
    counting = (
        update(SignIn)
        .where(
            SignIn.shop_id == shop_id,
            SignIn.id == sign_in_id,
            SignIn.used_at.is_(None),
            SignIn.expires_at > now,
            SignIn.attempts < most,
        )
        .values(attempts=SignIn.attempts + 1)
        .returning(SignIn)
    )
    return await session.scalar(counting)


async def find_visit(session: AsyncSession, shop_id: int, account_id: int, visit_id: int) -> Visit | None:
    return await session.scalar(
        select(Visit).where(Visit.shop_id == shop_id, Visit.account_id == account_id, Visit.id == visit_id)
    )


async def forget_visits(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(SignIn).where(SignIn.created_at < before))
    await session.execute(delete(Visit).where(Visit.created_at < before))


# --- API keys, repeated calls, request log ---


async def find_key_by_hash(session: AsyncSession, key_hash: bytes) -> ApiKey | None:
    return await session.scalar(select(ApiKey).where(ApiKey.key_hash == key_hash))


async def get_key(session: AsyncSession, shop_id: int, key_id: int) -> ApiKey:
    key = await session.scalar(select(ApiKey).where(ApiKey.shop_id == shop_id, ApiKey.id == key_id))
    if key is None:
        raise NotFound("There is no such API key.")
    return key


async def keys_of(session: AsyncSession, shop_id: int) -> list[ApiKey]:
    return list(await session.scalars(select(ApiKey).where(ApiKey.shop_id == shop_id).order_by(ApiKey.id.desc())))


async def count_call(session: AsyncSession, key_id: int, *, now: datetime, window: timedelta) -> tuple[datetime, int]:
    """Count a call in the key's window, or begin a new window with it: (its start, calls so far)."""
    fresh = or_(ApiKey.window_start.is_(None), ApiKey.window_start <= now - window)
    counting = (
        update(ApiKey)
        .where(ApiKey.id == key_id)
        .values(
            window_start=case((fresh, now), else_=ApiKey.window_start),
            window_calls=case((fresh, 1), else_=ApiKey.window_calls + 1),
            last_used_at=now,
        )
        .returning(ApiKey.window_start, ApiKey.window_calls)
        .execution_options(synchronize_session=False)
    )
    row = (await session.execute(counting)).one()
    return row.window_start or now, row.window_calls


async def claim_answer(
    session: AsyncSession, key_id: int, idempotency_key: str, request_hash: bytes, now: datetime
) -> StoredAnswer | None:
    """None when this call is the first with its key; else what the first one was answered. Waits for one under way."""
    first = await session.scalar(
        insert(StoredAnswer)
        .values(api_key_id=key_id, idempotency_key=idempotency_key, request_hash=request_hash, created_at=now)
        .on_conflict_do_nothing()
        .returning(StoredAnswer.api_key_id)
    )
    if first is not None:
        return None
    return await session.scalar(
        select(StoredAnswer).where(StoredAnswer.api_key_id == key_id, StoredAnswer.idempotency_key == idempotency_key)
    )


async def keep_answer(
    session: AsyncSession, key_id: int, idempotency_key: str, status: int, body_encrypted: bytes
) -> None:
    await session.execute(
        update(StoredAnswer)
        .where(StoredAnswer.api_key_id == key_id, StoredAnswer.idempotency_key == idempotency_key)
        .values(status=status, body_encrypted=body_encrypted)
    )


async def forget_old_answers(session: AsyncSession, *, answers_before: datetime, requests_before: datetime) -> None:
    await session.execute(delete(StoredAnswer).where(StoredAnswer.created_at < answers_before))
    await session.execute(delete(ApiRequest).where(ApiRequest.at < requests_before))


async def request_rows(session: AsyncSession, shop_id: int, *, before: int | None, limit: int) -> list[ApiRequest]:
    query = select(ApiRequest).where(ApiRequest.shop_id == shop_id).order_by(ApiRequest.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ApiRequest.id < before)
    return list(await session.scalars(query))


# --- profiles and orders ---


async def keep_profile(
    session: AsyncSession, shop_id: int, phone_hash: bytes | None, email_hash: bytes | None, now: datetime
) -> Profile | None:
    """The customer's profile, made if need be and locked; None when neither phone nor e-mail is known."""
    if phone_hash is None and email_hash is None:
        return None
    same = (
        Profile.phone_hash == phone_hash
        if phone_hash is not None
        else (Profile.email_hash == email_hash) & Profile.phone_hash.is_(None)
    )
    await session.execute(
        insert(Profile)
        .values(shop_id=shop_id, phone_hash=phone_hash, email_hash=email_hash, created_at=now)
        .on_conflict_do_nothing()
    )
    query = select(Profile).where(Profile.shop_id == shop_id, same).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def find_profile(session: AsyncSession, shop_id: int, phone_hash: bytes) -> Profile | None:
    return await session.scalar(select(Profile).where(Profile.shop_id == shop_id, Profile.phone_hash == phone_hash))


async def find_order(session: AsyncSession, shop_id: int, order_id: int) -> ConnectOrder | None:
    """Also a deleted one: its waiting texts have to learn of it."""
    return await session.scalar(
        select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.id == order_id)
    )


async def get_order(
    session: AsyncSession,
    shop_id: int,
    *,
    order_id: int | None = None,
    reference_id: str | None = None,
    account_id: int | None = None,
) -> ConnectOrder:
    """By id or, the newest, by reference; of one account when that is given. Locked until the transaction ends."""
    query = select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.deleted_at.is_(None))
    query = (
        query.where(ConnectOrder.id == order_id)
        if order_id is not None
        else query.where(ConnectOrder.reference_id == reference_id)
    )
    if account_id is not None:
        query = query.where(ConnectOrder.account_id == account_id)
    order = await session.scalar(query.order_by(ConnectOrder.id.desc()).limit(1).with_for_update())
    if order is None:
        raise NotFound("There is no such order.")
    return order


async def reference_exists(session: AsyncSession, account_id: int, reference_id: str) -> int | None:
    """The id of the account's order with this reference. Two calls with the same one wait for each other."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:reference, :account))"),
        {"reference": reference_id, "account": account_id},
    )
    return await session.scalar(
        select(ConnectOrder.id)
        .where(
            ConnectOrder.account_id == account_id,
            ConnectOrder.reference_id == reference_id,
            ConnectOrder.deleted_at.is_(None),
        )
        .limit(1)
    )


async def shopify_order_exists(session: AsyncSession, shop_id: int, shopify_order_id: str) -> bool:
    query = select(ConnectOrder.id).where(
        ConnectOrder.shop_id == shop_id, ConnectOrder.shopify_order_id == shopify_order_id
    )
    return await session.scalar(query) is not None


async def order_page(
    session: AsyncSession,
    shop_id: int,
    *,
    account_id: int | None = None,
    reference_id: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[ConnectOrder]:
    """Newest first; *before* is the last id already seen."""
    query = select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.deleted_at.is_(None))
    if account_id is not None:
        query = query.where(ConnectOrder.account_id == account_id)
    if reference_id is not None:
        query = query.where(ConnectOrder.reference_id == reference_id)
    if before is not None:
        query = query.where(ConnectOrder.id < before)
    return list(await session.scalars(query.order_by(ConnectOrder.id.desc()).limit(limit)))


async def lines_of(session: AsyncSession, order_ids: Sequence[int]) -> dict[int, list[ConnectLine]]:
    query = select(ConnectLine).where(ConnectLine.order_id.in_(order_ids))
    found: dict[int, list[ConnectLine]] = {}
    for line in await session.scalars(query.order_by(ConnectLine.order_id, ConnectLine.position)):
        found.setdefault(line.order_id, []).append(line)
    return found


async def replace_lines(session: AsyncSession, order_id: int, rows: Sequence[dict[str, Any]]) -> None:
    await session.execute(delete(ConnectLine).where(ConnectLine.order_id == order_id))
    if rows:
        await session.execute(insert(ConnectLine).values([{"order_id": order_id, **row} for row in rows]))


async def texts_about(
    session: AsyncSession, shop_id: int, kinds: Sequence[str], order_ids: Sequence[str]
) -> dict[str, dict[str, Message]]:
    """Order id (as messages know it) to kind to message."""
    query = select(Message).where(Message.shop_id == shop_id, Message.kind.in_(kinds), Message.order_id.in_(order_ids))
    found: dict[str, dict[str, Message]] = {}
    for message in await session.scalars(query.order_by(Message.id)):
        found.setdefault(message.order_id or "", {})[message.kind] = message
    return found


async def queued_about(session: AsyncSession, shop_id: int, order_id: str) -> list[int]:
    """Ids of the waiting messages about one order."""
    query = select(Message.id).where(
        Message.shop_id == shop_id, Message.order_id == order_id, Message.state == "queued"
    )
    return list(await session.scalars(query.with_for_update()))


async def orders_of_customer(
    session: AsyncSession, shop_id: int, phone_hashes: Sequence[bytes], email_hashes: Sequence[bytes] = ()
) -> list[ConnectOrder]:
    query = select(ConnectOrder).where(
        ConnectOrder.shop_id == shop_id,
        or_(ConnectOrder.phone_hash.in_(phone_hashes), ConnectOrder.email_hash.in_(email_hashes)),
    )
    return list(await session.scalars(query.order_by(ConnectOrder.id)))


# --- notices ---


async def notice_page(
    session: AsyncSession, shop_id: int, *, account_id: int, before: int | None = None, limit: int = 50
) -> list[Notice]:
    query = select(Notice).where(Notice.shop_id == shop_id, Notice.account_id == account_id)
    if before is not None:
        query = query.where(Notice.id < before)
    return list(await session.scalars(query.order_by(Notice.id.desc()).limit(limit)))


# --- outgoing webhooks ---


async def endpoints_of(session: AsyncSession, shop_id: int) -> list[WebhookEndpoint]:
    query = select(WebhookEndpoint).where(WebhookEndpoint.shop_id == shop_id, WebhookEndpoint.deleted_at.is_(None))
    return list(await session.scalars(query.order_by(WebhookEndpoint.id)))


async def get_endpoint(session: AsyncSession, shop_id: int, endpoint_id: int) -> WebhookEndpoint:
    endpoint = await session.scalar(
        select(WebhookEndpoint).where(
            WebhookEndpoint.shop_id == shop_id,
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.deleted_at.is_(None),
        )
    )
    if endpoint is None:
        raise NotFound("There is no such webhook.")
    return endpoint


async def get_call(session: AsyncSession, shop_id: int, call_id: int) -> WebhookCall:
    call = await session.scalar(select(WebhookCall).where(WebhookCall.shop_id == shop_id, WebhookCall.id == call_id))
    if call is None:
        raise NotFound("There is no such webhook call.")
    return call


async def call_rows(
    session: AsyncSession, shop_id: int, *, before: int | None = None, limit: int = 50
) -> list[WebhookCall]:
    query = select(WebhookCall).where(WebhookCall.shop_id == shop_id)
    if before is not None:
        query = query.where(WebhookCall.id < before)
    return list(await session.scalars(query.order_by(WebhookCall.id.desc()).limit(limit)))


async def claim_call(session: AsyncSession, call_id: int, now: datetime, lease: timedelta) -> WebhookCall | None:
    """A waiting call that is due; put off by *lease* so that nobody else makes it meanwhile."""
    call = await session.scalar(
        select(WebhookCall)
        .where(WebhookCall.id == call_id, WebhookCall.state == "waiting", WebhookCall.due_at <= now)
        .with_for_update(skip_locked=True)
    )
    if call is not None:
        call.due_at = now + lease
        call.attempts += 1
    return call


async def due_calls(session: AsyncSession, now: datetime, *, limit: int = 100) -> list[int]:
    query = select(WebhookCall.id).where(WebhookCall.state == "waiting", WebhookCall.due_at <= now)
    return list(await session.scalars(query.order_by(WebhookCall.due_at).limit(limit)))


# --- attribution and history ---


async def rules_of(session: AsyncSession, shop_id: int) -> list[AttributionRule]:
    query = select(AttributionRule).where(AttributionRule.shop_id == shop_id)
    return list(await session.scalars(query.order_by(AttributionRule.position, AttributionRule.id)))


async def replace_rules(session: AsyncSession, shop_id: int, rules: Sequence[AttributionRule]) -> None:
    await session.execute(delete(AttributionRule).where(AttributionRule.shop_id == shop_id))
    session.add_all(rules)
    await session.flush()


async def find_attribution(session: AsyncSession, shop_id: int, shopify_order_id: str) -> Attribution | None:
    """Also one that is not decided yet, or decided to be nobody's."""
    query = select(Attribution).where(Attribution.shop_id == shop_id, Attribution.shopify_order_id == shopify_order_id)
    return await session.scalar(query.execution_options(populate_existing=True))


async def keep_attribution(session: AsyncSession, shop_id: int, shopify_order_id: str, values: dict[str, Any]) -> bool:
    """False when it was decided before: the first decision stays."""
    row = insert(Attribution).values(shop_id=shop_id, shopify_order_id=shopify_order_id, **values)
    kept = await session.scalar(
        row.on_conflict_do_update(
            index_elements=["shop_id", "shopify_order_id"],
            set_={name: getattr(row.excluded, name) for name in values},
            where=Attribution.decided.is_(False),
        ).returning(Attribution.shopify_order_id)
    )
    return kept is not None


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


async def move_waiting(session: AsyncSession, shop_id: int, shopify_order_id: str, sender_id: int) -> None:
    """The order's waiting texts leave from this number."""
    await session.execute(
        update(Message)
        .where(
            Message.shop_id == shop_id,
            Message.order_id == shopify_order_id,
            Message.state == "queued",
            Message.sender_id.is_not(None),
        )
        .values(sender_id=sender_id)
        .execution_options(synchronize_session=False)
    )


async def any_account_sender(session: AsyncSession, shop_id: int) -> Sender | None:
    query = select(Sender).where(
        Sender.shop_id == shop_id,
        Sender.account_id.is_not(None),
        Sender.state == "ready",
        Sender.phone_number.is_not(None),
    )
    return await session.scalar(query.order_by(Sender.id).limit(1))


async def attributions_of(
    session: AsyncSession, shop_id: int, *, account_id: int, limit: int = 50
) -> list[Attribution]:
    query = select(Attribution).where(Attribution.shop_id == shop_id, Attribution.account_id == account_id)
    return list(await session.scalars(query.order_by(Attribution.at.desc()).limit(limit)))


async def get_import(session: AsyncSession, shop_id: int, import_id: int, *, lock: bool = False) -> HistoryImport:
    query = select(HistoryImport).where(HistoryImport.shop_id == shop_id, HistoryImport.id == import_id)
    query = query.execution_options(populate_existing=True)
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such import.")
    return found


async def imports_of(session: AsyncSession, shop_id: int, *, limit: int = 20) -> list[HistoryImport]:
    query = select(HistoryImport).where(HistoryImport.shop_id == shop_id)
    return list(await session.scalars(query.order_by(HistoryImport.id.desc()).limit(limit)))


async def running_imports(session: AsyncSession, *, idle_since: datetime) -> list[int]:
    """Imports that should go on, but have not since then."""
    query = select(HistoryImport.id).where(HistoryImport.state == "running", HistoryImport.updated_at < idle_since)
    return list(await session.scalars(query.limit(100)))


async def unfinished_import(session: AsyncSession, shop_id: int) -> HistoryImport | None:
    query = select(HistoryImport).where(
        HistoryImport.shop_id == shop_id, HistoryImport.state.in_(("running", "paused"))
    )
    return await session.scalar(query.limit(1))


async def find_import(session: AsyncSession, import_id: int, *, lock: bool = False) -> HistoryImport | None:
    """For the job, which knows nothing but the id."""
    query = select(HistoryImport).where(HistoryImport.id == import_id).execution_options(populate_existing=True)
    return await session.scalar(query.with_for_update() if lock else query)


# --- what an account sees of its conversations ---


async def messages_of_account(
    session: AsyncSession, shop_id: int, account_id: int, *, phone_hash: bytes | None = None, limit: int = 50
) -> list[Message]:
    """What left, or should have left, in this account's name; *phone_hash*: to one customer. Newest first."""
    senders = select(Sender.id).where(Sender.shop_id == shop_id, Sender.account_id == account_id)
    orders = select(func.concat("connect:", ConnectOrder.id)).where(ConnectOrder.account_id == account_id)
    query = select(Message).where(
        Message.shop_id == shop_id, or_(Message.sender_id.in_(senders), Message.order_id.in_(orders))
    )
    if phone_hash is not None:
        query = query.where(Message.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(Message.id.desc()).limit(limit)))


async def names_of_customers(
    session: AsyncSession, shop_id: int, account_id: int, phone_hashes: Sequence[bytes]
) -> dict[bytes, bytes]:
    """Phone hash to the encrypted name on the account's latest order of this customer."""
    query = select(ConnectOrder.phone_hash, ConnectOrder.profile_name_encrypted).where(
        ConnectOrder.shop_id == shop_id,
        ConnectOrder.account_id == account_id,
        ConnectOrder.phone_hash.in_(phone_hashes),
        ConnectOrder.profile_name_encrypted.is_not(None),
    )
    rows = await session.execute(query.order_by(ConnectOrder.id))
    return {row.phone_hash: row.profile_name_encrypted for row in rows}


async def customers_of_account(session: AsyncSession, shop_id: int, account_id: int, *, limit: int) -> list[Any]:
    """(orders, latest order's id) of each customer; whoever ordered last first."""
    latest = func.max(ConnectOrder.id)
    query = (
        select(func.count().label("orders"), latest.label("latest"))
        .where(
            ConnectOrder.shop_id == shop_id,
            ConnectOrder.account_id == account_id,
            ConnectOrder.profile_id.is_not(None),
            ConnectOrder.deleted_at.is_(None),
        )
        .group_by(ConnectOrder.profile_id)
        .order_by(latest.desc())
        .limit(limit)
    )
    return list(await session.execute(query))


async def orders_by_id(session: AsyncSession, shop_id: int, order_ids: Sequence[int]) -> dict[int, ConnectOrder]:
    query = select(ConnectOrder).where(ConnectOrder.shop_id == shop_id, ConnectOrder.id.in_(order_ids))
    return {order.id: order for order in await session.scalars(query)}


async def count_orders(session: AsyncSession, shop_id: int, account_id: int, *, since: datetime) -> int:
    query = select(func.count()).where(
        ConnectOrder.shop_id == shop_id,
        ConnectOrder.account_id == account_id,
        ConnectOrder.deleted_at.is_(None),
        ConnectOrder.created_at >= since,
    )
    return int(await session.scalar(query) or 0)


async def cancel_queued_of_account(
    session: AsyncSession, shop_id: int, account_id: int, *, now: datetime, reason: tuple[str, str]
) -> None:
    """Cancel what waits to leave in this account's name, scheduled texts included.

    Texts about the shop's own orders are left: their buyers hear from the shop's number instead, as the gate decides.
    """
    senders = select(Sender.id).where(Sender.shop_id == shop_id, Sender.account_id == account_id)
    query = select(Message.id).where(
        Message.shop_id == shop_id,
        Message.sender_id.in_(senders),
        Message.kind.like("connect!_%", escape="!"),
        Message.state == MessageState.QUEUED,
    )
    await _cancel(session, query, now, reason)


async def cancel_notices_of_account(
    session: AsyncSession, shop_id: int, account_id: int, *, now: datetime, reason: tuple[str, str]
) -> None:
    """Cancel what the organisation has written to this account and waits to leave."""
    notices = select(Notice.message_id).where(Notice.shop_id == shop_id, Notice.account_id == account_id)
    query = select(Message.id).where(
        Message.shop_id == shop_id, Message.id.in_(notices), Message.state == MessageState.QUEUED
    )
    await _cancel(session, query, now, reason)


async def _cancel(session: AsyncSession, query: Select[int], now: datetime, reason: tuple[str, str]) -> None:
    for message_id in list(await session.scalars(query.with_for_update())):
        await move(
            session,
            message_id,
            MessageState.CANCELLED,
            origin=[MessageState.QUEUED],
            now=now,
            cause=reason[0],
            reason_code=reason[0],
            reason=reason[1],
        )


async def replies_to_account(
    session: AsyncSession, shop_id: int, account_id: int, *, phone_hash: bytes | None = None, limit: int = 50
) -> list[InboundMessage]:
    """Texts of this account's own customers to its number; on a shared number nobody else's are shown."""
    numbers = select(Sender.phone_number).where(Sender.shop_id == shop_id, Sender.account_id == account_id)
    to_number = select(Sender.id).where(Sender.shop_id == shop_id, Sender.phone_number.in_(numbers))
    senders = select(Sender.id).where(Sender.shop_id == shop_id, Sender.account_id == account_id)
    customers = select(ConnectOrder.phone_hash).where(
        ConnectOrder.account_id == account_id, ConnectOrder.phone_hash.is_not(None)
    )
    texted = select(Message.phone_hash).where(Message.sender_id.in_(senders), Message.phone_hash.is_not(None))
    query = select(InboundMessage).where(
        InboundMessage.shop_id == shop_id,
        InboundMessage.sender_id.in_(to_number),
        or_(InboundMessage.phone_hash.in_(customers), InboundMessage.phone_hash.in_(texted)),
    )
    if phone_hash is not None:
        query = query.where(InboundMessage.phone_hash == phone_hash)
    return list(await session.scalars(query.order_by(InboundMessage.id.desc()).limit(limit)))

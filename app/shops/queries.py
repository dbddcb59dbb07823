"""All SQL about shops, senders and RingCentral users."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.errors import NotFound
from app.shops.models import AuditEvent, ProblemOf, ProviderUser, Sender, SenderState, Shop
from app.sms.contract import Line, Transport


async def find_shop(session: AsyncSession, domain: str) -> Shop | None:
    return await session.scalar(select(Shop).where(Shop.domain == domain))


async def get_shop(session: AsyncSession, shop_id: int) -> Shop:
    shop = await session.get(Shop, shop_id)
    if shop is None:
        raise NotFound("This shop does not exist.")
    return shop


async def get_shop_locked(session: AsyncSession, shop_id: int) -> Shop:
    """The row under a lock until the transaction ends: one token exchange or refresh at a time."""
    shop = await session.scalar(
        select(Shop).where(Shop.id == shop_id).with_for_update().execution_options(populate_existing=True)
    )
    if shop is None:
        raise NotFound("This shop does not exist.")
    return shop


async def add_shop(session: AsyncSession, domain: str, now: datetime) -> None:
    """Does nothing when the shop is known."""
    await session.execute(insert(Shop).values(domain=domain, created_at=now).on_conflict_do_nothing())


async def take_registration(session: AsyncSession, shop_id: int, now: datetime, *, until: datetime) -> bool:
    """Become the only one who compares this shop's webhook subscriptions. False while another does."""
    free = Shop.registering_until.is_(None) | (Shop.registering_until <= now)
    taking = update(Shop).where(Shop.id == shop_id, free).values(registering_until=until).returning(Shop.id)
    return await session.scalar(taking) is not None


async def end_registration(session: AsyncSession, shop_id: int) -> None:
    await session.execute(update(Shop).where(Shop.id == shop_id).values(registering_until=None))


async def installed_shop_ids(session: AsyncSession) -> list[int]:
    query = select(Shop.id).where(Shop.installed_at.is_not(None), Shop.uninstalled_at.is_(None)).order_by(Shop.id)
    return list(await session.scalars(query))


async def shops_with_alerts(session: AsyncSession) -> list[int]:
    """Installed shops that named somebody to be told of trouble."""
    query = select(Shop.id).where(
        Shop.installed_at.is_not(None), Shop.uninstalled_at.is_(None), Shop.settings["alert_email"].astext.is_not(None)
    )
    return list(await session.scalars(query.order_by(Shop.id)))


async def find_sender(
    session: AsyncSession,
    shop_id: int,
    *,
    account_id: int | None = None,
    sender_id: int | None = None,
    lock: bool = False,
) -> Sender | None:
    """The current sender of the shop itself, or of one of its connected accounts: the newest not disconnected, or
    *sender_id* if it is one of these."""
    query = (
        select(Sender)
        .where(Sender.shop_id == shop_id, Sender.account_id == account_id, Sender.state != SenderState.DISCONNECTED)
        .order_by(Sender.id.desc())
        .limit(1)
    )
    if sender_id is not None:
        query = query.where(Sender.id == sender_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def count_secret_up(session: AsyncSession, shop_id: int) -> int:
    """The shop's next `connect_secret_version`, stored."""
    change = update(Shop).where(Shop.id == shop_id).values(connect_secret_version=Shop.connect_secret_version + 1)
    return (await session.scalars(change.returning(Shop.connect_secret_version))).one()


async def get_sender(session: AsyncSession, shop_id: int, sender_id: int) -> Sender:
    sender = await session.scalar(select(Sender).where(Sender.shop_id == shop_id, Sender.id == sender_id))
    if sender is None:
        raise NotFound("This sender does not exist.")
    return sender


async def shop_and_sender(session: AsyncSession, shop_id: int, sender_id: int) -> tuple[Shop, Sender]:
    """Both in one look."""
    query = select(Shop, Sender).join(Sender, Sender.shop_id == Shop.id)
    row = (await session.execute(query.where(Shop.id == shop_id, Sender.id == sender_id))).one_or_none()
    if row is None:
        raise NotFound("This sender does not exist.")
    shop, sender = row
    return shop, sender


async def senders_of_user(session: AsyncSession, provider_user_id: int) -> list[Sender]:
    """Connected senders of one RingCentral user, of any shop: they share its token, pace and subscription."""
    query = select(Sender).where(
        Sender.provider_user_id == provider_user_id,
        Sender.state != SenderState.DISCONNECTED,
        Sender.credentials_encrypted.is_not(None),
    )
    return list(await session.scalars(query.order_by(Sender.id.desc())))


async def senders_of_number(session: AsyncSession, provider_user_id: int, phone_number: str) -> list[Sender]:
    """Who is meant by a text to *phone_number*: every shop that sends, or once sent, from it; one sender a shop.

    A customer may answer STOP to a number that the shop has exchanged since, or disconnected.
    """
    query = (
        select(Sender)
        .where(
            Sender.provider_user_id == provider_user_id,
            or_(Sender.phone_number == phone_number, Sender.former_numbers.contains([phone_number])),
        )
        .order_by(
            Sender.shop_id,
            (Sender.state == SenderState.DISCONNECTED),
            Sender.account_id.asc().nulls_first(),
            Sender.id.desc(),
        )
        .ext(distinct_on(Sender.shop_id))
    )
    return list(await session.scalars(query))


async def own_senders(session: AsyncSession, shop_id: int) -> list[Sender]:
    """The living senders of the shop itself, the one set up last first."""
    query = select(Sender).where(
        Sender.shop_id == shop_id, Sender.account_id.is_(None), Sender.state != SenderState.DISCONNECTED
    )
    return list(await session.scalars(query.order_by(Sender.id.desc())))


async def account_senders(session: AsyncSession, shop_id: int) -> list[Sender]:
    """The living senders of a shop's connected accounts."""
    query = select(Sender).where(
        Sender.shop_id == shop_id, Sender.account_id.is_not(None), Sender.state != SenderState.DISCONNECTED
    )
    return list(await session.scalars(query.order_by(Sender.id)))


async def accounts_of_senders(session: AsyncSession, shop_id: int, sender_ids: Collection[int]) -> dict[int, int]:
    """Sender to connected account, while the account has a number to answer from that is not the shop's own as well."""
    living, of_shop = aliased(Sender), aliased(Sender)
    own = select(of_shop.phone_number).where(
        of_shop.shop_id == shop_id,
        of_shop.account_id.is_(None),
        of_shop.state != SenderState.DISCONNECTED,
        of_shop.phone_number.is_not(None),
    )
    query = select(Sender.id, Sender.account_id).where(
        Sender.shop_id == shop_id,
        Sender.id.in_(sender_ids),
        Sender.account_id.is_not(None),
        exists().where(
            living.shop_id == shop_id,
            living.account_id == Sender.account_id,
            living.state != SenderState.DISCONNECTED,
            living.phone_number.not_in(own),
        ),
    )
    return {sender_id: account for sender_id, account in await session.execute(query) if account is not None}


async def senders_of_shop(session: AsyncSession, shop_id: int) -> list[Sender]:
    """Every number that the brand sends from, connected accounts' included."""
    query = select(Sender).where(
        Sender.shop_id == shop_id,
        Sender.state != SenderState.DISCONNECTED,
        Sender.provider_user_id.is_not(None),
        Sender.phone_number.is_not(None),
    )
    return list(await session.scalars(query.order_by(Sender.id)))


async def lines_of_user(session: AsyncSession, provider_user_id: int) -> list[Line]:
    """The numbers of one RingCentral user that its shops send from, and former ones that are still the user's."""
    query = select(Sender).where(Sender.provider_user_id == provider_user_id, Sender.state != SenderState.DISCONNECTED)
    lines: dict[str, Line] = {}
    for sender in await session.scalars(query.order_by(Sender.id.desc())):
        kinds = {each["phone_number"]: each.get("transport") for each in sender.numbers}
        if sender.phone_number is not None:
            lines.setdefault(sender.phone_number, Line(sender.phone_number, Transport(sender.transport)))
        for number in sender.former_numbers:
            if (transport := kinds.get(number)) is not None:
                lines.setdefault(number, Line(number, Transport(transport)))
    return list(lines.values())


def numbers_by_transport(lines: Iterable[Line]) -> dict[Transport, list[str]]:
    numbers: dict[Transport, list[str]] = {}
    for line in lines:
        numbers.setdefault(line.transport, []).append(line.phone_number)
    return numbers


async def get_provider_user(session: AsyncSession, provider_user_id: int, *, lock: bool = False) -> ProviderUser:
    query = select(ProviderUser).where(ProviderUser.id == provider_user_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    user = await session.scalar(query)
    if user is None:
        raise NotFound("This RingCentral user is not connected.")
    return user


async def find_provider_user(
    session: AsyncSession, provider: str, client_id: str, owner_id: str
) -> ProviderUser | None:
    return await session.scalar(
        select(ProviderUser).where(
            ProviderUser.provider == provider, ProviderUser.client_id == client_id, ProviderUser.owner_id == owner_id
        )
    )


async def find_user_by_hook(session: AsyncSession, hook_key: str) -> ProviderUser | None:
    return await session.scalar(select(ProviderUser).where(ProviderUser.hook_key == hook_key))


async def add_provider_user(session: AsyncSession, user: dict[str, object]) -> None:
    """Does nothing when this user is known."""
    await session.execute(insert(ProviderUser).values(**user).on_conflict_do_nothing())


async def subscribed_user_ids(session: AsyncSession) -> list[int]:
    """RingCentral users with at least one chosen number, also while sending from it is paused or broken, unless none of
    their JWTs is accepted."""
    query = (
        select(Sender.provider_user_id)
        .join(ProviderUser, ProviderUser.id == Sender.provider_user_id)
        .where(
            ProviderUser.login_refused_code.is_(None),
            Sender.state != SenderState.DISCONNECTED,
            Sender.phone_number.is_not(None),
            Sender.credentials_encrypted.is_not(None),
            Sender.provider_user_id.is_not(None),
        )
        .distinct()
    )
    return [each for each in await session.scalars(query) if each is not None]


async def update_user(session: AsyncSession, provider_user_id: int, **values: object) -> None:
    await session.execute(update(ProviderUser).where(ProviderUser.id == provider_user_id).values(**values))


async def pause_user(session: AsyncSession, provider_user_id: int, until: datetime, reason: str) -> None:
    """Nobody calls RingCentral as this user before *until*; a longer pause is never shortened."""
    longer: ColumnElement[bool] = (ProviderUser.paused_until.is_(None)) | (ProviderUser.paused_until < until)
    await session.execute(
        update(ProviderUser)
        .where(ProviderUser.id == provider_user_id, longer)
        .values(paused_until=until, pause_reason=reason)
    )


async def break_senders(
    session: AsyncSession, provider_user_id: int, *, code: str, problem: str, login_ended: bool = False
) -> None:
    """The numbers of a RingCentral user that send. When its *login_ended*, a paused one takes note of it as well."""
    own_jwt = (Sender.problem_of == ProblemOf.JWT, Sender.problem_of)
    stopped = [SenderState.READY, SenderState.BROKEN, *([SenderState.PAUSED] if login_ended else [])]
    await session.execute(
        update(Sender)
        .where(Sender.provider_user_id == provider_user_id, Sender.state.in_(stopped))
        .values(
            state=case((Sender.state == SenderState.PAUSED, Sender.state), else_=SenderState.BROKEN),
            problem_code=code,
            problem=problem,
            problem_of=ProblemOf.JWT if login_ended else case(own_jwt, else_=ProblemOf.LOGIN),
        )
        .execution_options(synchronize_session=False)
    )


async def write_audit(
    session: AsyncSession,
    shop_domain: str,
    *,
    at: datetime,
    actor: str,
    action: str,
    detail: dict[str, object] | None = None,
) -> None:
    session.add(AuditEvent(shop_domain=shop_domain, at=at, actor=actor, action=action, detail=detail or {}))
    await session.flush()


async def plan_sync(session: AsyncSession, provider_user_id: int, *, earliest: datetime, debounce: timedelta) -> None:
    """Read this user's message store at *earliest*, or *debounce* after the last time; an earlier plan stands."""
    at = func.greatest(earliest, ProviderUser.synced_at + debounce)
    await session.execute(
        update(ProviderUser)
        .where(ProviderUser.id == provider_user_id)
        .values(sync_due_at=func.least(ProviderUser.sync_due_at, at))
    )


async def due_syncs(session: AsyncSession, now: datetime, *, until: datetime, limit: int = 50) -> list[int]:
    """Users whose message store has to be read now; other workers leave them alone *until* then."""
    query = (
        select(ProviderUser)
        .where(ProviderUser.sync_due_at <= now, ProviderUser.login_refused_code.is_(None))
        .order_by(ProviderUser.sync_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    users = list(await session.scalars(query))
    for user in users:
        user.sync_due_at = until
    return [user.id for user in users]

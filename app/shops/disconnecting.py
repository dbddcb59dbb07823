"""Takes a number out of use: the credentials are erased here first, whatever RingCentral says afterwards."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.jobs import enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.shops.logins import open_credentials
from app.shops.models import ProviderUser, Sender
from app.shops.pace import LOGIN, UNSUBSCRIBING, stamp_slots, take_calls
from app.shops.pauses import after, refuse_while_paused
from app.shops.provider_access import call_provider
from app.shops.queries import (
    account_senders,
    find_sender,
    get_provider_user,
    own_senders,
    senders_of_user,
)
from app.shops.sender_record import forget_credentials
from app.sms.contract import Credentials, SmsError, Throttled

log = get_logger(__name__)

LEAVE = "shops.leave_provider"


async def disconnect(deps: Deps, shop_id: int, *, account_id: int | None = None, sender_id: int | None = None) -> None:
    """Erase the credentials here, then end subscription and session at RingCentral where nobody else uses them.

    *sender_id*: one of the several numbers of the shop itself, instead of the one it set up last.
    """
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop_id, account_id=account_id, sender_id=sender_id, lock=True)
        if sender is None:
            return
        last = await take_out_of_use(deps, session, sender)
    if last is not None:
        await leave_provider(deps, *last)


async def take_out_of_use(deps: Deps, session: AsyncSession, sender: Sender) -> tuple[ProviderUser, Credentials] | None:
    """Erase the credentials. Answers whom to `leave_provider` with after the commit, if nobody else uses that user."""
    user_id = sender.provider_user_id
    credentials = open_credentials(deps, sender) if sender.credentials_encrypted is not None else None
    user = await get_provider_user(session, user_id) if user_id is not None else None
    others = [each for each in await senders_of_user(session, user.id) if each.id != sender.id] if user else []
    forget_credentials(sender)
    if sender.account_id is None and not any(_is_shops_own(each, sender.shop_id) for each in others):
        # Lent numbers stand on this shop's own login, never on that of another shop with the same user.
        for lent in await account_senders(session, sender.shop_id):
            if lent.credentials_encrypted is None and lent.provider_user_id == user_id:
                forget_credentials(lent)
    return (user, credentials) if user is not None and credentials is not None and not others else None


def _is_shops_own(sender: Sender, shop_id: int) -> bool:
    return (sender.shop_id, sender.account_id) == (shop_id, None)


async def disconnect_all(deps: Deps, shop_id: int) -> None:
    """The shop's own number and those of all its connected accounts."""
    async with deps.db.transaction() as session:
        accounts = {sender.account_id for sender in await account_senders(session, shop_id)}
    for account_id in sorted(account for account in accounts if account is not None):
        await disconnect(deps, shop_id, account_id=account_id)
    await disconnect_own(deps, shop_id)


async def disconnect_own(deps: Deps, shop_id: int) -> None:
    """Every number of the shop itself."""
    async with deps.db.transaction() as session:
        ids = [sender.id for sender in await own_senders(session, shop_id)]
    for sender_id in ids:
        await disconnect(deps, shop_id, sender_id=sender_id)


async def leave_provider(deps: Deps, user: ProviderUser, credentials: Credentials) -> None:
    """In a pause, or when the minute's calls are used up, a job ends the subscription afterwards; the session then ends
    by itself within the hour."""
    try:
        await end_subscription(deps, user.id)
    except Throttled as throttled:
        async with deps.db.transaction() as session:
            await enqueue(session, LEAVE, [user.id], delay=after(throttled), once=True)
        return
    await _end_session(deps, user.id, credentials)


async def end_subscription(deps: Deps, provider_user_id: int) -> None:
    """Of a user whom nobody sends as any more. Raises `Throttled` when it is not the time for a call."""
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id)
        known = user.subscription_id
        if known is None or user.access_token_encrypted is None or await senders_of_user(session, user.id):
            return
    try:
        await call_provider(deps, user.id, lambda p, access: p.unsubscribe(access, known), cost=UNSUBSCRIBING)
    except Throttled:
        raise
    except SmsError as error:
        # The credentials may be dead already; the subscription then ends by itself.
        log.warning("provider.unsubscribe_failed", provider_user_id=user.id, code=error.code)


async def forget_user(session: AsyncSession, provider_user_id: int) -> bytes | None:
    """Its sealed token, which is erased; None when somebody has connected this user anew meanwhile, or it had none."""
    user = await get_provider_user(session, provider_user_id, lock=True)
    if await senders_of_user(session, user.id):
        return None
    sealed = user.access_token_encrypted
    user.access_token_encrypted = user.token_expires_at = user.subscription_id = None
    return sealed


async def _end_session(deps: Deps, provider_user_id: int, credentials: Credentials) -> None:
    """RingCentral counts it as a login; where there is none to spare, the session ends by itself."""
    async with deps.db.transaction() as session:
        sealed = await forget_user(session, provider_user_id)
        user = await get_provider_user(session, provider_user_id)
        if sealed is None or (user.login_paused_until is not None and user.login_paused_until > deps.clock()):
            return
        try:
            refuse_while_paused(deps, user)
            slots = await take_calls(session, user, LOGIN, deps.clock())
        except Throttled:
            return
    await deps.provider(user.provider).log_out(credentials, deps.vault.decrypt(sealed))
    async with deps.db.transaction() as session:
        await stamp_slots(session, slots, deps.clock())

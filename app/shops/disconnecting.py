"""Takes a number out of use: the credentials are erased here first, whatever RingCentral says afterwards."""

from app.core.log import get_logger
from app.deps import Deps
from app.shops.logins import open_credentials
from app.shops.models import ProviderUser
from app.shops.queries import (
    account_senders,
    find_sender,
    get_provider_user,
    own_senders,
    senders_of_user,
    update_user,
)
from app.shops.sender_record import forget_credentials
from app.sms.contract import Access, Credentials, SmsError

log = get_logger(__name__)


async def disconnect(deps: Deps, shop_id: int, *, account_id: int | None = None, sender_id: int | None = None) -> None:
    """Erase the credentials here, then end subscription and session at RingCentral where nobody else uses them.

    *sender_id*: one of the several numbers of the shop itself, instead of the one it set up last.
    """
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop_id, account_id=account_id, sender_id=sender_id, lock=True)
        if sender is None:
            return
        credentials = open_credentials(deps, sender) if sender.credentials_encrypted is not None else None
        user_id = sender.provider_user_id
        user = await get_provider_user(session, user_id) if user_id is not None else None
        others = [each for each in await senders_of_user(session, user.id) if each.id != sender.id] if user else []
        forget_credentials(sender)
        if account_id is None:
            for lent in await account_senders(session, shop_id):
                if lent.credentials_encrypted is None and lent.provider_user_id == user_id and not others:
                    forget_credentials(lent)
    if user is not None and credentials is not None and not others:
        await _leave_provider(deps, user, credentials)


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


async def _leave_provider(deps: Deps, user: ProviderUser, credentials: Credentials) -> None:
    provider = deps.provider(user.provider)
    token = deps.vault.decrypt(user.access_token_encrypted) if user.access_token_encrypted else None
    if token is not None:
        try:
            if user.subscription_id is not None:
                await provider.unsubscribe(Access(user.server, token), user.subscription_id)
        except SmsError as error:
            # The credentials may be dead already; the subscription then ends by itself.
            log.warning("provider.unsubscribe_failed", provider_user_id=user.id, code=error.code)
        await provider.log_out(credentials, token)
    async with deps.db.transaction() as session:
        await update_user(session, user.id, access_token_encrypted=None, token_expires_at=None, subscription_id=None)

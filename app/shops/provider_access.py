"""Calls a provider as one RingCentral user: finds or renews the shared token, respects the shared pause and pace.

Source: RingCentral, "Rate limits", "Token lifetime". Five logins a minute and about five sessions a user are allowed,
so one row holds the token for all processes, and whoever holds its login lease renews it, about once an hour, while
the others wait for the result. A call inside a 429 penalty starts the penalty anew, from any process, so
nobody calls before `paused_until`. No transaction is open during a call.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.log import get_logger
from app.deps import Deps
from app.shops.models import ProviderUser, Sender, SenderState
from app.shops.pace import LOGIN, Cost, stamp_slots, take_calls
from app.shops.queries import get_provider_user, mark_senders, pause_user, senders_of_user
from app.sms.contract import (
    Access,
    Credentials,
    CredentialsRefused,
    OutcomeUnknown,
    ProviderUnavailable,
    SmsError,
    SmsProvider,
    Throttled,
    Token,
    TokenRejected,
    Transport,
)

log = get_logger(__name__)

RENEW_BEFORE = timedelta(minutes=2)
LOGIN_PENALTY = timedelta(seconds=60)
LOGIN_LEASE = timedelta(seconds=40)
"""Longer than a login can take; a renewer that died holds the others up for this long."""
LOGIN_POLL = 0.1
OWN_PAUSES = frozenset({"paused", "pace"})
"""Codes of refusals that we give ourselves, before any call."""
T = TypeVar("T")


async def call_provider(
    deps: Deps,
    provider_user_id: int,
    call: Callable[[SmsProvider, Access], Awaitable[T]],
    *,
    cost: Cost = Cost(),  # noqa: B008  # frozen
    transport: str = Transport.SMS,
) -> T:
    """Run *call* with a good token, renewing it once if it is rejected. Raises the contract's errors.

    A `Throttled` answer pauses the user for every process before it is raised.
    """
    rejected, code = None, ""
    for _ in range(2):
        provider, access, slots = await _prepare(deps, provider_user_id, rejected, cost, transport)
        try:
            refuse_while_told_to_pause(deps, provider_user_id)
            return await call(provider, access)
        except TokenRejected as error:
            rejected, code = access.access_token, error.code
        except SmsError as error:
            await note_pause(deps, provider_user_id, error)
            raise
        finally:
            await _stamp(deps, slots)
    raise await break_connection(deps, provider_user_id, code)


async def renew_token(deps: Deps, provider_user_id: int, rejected: str | None) -> str:
    """Log in again, or wait for the process that is doing so. Raises the contract's errors."""
    for _ in range(round(LOGIN_LEASE / timedelta(seconds=LOGIN_POLL))):
        async with deps.db.transaction() as session:
            user = await get_provider_user(session, provider_user_id, lock=True)
            token = usable_token(deps, user, rejected)
            if token is not None:
                return token
            _refuse_while_login_pauses(deps, user)
            mine = await _take_login(deps, session, user)
        if mine is not None:
            return await _log_in(deps, user, *mine)
        await asyncio.sleep(LOGIN_POLL)
    raise ProviderUnavailable("RingCentral's sign-in takes long. It will be repeated.", code="login_busy")


async def note_pause(deps: Deps, provider_user_id: int, error: SmsError) -> None:
    """Pause the user for everybody where the answer asked for it: as long as asked, a second more, and some jitter."""
    asked = error.retry_after if isinstance(error, Throttled | ProviderUnavailable | OutcomeUnknown) else None
    if asked is None or error.code in OWN_PAUSES or error.code.startswith("login_"):
        return
    pause = timedelta(seconds=asked + 1 + random.uniform(0, 1))  # noqa: S311  # jitter, not a secret
    until = deps.clock() + pause
    deps.turns.pause(provider_user_id, until)
    async with deps.db.transaction() as session:
        await pause_user(session, provider_user_id, until, "RingCentral asked for a pause.")
    log.warning("provider.paused", provider_user_id=provider_user_id, code=error.code, seconds=asked)


async def break_connection(
    deps: Deps,
    provider_user_id: int,
    code: str,
    sentence: str = "RingCentral does not accept the connection any more. Paste a new JWT.",
) -> CredentialsRefused:
    """Stop all numbers of the user until new credentials are pasted. Answers the error to raise."""
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.access_token_encrypted = None
        user.login_lease_until = None
        await mark_senders(session, provider_user_id, SenderState.BROKEN, code=code, problem=sentence)
    log.error("provider.connection_broken", provider_user_id=provider_user_id, code=code)
    return CredentialsRefused(sentence, code=code)


def refuse_while_paused(deps: Deps, user: ProviderUser) -> None:
    """What any process was told, and what this one was told a moment ago."""
    _refuse_until(deps, user.paused_until)
    refuse_while_told_to_pause(deps, user.id)


def refuse_while_told_to_pause(deps: Deps, provider_user_id: int) -> None:
    """The last look before a call, without the database: another call's answer may have come meanwhile."""
    _refuse_until(deps, deps.turns.paused_until(provider_user_id))


def is_told_to_pause(deps: Deps, provider_user_id: int) -> bool:
    until = deps.turns.paused_until(provider_user_id)
    return until is not None and until > deps.clock()


def _refuse_until(deps: Deps, paused_until: datetime | None) -> None:
    if paused_until is not None and paused_until > deps.clock():
        left = (paused_until - deps.clock()).total_seconds()
        raise Throttled("RingCentral asked for a pause.", code="paused", retry_after=left)


def usable_token(deps: Deps, user: ProviderUser, rejected: str | None = None) -> str | None:
    if user.access_token_encrypted is None or user.token_expires_at is None:
        return None
    if user.token_expires_at - RENEW_BEFORE <= deps.clock():
        return None
    token = deps.vault.decrypt(user.access_token_encrypted)
    return None if token == rejected else token


def access_of(user: ProviderUser, token: str) -> Access:
    return Access(user.server, token, frozenset(user.scopes.split()) if user.scopes else None)


def keep_token(deps: Deps, user: ProviderUser, token: Token) -> None:
    user.access_token_encrypted = deps.vault.encrypt(token.access_token)
    user.token_expires_at = token.expires_at
    user.scopes = " ".join(sorted(token.scopes))


def seal_credentials(deps: Deps, credentials: Credentials) -> bytes:
    stored = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "jwt": credentials.jwt,
        "server": credentials.server,
    }
    return deps.vault.encrypt(msgspec.json.encode(stored).decode())


def open_credentials(deps: Deps, sender: Sender) -> Credentials:
    if sender.credentials_encrypted is None:
        raise CredentialsRefused("RingCentral is not connected.", code="not_connected")
    return Credentials(**msgspec.json.decode(deps.vault.decrypt(sender.credentials_encrypted), type=dict[str, str]))


async def _prepare(
    deps: Deps, provider_user_id: int, rejected: str | None, cost: Cost, transport: str
) -> tuple[SmsProvider, Access, list[int]]:
    """A good token, which may take a login, and the slots of the calls."""
    for _ in range(2):
        async with deps.db.transaction() as session:
            user = await get_provider_user(session, provider_user_id, lock=True)
            refuse_while_paused(deps, user)
            token = usable_token(deps, user, rejected)
            if token is not None:
                slots = await take_calls(session, user, cost, deps.clock())
                return deps.provider(user.provider, transport), access_of(user, token), slots
        await renew_token(deps, provider_user_id, rejected)
    raise ProviderUnavailable("RingCentral's sign-in did not last. It will be repeated.", code="login_brief")


async def _stamp(deps: Deps, slots: Sequence[int]) -> None:
    async with deps.db.transaction() as session:
        await stamp_slots(session, slots, deps.clock())


async def _take_login(deps: Deps, session: AsyncSession, user: ProviderUser) -> tuple[Credentials, list[int]] | None:
    """Become the one who logs in, with the credentials of any connected sender: they all log in the same user."""
    if user.login_lease_until is not None and user.login_lease_until > deps.clock():
        return None
    senders = await senders_of_user(session, user.id)
    if not senders:
        raise CredentialsRefused("RingCentral is not connected.", code="not_connected")
    credentials = open_credentials(deps, senders[0])
    slots = await take_calls(session, user, LOGIN, deps.clock())
    user.login_lease_until = deps.clock() + LOGIN_LEASE
    return credentials, slots


async def _log_in(deps: Deps, user: ProviderUser, credentials: Credentials, slots: Sequence[int]) -> str:
    try:
        fresh = await deps.provider(user.provider).log_in(credentials)
    except (Throttled, ProviderUnavailable) as error:
        await _pause_logins(deps, user.id, error, slots)
        raise
    except CredentialsRefused as refused:
        raise await break_connection(deps, user.id, refused.code, refused.sentence) from None
    async with deps.db.transaction() as session:
        stored = await get_provider_user(session, user.id, lock=True)
        keep_token(deps, stored, fresh)
        stored.login_lease_until = None
        await stamp_slots(session, slots, deps.clock())
    log.info("provider.logged_in", provider_user_id=user.id)
    return fresh.access_token


def _refuse_while_login_pauses(deps: Deps, user: ProviderUser) -> None:
    if user.login_paused_until is not None and user.login_paused_until > deps.clock():
        raise ProviderUnavailable("RingCentral's sign-in is pausing. It will be repeated.", code="login_paused")


async def _pause_logins(
    deps: Deps, provider_user_id: int, error: Throttled | ProviderUnavailable, slots: Sequence[int]
) -> None:
    """A throttled login says nothing about other calls: the group of logins has its own window."""
    pause = timedelta(seconds=error.retry_after) if error.retry_after else timedelta(seconds=10)
    if isinstance(error, Throttled):
        pause = max(pause, LOGIN_PENALTY)
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.login_paused_until = deps.clock() + pause + timedelta(seconds=1)
        user.login_lease_until = None
        await stamp_slots(session, slots, deps.clock())

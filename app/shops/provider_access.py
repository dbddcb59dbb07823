"""Calls a provider as one RingCentral user: finds or renews the shared token, respects the shared pause.

Source: RingCentral, "Rate limits", "Token lifetime". Five logins a minute and about five sessions a user are allowed,
so one row holds the token for all processes and is renewed under its lock, about once an hour. A call inside a 429
penalty starts the penalty anew, from any process, so nobody calls before `paused_until`.
"""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import msgspec

from app.core.log import get_logger
from app.deps import Deps
from app.shops.models import ProviderUser, Sender, SenderState
from app.shops.queries import get_provider_user, mark_senders, pause_user, senders_of_user
from app.sms.contract import (
    Access,
    Credentials,
    CredentialsRefused,
    ProviderUnavailable,
    SmsProvider,
    Throttled,
    Token,
    TokenRejected,
)

log = get_logger(__name__)

RENEW_BEFORE = timedelta(minutes=2)
LOGIN_PENALTY = timedelta(seconds=60)
T = TypeVar("T")


async def call_provider(deps: Deps, provider_user_id: int, call: Callable[[SmsProvider, Access], Awaitable[T]]) -> T:
    """Run *call* with a good token, renewing it once if it is rejected. Raises the contract's errors.

    A `Throttled` answer pauses the user for every process before it is raised.
    """
    provider, access = await provider_access(deps, provider_user_id)
    try:
        return await call(provider, access)
    except TokenRejected:
        provider, access = await provider_access(deps, provider_user_id, rejected=access.access_token)
    except Throttled as throttled:
        await note_throttled(deps, provider_user_id, throttled)
        raise
    try:
        return await call(provider, access)
    except TokenRejected as error:
        await _break(
            deps, provider_user_id, error.code, "RingCentral does not accept the connection any more. Paste a new JWT."
        )
        raise CredentialsRefused(
            "RingCentral does not accept the connection any more. Paste a new JWT.", code=error.code
        ) from None
    except Throttled as throttled:
        await note_throttled(deps, provider_user_id, throttled)
        raise


async def provider_access(
    deps: Deps, provider_user_id: int, *, rejected: str | None = None
) -> tuple[SmsProvider, Access]:
    """A token good for two minutes at least. *rejected*: a token that RingCentral has just refused."""
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id)
        _refuse_while_paused(deps, user)
        token = _usable(deps, user, rejected)
    if token is None:
        token = await _renew(deps, provider_user_id, rejected)
    return deps.provider(user.provider), Access(user.server, token)


async def note_throttled(deps: Deps, provider_user_id: int, throttled: Throttled) -> None:
    """Pause the user for everybody: as long as asked, one second more, and some jitter."""
    pause = timedelta(seconds=throttled.retry_after + 1 + random.uniform(0, 1))  # noqa: S311  # jitter, not a secret
    async with deps.db.transaction() as session:
        await pause_user(session, provider_user_id, deps.clock() + pause, "RingCentral asked for a pause.")
    log.warning(
        "provider.throttled", provider_user_id=provider_user_id, code=throttled.code, seconds=throttled.retry_after
    )


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


def _refuse_while_paused(deps: Deps, user: ProviderUser) -> None:
    if user.paused_until is not None and user.paused_until > deps.clock():
        left = (user.paused_until - deps.clock()).total_seconds()
        raise Throttled("RingCentral asked for a pause.", code="paused", retry_after=left)


def _usable(deps: Deps, user: ProviderUser, rejected: str | None) -> str | None:
    if user.access_token_encrypted is None or user.token_expires_at is None:
        return None
    if user.token_expires_at - RENEW_BEFORE <= deps.clock():
        return None
    token = deps.vault.decrypt(user.access_token_encrypted)
    return None if token == rejected else token


async def _renew(deps: Deps, provider_user_id: int, rejected: str | None) -> str:
    """Log in again with the credentials of any connected sender. The row lock makes it one login for all processes."""
    try:
        async with deps.db.transaction() as session:
            user = await get_provider_user(session, provider_user_id, lock=True)
            token = _usable(deps, user, rejected)
            if token is not None:
                return token
            if user.login_paused_until is not None and user.login_paused_until > deps.clock():
                raise ProviderUnavailable("RingCentral's sign-in is pausing. It will be repeated.", code="login_paused")
            senders = await senders_of_user(session, provider_user_id)
            if not senders:
                raise CredentialsRefused("RingCentral is not connected.", code="not_connected")
            fresh = await deps.provider(user.provider).log_in(open_credentials(deps, senders[0]))
            keep_token(deps, user, fresh)
            log.info("provider.logged_in", provider_user_id=provider_user_id)
            return fresh.access_token
    except (Throttled, ProviderUnavailable) as error:
        await _pause_logins(deps, provider_user_id, error)
        raise
    except CredentialsRefused as refused:
        await _break(deps, provider_user_id, refused.code, refused.sentence)
        raise


async def _pause_logins(deps: Deps, provider_user_id: int, error: Throttled | ProviderUnavailable) -> None:
    if error.code == "login_paused":
        return
    pause = timedelta(seconds=error.retry_after) if error.retry_after else timedelta(seconds=10)
    if isinstance(error, Throttled):
        pause = max(pause, LOGIN_PENALTY)
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.login_paused_until = deps.clock() + pause + timedelta(seconds=1)


async def _break(deps: Deps, provider_user_id: int, code: str, sentence: str) -> None:
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.access_token_encrypted = None
        await mark_senders(session, provider_user_id, SenderState.BROKEN, code=code, problem=sentence)
    log.error("provider.connection_broken", provider_user_id=provider_user_id, code=code)

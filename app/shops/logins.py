"""Signing in as a RingCentral user: one row holds the token for all processes, and one of them renews it.

Source: RingCentral, "Token lifetime". Five logins a minute and about five sessions a user are allowed, so whoever holds
the login lease renews the token, about once an hour, while the others wait for the result. Several shops, or several
numbers of one, may have pasted JWTs of the same user: a refused one stops only those who pasted nothing better. When
all were refused nobody logs in any more, until another is pasted or a person has the connection looked at again.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.log import get_logger
from app.deps import Deps
from app.shops.models import ProblemOf, ProviderUser, Sender, SenderState
from app.shops.pace import LOGIN, stamp_slots, take_calls
from app.shops.queries import account_senders, break_senders, get_provider_user, get_sender, senders_of_user
from app.shops.sender_record import forget_problem
from app.sms.contract import (
    Access,
    Credentials,
    CredentialsRefused,
    ProviderUnavailable,
    Throttled,
    Token,
)

log = get_logger(__name__)

RENEW_BEFORE = timedelta(minutes=2)
LOGIN_PENALTY = timedelta(seconds=60)
LOGIN_LEASE = timedelta(seconds=40)
"""Longer than a login can take; a renewer that died holds the others up for this long."""
LOGIN_POLL = 0.1
REFUSED = "RingCentral does not accept the connection any more. Paste a new JWT."


async def renew_token(deps: Deps, provider_user_id: int, rejected: str | None) -> str:
    """Log in again, or wait for the process that is doing so. Raises the contract's errors."""
    for _ in range(round(LOGIN_LEASE / timedelta(seconds=LOGIN_POLL))):
        async with deps.db.transaction() as session:
            user = await get_provider_user(session, provider_user_id, lock=True)
            token = usable_token(deps, user, rejected)
            if token is not None:
                return token
            _refuse_dead_logins(user)
            _refuse_while_login_pauses(deps, user)
            mine = await _take_login(deps, session, user)
        if mine is None:
            await asyncio.sleep(LOGIN_POLL)
        elif (token := await _log_in(deps, user, *mine)) is not None:
            return token
    raise ProviderUnavailable("RingCentral's sign-in takes long. It will be repeated.", code="login_busy")


async def break_connection(deps: Deps, provider_user_id: int, code: str) -> CredentialsRefused:
    """Stop the numbers that send: RingCentral gives tokens to this user and does not take them. Answers the error to
    raise.

    It may pass by itself, so what hears replies goes on trying: a STOP must not be lost to it.
    """
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.access_token_encrypted = None
        await break_senders(session, provider_user_id, code=code, problem=REFUSED)
    log.error("provider.connection_broken", provider_user_id=provider_user_id, code=code)
    return CredentialsRefused(REFUSED, code=code)


async def _end_logins(deps: Deps, provider_user_id: int, refused: CredentialsRefused) -> None:
    """None of the user's JWTs is accepted: nobody calls RingCentral until a person has acted.

    What the merchant paused stays paused, and is known to be broken when it is resumed.
    """
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.access_token_encrypted = None
        user.login_lease_until = None
        user.login_refused_code = refused.code
        await break_senders(session, provider_user_id, code=refused.code, problem=refused.sentence, login_ended=True)
    log.error("provider.logins_ended", provider_user_id=provider_user_id, code=refused.code)


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
    user.login_refused_code = None
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


async def _take_login(deps: Deps, session: AsyncSession, user: ProviderUser) -> tuple[Credentials, list[int]] | None:
    """Become the one who logs in, with the newest credentials of a sender that works: they all log in the same user."""
    if user.login_lease_until is not None and user.login_lease_until > deps.clock():
        return None
    senders = await senders_of_user(session, user.id)
    if not senders:
        raise CredentialsRefused("RingCentral is not connected.", code="not_connected")
    refused_last = sorted(senders, key=_was_refused)
    credentials = open_credentials(deps, refused_last[0])
    slots = await take_calls(session, user, LOGIN, deps.clock())
    user.login_lease_until = deps.clock() + LOGIN_LEASE
    return credentials, slots


async def _log_in(deps: Deps, user: ProviderUser, credentials: Credentials, slots: Sequence[int]) -> str | None:
    """None when these credentials were refused and others are left to be tried. Raises the contract's errors."""
    try:
        fresh = await deps.provider(user.provider).log_in(credentials)
    except (Throttled, ProviderUnavailable) as error:
        await _pause_logins(deps, user.id, error, slots)
        raise
    except CredentialsRefused as refused:
        if await _others_are_left(deps, user.id, credentials, slots, refused):
            return None
        await _end_logins(deps, user.id, refused)
        raise CredentialsRefused(refused.sentence, code=refused.code) from None
    async with deps.db.transaction() as session:
        stored = await get_provider_user(session, user.id, lock=True)
        keep_token(deps, stored, fresh)
        stored.login_lease_until = None
        await stamp_slots(session, slots, deps.clock())
    log.info("provider.logged_in", provider_user_id=user.id)
    return fresh.access_token


async def _others_are_left(
    deps: Deps, provider_user_id: int, credentials: Credentials, slots: Sequence[int], refused: CredentialsRefused
) -> bool:
    """Stop the senders that hang on what was refused; a better JWT of the same owner takes its place instead.

    Kept in their rows, so that a user with many dead JWTs comes to an end although only a few are tried in a minute.
    Nobody's JWT is ever put in another shop's or another account's place: each of them stands on what it pasted itself.
    """
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id, lock=True)
        user.login_lease_until = None
        await stamp_slots(session, slots, deps.clock())
        senders = await senders_of_user(session, provider_user_id)
        hit = [each for each in senders if _hangs_on(open_credentials(deps, each), credentials, refused)]
        left = [each for each in senders if each not in hit and not _was_refused(each)]
        if not left:
            return False
        for sender in hit:
            better = next((each for each in left if _same_owner(each, sender)), None)
            if better is not None:
                sender.credentials_encrypted = better.credentials_encrypted
                if _was_refused(sender):
                    _mend(sender)
                continue
            stopped = [sender, *await _lent_by(session, sender)]
            for each in stopped:
                _break(each, refused)
            log.error("provider.jwt_refused", provider_user_id=user.id, sender_id=sender.id, code=refused.code)
    return True


def _hangs_on(held: Credentials, tried: Credentials, refused: CredentialsRefused) -> bool:
    """Whether *held* would be refused like *tried*: for the JWT in it, or for what the application is known by."""
    if refused.field == "jwt":
        return held.jwt == tried.jwt
    return (held.client_id, held.client_secret, held.server) == (tried.client_id, tried.client_secret, tried.server)


def _same_owner(one: Sender, other: Sender) -> bool:
    return (one.shop_id, one.account_id) == (other.shop_id, other.account_id)


async def _lent_by(session: AsyncSession, sender: Sender) -> list[Sender]:
    """Numbers that connected accounts were given by their shop use the shop's login."""
    if sender.account_id is not None:
        return []
    lent = await account_senders(session, sender.shop_id)
    return [
        each for each in lent if each.credentials_encrypted is None and each.provider_user_id == sender.provider_user_id
    ]


def _was_refused(sender: Sender) -> bool:
    """A number that is stopped for another reason may well have a good JWT."""
    return sender.problem_of == ProblemOf.JWT


def _break(sender: Sender, refused: CredentialsRefused) -> None:
    """A number that the merchant paused stays paused, and is known to be broken when it is resumed."""
    sender.problem_code, sender.problem, sender.problem_of = refused.code, refused.sentence, ProblemOf.JWT
    if sender.state != SenderState.PAUSED:
        sender.state = SenderState.BROKEN


def _mend(sender: Sender) -> None:
    """What the merchant paused stays paused."""
    forget_problem(sender)
    if sender.state == SenderState.BROKEN:
        sender.state = SenderState.READY if sender.phone_number is not None else SenderState.NUMBER_NEEDED


def is_login_in_doubt(sender: Sender) -> bool:
    stopped = sender.state == SenderState.BROKEN or sender.problem_code is not None
    return stopped and sender.problem_of != ProblemOf.NUMBER


async def prove_login(deps: Deps, sender: Sender) -> None:
    """Sign in with what *sender* stands on: the token of its user may come from another's JWT. Raises the contract's
    errors."""
    assert sender.provider_user_id is not None
    credentials = open_credentials(deps, sender)
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, sender.provider_user_id, lock=True)
        user.login_refused_code = None
        _refuse_while_login_pauses(deps, user)
        slots = await take_calls(session, user, LOGIN, deps.clock())
        user.login_lease_until = deps.clock() + LOGIN_LEASE
    token = await _log_in(deps, user, credentials, slots)
    async with deps.db.transaction() as session:
        stored = await get_sender(session, sender.shop_id, sender.id)
        if token is None and _was_refused(stored):
            raise CredentialsRefused(stored.problem or REFUSED, code=stored.problem_code or "")
        if _was_refused(stored):
            stored.problem_of = ProblemOf.LOGIN


async def end_login_problem(deps: Deps, sender: Sender) -> None:
    """The login of *sender* is in no doubt, and RingCentral has taken its token: what stands on it sends again."""
    assert sender.provider_user_id is not None
    async with deps.db.transaction() as session:
        await get_provider_user(session, sender.provider_user_id, lock=True)
        stored = await get_sender(session, sender.shop_id, sender.id)
        if stored.provider_user_id != sender.provider_user_id or stored.credentials_encrypted is None:
            return  # disconnected meanwhile, or connected anew
        proven = open_credentials(deps, stored)
        for each in await senders_of_user(session, sender.provider_user_id):
            if open_credentials(deps, each) != proven:
                continue
            for mended in (each, *await _lent_by(session, each)):
                if is_login_in_doubt(mended):
                    _mend(mended)


async def allow_login(deps: Deps, provider_user_id: int) -> None:
    """A person has the connection looked at: what was refused is tried once more."""
    async with deps.db.transaction() as session:
        (await get_provider_user(session, provider_user_id, lock=True)).login_refused_code = None


def _refuse_dead_logins(user: ProviderUser) -> None:
    if user.login_refused_code is not None:
        raise CredentialsRefused(REFUSED, code=user.login_refused_code)


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

"""Signing in without a password: a code by text or e-mail, or the link in that e-mail.

The answer to asking for a code is always the same, in words, in shape and in what is stored, so that nobody learns who
has an account: for a stranger a row is kept whose code was never made. A code works for ten minutes, for five attempts,
once, and only together with the ticket of the page that asked for it. Codes by text leave from the organisation's own
number, through the outbox and below its opt-outs.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.code_words import CODE_TEXT, MAIL_SUBJECT, MAIL_TEXT
from app.connect.mail import can_mail, send_mail
from app.connect.models import Account, SignIn, Visit
from app.connect.notices import brand_of
from app.connect.person_form import email_hash_of, is_email
from app.connect.queries.accounts import accounts_of_person, find_account
from app.connect.queries.sign_in import (
    add_sign_in,
    count_sign_ins,
    count_strangers,
    find_visit,
    get_sign_in,
    try_sign_in,
)
from app.connect.tokens import JOIN, SESSION, SIGN_IN, TICKET, Pass, issue, issue_to_nobody, read
from app.consent.queries import is_suppressed
from app.core.errors import Invalid, Unauthorized
from app.core.jobs import enqueue
from app.core.log import get_logger
from app.core.phone import country_of, to_e164
from app.deps import Deps
from app.messages.kinds import Kind, kinds
from app.messages.queue import queue_text
from app.shops.models import Shop
from app.shops.queries import find_sender, get_shop
from app.shops.settings import read_settings_of

log = get_logger(__name__)

MAIL_CODE: Final = "connect.mail_code"
BY_SMS, BY_EMAIL = "sms", "email"
CODE_LIVES: Final = timedelta(minutes=10)
LONGEST_VISIT: Final = timedelta(hours=12)
HOUR: Final = timedelta(hours=1)
MOST_ATTEMPTS: Final = 5
MOST_CODES_A_PERSON: Final = 4
MOST_CODES_TO_STRANGERS: Final = 120
"""An hour and shop. Accounts are not counted in: otherwise a stranger could use their codes up."""
ENDED: Final = "You have been signed out. Sign in again to go on."

SIGN_IN_CODE = kinds.add(
    Kind(
        "connect_sign_in_code",
        "Connect: sign-in code",
        "The code that a connected account signs in with, asked for on your Connect page.",
        max_age=CODE_LIVES,
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=0,
        hides_digits=True,
    )
)


@dataclass(frozen=True)
class Person:
    """How somebody says that they can be reached: a phone (E.164) or an e-mail address."""

    channel: str
    address: str = field(repr=False)

    def fingerprint(self, deps: Deps) -> bytes:
        by_email = self.channel == BY_EMAIL
        return email_hash_of(deps, self.address) if by_email else deps.vault.fingerprint(self.address)


@dataclass(frozen=True)
class Entrance:
    """What a proof opens. *token* is a session, or leave to join when *account* is None or has not joined yet."""

    token: str
    account: Account | None
    joined: bool


async def ways_in(deps: Deps, session: AsyncSession, shop: Shop) -> tuple[str, ...]:
    """How codes can be sent at the moment; none before the organisation has a number or the operator a mail server."""
    sender = await find_sender(session, shop.id)
    by_sms = sender is not None and sender.phone_number is not None
    return tuple(way for way, open_ in ((BY_EMAIL, can_mail(deps)), (BY_SMS, by_sms)) if open_)


def read_person(text: str, shop: Shop, ways: tuple[str, ...]) -> Person:
    """Raises `Invalid`, in the same words for everybody."""
    typed = text.strip()
    if "@" in typed and BY_EMAIL in ways and is_email(typed):
        return Person(BY_EMAIL, typed)
    phone = to_e164(typed, shop.country or "US") if "@" not in typed else None
    if phone is not None and BY_SMS in ways:
        return Person(BY_SMS, phone)
    if ways == (BY_SMS,):
        raise Invalid({"who": "Give a mobile number with its area code, for example +1 415 555 0123."})
    if ways == (BY_EMAIL,):
        raise Invalid({"who": "Give an e-mail address, for example jane@example.com."})
    raise Invalid({"who": "Give your e-mail address, or your mobile number with its area code."})


async def ask_code(
    deps: Deps, session: AsyncSession, shop: Shop, person: Person, *, language: str, claim: str | None = None
) -> str:
    """The ticket for the code, whoever asked. *claim*: the organisation's own id of the person, proved by it."""
    now, person_hash = deps.clock(), person.fingerprint(deps)
    account = await _account_of(deps, session, shop, person)
    asked = await count_sign_ins(session, shop.id, person_hash, since=now - HOUR)
    strangers = await count_strangers(session, shop.id, since=now - HOUR)
    wanted = account is not None or (_is_welcome(shop, person) and strangers < MOST_CODES_TO_STRANGERS)
    rightful = wanted and asked < MOST_CODES_A_PERSON
    code = f"{secrets.randbelow(1_000_000):06d}"
    sign_in = await add_sign_in(
        session,
        {
            "shop_id": shop.id,
            "account_id": account.id if account is not None else None,
            "channel": person.channel,
            "person_hash": person_hash,
            "person_encrypted": deps.vault.encrypt(person.address),
            "code_encrypted": deps.vault.encrypt(code if rightful else ""),
            "claim": claim,
            "language": language,
            "created_at": now,
            "expires_at": now + CODE_LIVES,
        },
    )
    if rightful:
        await _deliver(deps, session, shop, person, sign_in, code)
    return issue_to_nobody(deps.vault, TICKET, shop.id, now, row=sign_in.id)


async def enter_by_code(deps: Deps, session: AsyncSession, shop: Shop, ticket: str, typed: str) -> Entrance | None:
    """None: wrong, used, too old, or tried too often. Counted before it is looked at."""
    claims = read(deps.vault, ticket, deps.clock(), purposes=(TICKET,))
    if claims is None or claims.shop_id != shop.id:
        return None
    sign_in = await try_sign_in(session, shop.id, claims.row, deps.clock(), most=MOST_ATTEMPTS)
    if sign_in is None:
        return None
    code = deps.vault.decrypt(sign_in.code_encrypted)
    given = "".join(char for char in typed if char in "0123456789")
    if not code or not hmac.compare_digest(code, given):
        return None
    return await _enter(deps, session, shop, sign_in)


async def enter_by_link(deps: Deps, session: AsyncSession, shop: Shop, token: str) -> Entrance | None:
    """The link in the e-mail, once."""
    claims = read(deps.vault, token, deps.clock(), purposes=(SIGN_IN,))
    if claims is None or claims.shop_id != shop.id:
        return None
    sign_in = await get_sign_in(session, shop.id, claims.row, lock=True)
    if sign_in is None or sign_in.used_at is not None or sign_in.expires_at <= deps.clock():
        return None
    return await _enter(deps, session, shop, sign_in)


async def open_visit(deps: Deps, session: AsyncSession, account: Account) -> str:
    """The token of a new visit."""
    visit = Visit(shop_id=account.shop_id, account_id=account.id, created_at=deps.clock())
    session.add(visit)
    await session.flush()
    return issue(deps.vault, SESSION, account, deps.clock(), row=visit.id)


async def read_visit(deps: Deps, session: AsyncSession, shop: Shop, token: str) -> tuple[Account, Visit, str]:
    """Whose visit it is, and the token for the next page. Raises `Unauthorized`."""
    now = deps.clock()
    claims = read(deps.vault, token, now, purposes=(SESSION,))
    if claims is None or claims.shop_id != shop.id:
        raise Unauthorized(ENDED)
    account = await find_account(session, shop.id, claims.account_id)
    visit = await find_visit(session, shop.id, claims.account_id, claims.row)
    if account is None or not is_current(account, claims) or account.joined_at is None:
        raise Unauthorized(ENDED)
    if visit is None or visit.ended_at is not None or now - visit.created_at > LONGEST_VISIT:
        raise Unauthorized(ENDED)
    return account, visit, issue(deps.vault, SESSION, account, now, row=visit.id)


def is_current(account: Account, claims: Pass) -> bool:
    return account.token_epoch == claims.epoch and account.deleted_at is None


async def mail_code(deps: Deps, sign_in_id: int) -> None:
    """Raises `MailNotSent`."""
    async with deps.db.transaction() as session:
        sign_in = await session.get(SignIn, sign_in_id)
        if sign_in is None or sign_in.used_at is not None or sign_in.expires_at <= deps.clock():
            return
        shop = await get_shop(session, sign_in.shop_id)
    brand, language = brand_of(shop), sign_in.language
    token = issue_to_nobody(deps.vault, SIGN_IN, shop.id, deps.clock(), row=sign_in.id)
    # Behind a #, so that it reaches no server's log, and opening it for a preview spends nothing.
    link = f"{deps.settings.shopify_app_url}/c/{shop.domain.removesuffix('.myshopify.com')}#sign_in={token}"
    code = deps.vault.decrypt(sign_in.code_encrypted)
    await send_mail(
        deps,
        to=deps.vault.decrypt(sign_in.person_encrypted),
        subject=MAIL_SUBJECT[language].format(shop=brand),
        text=MAIL_TEXT[language].format(shop=brand, code=code, link=link),
        sender_name=brand,
    )
    log.info("connect.code_mailed", shop_id=shop.id, sign_in_id=sign_in.id)


async def _enter(deps: Deps, session: AsyncSession, shop: Shop, sign_in: SignIn) -> Entrance:
    now = deps.clock()
    sign_in.used_at = now
    account = await find_account(session, shop.id, sign_in.account_id) if sign_in.account_id is not None else None
    if account is None:
        return Entrance(issue_to_nobody(deps.vault, JOIN, shop.id, now, row=sign_in.id), None, joined=False)
    if account.joined_at is None or account.revoked_at is not None:
        return Entrance(issue(deps.vault, JOIN, account, now, row=sign_in.id), account, joined=False)
    return Entrance(await open_visit(deps, session, account), account, joined=True)


async def _account_of(deps: Deps, session: AsyncSession, shop: Shop, person: Person) -> Account | None:
    """Where two share an address, the one that has joined: the other can be reached by the link of the invitation."""
    by_email = person.channel == BY_EMAIL
    lookup: dict[str, Any] = {"email_hash" if by_email else "phone_hash": person.fingerprint(deps)}
    found = await accounts_of_person(session, shop.id, **lookup)
    joined = [account for account in found if account.joined_at is not None and account.revoked_at is None]
    return next(iter(joined or found), None)


def _is_welcome(shop: Shop, person: Person) -> bool:
    """A stranger may join where the shop allows it; by phone only from a country that it texts to: codes cost money."""
    settings = read_settings_of(shop)
    in_reach = person.channel == BY_EMAIL or country_of(person.address) in settings.countries
    return settings.connect_self_join and in_reach


async def _deliver(deps: Deps, session: AsyncSession, shop: Shop, person: Person, sign_in: SignIn, code: str) -> None:
    if person.channel == BY_EMAIL:
        await enqueue(session, MAIL_CODE, [sign_in.id])
        return
    sender = await find_sender(session, shop.id)
    if sender is None or await is_suppressed(session, shop.id, sign_in.person_hash):
        return
    await queue_text(
        deps,
        session,
        shop.id,
        sender.id,
        SIGN_IN_CODE,
        subject=str(sign_in.id),
        phone=person.address,
        text=CODE_TEXT[sign_in.language].format(shop=brand_of(shop), code=code),
        locale=sign_in.language,
    )

"""Joining and leaving by the person themselves: what they agree to, and what ends when they take it back.

An invitation opens nothing but the page on which its owner agrees, and is spent by agreeing; so is the leave that a
code gives. Who was not invited may join where the organisation allows it. An id of the organisation's own that comes
with the person must be signed by the organisation: otherwise anybody could take another one's place.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import add_account, grant, hosted_url, revoke
from app.connect.agreement import keep_refusals, keep_wish
from app.connect.models import Account, SignIn
from app.connect.person_form import LONGEST_CONNECT_ID, LONGEST_NAME, read_person
from app.connect.queries.accounts import (
    accounts_of_person,
    cancel_queued_of_account,
    get_account,
    is_connect_id_taken,
    lock_person,
)
from app.connect.queries.sign_in import get_sign_in
from app.connect.sign_in import BY_EMAIL, is_current, open_visit
from app.connect.tokens import INVITE, JOIN, Pass, read
from app.core.errors import Conflict, Invalid, Refused
from app.deps import Deps
from app.shops.disconnecting import disconnect
from app.shops.models import Shop
from app.shops.queries import count_secret_up, write_audit
from app.shops.settings import read_settings_of

WORDING: Final = "2026-11-28"
"""Which words were agreed to; the audit keeps it. Change it with the words of the page."""
CLAIM_LIVES: Final = timedelta(hours=24)
DECLINED: Final = ("account_refused", "The connected account has said no to texts in its name.")
SPENT: Final = "This link has been used or is too old. Sign in with your e-mail address or mobile number instead."


@dataclass(frozen=True)
class Candidate:
    """Who may join now. *account* None: somebody who was not invited, known by *sign_in* alone."""

    claims: Pass
    account: Account | None
    sign_in: SignIn | None


async def read_candidate(deps: Deps, session: AsyncSession, shop: Shop, token: str, *, lock: bool = False) -> Candidate:
    """Raises `Refused` when the invitation or leave is spent, too old, or another shop's."""
    claims = read(deps.vault, token, deps.clock(), purposes=(INVITE, JOIN))
    if claims is None or claims.shop_id != shop.id:
        raise Refused(SPENT)
    sign_in = await get_sign_in(session, shop.id, claims.row, lock=lock) if claims.row else None
    if claims.account_id == 0:
        if sign_in is None or sign_in.account_id is not None or not read_settings_of(shop).connect_self_join:
            raise Refused(SPENT)
        return Candidate(claims, None, sign_in)
    account = await get_account(session, shop.id, claims.account_id, lock=lock)
    if not is_current(account, claims) or (account.joined_at is not None and account.revoked_at is None):
        raise Refused(SPENT)
    return Candidate(claims, account, sign_in)


@dataclass(frozen=True)
class Wishes:
    """What a person who joins decides for themselves: earlier orders, news by text, news by e-mail."""

    history: bool
    by_sms: bool
    by_email: bool


async def join(
    deps: Deps, session: AsyncSession, shop: Shop, token: str, *, name: str, agreed: bool, wishes: Wishes, asked: str
) -> tuple[Account, str]:
    """The account, granted, and the token of its first visit. *asked*: about news, in which words.

    Raises `Refused`, `Invalid`, `Conflict`.
    """
    candidate = await read_candidate(deps, session, shop, token, lock=True)
    if not agreed:
        raise Invalid({"agreed": "Tick the box to agree, or say no below."})
    account = candidate.account or await _new_account(deps, session, shop, candidate, name)
    account.name_encrypted = deps.vault.encrypt(_name(name))
    actor = f"account:{account.id}"
    set_history_wish(deps, account, wishes.history)
    sms, email = wishes.by_sms, wishes.by_email
    await keep_wish(deps, session, account, by_sms=sms, by_email=email, asked=asked, joining=True)
    await keep_refusals(session, account, deps.clock(), alerts=False)
    await grant(deps, session, shop, account, actor=actor)
    account.joined_at = account.updated_at = deps.clock()
    await write_audit(
        session,
        shop.domain,
        at=deps.clock(),
        actor=actor,
        action="account_joined",
        detail={"account_id": account.id, "wording": WORDING, "history": wishes.history},
    )
    return account, await open_visit(deps, session, account)


async def decline(deps: Deps, session: AsyncSession, shop: Shop, token: str, *, asked: str) -> None:
    """Who was invited does not want to: they are written to no more, and what the merchant has set up in their place
    texts nobody in their name. The link still opens the page for a change of mind.

    Of who was not invited nothing is kept anyway. Raises `Refused`.
    """
    account = (await read_candidate(deps, session, shop, token, lock=True)).account
    if account is None:
        return
    await keep_wish(deps, session, account, by_sms=False, by_email=False, asked=asked, joining=True)
    await keep_refusals(session, account, deps.clock(), alerts=True)
    account.alerts_enabled = False
    await session.flush()
    await cancel_queued_of_account(session, shop.id, account.id, now=deps.clock(), reason=DECLINED)
    await write_audit(
        session,
        shop.domain,
        at=deps.clock(),
        actor=f"account:{account.id}",
        action="account_declined",
        detail={"account_id": account.id, "wording": WORDING},
    )


async def leave(deps: Deps, shop: Shop, account_id: int) -> dict[str, Any]:
    """Ends the grant, signs out everywhere, and erases the RingCentral credentials. Raises `NotFound`."""
    async with deps.db.transaction() as session:
        account = await get_account(session, shop.id, account_id, lock=True)
        await keep_refusals(session, account, deps.clock(), alerts=True)
        await revoke(deps, session, shop, account, actor=f"account:{account_id}")
    await disconnect(deps, shop.id, account_id=account_id)
    return {"user_id": account.id, "connect_id": account.connect_id}


def set_history_wish(deps: Deps, account: Account, wanted: bool) -> None:
    """The wish is dated once, so that the organisation can tell a new one from one it has dealt with."""
    if wanted and account.import_history != "yes":
        account.import_history_at = deps.clock()
    account.import_history = "yes" if wanted else "no"
    account.updated_at = deps.clock()


def signing_secret(deps: Deps, shop: Shop) -> str:
    """What the organisation signs its ids of people with, before its page hands them to ours."""
    renewed = f"/{shop.connect_secret_version}" if shop.connect_secret_version else ""
    return "csec_" + deps.vault.fingerprint(f"connect-snippet/{shop.id}{renewed}").hex()


async def renew_signing_secret(deps: Deps, session: AsyncSession, shop: Shop, *, actor: str) -> dict[str, Any]:
    """A new secret; signatures that were made with the one before count no more, at once."""
    shop.connect_secret_version = await count_secret_up(session, shop.id)
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action="connect_secret_renewed", detail={})
    return describe_hosted_page(deps, shop)


def sign_claim(secret: str, connect_id: str, at: int) -> str:
    """What the organisation's server puts into `data-signature`."""
    digest = hmac.digest(secret.encode(), f"{at}.{connect_id}".encode(), "sha256").hex()
    return f"{at}.{digest}"


def read_claim(deps: Deps, shop: Shop, connect_id: str, signature: str) -> str | None:
    """The *connect_id*, if the organisation signed it within the last day."""
    moment, _, _ = signature.partition(".")
    if not connect_id or len(connect_id) > LONGEST_CONNECT_ID or not connect_id.isprintable():
        return None
    if not moment.isascii() or not moment.isdecimal() or len(moment) > 12 or not signature.isascii():
        return None
    if abs(deps.clock().timestamp() - int(moment)) > CLAIM_LIVES.total_seconds():
        return None
    expected = sign_claim(signing_secret(deps, shop), connect_id, int(moment))
    return connect_id if hmac.compare_digest(signature, expected) else None


def may_be_told(shop: Shop, site: str) -> bool:
    """Whether *site*, the origin of a page that opened ours, is one that the organisation named as its own."""
    return site in read_settings_of(shop).connect_sites


def describe_hosted_page(deps: Deps, shop: Shop) -> dict[str, Any]:
    """What the organisation needs to offer the page: its address, the snippet, the secret, who may join."""
    settings, url = read_settings_of(shop), hosted_url(deps, shop)
    return {
        "url": url,
        "snippet": f'<script src="{url}/connect.js" async></script>',
        "signing_secret": signing_secret(deps, shop),
        "self_join": settings.connect_self_join,
        "sites": list(settings.connect_sites),
    }


async def _new_account(deps: Deps, session: AsyncSession, shop: Shop, candidate: Candidate, name: str) -> Account:
    sign_in = candidate.sign_in
    assert sign_in is not None
    address = deps.vault.decrypt(sign_in.person_encrypted)
    field = "email" if sign_in.channel == BY_EMAIL else "phone"
    form = {"name": _name(name), field: address, "connect_id": sign_in.claim}
    lookup: dict[str, Any] = {f"{field}_hash": sign_in.person_hash}
    await lock_person(session, shop.id, sign_in.person_hash)
    if await accounts_of_person(session, shop.id, **lookup):
        raise Refused(SPENT)  # joined meanwhile, by a second code
    if sign_in.claim and await is_connect_id_taken(session, shop.id, sign_in.claim):
        raise Conflict("You have been invited with another e-mail address or mobile number. Sign in with that one.")
    account = add_account(deps, session, shop, read_person(form, shop.country, new=True))
    await session.flush()
    sign_in.account_id = account.id
    return account


def _name(name: str) -> str:
    """Raises `Invalid`."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > LONGEST_NAME or not cleaned.isprintable():
        raise Invalid({"name": f"Give the person's name, in at most {LONGEST_NAME} characters."})
    return cleaned

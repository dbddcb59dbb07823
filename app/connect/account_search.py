"""Finds accounts by what a merchant remembers of them.

An own id, an e-mail address and a mobile number are looked up among all accounts. Names are sealed in the database, so
they are opened for it, and only those of the newest accounts; the answer says when there are older ones.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import describe_account
from app.connect.person_form import email_hash_of, is_email
from app.connect.queries.accounts import accounts_by_id, accounts_known_by, sealed_names, senders_of_accounts
from app.core.phone import to_e164
from app.deps import Deps
from app.shops.models import Shop

LONGEST_SEARCH: Final = 100
MOST_OPENED: Final = 3000
"""Newest first; opening that many takes about a tenth of a second."""


@dataclass(frozen=True)
class Found:
    """*opened*: how many names were looked at; None for all of them. *more*: others fit too."""

    accounts: list[dict[str, Any]]
    opened: int | None
    more: bool


async def find_accounts(deps: Deps, session: AsyncSession, shop: Shop, wanted: str, *, limit: int) -> Found:
    """Whose name or own id holds *wanted*, or whose e-mail address or mobile number it is; newest first."""
    wanted = wanted.strip()[:LONGEST_SEARCH]
    phone = to_e164(wanted, shop.country or "US")
    known = await accounts_known_by(
        session,
        shop.id,
        connect_id=wanted,
        email_hash=email_hash_of(deps, wanted) if is_email(wanted) else None,
        phone_hash=deps.vault.fingerprint(phone) if phone is not None else None,
        limit=limit + 1,
    )
    names = await sealed_names(session, shop.id, limit=MOST_OPENED + 1)
    # Opening thousands of names takes long enough to keep other requests waiting.
    named = await asyncio.to_thread(_named, deps, names[:MOST_OPENED], wanted.casefold())
    fitting = sorted({*known, *named}, reverse=True)
    found = fitting[:limit]
    accounts = await accounts_by_id(session, shop.id, found)
    senders = await senders_of_accounts(session, shop.id, found)
    described = [describe_account(deps, accounts[each], senders.get(each)) for each in found if each in accounts]
    opened = MOST_OPENED if len(names) > MOST_OPENED else None
    return Found(described, opened=opened, more=len(fitting) > limit)


def _named(deps: Deps, names: Iterable[tuple[int, bytes]], words: str) -> list[int]:
    return [account_id for account_id, sealed in names if words in deps.vault.decrypt(sealed).casefold()]

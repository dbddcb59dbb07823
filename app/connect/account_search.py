"""Finds accounts by what a merchant remembers of them. Names are sealed in the database, so they are opened for it."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import describe_account, email_hash_of, is_email
from app.connect.queries.accounts import account_marks, accounts_by_id, senders_of_accounts
from app.core.phone import to_e164
from app.deps import Deps
from app.shops.models import Shop

LONGEST_SEARCH: Final = 100
MOST_OPENED: Final = 3000
"""Newest first; opening that many takes about a tenth of a second."""


async def find_accounts(
    deps: Deps, session: AsyncSession, shop: Shop, wanted: str, *, limit: int
) -> list[dict[str, Any]]:
    """Whose name or own id holds *wanted*, or whose e-mail address or mobile number it is; newest first."""
    wanted = wanted.strip()[:LONGEST_SEARCH]
    words = wanted.casefold()
    phone = to_e164(wanted, shop.country or "US")
    reached = {deps.vault.fingerprint(phone)} if phone is not None else set()
    reached |= {email_hash_of(deps, wanted)} if is_email(wanted) else set()
    found: list[int] = []
    for mark in await account_marks(session, shop.id, limit=MOST_OPENED):
        known = mark.email_hash in reached or mark.phone_hash in reached
        if known or words in (mark.connect_id or "").casefold() or words in _name(deps, mark.name_encrypted):
            found.append(mark.id)
        if len(found) == limit:
            break
    accounts = await accounts_by_id(session, shop.id, found)
    senders = await senders_of_accounts(session, shop.id, found)
    return [describe_account(deps, accounts[each], senders.get(each)) for each in found if each in accounts]


def _name(deps: Deps, sealed: bytes) -> str:
    return deps.vault.decrypt(sealed).casefold()

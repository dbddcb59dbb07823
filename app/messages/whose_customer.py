"""Whose customer wrote: a text to a connected account's own number is that account's to answer, not the shop's."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.models import InboundMessage
from app.shops.queries import accounts_of_senders

NamesOf = Callable[[Deps, AsyncSession, int, Iterable[int]], Awaitable[dict[int, str]]]
"""What accounts are called, by id; those that were removed have no name. Accounts themselves are unknown here."""


@dataclass(frozen=True, slots=True)
class Owner:
    """*id*: the account's."""

    id: int
    name: str


async def owners_of(
    deps: Deps, session: AsyncSession, shop_id: int, texts: Sequence[InboundMessage], names_of: NamesOf
) -> dict[int, Owner]:
    """By the text's id; a text to a number of the shop's own has none."""
    accounts = await accounts_of_senders(session, shop_id, {text.sender_id for text in texts})
    names = await names_of(deps, session, shop_id, set(accounts.values())) if accounts else {}
    owners = {sender_id: Owner(each, names[each]) for sender_id, each in accounts.items() if each in names}
    return {text.id: owners[text.sender_id] for text in texts if text.sender_id in owners}

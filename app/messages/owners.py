"""Orders that are somebody else's to text about: a feature above says whose, and lends the number and the words.

A text about an order of Shopify leaves from the shop's number, unless its order is a connected account's. Which it is
may become known as late as at the gate, which then hands the text over to the right number before anything is sent.
"""

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.compose import Composed
from app.messages.facts import OrderFacts
from app.messages.models import Message
from app.shops.models import Sender, Shop


class Owners(Protocol):
    async def known_owner(self, session: AsyncSession, shop_id: int, order_id: str) -> int | None:
        """The account whose number texts about this order leave from, as far as it has been decided."""

    async def stand_in(self, session: AsyncSession, shop_id: int) -> Sender | None:
        """A number to wait on for a shop that has none of its own; the gate decides who sends."""

    async def rightful_sender(self, deps: Deps, message: Message, sender: Sender) -> int | None:
        """The number that *message* has to leave from; None: there is none. Raises `ShopifyError`s."""

    async def introduce(self, deps: Deps, sender: Sender, facts: OrderFacts) -> OrderFacts:
        """*facts* together with the person whose number *sender* is."""

    async def word(
        self,
        session: AsyncSession,
        shop: Shop,
        sender: Sender,
        message: Message,
        facts: OrderFacts,
        *,
        opt_out_url: str,
    ) -> Composed:
        """Raises `TemplateError`."""


class Registry:
    """One feature may own orders; without one, all are the shop's."""

    def __init__(self) -> None:
        self.owners: Owners | None = None

    def register(self, owners: Owners) -> None:
        if self.owners is not None and type(self.owners) is not type(owners):
            raise RuntimeError("Two features own orders.")
        self.owners = owners


registry = Registry()

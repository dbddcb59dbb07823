"""Where a kind of text takes its facts from, and how it is worded. Shopify's order and the shop's template by default.

A feature whose orders live elsewhere hands its kinds a source of its own; everything else, the gate, the pace, the
opt-outs and the log, stays the same for them.
"""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.deps import Deps
from app.messages.compose import Composed, compose_for_order
from app.messages.facts import OrderFacts, read_order_facts
from app.messages.models import Message
from app.messages.owners import registry
from app.shops.models import Sender, Shop


class OrderSource(Protocol):
    async def read(self, deps: Deps, shop: Shop, message: Message) -> OrderFacts | None:
        """Fresh facts, or None when there is no such order any more. Raises `ShopifyError`s."""

    async def compose(
        self,
        session: AsyncSession,
        shop: Shop,
        sender: Sender,
        message: Message,
        facts: OrderFacts,
        *,
        opt_out_url: str,
        wording: Mapping[str, str],
    ) -> Composed:
        """*wording*: the shop's own texts of the kind, by locale. Raises `TemplateError` when it cannot be rendered."""


class ShopifyOrders:
    async def read(self, deps: Deps, shop: Shop, message: Message) -> OrderFacts | None:
        return await read_order_facts(deps, message.shop_id, message.order_id or "", shop=shop)

    async def compose(
        self,
        session: AsyncSession,
        shop: Shop,
        sender: Sender,
        message: Message,
        facts: OrderFacts,
        *,
        opt_out_url: str,
        wording: Mapping[str, str],
    ) -> Composed:
        if sender.account_id is not None and registry.owners is not None:
            return await registry.owners.word(session, shop, sender, message, facts, opt_out_url=opt_out_url)
        return compose_for_order(
            shop,
            sender,
            message.kind,
            facts,
            message.fulfillment_id,
            # A text about a refund has the refund as its subject; the facts of other texts hold none of that id.
            refund_id=message.subject,
            opt_out_url=opt_out_url,
            wording=wording,
        )


SHOPIFY_ORDERS = ShopifyOrders()

"""Lends an affiliate's number and words to the texts about Shopify's orders that are theirs.

The kinds stay the shop's, so that one order never leads to two texts of a kind. An order's confirmation is worded as
the account's "order paid" once it is paid, and its fulfillment as "order shipped"; every other kind keeps the shop's
words behind both names. "Order paid" is said once: where the payment has a text of its own, that one says it.
"""

from dataclasses import fields
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.alerts import PAID, SHIPPED, AccountFacts, affiliate_values, wording_of
from app.connect.attribution import attribute_order, texting_sender
from app.connect.queries.accounts import any_account_sender, find_account
from app.connect.queries.attribution import find_attribution
from app.connect.queries.orders import texts_about
from app.deps import Deps
from app.message_templates.variables import Values
from app.messages.compose import Composed, compose, order_values, template_for
from app.messages.facts import OrderFacts
from app.messages.models import Message, MessageState
from app.messages.owners import registry
from app.messages.pool import choose_sender
from app.shops.models import Sender, Shop

CONFIRMED: Final = "order_confirmed"
PAYMENT: Final = "order_paid"
OWN_WORDS: Final = {CONFIRMED: PAID, PAYMENT: PAID, "order_fulfilled": SHIPPED}
UNSAID: Final = (MessageState.SKIPPED, MessageState.EXPIRED, MessageState.CANCELLED, MessageState.FAILED)
BOTH_NAMES: Final = {
    "en": "{{ affiliate.name }} with {{ shop.name }}: ",
    "es": "{{ affiliate.name }} de {{ shop.name }}: ",
    "fr": "{{ affiliate.name }} avec {{ shop.name }} : ",
    "de": "{{ affiliate.name }} mit {{ shop.name }}: ",
}


class Affiliates:
    """The owners of attributed orders."""

    async def known_owner(self, session: AsyncSession, shop_id: int, order_id: str) -> int | None:
        attribution = await find_attribution(session, shop_id, order_id)
        if attribution is None or attribution.account_id is None:
            return None
        sender = await texting_sender(session, shop_id, attribution.account_id)
        return attribution.account_id if sender is not None else None

    async def stand_in(self, session: AsyncSession, shop_id: int) -> Sender | None:
        return await any_account_sender(session, shop_id)

    async def rightful_sender(self, deps: Deps, message: Message, sender: Sender) -> int | None:
        order_id = message.order_id or ""
        await attribute_order(deps, message.shop_id, order_id)
        async with deps.db.transaction() as session:
            attribution = await find_attribution(session, message.shop_id, order_id)
            account_id = attribution.account_id if attribution is not None else None
            if account_id is not None:
                theirs = await texting_sender(session, message.shop_id, account_id)
                if theirs is not None:
                    return theirs.id
            if sender.account_id is None:
                return sender.id
            shops_own = await choose_sender(session, message.shop_id, message.phone_hash)
        return shops_own.id if shops_own is not None and shops_own.phone_number is not None else None

    async def introduce(self, deps: Deps, sender: Sender, facts: OrderFacts) -> OrderFacts:
        if sender.account_id is None:
            return facts
        async with deps.db.transaction() as session:
            account = await find_account(session, sender.shop_id, sender.account_id)
        return AccountFacts(
            **{each.name: getattr(facts, each.name) for each in fields(facts)},
            account_id=sender.account_id,
            affiliate_name=deps.vault.decrypt(account.name_encrypted) if account is not None else "",
            affiliate_phone=sender.phone_number or "",
        )

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
        assert isinstance(facts, AccountFacts)
        own = OWN_WORDS.get(message.kind)
        if own == PAID and not (facts.paid and await _is_to_say_paid(session, message)):
            own = None
        if own is not None:
            template, locale = await wording_of(session, shop.id, facts.account_id, own, facts.locale)
        else:
            shared, locale = await template_for(session, shop.id, message.kind, facts.locale)
            template = BOTH_NAMES.get(locale.split("-")[0], BOTH_NAMES["en"]) + shared
        values: Values = dict(order_values(shop, sender, facts, message.fulfillment_id, locale))
        values["affiliate"] = affiliate_values(facts.affiliate_name, sender.phone_number)
        values["customer"]["opt_out_url"] = opt_out_url
        return compose(template, values, locale)


async def _is_to_say_paid(session: AsyncSession, message: Message) -> bool:
    """Whether it falls to this one of an order's two texts. A payment that was heard of only after the confirmation had
    left, though it came before, was told by that."""
    order_id = message.order_id or ""
    texts = (await texts_about(session, message.shop_id, (CONFIRMED, PAYMENT), [order_id])).get(order_id, {})
    confirmation, payment = texts.get(CONFIRMED), texts.get(PAYMENT)
    if message.kind == CONFIRMED:
        return payment is None or payment.state in UNSAID
    if confirmation is None or confirmation.state in UNSAID or confirmation.called_at is None:
        return True
    return not message.event_at <= confirmation.called_at < message.created_at


registry.register(Affiliates())

"""The texts that leave in an affiliate's name, order paid and order shipped, through the outbox and the gate of all.

An order of the API is read from our own rows, worded by the account's template, and names the shop and the person
(attributed orders of Shopify keep the shop's kinds: `ownership.py`). What may never be texted (history, a deleted or
refunded order, an account that switched alerts off or took its grant back) is found here again, at the gate, whatever
was queued.
Reference: CTIA / TCR review of affiliates: order status only, both names, from a number that is registered for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.consent import Evidence, Verdict, ask_shopify, judge
from app.connect.models import Account, ConnectOrder, Profile
from app.connect.money import format_money
from app.connect.queries.accounts import account_texts, find_account
from app.connect.queries.orders import find_order, find_profile, lines_of
from app.consent.queries import find_suppression
from app.core.log import get_logger
from app.deps import Deps
from app.message_templates.defaults import closest_locale
from app.message_templates.variables import Values
from app.messages import reasons
from app.messages.compose import Composed, compose, order_values, template_for
from app.messages.facts import OrderFacts, Parcel, Tracking
from app.messages.kinds import Kind, kinds
from app.messages.models import Message
from app.messages.queue import About, queue_message
from app.messages.reasons import Reason
from app.shopify.client import ShopifyError
from app.shops.models import Sender, Shop
from app.shops.queries import find_sender

log = get_logger(__name__)

OURS: Final = "connect:"
"""Before the id of an order of our own, where messages keep ids of Shopify's orders."""
PAID, SHIPPED = "connect_order_paid", "connect_order_shipped"
STILL_NEWS: Final = timedelta(hours=24)
"""A payment or shipment dated longer ago than this is history, and its text would be too late."""

ALERTS_OFF = Reason("alerts_off", "The connected account has switched text alerts off.")
REVOKED = Reason("access_revoked", "The connected account has taken back its permission.")
HISTORY = Reason("history", "The order was stored without automatic actions, so it never causes a text.")
DELETED = Reason("order_deleted", "The order was deleted.")
REFUNDED = Reason("order_refunded", "The order was refunded.")
NOT_PAID = Reason("not_paid", "The order is no longer marked as paid.")
NOT_SHIPPED = Reason("not_shipped", "The order is no longer marked as shipped.")
NO_ACCOUNT = Reason("no_account", "The connected account was removed.")
NO_NUMBER = Reason(reasons.NOT_CONNECTED.code, "The connected account has no number to text from.")
NO_PHONE = Reason(reasons.NO_PHONE.code, "The order has no phone number that can receive texts.")


@dataclass(frozen=True)
class AccountFacts(OrderFacts):
    """An order together with whose it is. *objection*: why no text about it may leave, whatever its kind says."""

    account_id: int = 0
    affiliate_name: str = field(default="", repr=False)
    affiliate_phone: str = field(default="", repr=False)
    objection: Reason | None = None


class AccountOrders:
    """The source of both kinds."""

    async def read(self, deps: Deps, shop: Shop, message: Message) -> OrderFacts | None:
        return await _read_own(deps, message, (message.order_id or "").removeprefix(OURS))

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
        assert isinstance(facts, AccountFacts)
        template, locale = await wording_of(session, shop.id, facts.account_id, message.kind, facts.locale)
        values: Values = dict(order_values(shop, sender, facts, message.fulfillment_id, locale))
        values["affiliate"] = affiliate_values(facts.affiliate_name, sender.phone_number)
        return compose(template, values, locale)


def objection_of(facts: OrderFacts, message: Message) -> tuple[str, str] | None:
    objection = facts.objection if isinstance(facts, AccountFacts) else None
    return (objection.code, objection.sentence) if objection is not None else None


ORDER_PAID = kinds.add(
    Kind(
        PAID,
        "Connect: order paid",
        "Sent in a connected account's name when its customer has paid.",
        max_age=timedelta(hours=3),
        # The customer has just paid and expects it, at any hour.
        heeds_quiet_hours=False,
        no_longer_true=objection_of,
        source=AccountOrders(),
        listed=False,
    )
)
ORDER_SHIPPED = kinds.add(
    Kind(
        SHIPPED,
        "Connect: order shipped",
        "Sent in a connected account's name when the order is on its way.",
        max_age=timedelta(hours=48),
        uses_tracking=True,
        no_longer_true=objection_of,
        source=AccountOrders(),
        listed=False,
    )
)
ALERTS: Final = {PAID: ORDER_PAID, SHIPPED: ORDER_SHIPPED}


async def wording_of(session: AsyncSession, shop_id: int, account_id: int, kind: str, locale: str) -> tuple[str, str]:
    """(template, language): the account's own wording in this language, else the organisation's, else the default."""
    own = await account_texts(session, account_id, kind)
    shared, language = await template_for(session, shop_id, kind, locale)
    chosen = closest_locale(locale, own) if own else None
    if chosen is not None and chosen in own and (chosen == language or language not in own):
        return own[chosen], chosen
    return own.get(language, shared), language


async def queue_alert(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    account: Account,
    order: ConnectOrder,
    kind: Kind,
    *,
    happened_at: datetime,
    verdict: Verdict | None,
) -> None:
    """Queue the text about *order*, or write down why there is none. *verdict* None: consent is asked for at the gate.

    Orders that share a reference share their texts: an integration that posts one twice texts nobody twice.
    """
    if order.dont_trigger_auto_actions:
        return
    now = deps.clock()
    sender = await find_sender(session, shop.id, account_id=account.id)
    refusal = _refusal(account, order, sender)
    if refusal is None and order.phone_hash is not None:
        suppression = await find_suppression(session, shop.id, order.phone_hash)
        # Behind doubtful words the text waits at the gate until staff have decided.
        opted_out = suppression is not None and not suppression.held
        unwilling = verdict.refusal if verdict is not None else None
        refusal = reasons.OPTED_OUT if opted_out else unwilling
    phone = deps.vault.decrypt(order.profile_phone_encrypted) if order.profile_phone_encrypted else None
    name = order_name(order)
    about = About(
        subject=f"{OURS}{account.id}:{order.reference_id}" if order.reference_id else f"{OURS}{order.id}",
        order_id=f"{OURS}{order.id}",
        order_name=name,
        phone=phone,
    )
    recent = now - happened_at < STILL_NEWS
    await queue_message(
        deps,
        session,
        shop.id,
        kind,
        about,
        event_at=now if recent else happened_at,
        account_id=account.id,
        refusal=refusal,
    )


async def ask_consent(deps: Deps, shop: Shop, phone: str, evidence: Evidence | None) -> Verdict | None:
    """What is known of consent now, asked with no transaction open; None when Shopify cannot say at the moment."""
    async with deps.db.transaction() as session:
        stored = await find_profile(session, shop.id, deps.vault.fingerprint(phone))
    try:
        in_shopify = await ask_shopify(deps, shop.id, phone)
    except ShopifyError as error:
        log.info("connect.consent_unasked", shop_id=shop.id, error=type(error).__name__)
        return None
    return judge(newest(evidence, evidence_of(deps, stored)), in_shopify)


def evidence_of(deps: Deps, profile: Profile | None) -> Evidence | None:
    if profile is None or profile.consent_state is None:
        return None
    wording = deps.vault.decrypt(profile.consent_wording_encrypted) if profile.consent_wording_encrypted else None
    return Evidence(profile.consent_state, profile.consent_collected_at, profile.consent_source, wording)


def newest(first: Evidence | None, second: Evidence | None) -> Evidence | None:
    """The one that was collected later; one without a time is taken as the newer, because it has just arrived."""
    if first is None or second is None:
        return first or second
    if first.collected_at is None or second.collected_at is None:
        return first
    return first if first.collected_at >= second.collected_at else second


def order_name(order: ConnectOrder) -> str:
    return order.reference_id or f"#{order.id}"


def affiliate_values(name: str, phone: str | None) -> dict[str, str | int]:
    return {"name": name, "phone": phone or ""}


def _refusal(account: Account, order: ConnectOrder, sender: Sender | None) -> Reason | None:
    if account.revoked_at is not None:
        return REVOKED
    if not account.alerts_enabled:
        return ALERTS_OFF
    if sender is None or sender.phone_number is None:
        return NO_NUMBER
    if order.phone_hash is None:
        return NO_PHONE
    return None


async def _read_own(deps: Deps, message: Message, order_id: str) -> AccountFacts | None:
    async with deps.db.transaction() as session:
        order = await find_order(session, message.shop_id, int(order_id)) if order_id.isdecimal() else None
        if order is None:
            return None
        account = await find_account(session, message.shop_id, order.account_id)
        sender = await find_sender(session, message.shop_id, account_id=order.account_id)
        profile = await find_profile(session, message.shop_id, order.phone_hash) if order.phone_hash else None
        lines = (await lines_of(session, [order.id])).get(order.id, [])
    objection = _objection(message, order, account, sender)
    phone = deps.vault.decrypt(order.profile_phone_encrypted) if order.profile_phone_encrypted else None
    verdict = Verdict(None, "order")
    if objection is None and phone is not None:
        verdict = judge(evidence_of(deps, profile), await ask_shopify(deps, message.shop_id, phone))
        objection = verdict.refusal
    first, _, last = (_open(deps, order.profile_name_encrypted) or "").partition(" ")
    return AccountFacts(
        order_id=message.order_id or "",
        name=order_name(order),
        number=str(order.id),
        cancelled=False,
        test=False,
        status_url="",
        locale="en",
        customer_id=f"{OURS}{order.profile_id}",
        first_name=first,
        last_name=last.strip(),
        addressee="",
        phone=phone,
        consent=verdict.state,
        consent_updated_at=None,
        country=None,
        province=None,
        zip=None,
        total=format_money(order.total_cents, order.total_currency),
        item_count=int(sum(line.quantity for line in lines)),
        fulfilled=order.shipped_at is not None,
        parcels=_parcels(order),
        read_at=deps.clock(),
        consent_source=verdict.source,
        account_id=order.account_id,
        affiliate_name=deps.vault.decrypt(account.name_encrypted) if account is not None else "",
        affiliate_phone=(sender.phone_number if sender is not None else None) or "",
        objection=objection,
    )


def _objection(message: Message, order: ConnectOrder, account: Account | None, sender: Sender | None) -> Reason | None:
    if order.dont_trigger_auto_actions:
        return HISTORY
    if order.deleted_at is not None:
        return DELETED
    if order.refunded_at is not None:
        return REFUNDED
    if message.kind == PAID and order.paid_at is None:
        return NOT_PAID
    if message.kind == SHIPPED and order.shipped_at is None:
        return NOT_SHIPPED
    return _account_objection(message, account, sender)


def _account_objection(message: Message, account: Account | None, sender: Sender | None) -> Reason | None:
    if account is None:
        return NO_ACCOUNT
    if account.revoked_at is not None:
        return REVOKED
    if not account.alerts_enabled:
        return ALERTS_OFF
    if sender is None or sender.id != message.sender_id:
        return NO_NUMBER
    return None


def _parcels(order: ConnectOrder) -> tuple[Parcel, ...]:
    if order.shipped_at is None:
        return ()
    tracking = (Tracking(order.shipping_source, None, order.shipping_link),) if order.shipping_link else ()
    return (Parcel(str(order.id), order_name(order), "SUCCESS", tracking),)


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)

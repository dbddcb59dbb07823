"""The gate: everything is checked again, on fresh facts, in the moment before a text leaves.

The gate answers a verdict and the list of checks that led to it; it changes nothing. Two of its answers come from the
outside (the order's facts) and are asked for with no transaction open.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import is_suppressed
from app.consent.quiet_hours import next_open, recipient_zones
from app.core.phone import country_of
from app.deps import Deps
from app.message_templates.render import TemplateError
from app.message_templates.segments import count_segments
from app.messages import reasons
from app.messages.compose import Composed, compose_for_order
from app.messages.facts import OrderFacts, read_order_facts
from app.messages.kinds import Kind, kinds
from app.messages.models import Message
from app.messages.queries import is_unusable
from app.messages.reasons import Reason
from app.shopify.client import AccessForbidden, AccessTokenRejected, ShopifyError, ShopUnavailable
from app.shops.models import Sender, Shop
from app.shops.queries import get_sender, get_shop
from app.shops.settings import read_settings_of


@dataclass(frozen=True)
class Go:
    phone: str = field(repr=False)
    composed: Composed = field(repr=False)
    sender: Sender
    facts: OrderFacts | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Skip:
    reason: Reason


@dataclass(frozen=True)
class Expire:
    reason: Reason = reasons.TOO_LATE


@dataclass(frozen=True)
class Hold:
    """Not now: look again at *until*."""

    until: datetime
    cause: str
    phone: str | None = field(default=None, repr=False)


Verdict = Go | Skip | Expire | Hold
ACCESS_PAUSE = timedelta(minutes=5)


@dataclass
class Checks:
    """The list that every message keeps: code, passed, and one sentence each."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def passed(self, code: str, sentence: str) -> None:
        self.rows.append({"code": code, "passed": True, "sentence": sentence})

    def failed(self, reason: Reason, sentence: str | None = None) -> Skip:
        self.rows.append({"code": reason.code, "passed": False, "sentence": sentence or reason.sentence})
        return Skip(reason)

    def held(self, code: str, sentence: str) -> None:
        self.rows.append({"code": code, "passed": None, "sentence": sentence})


async def pass_gate(deps: Deps, message: Message, checks: Checks) -> Verdict:
    """May this text go now? Raises `ShopifyUnavailable` when the facts cannot be had at the moment."""
    now = deps.clock()
    kind = kinds.find(message.kind)
    if kind is None or message.sender_id is None:
        return checks.failed(reasons.SWITCHED_OFF if kind is None else reasons.NOT_CONNECTED)
    if message.expires_at is not None and message.expires_at <= now:
        checks.failed(reasons.TOO_LATE)
        return Expire()
    async with deps.db.transaction() as session:
        shop = await get_shop(session, message.shop_id)
        sender = await get_sender(session, message.shop_id, message.sender_id)
    if not shop.installed:
        return checks.failed(reasons.SHOP_GONE)
    if sender.phone_number is None:
        return checks.failed(reasons.NOT_CONNECTED)
    checks.passed("number_connected", f"Sent from your number {sender.phone_number}")
    if not kind.about_order:
        return await _pass_fixed_text(deps, message, kind, sender, checks)
    return await _pass_order_text(deps, message, kind, shop, sender, checks)


async def _pass_fixed_text(deps: Deps, message: Message, kind: Kind, sender: Sender, checks: Checks) -> Verdict:
    if message.phone_encrypted is None or message.text_encrypted is None or message.phone_hash is None:
        return checks.failed(reasons.EMPTY_TEXT)
    if kind.heeds_suppression:
        async with deps.db.transaction() as session:
            if await is_suppressed(session, message.shop_id, message.phone_hash):
                return checks.failed(reasons.OPTED_OUT)
        checks.passed("not_opted_out", "The number has not opted out")
    text = deps.vault.decrypt(message.text_encrypted)
    composed = Composed(text, text, message.locale or "en", count_segments(text).segments)
    return Go(deps.vault.decrypt(message.phone_encrypted), composed, sender)


async def _pass_order_text(
    deps: Deps, message: Message, kind: Kind, shop: Shop, sender: Sender, checks: Checks
) -> Verdict:
    try:
        facts = await read_order_facts(deps, shop.id, message.order_id or "")
    except (AccessTokenRejected, AccessForbidden, ShopUnavailable) as error:
        checks.held("access_lost", error.sentence)
        return Hold(deps.clock() + ACCESS_PAUSE, "waiting for access to the shop")
    except ShopifyError as error:
        if error.status == 503:
            raise
        return checks.failed(reasons.ORDER_NOT_FOUND, error.sentence)
    if facts is None:
        return checks.failed(reasons.ORDER_NOT_FOUND)
    untrue = _still_true(deps, kind, facts, checks)
    if untrue is not None:
        return untrue
    async with deps.db.transaction() as session:
        unwilling = await _may_be_texted(deps, session, kind, shop, facts, checks)
        if unwilling is not None:
            return unwilling
        waiting = _inside_quiet_hours(deps, kind, shop, facts, checks)
        if waiting is not None:
            return waiting
        return await _word(session, message, shop, sender, facts, checks)


def _still_true(deps: Deps, kind: Kind, facts: OrderFacts, checks: Checks) -> Skip | None:
    if facts.test and deps.settings.production:
        return checks.failed(reasons.TEST_ORDER)
    if facts.cancelled:
        return checks.failed(reasons.ORDER_CANCELLED)
    checks.passed("order_not_cancelled", "The order is not cancelled")
    objection = kind.no_longer_true(facts)
    if objection is not None:
        return checks.failed(Reason(*objection))
    return None


async def _may_be_texted(
    deps: Deps, session: AsyncSession, kind: Kind, shop: Shop, facts: OrderFacts, checks: Checks
) -> Skip | None:
    if facts.customer_id is None:
        return checks.failed(reasons.NO_CUSTOMER)
    if facts.phone is None:
        return checks.failed(reasons.NO_PHONE)
    checks.passed("phone_found", "The customer's own phone number was found")
    if kind.needs_consent and facts.consent != "SUBSCRIBED":
        return checks.failed(_consent_reason(facts.consent))
    checks.passed("consent_subscribed", f"The customer agreed to texts (Shopify, read {facts.read_at:%H:%M:%S} UTC)")
    if await is_suppressed(session, shop.id, deps.vault.fingerprint(facts.phone)):
        return checks.failed(reasons.OPTED_OUT)
    checks.passed("not_opted_out", "The number has not opted out")
    if await is_unusable(session, shop.id, deps.vault.fingerprint(facts.phone), deps.clock()):
        return checks.failed(reasons.NUMBER_UNUSABLE)
    country = country_of(facts.phone)
    if country not in read_settings_of(shop).countries:
        return checks.failed(reasons.COUNTRY_CLOSED)
    checks.passed("country_allowed", f"You send to this country ({country})")
    return None


def _consent_reason(state: str | None) -> Reason:
    match state:
        case "UNSUBSCRIBED":
            return reasons.UNSUBSCRIBED
        case "PENDING":
            return reasons.PENDING
        case _:
            return reasons.NEVER_SUBSCRIBED


def _inside_quiet_hours(deps: Deps, kind: Kind, shop: Shop, facts: OrderFacts, checks: Checks) -> Hold | None:
    settings = read_settings_of(shop)
    hours = settings.quiet_hours
    if not hours.enabled or not kind.heeds_quiet_hours:
        checks.passed("quiet_hours", "Quiet hours do not apply to this text")
        return None
    zones = recipient_zones(
        phone=facts.phone,
        country=facts.country,
        province=facts.province,
        city_or_zip=facts.zip,
        shop_zone=settings.time_zone or shop.timezone,
    )
    opens = next_open(deps.clock(), zones=zones, start=hours.start, end=hours.end)
    window = f"{hours.start}–{hours.end} {', '.join(zones)}"  # a range of times
    if opens is None:
        checks.passed("quiet_hours", f"Inside {window}")
        return None
    checks.held("quiet_hours", f"Outside {window}: held until {opens:%Y-%m-%d %H:%M} UTC")
    return Hold(opens, "held by quiet hours", facts.phone)


async def _word(
    session: AsyncSession, message: Message, shop: Shop, sender: Sender, facts: OrderFacts, checks: Checks
) -> Verdict:
    try:
        composed = await compose_for_order(session, shop, sender, message.kind, facts, message.fulfillment_id)
    except TemplateError as error:
        return checks.failed(reasons.BAD_TEMPLATE, error.sentence)
    if not composed.text:
        return checks.failed(reasons.EMPTY_TEXT)
    checks.passed("text_composed", f"The text was put together ({composed.locale}, {composed.segments} segments)")
    if facts.phone is None:
        return checks.failed(reasons.NO_PHONE)
    return Go(facts.phone, composed, sender, facts)

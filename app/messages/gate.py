"""The gate: everything is checked again, on fresh facts, in the moment before a text leaves.

The gate answers a verdict and the list of checks that led to it; it changes nothing. Two of its answers come from the
outside (the order's facts) and are asked for with no transaction open.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.opt_out import OPT_IN, Evidence
from app.consent.opt_out_link import opt_out_link
from app.consent.quiet_hours import next_allowed, recipient_zones
from app.consent.quiet_rules import rules_for
from app.consent.shopify_states import ShopifyConsent, read_state
from app.core.language import in_english
from app.core.phone import country_of
from app.deps import Deps
from app.message_templates.render import TemplateError
from app.message_templates.segments import count_segments
from app.messages import reasons
from app.messages.agreement import agreement_for, covers_phone
from app.messages.claim import Claimed
from app.messages.compose import Composed, shop_values
from app.messages.day_cap import cap_for, full_until
from app.messages.disclosure import was_texted_before, with_disclosure
from app.messages.facts import OrderFacts
from app.messages.kinds import Kind, kinds
from app.messages.known import Known, what_is_known
from app.messages.merge import is_said_later, merged_parcels, with_other_parcels
from app.messages.models import Message
from app.messages.owners import registry
from app.messages.reasons import Reason
from app.messages.sources import SHOPIFY_ORDERS
from app.messages.told import told_elsewhere
from app.messages.unusable import why_unusable
from app.shopify.client import AccessForbidden, AccessTokenRejected, ShopifyError, ShopUnavailable
from app.shops.models import Sender, Shop
from app.shops.queries import shop_and_sender
from app.shops.settings import read_settings_of


@dataclass(frozen=True)
class Go:
    phone: str = field(repr=False)
    composed: Composed = field(repr=False)
    sender: Sender
    facts: OrderFacts | None = field(default=None, repr=False)
    agreement: Evidence | None = field(default=None, repr=False)
    """For the ledger: what the customer agreed to by ordering, under the shop's own policy."""
    several_numbers: bool = False
    """Whether the shop has other numbers that the text might rather leave from."""
    daily_cap: int | None = None
    """How many order texts the phone may get in 24 hours: counted again by the fence, where texts leave together."""


@dataclass(frozen=True)
class Skip:
    """*phone*: whose, where that is the reason: once it is no longer, the text can be sent again."""

    reason: Reason
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Expire:
    reason: Reason = reasons.TOO_LATE


@dataclass(frozen=True)
class Hold:
    """Not now: look again at *until*."""

    until: datetime
    cause: str
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Move:
    """It has to leave from another number: its order is, or is no longer, a connected account's."""

    sender_id: int


Verdict = Go | Skip | Expire | Hold | Move
ACCESS_PAUSE = timedelta(minutes=5)
DECISION_PAUSE = timedelta(minutes=30)
"""A doubtful reply: staff releasing it wakes the texts at once, so this is only the net below."""
UNBLOCKING_PAUSE = timedelta(seconds=3)
RESUBSCRIBING_PAUSE = timedelta(seconds=15)
UNBLOCKING_TAKES = timedelta(minutes=10)


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


async def pass_gate(deps: Deps, held: Claimed, checks: Checks) -> Verdict:
    """May this text go now? Raises `ShopifyUnavailable` when the facts cannot be had at the moment."""
    now, message = deps.clock(), held.message
    kind = kinds.find(message.kind)
    if kind is None or message.sender_id is None:
        return checks.failed(reasons.SWITCHED_OFF if kind is None else reasons.NOT_CONNECTED)
    if message.expires_at is not None and message.expires_at <= now:
        checks.failed(reasons.TOO_LATE)
        return Expire()
    if held.seen is not None:
        shop, sender = held.seen
    else:
        async with deps.db.reading() as session:
            shop, sender = await shop_and_sender(session, message.shop_id, message.sender_id)
    if not shop.installed:
        return checks.failed(reasons.SHOP_GONE)
    if sender.phone_number is None:
        return checks.failed(reasons.NOT_CONNECTED)
    checks.passed("number_connected", f"Your number {sender.phone_number} is connected")
    if not kind.about_order:
        return await _pass_fixed_text(deps, message, kind, sender, checks)
    return await _pass_order_text(deps, message, kind, shop, sender, checks)


async def _pass_fixed_text(deps: Deps, message: Message, kind: Kind, sender: Sender, checks: Checks) -> Verdict:
    if message.phone_encrypted is None or message.text_encrypted is None or message.phone_hash is None:
        return checks.failed(reasons.EMPTY_TEXT)
    if kind.heeds_suppression:
        phone = deps.vault.decrypt(message.phone_encrypted)
        unwilling = not_opted_out(deps, await what_is_known(deps, message.shop_id, phone), phone, checks)
        if unwilling is not None:
            return unwilling
    text = deps.vault.decrypt(message.text_encrypted)
    composed = Composed(text, text, message.locale or "en", count_segments(text).segments)
    return Go(deps.vault.decrypt(message.phone_encrypted), composed, sender)


async def _pass_order_text(
    deps: Deps, message: Message, kind: Kind, shop: Shop, sender: Sender, checks: Checks
) -> Verdict:
    try:
        facts = await _read_facts(deps, message, kind, shop, sender)
    except (AccessTokenRejected, AccessForbidden, ShopUnavailable) as error:
        checks.held("access_lost", error.sentence)
        return Hold(deps.clock() + ACCESS_PAUSE, "waiting for access to the shop")
    except ShopifyError as error:
        if error.status == 503:
            raise
        # An answer with errors is no proof that the order is gone.
        checks.held("shopify_refused", error.sentence)
        return Hold(deps.clock() + ACCESS_PAUSE, "Shopify did not answer for the order")
    if facts is None:
        return checks.failed(reasons.ORDER_NOT_FOUND)
    if isinstance(facts, NobodysNumber):
        return checks.failed(reasons.NOT_CONNECTED)
    if isinstance(facts, Move):
        return facts
    untrue = _still_true(deps, kind, message, facts, checks)
    if untrue is not None:
        return untrue
    async with deps.db.reading() as session:
        facts = await _with_chosen_phone(deps, session, shop, facts, checks)
        nobody = _has_phone(facts, checks)
        if nobody is not None:
            return nobody
        known = await what_is_known(deps, shop.id, facts.phone or "", message.kind)
        unwilling = not_opted_out(deps, known, facts.phone or "", checks)
        if unwilling is not None:
            return unwilling
        untold = _told_shopify(deps, known, facts, checks) if kind.needs_consent else None
        if untold is not None:
            return untold
        agreed = await _has_agreed(session, kind, shop, facts, checks)
        if isinstance(agreed, Skip):
            return agreed
        if country_of(facts.phone or "") not in read_settings_of(shop).countries:
            return checks.failed(reasons.COUNTRY_CLOSED)
        checks.passed("country_allowed", f"You send to this country ({in_english([country_of(facts.phone or '')])})")
        unusable = why_unusable(deps, known, sender.provider)
        if unusable is not None:
            return checks.failed(*unusable)
        waiting = await _has_to_wait(deps, session, kind, shop, facts, checks)
        if waiting is not None:
            return waiting
        if await is_said_later(session, kind, message, facts, deps.clock()):
            return checks.failed(reasons.MERGED)
        told = await _is_told(deps, session, message, kind, facts, checks)
        if told is not None:
            return told
        worded = await _word(deps, session, message, kind, shop, sender, facts, known, checks)
        if not isinstance(worded, Go):
            return worded
        cap = cap_for(shop, worded.phone, country=facts.country, province=facts.province)
        return replace(worded, agreement=agreed, daily_cap=cap, several_numbers=known.several_numbers)


async def _is_told(
    deps: Deps, session: AsyncSession, message: Message, kind: Kind, facts: OrderFacts, checks: Checks
) -> Skip | Hold | None:
    """Whether another text brings the tracking. One that waits may yet end unsent, so this one waits for its end."""
    if not kind.only_new_tracking:
        return None
    elsewhere = await told_elsewhere(deps, session, message, facts)
    if elsewhere is True:
        return checks.failed(reasons.TRACKING_TOLD)
    if elsewhere is None:
        return None
    checks.held("tracking_waits", "Another waiting text will give this tracking; this one leaves if it does not")
    return Hold(elsewhere, "waiting for the end of another text", facts.phone)


class NobodysNumber:
    """The text waited on another's number, and the one who should send it has none."""


async def _read_facts(
    deps: Deps, message: Message, kind: Kind, shop: Shop, sender: Sender
) -> OrderFacts | Move | NobodysNumber | None:
    """Whose the order is comes first: it decides the number, and with it the pace and the words."""
    owners = registry.owners if kind.source is SHOPIFY_ORDERS else None
    if owners is None or not (shop.attributes_orders or sender.account_id is not None):
        return await kind.source.read(deps, shop, message)
    rightful = await owners.rightful_sender(deps, message, sender)
    if rightful != sender.id:
        return Move(rightful) if rightful is not None else NobodysNumber()
    facts = await kind.source.read(deps, shop, message)
    return await owners.introduce(deps, sender, facts) if facts is not None else None


def _still_true(deps: Deps, kind: Kind, message: Message, facts: OrderFacts, checks: Checks) -> Skip | None:
    if facts.test and deps.settings.production:
        return checks.failed(reasons.TEST_ORDER)
    if facts.cancelled and not kind.after_cancellation:
        return checks.failed(reasons.ORDER_CANCELLED)
    if not kind.after_cancellation:
        checks.passed("order_not_cancelled", "The order is not canceled")
    objection = kind.no_longer_true(facts, message)
    if objection is not None:
        return checks.failed(Reason(*objection))
    if kind.topic is not None and kind.after_cancellation:
        checks.passed("still_true", "What the text says is still true")
    return None


async def _with_chosen_phone(
    deps: Deps, session: AsyncSession, shop: Shop, facts: OrderFacts, checks: Checks
) -> OrderFacts:
    """The customer's own phone gave the consent; the order's is texted where the shop wishes and consent covers it."""
    given = facts.order_phone
    if read_settings_of(shop).phone_source != "order" or given is None or given == facts.phone:
        return facts
    if await covers_phone(deps, session, shop.id, given, facts.created_at):
        checks.passed("order_phone", "The phone given with the order is used, as you chose")
        return replace(facts, phone=given)
    checks.passed("order_phone", "Nobody agreed for the other phone in the order, so the customer's own is used")
    return facts


def _has_phone(facts: OrderFacts, checks: Checks) -> Skip | None:
    """Whom: the customer's own number."""
    if facts.customer_id is None:
        return checks.failed(reasons.NO_CUSTOMER)
    if facts.phone is None:
        return checks.failed(reasons.NO_PHONE)
    checks.passed("phone_found", "The customer's own phone number was found")
    return None


async def _has_agreed(
    session: AsyncSession, kind: Kind, shop: Shop, facts: OrderFacts, checks: Checks
) -> Skip | Evidence | None:
    """Subscribed in Shopify; or else agreed to order texts under the shop's declared policy, which the ledger keeps."""
    state = read_state(facts.consent)
    if not kind.needs_consent or state is ShopifyConsent.SUBSCRIBED:
        read_at = f"{facts.read_at:%H:%M:%S} UTC"
        checks.passed("consent_subscribed", f"The customer agreed to texts ({facts.consent_source}, read {read_at})")
        return None
    agreement = await agreement_for(session, shop.id, state, facts.created_at)
    if agreement is None:
        return checks.failed(_consent_reason(state))
    checks.passed("order_update_consent", f"The customer agreed to order updates when ordering ({agreement.rule})")
    return agreement


def not_opted_out(deps: Deps, known: Known, phone: str, checks: Checks) -> Skip | Hold | None:
    """Not to who opted out, nor whose words are in doubt, nor before the provider has been told of a START. An opt-out
    here wins over whatever Shopify says."""
    if known.suppressed and not known.held:
        return replace(checks.failed(reasons.OPTED_OUT), phone=phone)
    if known.suppressed:
        checks.held(reasons.HELD_FOR_DECISION.code, reasons.HELD_FOR_DECISION.sentence)
        return Hold(deps.clock() + DECISION_PAUSE, "held until staff decide", phone)
    decision = known.decision
    fresh = decision is not None and deps.clock() - decision.recorded_at < UNBLOCKING_TAKES
    if decision is not None and fresh and decision.change == OPT_IN and not decision.told_provider:
        checks.held("unblocking", "RingCentral is being told that the customer opted in again")
        return Hold(deps.clock() + UNBLOCKING_PAUSE, "waiting for RingCentral's list", phone)
    checks.passed("not_opted_out", "The number has not opted out")
    return None


def _told_shopify(deps: Deps, known: Known, facts: OrderFacts, checks: Checks) -> Hold | None:
    """Who has just opted in again is not refused for what Shopify says before it has been told."""
    decision = known.decision
    if decision is None or decision.change != OPT_IN or read_state(facts.consent) is not ShopifyConsent.UNSUBSCRIBED:
        return None
    told = decision.told_shopify_at is not None and decision.told_shopify_at <= facts.read_at
    if told or deps.clock() - decision.recorded_at >= UNBLOCKING_TAKES:
        return None
    checks.held("resubscribing", "Shopify is being told that the customer opted in again")
    return Hold(deps.clock() + RESUBSCRIBING_PAUSE, "waiting for Shopify to be told", facts.phone)


def _consent_reason(state: ShopifyConsent) -> Reason:
    match state:
        case ShopifyConsent.UNSUBSCRIBED:
            return reasons.UNSUBSCRIBED
        case ShopifyConsent.PENDING:
            return reasons.PENDING
        case _:
            return reasons.NEVER_SUBSCRIBED


async def _has_to_wait(
    deps: Deps, session: AsyncSession, kind: Kind, shop: Shop, facts: OrderFacts, checks: Checks
) -> Hold | None:
    waiting = _inside_quiet_hours(deps, kind, shop, facts, checks)
    if waiting is not None or facts.phone is None:
        return waiting
    return await within_daily_cap(
        deps, session, shop, facts.phone, checks, country=facts.country, province=facts.province
    )


async def within_daily_cap(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    phone: str,
    checks: Checks,
    *,
    country: str | None = None,
    province: str | None = None,
) -> Hold | None:
    cap = cap_for(shop, phone, country=country, province=province)
    if cap is None:
        return None
    until = await full_until(session, shop.id, deps.vault.fingerprint(phone), cap, deps.clock())
    if until is None:
        checks.passed("daily_cap", f"Fewer than {cap} texts in 24 hours")
        return None
    checks.held("daily_cap", f"{cap} texts in 24 hours: held until {until:%Y-%m-%d %H:%M} UTC")
    return Hold(until, "held by the daily limit", phone)


def _inside_quiet_hours(deps: Deps, kind: Kind, shop: Shop, facts: OrderFacts, checks: Checks) -> Hold | None:
    if not kind.heeds_quiet_hours:
        checks.passed("quiet_hours", "Quiet hours do not apply to this text")
        return None
    return inside_hours(
        deps, shop, facts.phone, checks, country=facts.country, province=facts.province, city_or_zip=facts.zip
    )


def inside_hours(
    deps: Deps,
    shop: Shop,
    phone: str | None,
    checks: Checks,
    *,
    country: str | None = None,
    province: str | None = None,
    city_or_zip: str | None = None,
) -> Hold | None:
    """Whether it is daytime where the owner of *phone* may be: by the address as far as given, and by the number."""
    settings = read_settings_of(shop)
    hours = settings.quiet_hours
    rules = rules_for(country, province, phone) if settings.state_rules else ()
    if not (hours.enabled or rules):
        checks.passed("quiet_hours", "Quiet hours do not apply to this text")
        return None
    zones = recipient_zones(
        phone=phone,
        country=country,
        province=province,
        city_or_zip=city_or_zip,
        shop_zone=settings.time_zone or shop.timezone,
        both=settings.quiet_both,
    )
    start, end = (hours.start, hours.end) if hours.enabled else ("00:00", "00:00")
    opens = next_allowed(deps.clock(), zones=zones, start=start, end=end, rules=rules)
    window = f"{start}–{end} {', '.join(zones)}" if hours.enabled else ", ".join(zones)  # a range of times
    if rules:
        window += f" and the rules of {', '.join(rule.place for rule in rules)}"
    if opens is None:
        checks.passed("quiet_hours", f"Inside {window}")
        return None
    checks.held("quiet_hours", f"Outside {window}: held until {opens:%Y-%m-%d %H:%M} UTC")
    return Hold(opens, "held by quiet hours", phone)


async def _word(
    deps: Deps,
    session: AsyncSession,
    message: Message,
    kind: Kind,
    shop: Shop,
    sender: Sender,
    facts: OrderFacts,
    known: Known,
    checks: Checks,
) -> Verdict:
    if facts.phone is None:
        return checks.failed(reasons.NO_PHONE)
    link = opt_out_link(deps.vault, deps.settings.shopify_app_url, shop, facts.phone)
    try:
        composed = await kind.source.compose(
            session, shop, sender, message, facts, opt_out_url=link, wording=known.wording
        )
    except TemplateError as error:
        return checks.failed(reasons.BAD_TEMPLATE, error.sentence)
    if not composed.text:
        return checks.failed(reasons.EMPTY_TEXT)
    composed = with_other_parcels(composed, facts, await merged_parcels(session, message, deps.clock()))
    composed = await _introduced(deps, session, shop, sender, facts.phone, composed, checks)
    length = "1 segment" if composed.segments == 1 else f"{composed.segments} segments"
    checks.passed("text_composed", f"The text was put together ({composed.locale}, {length})")
    return Go(facts.phone, composed, sender, facts)


async def _introduced(
    deps: Deps, session: AsyncSession, shop: Shop, sender: Sender, phone: str, composed: Composed, checks: Checks
) -> Composed:
    """The first text to a number tells what the texts are, where the shop has switched that on."""
    if not read_settings_of(shop).first_text_disclosure:
        return composed
    if await was_texted_before(session, shop.id, deps.vault.fingerprint(phone)):
        return composed
    introduced = with_disclosure(composed, str(shop_values(shop, sender)["name"]))
    if introduced is None:
        checks.held("first_text_disclosure", "The first text is too long for the disclosure; shorten the template")
        return composed
    checks.passed("first_text_disclosure", "First text to this number: what it is, rates, HELP and STOP were added")
    return introduced

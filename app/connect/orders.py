"""Orders that an organisation's software posts for its connected accounts: stored, changed, deleted, and answered.

The text that an order causes is queued in the transaction that stores it. Whether the customer agreed is asked for
before that transaction, so that the answer can already say why there will be no text; the gate asks again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.alerts import (
    ALERTS,
    DELETED,
    ORDER_PAID,
    ORDER_SHIPPED,
    OURS,
    ask_consent,
    evidence_of,
    newest,
    order_name,
    queue_alert,
)
from app.connect.consent import UNSUBSCRIBED, Evidence, Verdict
from app.connect.models import Account, ConnectOrder
from app.connect.money import format_money
from app.connect.notices import tell_of_order
from app.connect.order_answer import describe_order, kept_metadata
from app.connect.order_form import NOT_MOVING, LineForm, OrderForm
from app.connect.person_form import email_hash_of
from app.connect.queries.accounts import get_account
from app.connect.queries.orders import (
    add_lines,
    cancel_queued_about,
    count_lines,
    keep_profile,
    lines_of,
    reference_exists,
    remove_lines,
    texts_about,
)
from app.consent.opt_out import Evidence as ConsentEvidence
from app.consent.opt_out import record_event
from app.consent.queries import find_suppression
from app.core.errors import Conflict, Invalid
from app.deps import Deps
from app.messages.opt_out import stop_texting
from app.shops.models import Shop
from app.shops.settings import read_settings_of
from app.shops.zone import zone_of

FUTURE = timedelta(hours=24)
"""A payment or shipment dated further ahead has not happened yet and causes no text."""


class OrdersNotEnabled(Invalid):
    """The account has not switched its order texts on, and the caller wants to be told."""


class DuplicateReference(Conflict):
    """The account has an order with this reference already."""


@dataclass(frozen=True)
class Caller:
    """Who posts: *actor* for records ("api_key:7"), *account_id* the connected account it is for."""

    actor: str
    account_id: int


async def consent_for(deps: Deps, shop: Shop, form: OrderForm, *, phone: str | None = None) -> Verdict | None:
    """Asked before the transaction. None: not needed, or Shopify could not say. *phone*: the order's, if known."""
    phone = form.get("profile_phone_number", phone)
    silent = form.get("dont_trigger_auto_actions", False)
    causes = any(form.get(name) for name in ("paid_at", "shipped_at", "shipping_link", "shipping_state"))
    if phone is None or silent or not causes:
        return None
    return await ask_consent(deps, shop, phone, form.consent)


async def create_order(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    caller: Caller,
    form: OrderForm,
    *,
    verdict: Verdict | None,
    refuse_duplicate: bool = False,
    shopify_order_id: str | None = None,
    import_id: int | None = None,
) -> ConnectOrder:
    """Raises `NotFound`, `OrdersNotEnabled`, `DuplicateReference`."""
    account = await get_account(session, shop.id, caller.account_id)
    if form.must_be_enabled and (not account.alerts_enabled or account.revoked_at is not None):
        raise OrdersNotEnabled({"order": "Connect orders are not enabled for this account."})
    reference_id = form.get("reference_id")
    if reference_id is not None and refuse_duplicate:
        known = await reference_exists(session, account.id, reference_id)
        if known is not None:
            raise DuplicateReference(f"There is already an order with this reference_id: it has the id {known}.")
    now = deps.clock()
    order = ConnectOrder(
        shop_id=shop.id,
        account_id=account.id,
        shopify_order_id=shopify_order_id,
        import_id=import_id,
        created_at=form.get("created_at", now),
        recorded_at=now,
        updated_at=now,
        dont_trigger_auto_actions=form.get("dont_trigger_auto_actions", False),
        total_cents=0,
        total_currency=form.get("total_currency") or shop.currency or "USD",
    )
    await _fill(deps, session, shop, order, form, now)
    if "total_cents" not in form.given or form.values["total_cents"] is None:
        order.total_cents = sum(line.price_cents for line in form.lines or [])
    session.add(order)
    await session.flush()
    await keep_lines(session, order.id, form.lines or [])
    await _record_consent(deps, session, shop, order, form.consent, caller)
    await _cause_texts(deps, session, shop, account, order, {"paid_at", "shipped_at"}, verdict)
    if not order.dont_trigger_auto_actions and read_settings_of(shop).connect_news == "all":
        total = format_money(order.total_cents, order.total_currency)
        await tell_of_order(deps, session, shop, account, order_name(order), total)
    return order


async def change_order(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    caller: Caller,
    order: ConnectOrder,
    form: OrderForm,
    *,
    verdict: Verdict | None,
) -> None:
    """Only what was given changes. What has now been paid or shipped for the first time causes its text."""
    account = await get_account(session, shop.id, order.account_id)
    if form.must_be_enabled and (not account.alerts_enabled or account.revoked_at is not None):
        raise OrdersNotEnabled({"order": "Connect orders are not enabled for this account."})
    silent = form.values.get("dont_trigger_auto_actions")
    if order.dont_trigger_auto_actions and silent is False:
        raise Invalid({"order.dont_trigger_auto_actions": "An order stored without automatic actions stays so."})
    now = deps.clock()
    open_before = {name for name in ("paid_at", "shipped_at") if getattr(order, name) is None}
    order.dont_trigger_auto_actions = order.dont_trigger_auto_actions or bool(silent)
    order.created_at = form.get("created_at", order.created_at)
    order.total_currency = form.get("total_currency", order.total_currency)
    await _fill(deps, session, shop, order, form, now)
    order.updated_at = now
    await session.flush()
    if form.lines is not None:
        await keep_lines(session, order.id, form.lines)
        if form.values.get("total_cents") is None and "total_cents" in form.given:
            order.total_cents = sum(line.price_cents for line in form.lines)
    await _record_consent(deps, session, shop, order, form.consent, caller)
    await _cause_texts(deps, session, shop, account, order, open_before, verdict)


async def delete_order(deps: Deps, session: AsyncSession, shop: Shop, order: ConnectOrder) -> None:
    """Gone from every list; its waiting texts are canceled."""
    now = deps.clock()
    order.deleted_at = order.updated_at = now
    deleted = (DELETED.code, DELETED.sentence)
    await cancel_queued_about(session, shop.id, f"{OURS}{order.id}", now=now, reason=deleted)
    await session.flush()


async def answer_order(deps: Deps, session: AsyncSession, shop: Shop, order: ConnectOrder) -> dict[str, Any]:
    [answer] = await answer_orders(deps, session, shop, [order])
    return answer


async def answer_orders(
    deps: Deps, session: AsyncSession, shop: Shop, orders: Sequence[ConnectOrder]
) -> list[dict[str, Any]]:
    """Each with its lines and what became of its texts, in two queries for all."""
    zone = zone_of(shop)
    lines = await lines_of(session, [order.id for order in orders])
    texts = await texts_about(session, shop.id, list(ALERTS), [f"{OURS}{order.id}" for order in orders])
    return [
        describe_order(deps, order, lines.get(order.id, []), texts.get(f"{OURS}{order.id}", {}), zone)
        for order in orders
    ]


async def keep_lines(session: AsyncSession, order_id: int, lines: Sequence[LineForm]) -> None:
    """These instead of all that there were."""
    await remove_lines(session, order_id)
    await add_lines(session, _line_rows(order_id, lines, 0))


async def append_lines(session: AsyncSession, order_id: int, lines: Sequence[LineForm]) -> None:
    await add_lines(session, _line_rows(order_id, lines, await count_lines(session, order_id)))


def phone_of(deps: Deps, order: ConnectOrder) -> str | None:
    return deps.vault.decrypt(order.profile_phone_encrypted) if order.profile_phone_encrypted else None


async def _fill(
    deps: Deps, session: AsyncSession, shop: Shop, order: ConnectOrder, form: OrderForm, now: datetime
) -> None:
    """Every given field but the lines."""
    given, values = form.given, form.values
    for name in ("invoiced", "paid", "shipped", "refunded"):
        if f"{name}_at" in given:
            setattr(order, f"{name}_at", values[f"{name}_at"])
        if f"{name}_source" in given:
            setattr(order, f"{name}_source", values[f"{name}_source"])
    for name in ("reference_id", "shipping_link", "shipping_state", "shipping_source"):
        if name in given:
            setattr(order, name, values[name])
    if values.get("total_cents") is not None:
        order.total_cents = values["total_cents"]
    _ship(order, form, now)
    for name in ("invoiced", "paid", "shipped", "refunded"):
        when, source = f"{name}_at", f"{name}_source"
        setattr(order, source, (getattr(order, source) or "connect") if getattr(order, when) is not None else None)
    for name, column in SEALED.items():
        if name in given:
            setattr(order, column, deps.vault.encrypt(values[name]) if values[name] else None)
    if "metadata" in given or form.unknown:
        kept = {} if "metadata" in given else kept_metadata(deps, order)
        merged = kept | form.unknown | (values.get("metadata") or {})
        order.metadata_encrypted = deps.vault.encrypt(json.dumps(merged)) if merged else None
    if {"profile_phone_number", "profile_email"} & given:
        phone, email = _phone_and_email(deps, order)
        order.phone_hash = deps.vault.fingerprint(phone) if phone else None
        order.email_hash = email_hash_of(deps, email) if email else None
        profile = await keep_profile(session, shop.id, order.phone_hash, order.email_hash, now)
        order.profile_id = profile.id if profile is not None else None


SEALED = {
    "description": "description_encrypted",
    "profile_name": "profile_name_encrypted",
    "profile_email": "profile_email_encrypted",
    "profile_phone_number": "profile_phone_encrypted",
    "profile_shipping_address_raw": "address_encrypted",
}


def _ship(order: ConnectOrder, form: OrderForm, now: datetime) -> None:
    """A link, or a state of a parcel that moves, says that the order has left."""
    state = (form.get("shipping_state") or "").lower()
    moving = bool(form.get("shipping_link")) or (bool(state) and state not in NOT_MOVING)
    if moving and order.shipped_at is None and form.values.get("shipped_at") is None:
        order.shipped_at = now
        order.shipped_source = form.get("shipped_source") or order.shipping_source or "connect"


def _phone_and_email(deps: Deps, order: ConnectOrder) -> tuple[str | None, str | None]:
    phone, email = order.profile_phone_encrypted, order.profile_email_encrypted
    return (deps.vault.decrypt(phone) if phone else None, deps.vault.decrypt(email) if email else None)


def _line_rows(order_id: int, lines: Sequence[LineForm], first: int) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order_id,
            "position": position,
            "name": line.name,
            "quantity": line.quantity,
            "each_price_cents": line.each_price_cents,
            "each_price_currency": line.each_price_currency,
            "price_cents": line.price_cents,
            "price_currency": line.price_currency,
        }
        for position, line in enumerate(lines, first)
    ]


async def _record_consent(
    deps: Deps, session: AsyncSession, shop: Shop, order: ConnectOrder, evidence: Evidence | None, caller: Caller
) -> None:
    """Newer evidence replaces the profile's and is remembered; "unsubscribed" is an opt-out of the brand."""
    phone, _ = _phone_and_email(deps, order)
    if evidence is None or phone is None or order.phone_hash is None:
        return
    now = deps.clock()
    profile = await keep_profile(session, shop.id, order.phone_hash, order.email_hash, now)
    if profile is None:
        return
    known = evidence_of(deps, profile)
    if known == evidence or (known is not None and newest(evidence, known) is known):
        return
    profile.consent_state = evidence.state
    profile.consent_collected_at = evidence.collected_at
    profile.consent_source = evidence.source
    profile.consent_wording_encrypted = deps.vault.encrypt(evidence.wording) if evidence.wording else None
    profile.consent_recorded_at = now
    if evidence.state == UNSUBSCRIBED:
        suppression = await find_suppression(session, shop.id, order.phone_hash)
        if suppression is None or suppression.held:
            told = ConsentEvidence("api", caller.actor, method=evidence.source, words=evidence.wording)
            await stop_texting(deps, session, shop.id, phone, told)
        return
    told = ConsentEvidence(
        "api", caller.actor, method=evidence.source, wording=evidence.wording, at=evidence.collected_at
    )
    await record_event(deps, session, shop.id, phone, told, change=f"api_{evidence.state}")


async def _cause_texts(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    account: Account,
    order: ConnectOrder,
    new: set[str],
    verdict: Verdict | None,
) -> None:
    """*new*: which of paid_at and shipped_at may cause a text, because they were empty before."""
    latest = deps.clock() + FUTURE
    for name, kind in (("paid_at", ORDER_PAID), ("shipped_at", ORDER_SHIPPED)):
        happened_at = getattr(order, name)
        if name in new and happened_at is not None and happened_at < latest:
            await queue_alert(deps, session, shop, account, order, kind, happened_at=happened_at, verdict=verdict)

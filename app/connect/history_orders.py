"""Orders of the past as they are stored: whose they are, what becomes of each, and never a cause of texts.

An order is unique by Shopify's id. One that this run has stored before, and meets again because it reads all anew,
counts as stored and gets its lines again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import may_import
from app.connect.attribution import Order, accounts_for, decision, living_rules, marks_of
from app.connect.models import HistoryImport
from app.connect.money import read_cents
from app.connect.order_form import LineForm, OrderForm
from app.connect.orders import Caller, DuplicateReference, append_lines, create_order, keep_lines
from app.connect.queries.accounts import find_account
from app.connect.queries.attribution import find_attribution, keep_attribution
from app.connect.queries.orders import find_shopify_order, imported_orders
from app.connect.rules import Marks, Match, Rule, match
from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.client import plain_id
from app.shops.models import Shop

RESULTS: Final = ("created", "duplicate", "refused", "nobody", "cancelled", "test")
"""What may become of an order: stored; known before; not wanted by its account; nobody's; cancelled; a test."""
PAID: Final = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED"})


@dataclass(frozen=True)
class Portion:
    """What one step of a run has read.

    *place* is where the run then stands, by column. *lines* (order's id, line) are of orders that an earlier portion
    held. *last*: nothing is left. *wait*: there is nothing to read before then. *anew*: all is read again from its
    beginning, so what was counted counts no more.
    """

    run: HistoryImport
    shop: Shop
    place: Mapping[str, Any]
    orders: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[tuple[str, Mapping[str, Any]]] = ()
    last: bool = False
    wait: timedelta | None = None
    anew: bool = False


async def store_portion(deps: Deps, session: AsyncSession, portion: Portion) -> list[tuple[str, int | None]]:
    """(result, account) of each order."""
    rules = await living_rules(session, portion.shop.id)
    marks = [marks_of(node) for node in portion.orders]
    accounts = await accounts_for(session, portion.shop.id, rules, marks)
    found = [match(rules, each, accounts) for each in marks]
    results = [
        await _store_one(deps, session, portion, node, each if isinstance(each, Match) else None, rules)
        for node, each in zip(portion.orders, found, strict=True)
    ]
    await _store_lines(session, portion)
    return results


async def _store_lines(session: AsyncSession, portion: Portion) -> None:
    """Lines whose order this run stored before; all others are of orders that it did not want."""
    by_order: dict[str, list[LineForm]] = {}
    for order_id, line in portion.lines:
        by_order.setdefault(order_id, []).append(_line(line))
    ours = await imported_orders(session, portion.shop.id, portion.run.id, list(by_order)) if by_order else {}
    for order_id, own_id in ours.items():
        await append_lines(session, own_id, by_order[order_id])


async def _store_one(
    deps: Deps,
    session: AsyncSession,
    portion: Portion,
    node: Mapping[str, Any],
    found: Match | None,
    rules: Sequence[Rule],
) -> tuple[str, int | None]:
    shop, order_id = portion.shop, plain_id(node.get("id")) or ""
    if node.get("test") and deps.settings.production:
        return "test", None
    if node.get("cancelledAt"):
        return "cancelled", None
    known = await find_attribution(session, shop.id, order_id)
    decided = known is not None and known.decided
    account_id = known.account_id if known is not None and decided else found.account_id if found else None
    account = await find_account(session, shop.id, account_id) if account_id is not None else None
    if account is None:
        return "nobody", None
    if not may_import(account):
        return "refused", account.id
    stored = await find_shopify_order(session, shop.id, order_id)
    if stored is not None and stored.import_id == portion.run.id:
        await keep_lines(session, stored.id, form_of(node, shop.country).lines or [])
        return "created", account.id
    if stored is not None:
        return "duplicate", account.id
    if portion.run.dry_run:
        return "created", account.id
    try:
        await create_order(
            deps,
            session,
            shop,
            Caller(portion.run.created_by, account.id),
            form_of(node, shop.country),
            verdict=None,
            refuse_duplicate=True,
            shopify_order_id=order_id,
            import_id=portion.run.id,
        )
    except DuplicateReference:
        return "duplicate", account.id
    if not decided and found is not None:
        order = Order(order_id, node.get("name"), Marks())
        await keep_attribution(session, shop.id, order_id, decision(order, found, deps.clock(), rules))
    return "created", account.id


def form_of(node: Mapping[str, Any], country: str | None) -> OrderForm:
    """An order of Shopify as the API would have been sent it: history, silent from the start."""
    customer, address = node.get("customer") or {}, node.get("shippingAddress") or {}
    name = " ".join(part for part in (customer.get("firstName"), customer.get("lastName")) if part)
    phone = (customer.get("defaultPhoneNumber") or {}).get("phoneNumber") or node.get("phone") or address.get("phone")
    email = (customer.get("defaultEmailAddress") or {}).get("emailAddress") or node.get("email")
    cents, currency = read_cents((node.get("currentTotalPriceSet") or {}).get("shopMoney"))
    created = _moment(node.get("createdAt"))
    parcels = [each for each in node.get("fulfillments") or [] if each.get("status") == "SUCCESS"]
    tracking: Mapping[str, Any] = next(
        (info for each in reversed(parcels) for info in each.get("trackingInfo") or []), {}
    )
    shipped = [at for at in (_moment(each.get("createdAt")) for each in parcels) if at is not None]
    state = node.get("displayFinancialStatus")
    values: dict[str, Any] = {
        "created_at": created,
        "invoiced_at": created,
        "paid_at": _moment(node.get("processedAt")) if state in PAID else None,
        "refunded_at": _moment(node.get("updatedAt")) if state == "REFUNDED" else None,
        "shipped_at": max(shipped, default=None) if node.get("displayFulfillmentStatus") == "FULFILLED" else None,
        "reference_id": node.get("name"),
        "profile_name": name or address.get("name"),
        "profile_phone_number": to_e164(phone, address.get("countryCodeV2") or country) if phone else None,
        "profile_email": email,
        "profile_shipping_address_raw": _address(address),
        "shipping_link": tracking.get("url"),
        "shipping_source": tracking.get("company"),
        "total_cents": cents,
        "total_currency": currency or None,
        "dont_trigger_auto_actions": True,
    }
    values |= {f"{deed}_source": "shopify" for deed in ("invoiced", "paid", "shipped", "refunded")}
    lines = [_line(each) for each in (node.get("lineItems") or {}).get("nodes") or []]
    return OrderForm(given=set(values), values=values, lines=lines)


def _line(item: Mapping[str, Any]) -> LineForm:
    cents, currency = read_cents((item.get("originalUnitPriceSet") or {}).get("shopMoney"))
    quantity = int(item.get("quantity") or 0)
    return LineForm(
        str(item.get("name") or "")[:500],
        Decimal(quantity),
        cents,
        currency or "USD",
        cents * quantity,
        currency or "USD",
    )


def _address(address: Mapping[str, Any]) -> str | None:
    place = " ".join(part for part in (address.get("provinceCode"), address.get("zip")) if part)
    parts = (address.get("address1"), address.get("address2"), address.get("city"), place)
    return ", ".join(part for part in parts if part) or None


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None

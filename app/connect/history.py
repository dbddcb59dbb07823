"""Backfill from Shopify: past orders of connected accounts, a page at a time, counted, paused, resumed, never texted.

Each page is one job and one transaction, which stores the orders, the counts and the cursor of the next page, and
queues the next job. So a run that was killed goes on with its page, and none is stored twice: orders are unique by
Shopify's id. Stored orders carry `dont_trigger_auto_actions`, which the gate looks at again before any text. Whose an
order is follows from the same rules as for new ones; an account that does not want its history, or has taken its
permission back, keeps none.
Source: Shopify, `orders` (60 days with `read_orders`, all with `read_all_orders`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import may_import
from app.connect.attribution import Order, accounts_for, decision, living_rules, marks_of
from app.connect.models import HistoryImport
from app.connect.moments import read_moment, zone_of
from app.connect.money import read_cents
from app.connect.order_form import LineForm, OrderForm
from app.connect.orders import Caller, DuplicateReference, create_order
from app.connect.queries.accounts import find_account
from app.connect.queries.attribution import find_attribution, keep_attribution
from app.connect.queries.history import find_import, get_import, imports_of, unfinished_import
from app.connect.queries.orders import shopify_order_exists
from app.connect.rules import Marks, Match, Rule, match
from app.core.errors import Conflict, Invalid
from app.core.jobs import enqueue
from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.client import AccessForbidden, AccessTokenRejected, ShopUnavailable, operation, plain_id
from app.shops.admin_api import run_operation
from app.shops.models import Shop
from app.shops.queries import get_shop, get_shop_locked, write_audit

log = get_logger(__name__)

IMPORT: Final = "connect.import_page"
PACKAGE: Final = "app.connect"
RUNNING, PAUSED, DONE, FAILED = "running", "paused", "done", "failed"
WINDOW: Final = timedelta(days=60)
RESULTS: Final = ("created", "duplicate", "refused", "nobody", "cancelled", "test")
"""What may become of an order: stored; known before; not wanted by its account; nobody's; cancelled; a test."""
PAID: Final = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED"})


@dataclass(frozen=True)
class Page:
    """Where a run stands before a page, and what Shopify answered for it."""

    run: HistoryImport
    shop: Shop
    orders: Sequence[Mapping[str, Any]]
    next_cursor: str | None


async def start_import(deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str) -> dict[str, Any]:
    """*form*: `{"dry_run", "since"}`. Raises `Invalid`; `Conflict` while another one is under way."""
    dry_run, since = _read(deps, shop, form)
    if not await living_rules(session, shop.id):
        raise Invalid({"since": "Save a rule under Attribution first. It decides which account an order belongs to."})
    await _be_the_only_one(session, shop.id)
    now = deps.clock()
    run = HistoryImport(
        shop_id=shop.id,
        dry_run=dry_run,
        state=RUNNING,
        since=since,
        counts={},
        fence=0,
        created_at=now,
        created_by=actor,
        updated_at=now,
    )
    session.add(run)
    await session.flush()
    await enqueue(session, IMPORT, [run.id])
    await _audit(deps, session, shop, actor, "import_started", run.id)
    return describe_import(run)


async def pause_import(deps: Deps, session: AsyncSession, shop: Shop, import_id: int, *, actor: str) -> dict[str, Any]:
    """The page that is being read is still stored. Raises `NotFound`, `Conflict`."""
    return await _turn(deps, session, shop, import_id, (RUNNING,), PAUSED, actor)


async def resume_import(deps: Deps, session: AsyncSession, shop: Shop, import_id: int, *, actor: str) -> dict[str, Any]:
    """Goes on with the page that it stopped at; a failed one too. Raises `NotFound`, `Conflict`."""
    await _be_the_only_one(session, shop.id, besides=import_id)
    described = await _turn(deps, session, shop, import_id, (PAUSED, FAILED), RUNNING, actor)
    await enqueue(session, IMPORT, [import_id])
    return described


async def stop_import(deps: Deps, session: AsyncSession, shop: Shop, import_id: int, *, actor: str) -> dict[str, Any]:
    """For good. What was stored stays. Raises `NotFound`, `Conflict`."""
    return await _turn(deps, session, shop, import_id, (RUNNING, PAUSED, FAILED), DONE, actor)


async def list_imports(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    return [describe_import(run) for run in await imports_of(session, shop_id)]


async def read_import(session: AsyncSession, shop_id: int, import_id: int) -> dict[str, Any]:
    return describe_import(await get_import(session, shop_id, import_id))


def describe_import(run: HistoryImport) -> dict[str, Any]:
    """*read* of *total* orders; *counts* by what became of them. A dry run's "created" is what would be stored."""
    counts = {name: int(run.counts.get(name, 0)) for name in RESULTS}
    return {
        "id": run.id,
        "dry_run": run.dry_run,
        "state": run.state,
        "since": run.since.isoformat() if run.since else None,
        "total": run.total,
        "read": sum(counts.values()),
        "counts": counts,
        "accounts": {key[8:]: count for key, count in run.counts.items() if key.startswith("account:")},
        "problem": run.problem,
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


async def import_page(deps: Deps, import_id: int) -> None:
    """The next page of a running import. Raises `ShopifyUnavailable`, to be tried again."""
    try:
        page = await _read_page(deps, import_id)
    except (AccessTokenRejected, AccessForbidden, ShopUnavailable) as error:
        await _fail(deps, import_id, error.sentence)
        return
    if page is None:
        return
    async with deps.db.transaction() as session:
        run = await find_import(session, import_id, lock=True)
        # Another worker has stored this page meanwhile: what it counted counts.
        if run is None or run.fence != page.run.fence or run.state not in (RUNNING, PAUSED):
            return
        counts = Counter(run.counts)
        for result, account_id in await _store(deps, session, page):
            counts[result] += 1
            if account_id is not None and result == "created":
                counts[f"account:{account_id}"] += 1
        run.counts, run.total = dict(counts), page.run.total
        run.fence += 1
        run.cursor = page.next_cursor
        run.updated_at = deps.clock()
        if page.next_cursor is None:
            run.state, run.finished_at = DONE, deps.clock()
            log.info("connect.imported", shop_id=run.shop_id, import_id=run.id, created=counts["created"])
        elif run.state == RUNNING:
            await enqueue(session, IMPORT, [run.id])


async def _read_page(deps: Deps, import_id: int) -> Page | None:
    async with deps.db.transaction() as session:
        run = await find_import(session, import_id)
        if run is None or run.state != RUNNING:
            return None
        shop = await get_shop(session, run.shop_id)
    if not shop.installed:
        raise ShopUnavailable("The shop has uninstalled the app.")
    query = _query(run)
    if run.total is None:
        counted = await run_operation(deps, shop.id, operation(PACKAGE, "history_count"), {"query": query})
        run.total = int((counted.whole("ordersCount") or {}).get("count") or 0)
    variables = {"query": query, "cursor": run.cursor}
    answer = await run_operation(deps, shop.id, operation(PACKAGE, "history_page"), variables)
    connection = answer["orders"]
    if not isinstance(connection, Mapping):
        answer.whole("orders")
        connection = {}
    orders = [each for each in connection.get("nodes") or [] if isinstance(each, Mapping)]
    orders = [await _with_all_lines(deps, shop.id, each) for each in orders]
    info = connection.get("pageInfo") or {}
    return Page(run, shop, orders, info.get("endCursor") if info.get("hasNextPage") and orders else None)


async def _with_all_lines(deps: Deps, shop_id: int, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """Few orders have more lines than a page of orders can afford to ask for (a query may cost 1,000 points)."""
    if not ((order.get("lineItems") or {}).get("pageInfo") or {}).get("hasNextPage"):
        return order
    answer = await run_operation(deps, shop_id, operation(PACKAGE, "history_lines"), {"id": order.get("id")})
    return {**order, "lineItems": (answer.whole("order") or {}).get("lineItems")}


def _query(run: HistoryImport) -> str:
    """Up to its own start: what comes later is no history."""
    since = (run.since or run.created_at - WINDOW).astimezone(UTC)
    return (
        f"created_at:>='{since:%Y-%m-%dT%H:%M:%SZ}' created_at:<'{run.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
    )


async def _store(deps: Deps, session: AsyncSession, page: Page) -> list[tuple[str, int | None]]:
    """(result, account) of each order of the page."""
    rules = await living_rules(session, page.shop.id)
    marks = [marks_of(node) for node in page.orders]
    accounts = await accounts_for(session, page.shop.id, rules, marks)
    found = [match(rules, each, accounts) for each in marks]
    return [
        await _store_one(deps, session, page, node, each if isinstance(each, Match) else None, rules)
        for node, each in zip(page.orders, found, strict=True)
    ]


async def _store_one(
    deps: Deps,
    session: AsyncSession,
    page: Page,
    node: Mapping[str, Any],
    found: Match | None,
    rules: Sequence[Rule],
) -> tuple[str, int | None]:
    shop, order_id = page.shop, plain_id(node.get("id")) or ""
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
    if await shopify_order_exists(session, shop.id, order_id):
        return "duplicate", account.id
    if page.run.dry_run:
        return "created", account.id
    try:
        await create_order(
            deps,
            session,
            shop,
            Caller(page.run.created_by, account.id),
            form_of(node, shop.country),
            verdict=None,
            refuse_duplicate=True,
            shopify_order_id=order_id,
            import_id=page.run.id,
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


def _read(deps: Deps, shop: Shop, form: object) -> tuple[bool, datetime | None]:
    given = form if isinstance(form, Mapping) else {}
    dry_run, since = given.get("dry_run", True), given.get("since")
    wrong = {}
    if not isinstance(dry_run, bool):
        wrong["dry_run"] = "This must be true or false."
    moment = None
    if since not in (None, ""):
        moment = read_moment(since, now=deps.clock(), zone=zone_of(shop)) if isinstance(since, str) else None
        if moment is None or moment >= deps.clock():
            wrong["since"] = "Give a day in the past, for example 2026-10-01."
    if wrong:
        raise Invalid(wrong)
    return bool(dry_run), moment


async def _be_the_only_one(session: AsyncSession, shop_id: int, *, besides: int | None = None) -> None:
    """Raises `Conflict`. Starts wait for each other, so that two windows do not start two."""
    await get_shop_locked(session, shop_id)
    other = await unfinished_import(session, shop_id)
    if other is not None and other.id != besides:
        raise Conflict("An import is under way already. Let it finish, or stop it first.")


async def _turn(
    deps: Deps, session: AsyncSession, shop: Shop, import_id: int, origin: tuple[str, ...], to: str, actor: str
) -> dict[str, Any]:
    run = await get_import(session, shop.id, import_id, lock=True)
    if run.state not in origin:
        raise Conflict("This import has changed meanwhile. Reload the page to see how it stands.")
    run.state, run.updated_at, run.problem = to, deps.clock(), None
    run.finished_at = deps.clock() if to == DONE else None
    await _audit(deps, session, shop, actor, f"import_{to}", run.id)
    return describe_import(run)


async def _fail(deps: Deps, import_id: int, sentence: str) -> None:
    async with deps.db.transaction() as session:
        run = await find_import(session, import_id, lock=True)
        if run is not None and run.state == RUNNING:
            run.state, run.problem, run.updated_at = FAILED, sentence, deps.clock()


async def _audit(deps: Deps, session: AsyncSession, shop: Shop, actor: str, action: str, import_id: int) -> None:
    await write_audit(
        session, shop.domain, at=deps.clock(), actor=actor, action=action, detail={"import_id": import_id}
    )

"""Decides whose an order of Shopify is, once, and has its texts leave from that person's number.

An order's webhook carries all but the customer's tags. Where a rule asks for those, and for orders whose webhook never
came, Shopify is asked: by a job, or at the gate, whichever comes first. An account whose alerts are off, that took its
grant back or has no number texts nobody; its orders stay its own, and their buyers hear from the shop as usual.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import names_of
from app.connect.models import Account, AttributionRule
from app.connect.money import format_money, read_cents
from app.connect.notices import tell_of_order
from app.connect.queries.accounts import accounts_meant, find_account, get_account
from app.connect.queries.attribution import find_attribution, keep_attribution, move_waiting, replace_rules, rules_of
from app.connect.rules import (
    FIELDS,
    LANDING_PAGE,
    Accounts,
    Marks,
    Match,
    Rule,
    Undecided,
    candidates,
    match,
    read_rules,
    visited,
)
from app.core.errors import Invalid, NotFound, Overtaken
from app.core.jobs import enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.shopify.client import gid, operation
from app.shops.admin_api import run_operation
from app.shops.models import Sender, SenderState, Shop
from app.shops.queries import find_sender, get_shop, get_shop_locked, write_audit
from app.shops.settings import read_settings_of

log = get_logger(__name__)

ATTRIBUTE: Final = "connect.attribute"
PACKAGE: Final = "app.connect"


@dataclass(frozen=True)
class Order:
    """What is known of an order when its owner is looked for. *total*: as it is shown, or empty."""

    id: str
    name: str | None
    marks: Marks
    total: str = ""


async def read_saved_rules(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    return [
        {"field": each.field, "name": each.name or "", "pattern": each.pattern or "", "account_id": each.account_id}
        for each in await rules_of(session, shop_id)
    ]


async def save_rules(deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str) -> None:
    """All of them, in order. Orders that were decided about stay whose they are. Raises `Invalid`.

    With `was` in *form*, the list that whoever saves had before them, another list by now is `Overtaken`.
    """
    rules = read_rules(form)
    await _know_accounts(session, shop.id, rules)
    now = deps.clock()
    locked = await get_shop_locked(session, shop.id)
    _refuse_undoing(form, await read_saved_rules(session, shop.id))
    rows = [
        AttributionRule(
            shop_id=shop.id,
            position=position,
            field=rule.field,
            name=rule.name or None,
            pattern=rule.pattern or None,
            account_id=rule.account_id,
            created_at=now,
        )
        for position, rule in enumerate(rules)
    ]
    await replace_rules(session, shop.id, rows)
    locked.attributes_orders = bool(rules)
    await write_audit(
        session, shop.domain, at=now, actor=actor, action="attribution_saved", detail={"rules": len(rules)}
    )


def _refuse_undoing(form: object, stored: list[dict[str, Any]]) -> None:
    was = form.get("was") if isinstance(form, Mapping) else None
    if not isinstance(was, list) or [_parts(each) for each in was] == [_parts(each) for each in stored]:
        return
    now = {f"rules.{index}.{part}": value for index, rule in enumerate(stored) for part, value in rule.items()}
    raise Overtaken("Somebody else has changed this meanwhile. Your change is not saved yet.", now, rules=stored)


def _parts(rule: object) -> tuple[object, ...]:
    given = rule if isinstance(rule, Mapping) else {}
    return tuple(given.get(part) or "" for part in ("field", "name", "pattern", "account_id"))


async def try_rules(deps: Deps, shop: Shop, form: object) -> dict[str, Any]:
    """What *form*'s rules would say of the shop's latest orders; nothing is saved. Raises `Invalid`, `ShopifyError`."""
    rules = read_rules(form)
    async with deps.db.transaction() as session:
        await _know_accounts(session, shop.id, rules)
    answer = await run_operation(deps, shop.id, operation(PACKAGE, "marks_of_recent"))
    nodes = [each for each in (answer["orders"] or {}).get("nodes") or [] if isinstance(each, Mapping)]
    marks = [marks_of(node) for node in nodes]
    async with deps.db.transaction() as session:
        accounts = await accounts_for(session, shop.id, rules, marks)
        found = [match(rules, each, accounts) for each in marks]
        names = await names_of(deps, session, shop.id, {each.account_id for each in found if isinstance(each, Match)})
    people = {account_id: {"id": account_id, "name": name} for account_id, name in names.items()}
    orders = [
        {
            "name": node.get("name") or "",
            "created_at": node.get("createdAt"),
            "account": people.get(each.account_id) if isinstance(each, Match) else None,
            "rule": each.position if isinstance(each, Match) else None,
            "value": each.value if isinstance(each, Match) else None,
        }
        for node, each in zip(nodes, found, strict=True)
    ]
    hits = [sum(each["rule"] == position for each in orders) for position in range(len(rules))]
    return {"orders": orders, "attributed": sum(hits), "hits": hits}


async def attribute_webhook(deps: Deps, session: AsyncSession, shop: Shop, order: Order) -> str:
    """From what a webhook says; where that is not enough, Shopify is asked by a job. The outcome in a word."""
    rules = await living_rules(session, shop.id)
    if not rules:
        return "no rules"
    accounts = await accounts_for(session, shop.id, rules, [order.marks])
    found = match(rules, order.marks, accounts)
    if isinstance(found, Undecided):
        asked = {rule.name.lower() for rule in rules if rule.field == LANDING_PAGE}
        landing = {name: value for name, value in order.marks.landing if name.lower() in asked}
        values = decision(order, None, deps.clock()) | {"decided": False, "landing": landing}
        await keep_attribution(session, shop.id, order.id, values)
        await enqueue(session, ATTRIBUTE, [f"{shop.id}:{order.id}"])
        return "has to ask for the tags of the customer"
    return await _keep(deps, session, shop, order, found, rules)


async def attribute_order(deps: Deps, shop_id: int, order_id: str) -> None:
    """Decide about an order that was not decided about, on fresh facts. Raises `ShopifyError`s."""
    async with deps.db.transaction() as session:
        shop = await get_shop(session, shop_id)
        known = await find_attribution(session, shop_id, order_id)
        rules = await living_rules(session, shop_id)
    if not rules or (known is not None and known.decided):
        return
    answer = await run_operation(deps, shop_id, operation(PACKAGE, "order_marks"), {"id": gid("Order", order_id)})
    node = answer["order"]
    if not isinstance(node, Mapping):
        answer.whole("order")
        return
    marks = marks_of(node, landing=(known.landing if known is not None else None) or {})
    order = Order(order_id, node.get("name"), marks, total_of(node))
    async with deps.db.transaction() as session:
        accounts = await accounts_for(session, shop_id, rules, [marks])
        found = match(rules, marks, accounts)
        await _keep(deps, session, shop, order, found if isinstance(found, Match) else None, rules)


async def living_rules(session: AsyncSession, shop_id: int) -> list[Rule]:
    return [
        Rule(each.field, each.name or "", each.pattern or "", each.account_id)
        for each in await rules_of(session, shop_id)
        if each.field in FIELDS
    ]


async def accounts_for(session: AsyncSession, shop_id: int, rules: Sequence[Rule], marks: Sequence[Marks]) -> Accounts:
    """The accounts that *rules* may find in *marks*."""
    named = {rule.account_id for rule in rules if rule.account_id is not None}
    meant = {each for one in marks for each in candidates(rules, one)}
    if not named and not meant:
        return Accounts()
    living, by_connect_id = await accounts_meant(session, shop_id, named, meant)
    return Accounts(frozenset(living), dict(by_connect_id))


def marks_of(node: Mapping[str, Any], *, landing: Mapping[str, str] | None = None) -> Marks:
    """An order as the Admin API shows it. *landing*: what its webhook told of the page it came by."""
    customer = node.get("customer") or {}
    attributes = [each for each in node.get("customAttributes") or [] if isinstance(each, Mapping)]
    known = tuple((landing or {}).items())
    return Marks(
        discount_codes=tuple(str(code) for code in node.get("discountCodes") or []),
        order_tags=tuple(str(tag) for tag in node.get("tags") or []),
        note_attributes=tuple((str(each.get("key") or ""), str(each.get("value") or "")) for each in attributes),
        customer_tags=tuple(str(tag) for tag in customer.get("tags") or []),
        landing=tuple(dict.fromkeys((*known, *visited(node.get("customerJourneySummary"))))),
    )


def total_of(node: Mapping[str, Any]) -> str:
    cents, currency = read_cents((node.get("currentTotalPriceSet") or {}).get("shopMoney"))
    return format_money(cents, currency) if currency else ""


def may_text(account: Account | None, sender: Sender | None) -> bool:
    """Whether buyers are texted in this account's name."""
    if account is None or sender is None or sender.phone_number is None:
        return False
    working = sender.state in (SenderState.READY, SenderState.PAUSED)
    return working and account.alerts_enabled and account.revoked_at is None


async def texting_sender(session: AsyncSession, shop_id: int, account_id: int) -> Sender | None:
    """The number of an account that texts; None when its buyers hear from the shop."""
    account = await find_account(session, shop_id, account_id)
    sender = await find_sender(session, shop_id, account_id=account_id)
    return sender if may_text(account, sender) else None


async def _keep(
    deps: Deps, session: AsyncSession, shop: Shop, order: Order, found: Match | None, rules: Sequence[Rule]
) -> str:
    now = deps.clock()
    values = decision(order, found, now, rules)
    if not await keep_attribution(session, shop.id, order.id, values):
        return "decided before"
    if found is None:
        return "nobody's"
    log.info("connect.attributed", shop_id=shop.id, account_id=found.account_id, rule=found.position)
    sender = await texting_sender(session, shop.id, found.account_id)
    if sender is not None:
        await move_waiting(session, shop.id, order.id, sender.id)
    await _tell(deps, session, shop, found.account_id, order)
    return f"account {found.account_id}"


async def _tell(deps: Deps, session: AsyncSession, shop: Shop, account_id: int, order: Order) -> None:
    if read_settings_of(shop).connect_news != "none":
        account = await get_account(session, shop.id, account_id)
        await tell_of_order(deps, session, shop, account, order.name or "", order.total)


def decision(order: Order, found: Match | None, now: datetime, rules: Sequence[Rule] = ()) -> dict[str, Any]:
    """The columns of an `Attribution`. Of the rule that decided its words are kept, because rules are replaced."""
    rule = rules[found.position] if found is not None else None
    told = {"field": rule.field, "name": rule.name, "value": found.value} if rule is not None and found else {}
    return {
        "account_id": found.account_id if found is not None else None,
        "rule": json.dumps(told) if told else "",
        "decided": True,
        "landing": None,
        "order_name": order.name,
        "at": now,
    }


async def _know_accounts(session: AsyncSession, shop_id: int, rules: Sequence[Rule]) -> None:
    """Raises `Invalid` for an account that is not the shop's."""
    wrong = {}
    for index, rule in enumerate(rules):
        if rule.account_id is None:
            continue
        try:
            await get_account(session, shop_id, rule.account_id)
        except NotFound:
            wrong[f"rules.{index}.account_id"] = "Choose a connected account."
    if wrong:
        raise Invalid(wrong)

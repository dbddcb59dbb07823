"""`/api/v1/orders`: an organisation's orders for its connected accounts; one by one, as a list, and history in bulk."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.v1.call import Answer, Call, decoded
from app.api.v1.errors import ApiError, code_of
from app.api.v1.pages import page_of, read_page
from app.connect.accounts import may_import
from app.connect.alerts import REVOKED
from app.connect.models import Account, ConnectOrder
from app.connect.order_form import OrderForm, read_order
from app.connect.orders import (
    Caller,
    DuplicateReference,
    answer_order,
    answer_orders,
    change_order,
    consent_for,
    create_order,
    delete_order,
    phone_of,
)
from app.connect.queries.accounts import find_account, find_account_by_connect_id
from app.connect.queries.orders import get_order, order_page
from app.core.errors import AppError, Invalid, NotFound
from app.core.whole_number import whole_number
from app.shops.zone import zone_of

BY_REFERENCE: Final = "reference_id-"
MOST_AT_ONCE: Final = 200
TRUE: Final = re.compile(r"true|1|yes", re.IGNORECASE)


async def create(call: Call) -> Answer:
    account = await call.account()
    form = _form(call, call.object())
    verdict = await consent_for(call.deps, call.shop, form)
    refuse = bool(TRUE.fullmatch(call.request.headers.get("x-fail-creation-on-duplicate-reference-id", "").strip()))

    async def work(session: AsyncSession) -> Answer:
        caller = Caller(call.actor, account.id)
        order = await create_order(
            call.deps, session, call.shop, caller, form, verdict=verdict, refuse_duplicate=refuse
        )
        return Answer(await answer_order(call.deps, session, call.shop, order), 201)

    return await call.once(work)


async def read(call: Call) -> Answer:
    account = await call.named_account()
    async with call.deps.db.transaction() as session:
        order = await _find(call, session, account)
        return Answer(await answer_order(call.deps, session, call.shop, order))


async def change(call: Call) -> Answer:
    account = await call.named_account()
    form = _form(call, call.object())
    async with call.deps.db.transaction() as session:
        phone = phone_of(call.deps, await _find(call, session, account))
    verdict = await consent_for(call.deps, call.shop, form, phone=phone)

    async def work(session: AsyncSession) -> Answer:
        order = await _find(call, session, account)
        caller = Caller(call.actor, order.account_id)
        await change_order(call.deps, session, call.shop, caller, order, form, verdict=verdict)
        return Answer(await answer_order(call.deps, session, call.shop, order))

    return await call.once(work)


async def delete(call: Call) -> Answer:
    account = await call.named_account()

    async def work(session: AsyncSession) -> Answer:
        order = await _find(call, session, account)
        await delete_order(call.deps, session, call.shop, order)
        return Answer({"id": order.id, "object": "order", "deleted": True})

    return await call.once(work)


async def list_(call: Call) -> Answer:
    before, limit = read_page(call.request.query_params)
    reference_id = call.request.query_params.get("reference_id")
    if reference_id is not None and "\0" in reference_id:
        raise Invalid({"reference_id": "This is no reference_id."})
    account = await call.named_account()
    async with call.deps.db.transaction() as session:
        found = await order_page(
            session,
            call.shop.id,
            account_id=account.id if account is not None else None,
            reference_id=reference_id,
            before=before,
            limit=limit + 1,
        )
        page = found[:limit]
        data = await answer_orders(call.deps, session, call.shop, page)
    return Answer(page_of(data, page[-1].id if len(found) > limit else None))


async def import_(call: Call) -> Answer:
    """History, at most 200 orders at once: stored silently, an order whose reference is known is left as it is.

    Each order names its account itself (`user_id` or `connect_id` beside its fields), or the headers name it for all.
    """
    named = await call.named_account()
    orders = call.object().get("orders")
    if not isinstance(orders, list) or not 0 < len(orders) <= MOST_AT_ONCE:
        raise Invalid({"orders": f"Give a list of 1 to {MOST_AT_ONCE} orders."})
    dry_run = TRUE.fullmatch(call.request.query_params.get("dry_run", "")) is not None

    async def work(session: AsyncSession) -> Answer:
        results = [await _import_one(call, session, index, each, named, dry_run) for index, each in enumerate(orders)]
        counts = {name: sum(result["result"] == name for result in results) for name in RESULTS}
        return Answer({"object": "import", "dry_run": dry_run, "counts": counts, "results": results})

    return await call.once(work)


RESULTS: Final = ("created", "duplicate", "refused", "invalid")


async def _import_one(
    call: Call, session: AsyncSession, index: int, given: object, named: Account | None, dry_run: bool
) -> dict[str, Any]:
    """One order's result; a wrong one leaves the others alone."""
    reference = given.get("reference_id") if isinstance(given, Mapping) else None
    result: dict[str, Any] = {"index": index, "reference_id": reference, "result": "created", "id": None, "error": None}
    try:
        fields = dict(given) if isinstance(given, Mapping) else {}
        user_id, connect_id = fields.pop("user_id", None), fields.pop("connect_id", None)
        account = await _account_of(call, session, user_id, connect_id, named)
        if not may_import(account):
            unwanted = "This account does not want its history imported."
            sentence = REVOKED.sentence if account.revoked_at is not None else unwanted
            raise ApiError(409, "import_refused", sentence)
        form = _form(call, {"order": {**fields, "dont_trigger_auto_actions": True}} if fields else {})
        if dry_run:
            known = form.get("reference_id") and await order_page(
                session, call.shop.id, account_id=account.id, reference_id=form.get("reference_id"), limit=1
            )
            return result | ({"result": "duplicate", "id": known[0].id} if known else {})
        order = await create_order(
            call.deps,
            session,
            call.shop,
            Caller(call.actor, account.id),
            form,
            verdict=None,
            refuse_duplicate=True,
        )
        return result | {"id": order.id}
    except DuplicateReference as known:
        return result | {"result": "duplicate", "error": _error(known)}
    except AppError as error:
        refused = isinstance(error, ApiError) and error.code == "import_refused"
        return result | {"result": "refused" if refused else "invalid", "error": _error(error)}


async def _account_of(
    call: Call, session: AsyncSession, user_id: object, connect_id: object, named: Account | None
) -> Account:
    if user_id is None and connect_id is None:
        if named is None:
            raise ApiError(422, "account_required", "Name the account by user_id or connect_id, or by a header.")
        return named
    account = None
    if user_id is not None:
        number = whole_number(str(user_id)) if isinstance(user_id, int | str) else None
        account = await find_account(session, call.shop.id, number) if number is not None else None
    elif isinstance(connect_id, str | int):
        account = await find_account_by_connect_id(session, call.shop.id, str(connect_id))
    if account is None:
        raise ApiError(404, "account_not_found", "No connected account has this id.")
    return account


async def _find(call: Call, session: AsyncSession, account: Account | None) -> ConnectOrder:
    """The order that the address names, by id or `reference_id-…`. Raises `NotFound`."""
    name = decoded(str(call.request.path_params["order"]))
    account_id = account.id if account is not None else None
    if name.startswith(BY_REFERENCE) and "\0" not in name:
        reference_id = name.removeprefix(BY_REFERENCE)
        return await get_order(session, call.shop.id, reference_id=reference_id, account_id=account_id)
    order_id = whole_number(name)
    if order_id is None:
        raise NotFound("There is no such order.")
    return await get_order(session, call.shop.id, order_id=order_id, account_id=account_id)


def _form(call: Call, body: object) -> OrderForm:
    shop = call.shop
    return read_order(
        body,
        now=call.deps.clock(),
        zone=zone_of(shop),
        currency=shop.currency or "USD",
        country=shop.country or "US",
    )


def _error(error: AppError) -> dict[str, Any]:
    fields = error.errors if isinstance(error, Invalid) else {}
    return {"code": code_of(error), "message": error.sentence, "fields": fields}

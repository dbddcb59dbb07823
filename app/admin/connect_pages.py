"""The Connect section: accounts, defaults, whose an order is, history, keys, webhooks and the log of calls."""

import json
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.admin.connect import NO_ACCOUNT
from app.admin.connect_texts import show_account_text
from app.admin.in_address import id_or_first, path_id
from app.admin.page import page, render
from app.admin.session import Visit
from app.connect.account_search import find_accounts
from app.connect.accounts import SAVED_FIELDS, account_choices, hosted_url, list_accounts, names_of, read_account
from app.connect.agreement import STATEMENT
from app.connect.attribution import read_saved_rules, try_rules
from app.connect.history import DONE, list_imports
from app.connect.joining import describe_hosted_page
from app.connect.keys import SCOPES, list_keys
from app.connect.orders import answer_orders
from app.connect.outgoing import EVENTS, describe_endpoint, list_calls
from app.connect.own_texts import describe_own_texts
from app.connect.queries.accounts import get_account
from app.connect.queries.attribution import attributions_of
from app.connect.queries.orders import order_page
from app.connect.queries.outgoing import endpoints_of
from app.connect.request_log import request_log
from app.connect.rules import NAMED
from app.core.errors import AppError, Invalid
from app.core.language import language_of
from app.notifications.catalogue import describe_notification, get_kind
from app.shops.connection_view import describe_connection
from app.shops.settings import read_settings_of

ON_A_PAGE = 50
ORDERS_SHOWN = 20
DEFAULT_TEXTS = ("connect_order_paid", "connect_order_shipped")


def routes() -> list[BaseRoute]:
    return [
        Route("/connect", show_accounts),
        Route("/connect/page", show_hosted_page),
        Route("/connect/accounts/{id}", show_account),
        Route("/connect/accounts/{id}/texts/{kind}", show_account_text),
        Route("/connect/attribution", show_attribution),
        Route("/connect/history", show_history),
        Route("/connect/keys", show_keys),
        Route("/connect/webhooks", show_webhooks),
        Route("/connect/requests", show_requests),
    ]


@page
async def show_accounts(visit: Visit) -> Response:
    after, wanted = id_or_first(visit, "after"), visit.request.query_params.get("q", "").strip()
    async with visit.deps.db.transaction() as session:
        if wanted:
            matching = await find_accounts(visit.deps, session, visit.shop, wanted, limit=ON_A_PAGE)
            found: dict[str, Any] = {"accounts": matching.accounts, "next": None, "opened": matching.opened}
            found["cut"] = len(matching.accounts) if matching.more else None
        else:
            found = await list_accounts(visit.deps, session, visit.shop.id, after=after, limit=ON_A_PAGE)
        texts = [await describe_notification(session, visit.shop.id, get_kind(kind)) for kind in DEFAULT_TEXTS]
    return render(
        visit,
        "connect",
        accounts=found["accounts"],
        wanted=wanted,
        opened=found.get("opened"),
        cut=found.get("cut"),
        more=f"/connect?after={found['next']}" if found["next"] else None,
        first="/connect" if after is not None else None,
        texts=texts,
        saved=read_settings_of(visit.shop),
        hosted=hosted_url(visit.deps, visit.shop),
        stated=STATEMENT,
    )


@page
async def show_hosted_page(visit: Visit) -> Response:
    """The secret is not on it: whoever wants it asks for it."""
    hosted = describe_hosted_page(visit.deps, visit.shop)
    return render(
        visit, "connect_page", saved=read_settings_of(visit.shop), url=hosted["url"], snippet=hosted["snippet"]
    )


@page
async def show_account(visit: Visit) -> Response:
    deps, shop, account_id = visit.deps, visit.shop, path_id(visit, NO_ACCOUNT)
    async with deps.db.transaction() as session:
        account = await read_account(deps, session, shop, account_id)
        texts = await describe_own_texts(session, shop, await get_account(session, shop.id, account_id))
        newest = await order_page(session, shop.id, account_id=account_id, limit=ORDERS_SHOWN)
        orders = await answer_orders(deps, session, shop, newest)
        attributed = await attributions_of(session, shop.id, account_id=account_id, limit=ORDERS_SHOWN)
        # Who brought a login of their own chooses among its numbers; everybody may be given one of the shop's.
        theirs = account["connection"]["numbers"] if account["own_number"] else []
        shops_own = (await describe_connection(session, shop.id))["numbers"]
    return render(
        visit,
        "connect_account",
        account=account,
        stored={field: account[field] for field in SAVED_FIELDS},
        texts=texts,
        orders=orders,
        attributed=attributed,
        own_numbers=[each for each in theirs if each["usable"]],
        lendable=[each for each in shops_own if each["usable"]],
        stated=STATEMENT,
    )


@page
async def show_attribution(visit: Visit) -> Response:
    """With `?try=` the rules in it are tried on past orders; only the results of that page are used."""
    async with visit.deps.db.transaction() as session:
        rules = await read_saved_rules(session, visit.shop.id)
        ruled = {int(rule["account_id"]) for rule in rules if rule["account_id"] is not None}
        accounts = await account_choices(visit.deps, session, visit.shop.id, ruled)
    tried, trouble = None, None
    given = visit.request.query_params.get("try")
    if given is not None:
        try:
            tried = await try_rules(visit.deps, visit.shop, _json(given))
        except Invalid as error:
            trouble = error.sentence
        except AppError as error:
            trouble = language_of(visit.request).told(error.sentence)
    return render(
        visit, "connect_attribution", rules=rules, named=NAMED, accounts=accounts, tried=tried, trouble=trouble
    )


@page
async def show_history(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        imports = await list_imports(session, visit.shop.id)
        rules = await read_saved_rules(session, visit.shop.id)
        ids = {int(each) for run in imports for each in run["accounts"]}
        names = await names_of(visit.deps, session, visit.shop.id, ids)
    current = next((each for each in imports if each["state"] != DONE), None)
    in_bulk = visit.deps.settings.history_bulk
    return render(
        visit, "connect_history", imports=imports, current=current, ruled=bool(rules), names=names, in_bulk=in_bulk
    )


@page
async def show_keys(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        keys = await list_keys(session, visit.shop.id)
    base = visit.deps.settings.shopify_app_url
    return render(visit, "connect_keys", keys=keys, scopes=SCOPES, base=base)


@page
async def show_webhooks(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        endpoints = [describe_endpoint(each) for each in await endpoints_of(session, visit.shop.id)]
        calls = (await list_calls(visit.deps, session, visit.shop.id, before=id_or_first(visit, "before")))["calls"]
    return render(
        visit,
        "connect_webhooks",
        endpoints=endpoints,
        urls={each["id"]: each["url"] for each in endpoints},
        events=EVENTS,
        calls=calls,
        older=f"/connect/webhooks?before={calls[-1]['id']}" if len(calls) == ON_A_PAGE else None,
    )


@page
async def show_requests(visit: Visit) -> Response:
    before = id_or_first(visit, "before")
    async with visit.deps.db.transaction() as session:
        found = await request_log(session, visit.shop.id, before=before)
        keys = {each["id"]: each["name"] for each in await list_keys(session, visit.shop.id)}
    return render(
        visit,
        "connect_requests",
        requests=found["requests"],
        keys=keys,
        older=f"/connect/requests?before={found['next']}" if found["next"] else None,
        newest="/connect/requests" if before is not None else None,
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text) if len(text) < 20_000 and "\0" not in text else None
    except (ValueError, RecursionError):
        return None

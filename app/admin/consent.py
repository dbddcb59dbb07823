"""Who opted out, how consent changed, what waits for a decision, and the forms for what reached staff by other ways."""

from datetime import UTC
from typing import Any

from starlette.responses import Response

from app.admin.in_address import path_id
from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.consent import quiet_rules
from app.consent.log import activity, opt_outs
from app.consent.opt_out_link import opt_out_page
from app.consent.queries import count_held
from app.consent.settle import drift_rows, settle_drift
from app.messages import doubtful
from app.messages.agreement import describe_policy, save_policy
from app.messages.opt_out import record_staff_opt_in, record_staff_opt_out
from app.shops.settings import read_settings_of

NOTHING_HERE = "There is nothing at this address."
SHOWN = 100
DECISIONS = 30
"""On the page at once; the next ones move up as these are decided."""


@page
async def show_consent(visit: Visit) -> Response:
    deps, shop_id = visit.deps, visit.shop.id
    async with deps.db.transaction() as session:
        opted_out = await opt_outs(deps, session, shop_id, limit=SHOWN)
        changes = await activity(deps, session, shop_id, limit=SHOWN // 2)
        waiting = await doubtful.doubtful_rows(deps, session, shop_id, limit=DECISIONS)
        held = await count_held(session, shop_id)
        differences = await drift_rows(deps, session, shop_id, limit=DECISIONS)
        policy = await describe_policy(session, shop_id)
    return render(
        visit,
        "consent",
        opted_out=opted_out,
        changes=changes,
        shown=SHOWN,
        waiting=waiting,
        held=held,
        differences=differences,
        policy=policy,
        public_page=opt_out_page(deps.settings.shopify_app_url, visit.shop),
        phone="",
    )


async def record_opt_out(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await record_staff_opt_out(visit.deps, session, visit.shop, form, actor=visit.actor)


async def record_opt_in(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await record_staff_opt_in(visit.deps, session, visit.shop, form, actor=visit.actor)


async def read_drift(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"drift": await drift_rows(visit.deps, session, visit.shop.id)}


async def settle(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await settle_drift(visit.deps, session, visit.shop, path_id(visit, NOTHING_HERE), actor=visit.actor)


async def read_doubtful(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"doubtful": await doubtful.doubtful_rows(visit.deps, session, visit.shop.id)}


async def release_doubtful(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await doubtful.release(visit.deps, session, visit.shop, path_id(visit, NOTHING_HERE), actor=visit.actor)


async def confirm_doubtful(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await doubtful.confirm(visit.deps, session, visit.shop, path_id(visit, NOTHING_HERE), actor=visit.actor)


async def read_policy(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        policy = await describe_policy(session, visit.shop.id)
    return {**policy, "opt_out_page": opt_out_page(visit.deps.settings.shopify_app_url, visit.shop)}


async def update_policy(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        await save_policy(visit.deps, session, visit.shop, form, actor=visit.actor)
    return await read_policy(visit)


@page
async def show_quiet_rules(visit: Visit) -> Response:
    rules = quiet_rules.table(visit.deps.clock().astimezone(UTC).date())
    return render(visit, "consent_rules", rules=rules, on=read_settings_of(visit.shop).state_rules)


async def read_quiet_rules(visit: Visit) -> dict[str, Any]:
    return {"rules": quiet_rules.table(visit.deps.clock().astimezone(UTC).date())}

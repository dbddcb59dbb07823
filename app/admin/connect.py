"""The Connect section's JSON: API keys, connected accounts, webhooks to the organisation, the request log."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.admin.in_address import optional_id, path_id
from app.admin.json_body import read_object
from app.admin.session import Visit
from app.connect.accounts import delete_account, invite_account, invite_many, list_accounts, read_account
from app.connect.agreement import STATEMENT
from app.connect.attribution import read_saved_rules, save_rules, try_rules
from app.connect.history import (
    list_imports,
    pause_import,
    read_import,
    resume_import,
    start_import,
    stop_import,
)
from app.connect.joining import describe_hosted_page, renew_signing_secret
from app.connect.keys import create_key, list_keys, revoke_key
from app.connect.outgoing import (
    EVENTS,
    add_endpoint,
    describe_endpoint,
    list_calls,
    remove_endpoint,
    renew_secret,
    replay,
)
from app.connect.queries.outgoing import endpoints_of
from app.connect.request_log import request_log
from app.connect.setting_up import set_up_account
from app.core.language import language_of
from app.notifications.registration import request_registration

ACCOUNTS_ON_A_PAGE = 100
NO_ACCOUNT = "There is no such connected account."
NO_KEY = "There is no such API key."
NO_WEBHOOK = "There is no such webhook."
NO_CALL = "There is no such webhook call."
NO_IMPORT = "There is no such import."


async def read_keys(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"api_keys": await list_keys(session, visit.shop.id)}


async def make_key(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await create_key(visit.deps, session, visit.shop, form, actor=visit.actor)


async def end_key(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await revoke_key(visit.deps, session, visit.shop, path_id(visit, NO_KEY), actor=visit.actor)


async def read_accounts(visit: Visit) -> dict[str, Any]:
    after = optional_id(visit, "after")
    async with visit.deps.db.transaction() as session:
        return await list_accounts(visit.deps, session, visit.shop.id, after=after, limit=ACCOUNTS_ON_A_PAGE)


async def invite(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await invite_account(visit.deps, session, visit.shop, form, actor=visit.actor, stated=_statement(visit))


async def invite_from_file(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await invite_many(visit.deps, session, visit.shop, form, actor=visit.actor, stated=_statement(visit))


async def read_one_account(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await read_account(visit.deps, session, visit.shop, path_id(visit, NO_ACCOUNT))


async def save_account(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    account_id, stated = path_id(visit, NO_ACCOUNT), _statement(visit)
    await set_up_account(visit.deps, visit.shop, account_id, form, actor=visit.actor, stated=stated)
    return await read_one_account(visit)


async def remove_account(visit: Visit) -> dict[str, Any]:
    account_id = path_id(visit, NO_ACCOUNT)
    await delete_account(visit.deps, visit.shop, account_id, actor=visit.actor)
    return {"id": account_id, "deleted": True}


async def read_hosted_page(visit: Visit) -> dict[str, Any]:
    """The address, the snippet and the secret of the organisation's own Connect page."""
    return describe_hosted_page(visit.deps, visit.shop)


async def renew_page_secret(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await renew_signing_secret(visit.deps, session, visit.shop, actor=visit.actor)


async def read_webhooks(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        endpoints = await endpoints_of(session, visit.shop.id)
    return {"webhooks": [describe_endpoint(each) for each in endpoints], "events": EVENTS}


async def make_webhook(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await add_endpoint(visit.deps, session, visit.shop, form, actor=visit.actor)


async def remove_webhook(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await remove_endpoint(visit.deps, session, visit.shop, path_id(visit, NO_WEBHOOK), actor=visit.actor)


async def renew_webhook_secret(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await renew_secret(visit.deps, session, visit.shop, path_id(visit, NO_WEBHOOK), actor=visit.actor)


async def read_webhook_calls(visit: Visit) -> dict[str, Any]:
    before = optional_id(visit, "before")
    async with visit.deps.db.transaction() as session:
        return await list_calls(visit.deps, session, visit.shop.id, before=before)


async def replay_webhook_call(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await replay(visit.deps, session, visit.shop.id, path_id(visit, NO_CALL))


async def read_request_log(visit: Visit) -> dict[str, Any]:
    before = optional_id(visit, "before")
    async with visit.deps.db.transaction() as session:
        return await request_log(session, visit.shop.id, before=before)


async def read_attribution(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"rules": await read_saved_rules(session, visit.shop.id)}


async def save_attribution(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        await save_rules(visit.deps, session, visit.shop, form, actor=visit.actor)
        # New orders have to be heard of, also by a shop whose own texts are all switched off.
        await request_registration(session, visit.shop.id)
        return {"rules": await read_saved_rules(session, visit.shop.id)}


async def try_attribution(visit: Visit) -> dict[str, Any]:
    return await try_rules(visit.deps, visit.shop, await read_object(visit.request))


async def read_imports(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"imports": await list_imports(session, visit.shop.id)}


async def make_import(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await start_import(visit.deps, session, visit.shop, form, actor=visit.actor)


async def read_one_import(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await read_import(session, visit.shop.id, path_id(visit, NO_IMPORT))


async def pause_one_import(visit: Visit) -> dict[str, Any]:
    return await _turn(visit, pause_import)


async def resume_one_import(visit: Visit) -> dict[str, Any]:
    return await _turn(visit, resume_import)


async def stop_one_import(visit: Visit) -> dict[str, Any]:
    return await _turn(visit, stop_import)


async def _turn(visit: Visit, turn: Callable[..., Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await turn(visit.deps, session, visit.shop, path_id(visit, NO_IMPORT), actor=visit.actor)


def _statement(visit: Visit) -> str:
    """What stands beside the field of a mobile number, as this member of staff reads it."""
    return language_of(visit.request).gettext(STATEMENT)

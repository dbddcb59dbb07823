"""`/api/v1/users`: the connected accounts, with which an organisation keeps its own ids and ours together."""

from typing import Any

from app.api.v1.call import Answer, Call, decoded
from app.api.v1.pages import page_of, read_page
from app.connect.accounts import list_accounts, read_account
from app.connect.queries.accounts import find_account_by_connect_id
from app.core.errors import NotFound
from app.core.whole_number import whole_number

BY_CONNECT_ID = "connect_id-"
SHOWN = (
    "id",
    "connect_id",
    "name",
    "status",
    "alerts_enabled",
    "can_text",
    "phone_number",
    "connect_import_order_history_at",
    "granted_at",
    "revoked_at",
    "created_at",
    "object",
)
"""How to reach the person is the merchant's business, not that of every key."""


async def list_(call: Call) -> Answer:
    after, limit = read_page(call.request.query_params)
    async with call.deps.db.transaction() as session:
        found = await list_accounts(call.deps, session, call.shop.id, after=after, limit=limit)
    return Answer(page_of([_public(each) for each in found["accounts"]], found["next"]))


async def read(call: Call) -> Answer:
    """By id or, as `connect_id-…`, by the organisation's own."""
    name = decoded(str(call.request.path_params["user"]))
    async with call.deps.db.transaction() as session:
        user_id = whole_number(name)
        if name.startswith(BY_CONNECT_ID) and "\0" not in name:
            connect_id = name.removeprefix(BY_CONNECT_ID)
            account = await find_account_by_connect_id(session, call.shop.id, connect_id)
            user_id = account.id if account is not None else None
        if user_id is None:
            raise NotFound("There is no such connected account.")
        return Answer(_public(await read_account(call.deps, session, call.shop, user_id)))


def _public(account: dict[str, Any]) -> dict[str, Any]:
    return {name: account[name] for name in SHOWN}

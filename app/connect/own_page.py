"""What a connected account sees of its own work on the hosted page: where it stands, its orders, its customers."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.alerts import ALERTS, OURS, order_name
from app.connect.models import Account, ConnectOrder
from app.connect.money import format_money
from app.connect.order_answer import status_of
from app.connect.queries.attribution import attributions_of
from app.connect.queries.orders import lines_of, order_page, orders_by_id, texts_about
from app.connect.queries.own_page import count_orders, customers_of_account, notice_page
from app.consent.queries import suppressed_among
from app.deps import Deps
from app.messages.conversations import key_of
from app.messages.models import Message
from app.shops.models import Shop

ORDERS_ON_A_PAGE: Final = 25
CUSTOMERS_ON_A_PAGE: Final = 50


async def account_orders(
    deps: Deps, session: AsyncSession, shop: Shop, account: Account, *, before: int | None = None
) -> dict[str, Any]:
    """Newest first: those that were posted for it, with what became of their texts, and those of the shop itself."""
    found = await order_page(session, shop.id, account_id=account.id, before=before, limit=ORDERS_ON_A_PAGE + 1)
    page = found[:ORDERS_ON_A_PAGE]
    lines = await lines_of(session, [order.id for order in page])
    texts = await texts_about(session, shop.id, list(ALERTS), [f"{OURS}{order.id}" for order in page])
    attributed = [] if before is not None else await attributions_of(session, shop.id, account_id=account.id)
    return {
        "orders": [
            _order(deps, order)
            | {
                "items": ", ".join(f"{line.quantity.normalize():f} × {line.name}" for line in lines.get(order.id, [])),
                "texts": [_text(message) for message in texts.get(f"{OURS}{order.id}", {}).values()],
            }
            for order in page
        ],
        "attributed": [{"name": each.order_name or each.shopify_order_id, "at": each.at} for each in attributed],
        "next": page[-1].id if len(found) > ORDERS_ON_A_PAGE else None,
    }


async def account_customers(deps: Deps, session: AsyncSession, shop: Shop, account: Account) -> list[dict[str, Any]]:
    """Whoever ordered last first. An opt-out from any number of the brand is one from all of them."""
    rows = await customers_of_account(session, shop.id, account.id, limit=CUSTOMERS_ON_A_PAGE)
    latest = await orders_by_id(session, shop.id, [row.latest for row in rows])
    hashes = [order.phone_hash for order in latest.values() if order.phone_hash is not None]
    stopped = await suppressed_among(session, shop.id, hashes)
    customers = []
    for row in rows:
        order = latest[row.latest]
        customers.append(
            {
                "name": _open(deps, order.profile_name_encrypted),
                "phone": _open(deps, order.profile_phone_encrypted),
                "email": _open(deps, order.profile_email_encrypted),
                "orders": row.orders,
                "last_at": order.created_at,
                "opted_out": order.phone_hash in stopped,
                "key": key_of(order.phone_hash) if order.phone_hash is not None else None,
            }
        )
    return customers


async def account_notices(deps: Deps, session: AsyncSession, shop: Shop, account: Account) -> list[dict[str, Any]]:
    """The last few that the organisation wrote to it."""
    notices = await notice_page(session, shop.id, account_id=account.id, limit=5)
    return [{"text": deps.vault.decrypt(each.body_encrypted), "at": each.created_at} for each in notices]


async def account_figures(session: AsyncSession, shop: Shop, account: Account, *, since: datetime) -> dict[str, int]:
    """Of the time since *since*."""
    return {"orders": await count_orders(session, shop.id, account.id, since=since)}


def _order(deps: Deps, order: ConnectOrder) -> dict[str, Any]:
    return {
        "id": order.id,
        "name": order_name(order),
        "customer": _open(deps, order.profile_name_encrypted),
        "phone": _open(deps, order.profile_phone_encrypted),
        "status": status_of(order),
        "total": format_money(order.total_cents, order.total_currency),
        "at": order.created_at,
        "history": order.dont_trigger_auto_actions,
    }


def _text(message: Message) -> dict[str, Any]:
    return {"kind": message.kind, "state": str(message.state), "reason": message.reason}


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)

"""An order as the Connect API answers it: the fields and formats that existing integrations read.

Fields that the first clients do not know (`shipping_*`) only appear on orders that have them. What became of the texts
stands in `metadata.text_alerts`: by kind, the state and, where nothing was sent, the reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from app.connect.models import ConnectLine, ConnectOrder
from app.connect.moments import write_moment
from app.connect.money import format_money
from app.connect.order_form import TEXT_ALERTS
from app.deps import Deps
from app.messages.models import Message, MessageState
from app.messages.reasons import Reason

INTEGRATION = "connect"


def describe_order(
    deps: Deps, order: ConnectOrder, lines: Sequence[ConnectLine], texts: Mapping[str, Message], zone: ZoneInfo
) -> dict[str, Any]:
    """*texts*: the order's messages by kind."""
    paid_text = texts.get("connect_order_paid")
    answer: dict[str, Any] = {
        "id": order.id,
        "company_id": order.shop_id,
        "created_at": write_moment(order.created_at, zone),
        "description": _open(deps, order.description_encrypted),
        "dont_trigger_auto_actions": order.dont_trigger_auto_actions,
        "integration": INTEGRATION,
        "invoiced_at": write_moment(order.invoiced_at, zone),
        "invoiced_source": order.invoiced_source,
        "line_items": [_line(line) for line in lines],
        "metadata": _metadata(deps, order, texts),
        "notified_profile_of_paid_invoice_at": write_moment(paid_text.sent_at, zone) if paid_text else None,
        "object": "order",
        "paid_at": write_moment(order.paid_at, zone),
        "paid_source": order.paid_source,
        "profile_email": _open(deps, order.profile_email_encrypted),
        "profile_id": order.profile_id,
        "profile_name": _open(deps, order.profile_name_encrypted),
        "profile_phone_number": _open(deps, order.profile_phone_encrypted),
        "profile_shipping_address_raw": _open(deps, order.address_encrypted),
        "reference_id": order.reference_id,
        "refunded_at": write_moment(order.refunded_at, zone),
        "refunded_source": order.refunded_source,
        "shipped_at": write_moment(order.shipped_at, zone),
        "shipped_source": order.shipped_source,
        "status": status_of(order),
        "total": format_money(order.total_cents, order.total_currency),
        "total_cents": order.total_cents,
        "total_currency": order.total_currency,
        "updated_at": write_moment(order.updated_at, zone),
    }
    shipping = {name: getattr(order, name) for name in ("shipping_link", "shipping_state", "shipping_source")}
    return answer | ({} if not any(shipping.values()) else shipping)


def status_of(order: ConnectOrder) -> str:
    for status in ("refunded", "shipped", "paid", "invoiced"):
        if getattr(order, f"{status}_at") is not None:
            return status
    return "created"


def describe_text(message: Message) -> dict[str, Any]:
    """What a client may know of a text: its end, or that it is on its way, and why it is not."""
    reason = {"code": message.reason_code, "sentence": message.reason} if message.reason_code else None
    return {"state": str(MessageState(message.state)), "reason": reason, "message_id": message.id}


def not_texted(reason: Reason) -> dict[str, Any]:
    return {"state": "skipped", "reason": {"code": reason.code, "sentence": reason.sentence}, "message_id": None}


def kept_metadata(deps: Deps, order: ConnectOrder) -> dict[str, Any]:
    """What the organisation sent, and its unknown fields."""
    if order.metadata_encrypted is None:
        return {}
    return msgspec.json.decode(deps.vault.decrypt(order.metadata_encrypted), type=dict[str, Any])


def _metadata(deps: Deps, order: ConnectOrder, texts: Mapping[str, Message]) -> dict[str, Any]:
    kept = kept_metadata(deps, order)
    alerts = {kind: describe_text(message) for kind, message in texts.items()}
    return kept | ({TEXT_ALERTS: alerts} if alerts else {})


def _line(line: ConnectLine) -> dict[str, Any]:
    return {
        "each_price": format_money(line.each_price_cents, line.each_price_currency),
        "each_price_cents": line.each_price_cents,
        "each_price_currency": line.each_price_currency,
        "name": line.name,
        "object": "order_line_item",
        "price": format_money(line.price_cents, line.price_currency),
        "price_cents": line.price_cents,
        "price_currency": line.price_currency,
        "quantity": float(line.quantity),
    }


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)

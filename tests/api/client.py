"""An integration as its authors wrote it long ago: from the published requests alone. It knows a base URL and a key."""

from typing import Any

import httpx2

NEW_ORDER: dict[str, Any] = {
    "order": {
        "invoiced_at": "now",
        "paid_at": "now",
        "description": "Order from Ecommerce Site",
        "profile_name": "Janet Smith",
        "profile_phone_number": "(801) 555-6788",
        "profile_shipping_address_raw": "1 E Center St, Provo, UT 84606",
        "line_items": [
            {"name": "Tank Top", "each_price_cents": 3500, "quantity": 2, "price_cents": 7000},
            {"name": "T-Shirt", "each_price_cents": 4900, "quantity": 1, "price_cents": 4900},
        ],
        "total_cents": 16800,
        "fail_if_connect_orders_not_enabled": True,
    }
}

OLD_ORDER: dict[str, Any] = {
    "order": {
        **NEW_ORDER["order"],
        "created_at": "2021-04-09T12:00:00.123456-06:00",
        "invoiced_at": "2023-01-03",
        "paid_at": "2023-01-03",
        "dont_trigger_auto_actions": True,
    }
}

ORDER_FIELDS = {
    "id", "company_id", "created_at", "description", "dont_trigger_auto_actions", "integration", "invoiced_at",
    "invoiced_source", "line_items", "metadata", "notified_profile_of_paid_invoice_at", "object", "paid_at",
    "paid_source", "profile_email", "profile_id", "profile_name", "profile_phone_number",
    "profile_shipping_address_raw", "reference_id", "refunded_at", "refunded_source", "shipped_at", "shipped_source",
    "status", "total", "total_cents", "total_currency", "updated_at",
}  # fmt: skip
LINE_FIELDS = {
    "each_price", "each_price_cents", "each_price_currency", "name", "object", "price", "price_cents",
    "price_currency", "quantity",
}  # fmt: skip
MESSAGE_FIELDS = {
    "id", "body", "company_id", "conversation_id", "created_at", "deleted_at", "dont_mark_as_open", "favorite",
    "favorited_at", "object", "profile_id", "send_at", "updated_at",
}  # fmt: skip


class Client:
    def __init__(self, base_url: str, api_key: str, http: httpx2.AsyncClient) -> None:
        self._base, self._key, self._http = base_url, api_key, http

    async def create_order(self, body: dict[str, Any], **headers: str) -> httpx2.Response:
        return await self.call("POST", "/api/v1/orders", body, **headers)

    async def notify(self, **message: Any) -> httpx2.Response:
        return await self.call("POST", "/api/v1/messages/send_connect_notification", {"message": message})

    async def broadcast(self, **message: Any) -> httpx2.Response:
        return await self.call("POST", "/api/v1/messages/send_broadcast_message", {"message": message})

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._http.request(
            method, self._base + path, json=body, headers={"Authorization": f"Bearer {self._key}", **named}
        )

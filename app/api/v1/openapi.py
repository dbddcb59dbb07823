"""The API's description, OpenAPI 3.1: what `/api/v1/openapi.json` serves, and what the fuzz test is made from."""

from functools import cache
from typing import Any, Final

from app import __version__
from app.api.v1.orders import MOST_AT_ONCE
from app.api.v1.pages import LONGEST_PAGE, PAGE
from app.connect.consent import STATES
from app.connect.keys import CALLS_A_MINUTE, SCOPES
from app.connect.notices import LONGEST_BODY, MOST_NAMED
from app.connect.order_form import LARGEST_CENTS, LARGEST_QUANTITY, LONGEST_LINK, MOST_LINES, TEXTS

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": ["string", "null"]}
MOMENT: Final[Schema] = {
    "type": ["string", "null"],
    "description": '"now", a day (2023-01-03, beginning in the shop\'s time zone) or RFC 3339.',
    "examples": ["now", "2023-01-03", "2021-04-09T12:00:00.123456-06:00"],
}
ANSWERED: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
CENTS: Final[Schema] = {
    "type": ["integer", "null"],
    "minimum": -LARGEST_CENTS,
    "maximum": LARGEST_CENTS,
    "examples": [3500, 16800],
}
CURRENCY: Final[Schema] = {"type": ["string", "null"], "pattern": "^[A-Za-z]{3}$", "examples": ["USD"]}


@cache
def document(base: str) -> Schema:
    """*base*: the address of this installation."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Connect API",
            "version": __version__,
            "description": (
                "Orders and messages for connected accounts: affiliates and distributors whose customers get order "
                f"texts from the affiliate's own number. A key may make {CALLS_A_MINUTE} calls a minute."
            ),
        },
        "servers": [{"url": f"{base}/api/v1"}],
        "security": [{"apiKey": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Scopes: " + "; ".join(f"{name} ({what})" for name, what in SCOPES.items()) + ".",
                }
            },
            "parameters": _parameters(),
            "headers": _headers(),
            "responses": {"Refused": _answer("The request was refused.", "Error")},
            "schemas": _schemas(),
        },
    }


def _paths() -> Schema:
    order = {"order": _ref("OrderInput")}
    by_name = [{"$ref": "#/components/parameters/Order"}, *_account_headers()]
    return {
        "/orders": {
            "get": _operation(
                "List orders",
                "orders:read",
                "OrderList",
                [*_page(), _query("reference_id", {"type": "string"}), *_account_headers()],
            ),
            "post": _operation(
                "Create an order",
                "orders:write",
                "Order",
                [*_account_headers(), *_repeat(), _ref_parameter("FailOnDuplicate")],
                body=_object(order, ["order"]),
                status="201",
            ),
        },
        "/orders/bulk": {
            "post": _operation(
                "Import history: stored silently, never texted",
                "orders:write",
                "Import",
                [*_account_headers(), *_repeat(), _query("dry_run", {"type": "boolean"})],
                body=_object(
                    {
                        "orders": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MOST_AT_ONCE,
                            "items": {"allOf": [_ref("OrderInput"), _ref("AccountChoice")]},
                        }
                    },
                    ["orders"],
                ),
            )
        },
        "/orders/{order}": {
            "get": _operation("Read an order", "orders:read", "Order", by_name),
            "put": _operation(
                "Change an order: only the given fields",
                "orders:write",
                "Order",
                [*by_name, *_repeat()],
                body=_object(order, ["order"]),
            ),
            "delete": _operation("Delete an order", "orders:write", "Deleted", [*by_name, *_repeat()]),
        },
        "/messages/send_connect_notification": {
            "post": _operation(
                "Notify one connected account",
                "messages:write",
                "Message",
                _repeat(),
                body=_object({"message": _ref("NotificationInput")}, ["message"]),
                status="201",
            )
        },
        "/messages/send_broadcast_message": {
            "post": _operation(
                "Write to many connected accounts, or to all",
                "messages:write",
                "Broadcast",
                _repeat(),
                body=_object({"message": _ref("BroadcastInput")}, ["message"]),
                status="201",
            )
        },
        "/users": {"get": _operation("List connected accounts", "accounts:read", "UserList", _page())},
        "/users/{user}": {
            "get": _operation(
                "Read a connected account", "accounts:read", "User", [{"$ref": "#/components/parameters/User"}]
            )
        },
    }


def _operation(
    summary: str, scope: str, answer: str, parameters: list[Schema], *, body: Schema | None = None, status: str = "200"
) -> Schema:
    operation: Schema = {
        "summary": summary,
        "description": f"Needs the scope `{scope}`.",
        "operationId": summary.split(":")[0].lower().replace(" ", "_").replace(",", ""),
        "parameters": parameters,
        "responses": {status: _answer(summary + ".", answer), "default": {"$ref": "#/components/responses/Refused"}},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _answer(description: str, schema: str) -> Schema:
    names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-Id")
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/json": {"schema": _ref(schema)}},
    }


def _headers() -> Schema:
    return {
        "RateLimit-Limit": {"schema": {"type": "integer"}, "description": "Calls that the key may make in a minute."},
        "RateLimit-Remaining": {"schema": {"type": "integer"}, "description": "Calls left in this minute."},
        "RateLimit-Reset": {"schema": {"type": "integer"}, "description": "Seconds until the next minute begins."},
        "X-Request-Id": {"schema": {"type": "string"}, "description": "Names this call in the request log."},
    }


def _parameters() -> Schema:
    return {
        "ConnectId": _header("X-Shout-Connect-ID", "Your own id of the account (also as X-Connect-ID)."),
        "UserId": _header("X-Shout-User-Id", "Our id of the account (also as X-Connect-User-ID)."),
        "IdempotencyKey": _header(
            "Idempotency-Key", "The same key with the same request gets the same answer for a day and does nothing."
        ),
        "FailOnDuplicate": _header(
            "X-Fail-Creation-On-Duplicate-Reference-Id",
            "`true`: 409 when the account has an order with this reference.",
        ),
        "Order": {
            "name": "order",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
            "description": "The order's id, or `reference_id-` and its reference.",
        },
        "User": {
            "name": "user",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
            "description": "The account's id, or `connect_id-` and your own.",
        },
        "Limit": _query("limit", {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": PAGE}),
        "Cursor": _query("cursor", {"type": "string"}, "The next_cursor of the page before."),
    }


def _schemas() -> Schema:
    return {
        "Error": _object(
            {
                "error": _object(
                    {
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                        "request_id": {"type": "string"},
                    },
                    ["code", "message", "fields", "request_id"],
                )
            },
            ["error"],
        ),
        "AccountChoice": _object({"user_id": {"type": ["integer", "string"]}, "connect_id": {"type": "string"}}, []),
        "SmsConsent": {
            **_object(
                {
                    "state": {"enum": list(STATES)},
                    "collected_at": {**MOMENT, "description": "When the customer agreed. Needed when subscribed."},
                    "source": {**TEXT, "maxLength": 100, "description": 'Where, such as "checkout". Needed likewise.'},
                    "wording": {**TEXT, "maxLength": 2000, "description": "What the customer read. Needed likewise."},
                },
                ["state"],
            ),
            "description": "The evidence that the customer agreed to texts. Without any, Shopify's consent counts.",
        },
        "OrderInput": _order_input(),
        "LineInput": _object(
            {
                "name": {"type": "string", "minLength": 1, "maxLength": 500},
                "quantity": {"type": "number", "minimum": 0, "maximum": LARGEST_QUANTITY, "default": 1},
                "each_price_cents": CENTS,
                "each_price_currency": CURRENCY,
                "price_cents": CENTS,
                "price_currency": CURRENCY,
            },
            ["name"],
        ),
        "Order": _order(),
        "Line": _object(
            {
                **{name: {"type": "string"} for name in ("each_price", "each_price_currency", "name", "object")},
                **{name: {"type": "string"} for name in ("price", "price_currency")},
                **{name: {"type": "integer"} for name in ("each_price_cents", "price_cents")},
                "quantity": {"type": "number"},
            }
        ),
        "OrderList": _list("Order"),
        "Deleted": _object(
            {"id": {"type": "integer"}, "object": {"const": "order"}, "deleted": {"const": True}},
        ),
        "Import": _object(
            {
                "object": {"const": "import"},
                "dry_run": {"type": "boolean"},
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                "results": {
                    "type": "array",
                    "items": _object(
                        {
                            "index": {"type": "integer"},
                            "reference_id": {},
                            "result": {"enum": ["created", "duplicate", "refused", "invalid"]},
                            "id": {"type": ["integer", "null"]},
                            "error": {"type": ["object", "null"]},
                        }
                    ),
                },
            }
        ),
        "NotificationInput": _object(
            {**_message_input(), "user_id": {"type": ["integer", "string"]}, "connect_id": {"type": "string"}},
            ["body"],
        ),
        "BroadcastInput": _object(
            {
                **_message_input(),
                "user_ids": {"type": "array", "maxItems": MOST_NAMED, "items": {"type": ["integer", "string"]}},
                "connect_ids": {"type": "array", "maxItems": MOST_NAMED, "items": {"type": "string"}},
            },
            ["body"],
        ),
        "Message": _object(_message()),
        "Broadcast": _object(
            {
                **_message(),
                "recipients_count": {"type": "integer"},
                "messages": {"type": "array", "items": _ref("Message")},
            }
        ),
        "User": _object(
            {
                "id": {"type": "integer"},
                "connect_id": TEXT,
                "name": {"type": "string"},
                "status": {"enum": ["invited", "granted", "revoked"]},
                "alerts_enabled": {"type": "boolean"},
                "can_text": {"type": "boolean"},
                "phone_number": TEXT,
                "connect_import_order_history_at": ANSWERED,
                "granted_at": ANSWERED,
                "revoked_at": ANSWERED,
                "created_at": ANSWERED,
                "object": {"const": "user"},
            }
        ),
        "UserList": _list("User"),
    }


def _order_input() -> Schema:
    texts = {name: {**TEXT, "maxLength": longest} for name, longest in TEXTS.items()}
    return {
        **_object(
            {
                "invoiced_at": MOMENT,
                "paid_at": {**MOMENT, "description": f"{MOMENT['description']} The first one causes the text “paid”."},
                "shipped_at": {**MOMENT, "description": f"{MOMENT['description']} Likewise the text “shipped”."},
                "refunded_at": MOMENT,
                "created_at": MOMENT,
                **texts,
                "profile_phone_number": {
                    **TEXT,
                    "description": "The customer's mobile number, in any usual spelling.",
                    "examples": ["(801) 555-6788", "+18015556788"],
                },
                "profile_email": {**TEXT, "maxLength": 320, "examples": ["janet@example.com"]},
                "line_items": {"type": ["array", "null"], "maxItems": MOST_LINES, "items": _ref("LineInput")},
                "total_cents": {**CENTS, "description": "Kept as given; without it the sum of the lines."},
                "total_currency": CURRENCY,
                "shipping_link": {
                    **TEXT,
                    "maxLength": LONGEST_LINK,
                    "description": "A tracking page. Says that the order has left.",
                    "examples": ["https://www.ups.com/track?tracknum=1Z999AA10123456784"],
                },
                "fail_if_connect_orders_not_enabled": {"type": ["boolean", "null"]},
                "dont_trigger_auto_actions": {
                    "type": ["boolean", "null"],
                    "description": "History: stored, and never texted. Cannot be taken back.",
                },
                "sms_consent": _ref("SmsConsent"),
                "metadata": {"type": ["object", "null"]},
            },
            [],
        ),
        "description": "Unknown fields are accepted and kept in metadata.",
    }


def _order() -> Schema:
    moments = ("created_at", "invoiced_at", "paid_at", "shipped_at", "refunded_at", "updated_at")
    texts = (
        "description",
        "invoiced_source",
        "paid_source",
        "shipped_source",
        "refunded_source",
        "profile_email",
        "profile_name",
        "profile_phone_number",
        "profile_shipping_address_raw",
        "reference_id",
    )
    properties: Schema = {
        "id": {"type": "integer"},
        "company_id": {"type": "integer"},
        "object": {"const": "order"},
        "integration": {"const": "connect"},
        "status": {"enum": ["created", "invoiced", "paid", "shipped", "refunded"]},
        **dict.fromkeys(moments, ANSWERED),
        **dict.fromkeys(texts, TEXT),
        "notified_profile_of_paid_invoice_at": ANSWERED,
        "profile_id": {"type": ["integer", "null"]},
        "dont_trigger_auto_actions": {"type": "boolean"},
        "line_items": {"type": "array", "items": _ref("Line")},
        "metadata": {
            "type": "object",
            "description": "What you sent, unknown fields, and text_alerts: by kind what became of the order's texts.",
        },
        "total": {"type": "string", "examples": ["$168.00"]},
        "total_cents": {"type": "integer"},
        "total_currency": {"type": "string"},
    }
    required = sorted(properties)
    extra = dict.fromkeys(("shipping_link", "shipping_state", "shipping_source"), TEXT)
    return _object(properties | extra, required)


def _message_input() -> Schema:
    return {
        "body": {"type": "string", "minLength": 1, "maxLength": LONGEST_BODY},
        "send_at": {**MOMENT, "description": "Not before then; at most 90 days ahead."},
        "dont_mark_as_open": {"type": ["boolean", "null"]},
        "favorite": {"type": ["boolean", "null"]},
    }


def _message() -> Schema:
    return {
        "id": {"type": "integer"},
        "body": {"type": "string"},
        "company_id": {"type": "integer"},
        "conversation_id": {"type": ["integer", "null"]},
        "created_at": ANSWERED,
        "deleted_at": ANSWERED,
        "dont_mark_as_open": {"type": "boolean"},
        "favorite": {"type": "boolean"},
        "favorited_at": ANSWERED,
        "object": {"const": "message"},
        "profile_id": {"type": ["integer", "null"]},
        "send_at": ANSWERED,
        "updated_at": ANSWERED,
    }


def _list(name: str) -> Schema:
    return _object(
        {
            "object": {"const": "list"},
            "data": {"type": "array", "items": _ref(name)},
            "has_more": {"type": "boolean"},
            "next_cursor": TEXT,
        }
    )


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    """*required* None: every property, as in answers."""
    needed = sorted(properties) if required is None else required
    return {"type": "object", "properties": properties, **({"required": needed} if needed else {})}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _ref_parameter(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}


def _account_headers() -> list[Schema]:
    return [_ref_parameter("ConnectId"), _ref_parameter("UserId")]


def _repeat() -> list[Schema]:
    return [_ref_parameter("IdempotencyKey")]


def _page() -> list[Schema]:
    return [_ref_parameter("Limit"), _ref_parameter("Cursor")]


def _header(name: str, description: str) -> Schema:
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


def _query(name: str, schema: Schema, description: str = "") -> Schema:
    return {"name": name, "in": "query", "schema": schema, **({"description": description} if description else {})}

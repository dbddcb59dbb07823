"""The API as a page of this installation, made from its OpenAPI document: with its own address in every example.

For anybody, in English like the API itself. No script and no style from elsewhere; the style stands in the page, named
in its policy by its hash.
"""

import base64
import hashlib
import json
import shlex
from functools import cache
from typing import Any, Final

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.api.v1.openapi import document
from app.api.v1.reference import resolved
from app.core.language import SOURCE, language
from app.core.pages import environment
from app.core.static_files import WEB

EXAMPLES: Final[dict[tuple[str, str], Any]] = {
    ("post", "/orders"): {
        "order": {
            "reference_id": "1001",
            "paid_at": "now",
            "profile_name": "Janet Smith",
            "profile_phone_number": "(801) 555-6788",
            "line_items": [{"name": "Tank Top", "each_price_cents": 3500, "quantity": 2}],
            "total_cents": 7000,
            "sms_consent": {
                "state": "subscribed",
                "collected_at": "now",
                "source": "checkout",
                "wording": "Text me updates about my order.",
            },
        }
    },
    ("get", "/orders"): None,
    ("post", "/orders/bulk"): {
        "orders": [{"reference_id": "17", "created_at": "2023-01-03", "paid_at": "2023-01-03", "total_cents": 4900}]
    },
    ("get", "/orders/{order}"): None,
    ("put", "/orders/{order}"): {"order": {"shipping_link": "https://www.ups.com/track?tracknum=1Z999AA10123456784"}},
    ("delete", "/orders/{order}"): None,
    ("post", "/messages/send_connect_notification"): {
        "message": {"connect_id": "jane-1", "body": "A new order has been added to your account."}
    },
    ("post", "/messages/send_broadcast_message"): {"message": {"body": "We are closed on Thursday."}},
    ("get", "/users"): None,
    ("get", "/users/{user}"): None,
}
"""What each operation is shown with, in an order in which they work one after the other."""
NAMED: Final = {"{order}": "reference_id-1001", "{user}": "connect_id-jane-1"}


async def show_reference(request: Request) -> Response:
    base = request.state.deps.settings.shopify_app_url
    return HTMLResponse(_page(base), headers=_headers())


@cache
def _page(base: str) -> str:
    described = document(base)
    templates = environment(language(SOURCE), type_of=type_of)
    operations = [
        {
            "id": each["operationId"],
            "method": method.upper(),
            "path": path,
            **each,
            "parameters": [resolved(described, given) for given in each["parameters"]],
            "answers": {status: _schema_of(resolved(described, one)) for status, one in each["responses"].items()},
            "body": _schema_of(each["requestBody"]) if "requestBody" in each else None,
            "example": curl(base, method, path),
        }
        for path, methods in described["paths"].items()
        for method, each in methods.items()
    ]
    return templates.get_template("public/api_reference.html").render(
        described=described, operations=operations, style=_style(), base=base
    )


def curl(base: str, method: str, path: str) -> str:
    """The example of an operation, as it is typed; the key is taken from the environment."""
    body, named = EXAMPLES[method, path], path
    for place, name in NAMED.items():
        named = named.replace(place, name)
    lines = [f"curl --fail-with-body --silent --show-error {base}/api/v1{named}"]
    lines += [f"--request {method.upper()}"] if method in ("put", "delete") else []
    lines += ['--header "Authorization: Bearer $API_KEY"']
    lines += ['--header "X-Shout-Connect-ID: jane-1"'] if path.startswith("/orders") else []
    if body is not None:
        lines += ['--header "Content-Type: application/json"', f"--data {shlex.quote(json.dumps(body, indent=2))}"]
    return " \\\n  ".join(lines)


def type_of(schema: dict[str, Any]) -> Markup:
    """A schema in a few words; a name leads to its table."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#shape-{0}">{0}</a>').format(name)
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(json.dumps(each)) for each in schema["enum"])
    if "const" in schema:
        return Markup("<code>{}</code>").format(json.dumps(schema["const"]))
    if "allOf" in schema:
        return Markup(" and ").join(type_of(each) for each in schema["allOf"])
    kinds = schema.get("type", "any")
    items = Markup(" of ") + type_of(schema["items"]) if "items" in schema else Markup()
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return Markup(" or ").join(escape(kind) + items if kind == "array" else escape(kind) for kind in kinds)


def _schema_of(part: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = part["content"]["application/json"]["schema"]
    return schema


@cache
def _style() -> str:
    return (WEB / "templates" / "public" / "api_reference.css").read_text()


def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "Cache-Control": "public, max-age=300",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

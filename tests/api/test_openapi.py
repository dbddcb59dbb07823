"""The API against its own description: every answer fits it, and nothing that can be sent is answered by a fault."""

import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.v1.openapi import document
from app.api.v1.reference import render
from app.api.v1.routes import api_routes
from tests.api.client import NEW_ORDER, OLD_ORDER
from tests.connect.stage import agreed, api_key, client_of, jane_texts
from tests.world import World

Schema = dict[str, Any]
ROUNDS = 45
"""Requests for each operation."""

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            *(
                "",
                " ",
                "now",
                "2023-01-03",
                "2021-04-09T12:00:00.123456-06:00",
                "0000-00-00",
                "9999-12-31T23:59:59+14:00",
            ),
            *("+18015556788", "(801) 555-6788", "janet@example.com", "USD", "https://example.com/x", "subscribed"),
            *("\u202e", "💥" * 5, "%s", "'; --", "-1", "1e400", "reference_id-x", "in_transit"),
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.integers(-5, 5000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 1e308, 5e-324, 2**63, 3500]),
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


def examples(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """The same *count* examples in every run."""
    drawn: list[Any] = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(example: Any) -> None:
        drawn.append(example)

    collect()
    return drawn


def strategy_for(schema: Schema, document: Schema, depth: int = 0) -> st.SearchStrategy[Any]:
    """Mostly what the schema says, sometimes anything."""
    meant = _meant(schema, document, depth)
    usual = st.sampled_from(schema["examples"]) if "examples" in schema else meant
    return st.integers(0, 24).flatmap(lambda number: ANYTHING if number == 13 else meant if number == 7 else usual)


def _meant(schema: Schema, document: Schema, depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _meant(resolve(schema["$ref"], document), document, depth)
    if "allOf" in schema:
        parts = [_meant(part, document, depth) for part in schema["allOf"]]
        return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "object")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return st.one_of(*[_of_type(kind, schema, document, depth) for kind in kinds])


def _of_type(kind: str, schema: Schema, document: Schema, depth: int) -> st.SearchStrategy[Any]:
    match kind:
        case "object":
            fields = {
                name: strategy_for(each, document, depth + 1) for name, each in schema.get("properties", {}).items()
            }
            needed = {name: fields.pop(name) for name in schema.get("required", [])}
            return st.fixed_dictionaries(needed, optional={**fields, "surprise": ANYTHING})
        case "array":
            return st.lists(strategy_for(schema["items"], document, depth + 1), max_size=3)
        case "integer" | "number":
            return NUMBERS
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return TEXTS


def resolve(reference: str, document: Schema) -> Schema:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, dict)
    return found


def fits(value: Any, schema: Schema, document: Schema, path: str = "$") -> None:
    """Asserts what the description promises: types, constants, required and no undocumented fields."""
    if "$ref" in schema:
        fits(value, resolve(schema["$ref"], document), document, path)
        return
    if "const" in schema:
        assert value == schema["const"], path
    if "enum" in schema:
        assert value in schema["enum"], path
    if "type" not in schema:
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(TYPES[kind](value) for kind in kinds), (path, value, kinds)
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", [])) <= set(value), (path, set(schema["required"]) - set(value))
        for name, each in value.items():
            assert name in schema["properties"], f"{path}.{name} is not described"
            fits(each, schema["properties"][name], document, f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            fits(each, schema["items"], document, f"{path}[{index}]")


TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def request_strategy(method: str, path: str, operation: Schema, document: Schema) -> st.SearchStrategy[Any]:
    """(path and query, headers, body)."""
    names = st.sampled_from(["1", "2", "3", "9" * 30, "reference_id-r", "connect_id-jane-1", "-1", "a/b", "%"])
    # Dots are resolved by the client and a line break is no part of any route: both lead out of the API.
    values = st.one_of(
        names, st.text(string.ascii_letters + string.digits + string.punctuation.replace(".", "") + " ", max_size=12)
    )
    parameters = [named(each, document) for each in operation["parameters"]]
    in_query = [each for each in parameters if each["in"] == "query"]
    query = st.fixed_dictionaries({}, optional={each["name"]: values for each in in_query})
    headers = st.fixed_dictionaries(
        {},
        optional={
            "X-Shout-Connect-ID": st.sampled_from(["jane-1"] * 9 + ["nobody", "\xe9"]),
            "X-Shout-User-Id": st.sampled_from(["1"] * 9 + ["0", "x", "9" * 30]),
            "Idempotency-Key": st.one_of(st.integers(0, 10**9).map(str), st.just("x" * 300)),
            "X-Fail-Creation-On-Duplicate-Reference-Id": st.sampled_from(["true", "false", "?"]),
        },
    )
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    body = strategy_for(content, document) if content else st.none()
    where = values.map(
        lambda value: path.replace("{order}", quote(value, safe="")).replace("{user}", quote(value, safe=""))
    )
    return st.tuples(where, query, headers, body)


def named(parameter: Schema, document: Schema) -> Schema:
    return resolve(parameter["$ref"], document) if "$ref" in parameter else parameter


async def test_nothing_that_can_be_sent_is_answered_by_a_fault(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    key = await api_key(world)
    client = await client_of(world)
    for body in (agreed(NEW_ORDER, reference_id="r"), OLD_ORDER):
        await client.create_order(body, X_Connect_ID="jane-1")
    document: Schema = (await world.http.get(f"{world.url}/api/v1/openapi.json")).json()
    seen: dict[int, int] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            rounds = examples(request_strategy(method, path, operation, document), ROUNDS)
            for where, query, headers, body in rounds:
                await world.rows("UPDATE api_keys SET window_calls = 0")
                answer = await world.http.request(
                    method.upper(),
                    f"{world.url}/api/v1{where}",
                    params=query,
                    headers={
                        "Authorization": f"Bearer {key}",
                        **{name: value.encode("latin-1") for name, value in headers.items()},
                    },
                    content=json.dumps(body).encode() if "requestBody" in operation else None,
                )
                shown = (method, where, query, headers, body, answer.text[:300])
                assert answer.status_code < 500, shown
                good = answer.status_code in (200, 201)
                schemas = document["components"]["schemas"]
                expected = _schema_of(operation, str(answer.status_code)) if good else schemas["Error"]
                if expected is not None:
                    fits(answer.json(), expected, document)
                seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
    assert {200, 201, 404, 422} <= set(seen), seen
    await world.workers_run()


def _schema_of(operation: Schema, status: str) -> Schema | None:
    """None for an address that a strange name turned into another one, such as a list."""
    described = operation["responses"].get(status)
    return described["content"]["application/json"]["schema"] if described and operation["parameters"] else None


def test_the_page_to_read_says_what_is_served() -> None:
    written = (Path(__file__).parents[2] / "docs" / "connect-api-reference.md").read_text()
    assert written == render(), "run: python -m app.api.v1.reference > docs/connect-api-reference.md"


def test_every_address_is_described_with_its_methods_and_scope() -> None:
    described = {
        (path, method.upper()) for path, methods in document("https://x.example")["paths"].items() for method in methods
    }
    [mount] = api_routes()
    served = {
        (route.path.replace(":path", ""), method)
        for route in mount.app.app.routes  # type: ignore[attr-defined]
        for method in route.methods - {"HEAD"}
    }
    assert served - described == {("/openapi.json", "GET"), ("/docs", "GET"), ("/orders/import", "POST")}
    assert described - served == set()


async def test_published_requests_fit_the_description(world: World) -> None:
    """What is described is what is answered, for the requests that matter most."""
    await world.ready()
    await jane_texts(world)
    client = await client_of(world)
    document: Schema = (await world.http.get(f"{world.url}/api/v1/openapi.json")).json()
    order = (
        await client.create_order(agreed(NEW_ORDER, shipping_link="https://x.com/1"), X_Connect_ID="jane-1")
    ).json()
    schemas = document["components"]["schemas"]
    fits(order, schemas["Order"], document)
    for wrong in ({**order, "nobody_knows": 1}, {**order, "id": "seven"}, {}):
        with pytest.raises(AssertionError):
            fits(wrong, schemas["Order"], document)
    fits((await client.call("GET", "/api/v1/orders")).json(), schemas["OrderList"], document)
    fits((await client.call("GET", "/api/v1/users")).json(), schemas["UserList"], document)
    fits((await client.notify(body="x", user_id=1)).json(), schemas["Message"], document)
    fits((await client.broadcast(body="x")).json(), schemas["Broadcast"], document)
    history = (await client.call("POST", "/api/v1/orders/import", {"orders": [{"user_id": 1}]})).json()
    fits(history, schemas["Import"], document)

"""`POST /admin/api/{version}/graphql.json`: who may ask, what it costs, and in which of Shopify's ways it is refused.

Source: Shopify, "GraphQL Admin API reference", "API versioning", "Rate limits", "API response codes". HTTP 200 may be a
failure: `errors` with a code, data partial or absent. An unknown field, a wrong variable and a missing scope are
refused as there. An expired version falls forward to the oldest supported one; the answer names the version served.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from app.simulator.shopify.call import AdminCall
from app.simulator.shopify.cost import DEAREST, Bucket, actual_cost, requested_cost
from app.simulator.shopify.resolvers import Admin

SUPPORTED = ("2026-01", "2026-04", "2026-07", "2026-10")
UNRELEASED = ("2027-01", "unstable")
UNKNOWN_FIELD = re.compile(r"Cannot query field '(?P<field>\w+)' on type '(?P<type>\w+)'")

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """The body of a request, once it has the right form."""

    text: str
    variables: dict[str, Any]
    operation_name: str | None

    @property
    def name(self) -> str:
        """What the operation is called, as far as can be seen without parsing it."""
        named = re.search(r"\b(?:query|mutation)\s+(\w+)", self.text)
        return self.operation_name or (named[1] if named else "")


def read_question(body: bytes) -> Question | None:
    """None when the body is not what Shopify would read."""
    try:
        given = json.loads(body)
    except ValueError:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        return None
    variables = given.get("variables") or {}
    return Question(given["query"], variables, given.get("operationName")) if isinstance(variables, dict) else None


def served_version(asked: str) -> str | None:
    """The version that answers when *asked* stands in the URL; None when there never was such a one."""
    if asked in SUPPORTED or asked in UNRELEASED:
        return asked
    is_old = re.fullmatch(r"20\d\d-(01|04|07|10)", asked) is not None and asked < SUPPORTED[0]
    return SUPPORTED[0] if is_old else None


def answer_question(question: Question, call: AdminCall, bucket: Bucket, *, throttle: bool = False) -> Answer:
    try:
        document, invalid = _read_document(question.text)
    except GraphQLError as error:
        return 200, {"errors": [{"message": error.message, "locations": _locations(error)}]}
    operation = get_operation_ast(document, question.operation_name)
    if operation is None:
        return 200, {"errors": [{"message": "No operation of that name, or several and no name."}]}
    if invalid:
        return 200, {"errors": [_validation_error(error, operation) for error in invalid]}
    wrong = _variable_errors(operation, question.variables)
    if wrong:
        return 200, {"errors": wrong}
    return _pay_and_execute(question, document, operation, call, bucket, throttle)


@lru_cache(maxsize=200)
def _read_document(text: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """The document and what is wrong with it. An app asks the same few over and over."""
    document = parse(text)
    return document, validate(admin_schema(), document)


def _pay_and_execute(
    question: Question,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    call: AdminCall,
    bucket: Bucket,
    throttle: bool,
) -> Answer:
    requested = requested_cost(document, operation, question.variables)
    if requested > DEAREST:
        message = f"Query cost is {requested}, which exceeds the single query max cost limit ({DEAREST})."
        extensions = {"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": DEAREST}
        return 200, {"errors": [{"message": message, "extensions": extensions}]}
    if throttle or not bucket.take(requested, call.now):
        status = bucket.status()
        if throttle:
            status["currentlyAvailable"] = max(requested - bucket.rate // 2, 0)
        cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}
        return 200, {
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {"cost": cost},
        }
    result = execute_sync(
        admin_schema(),
        document,
        root_value=Admin(call),
        variable_values=question.variables,
        operation_name=question.operation_name,
    )
    actual = min(requested, actual_cost(result.data)) if operation.operation.value == "query" else requested
    bucket.give_back(requested - actual)
    cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket.status()}
    return 200, {**_result(result), "extensions": {"cost": cost}}


def _result(result: ExecutionResult) -> dict[str, Any]:
    for error in result.errors or ():
        if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
            raise error.original_error  # a fault of the simulator, not an answer of Shopify's
    errors = [_plain_error(error) for error in result.errors or ()]
    return {"data": result.data, "errors": errors} if errors else {"data": result.data}


def _plain_error(error: GraphQLError) -> dict[str, Any]:
    plain: dict[str, Any] = {"message": error.message, "locations": _locations(error), "path": error.path}
    return {**plain, "extensions": error.extensions} if error.extensions else plain


def _locations(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": place.line, "column": place.column} for place in error.locations or ()]


def _validation_error(error: GraphQLError, operation: OperationDefinitionNode) -> dict[str, Any]:
    kind = " ".join(part for part in (operation.operation.value, operation.name and operation.name.value) if part)
    plain: dict[str, Any] = {"message": error.message, "locations": _locations(error), "path": [kind]}
    unknown = UNKNOWN_FIELD.match(error.message)
    if unknown is None:
        return plain
    name, of = unknown["field"], unknown["type"]
    return {
        **plain,
        "message": f"Field '{name}' doesn't exist on type '{of}'",
        "path": [kind, name],
        "extensions": {"code": "undefinedField", "typeName": of, "fieldName": name},
    }


def _variable_errors(operation: OperationDefinitionNode, variables: dict[str, Any]) -> list[dict[str, Any]]:
    values = get_variable_values(admin_schema(), operation.variable_definitions or (), variables)
    if not isinstance(values, list):
        return []
    return [
        {
            "message": error.message,
            "locations": _locations(error),
            "extensions": {"code": "INVALID_VARIABLE", "problems": [{"path": [], "explanation": error.message}]},
        }
        for error in values
    ]


@cache
def admin_schema() -> GraphQLSchema:
    """The app's cut of the Admin schema, with Shopify's scalars."""
    schema = build_schema(files(__package__).joinpath("schema.graphqls").read_text("utf-8"))
    _teach(schema, "DateTime", read=_read_moment, write=_write_moment)
    _teach(schema, "UnsignedInt64", read=str, write=str)
    return schema


def _teach(schema: GraphQLSchema, name: str, *, read: Callable[[Any], Any], write: Callable[[Any], Any]) -> None:
    scalar = schema.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)
    for attribute in ("parse_value", "coerce_input_value"):
        setattr(scalar, attribute, read)
    for attribute in ("serialize", "coerce_output_value"):
        setattr(scalar, attribute, write)


def _read_moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise GraphQLError(f"{value!r} is not a DateTime in ISO 8601.") from error
    if moment.tzinfo is None:
        raise GraphQLError(f"{value!r} names no time zone.")
    return moment


def _write_moment(value: Any) -> str:
    assert isinstance(value, datetime)
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")

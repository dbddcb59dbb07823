"""As much of OpenAPI 3.0 as it takes to say whether a recorded call fits a published description.

Stricter than the standard in one point: a field or parameter that the description does not name is a fault, because a
misspelt one would be ignored silently by the real service.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

METHODS = {"get", "post", "put", "patch", "delete"}
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


@dataclass(frozen=True)
class Exchange:
    """One call as it went over the wire."""

    method: str
    path: str
    query: str
    content_type: str
    content: bytes
    status: int
    answer_type: str
    answer: bytes


@dataclass(frozen=True)
class Operation:
    id: str
    spec: dict[str, Any]
    parameters: list[dict[str, Any]]
    values: dict[str, str]


class Description:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._routes = [(self._pattern(path), path) for path in document["paths"]]

    @classmethod
    def read(cls, path: Path) -> "Description":
        return cls(json.loads(path.read_text()))

    def operation_of(self, exchange: Exchange) -> Operation | None:
        """The operation that a call means; the path with the fewest parameters wins."""
        found = [(m, path) for pattern, path in self._routes if (m := pattern.fullmatch(exchange.path))]
        for match, path in sorted(found, key=lambda pair: pair[1].count("{")):
            item = self._document["paths"][path]
            spec = item.get(exchange.method.lower())
            if spec is not None:
                parameters = [
                    self._resolve(each) for each in [*item.get("parameters", []), *spec.get("parameters", [])]
                ]
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                return Operation(spec["operationId"], spec, parameters, values)
        return None

    def request_faults(self, exchange: Exchange) -> list[str]:
        operation = self.operation_of(exchange)
        if operation is None:
            return [f"there is no {exchange.method} {exchange.path}"]
        return [f"{operation.id}: {fault}" for fault in self._request_faults(operation, exchange)]

    def answer_faults(self, exchange: Exchange) -> list[str]:
        """Only of successes: what is refused is described for few operations."""
        operation = self.operation_of(exchange)
        if operation is None or not 200 <= exchange.status < 300:
            return []
        described = operation.spec["responses"].get(str(exchange.status))
        if described is None:
            return [f"{operation.id}: answers {exchange.status}"]
        schema = self._schema_of(described.get("content", {}), exchange.answer_type)
        if schema is None:
            return [f"{operation.id}: answers in {exchange.answer_type}"] if exchange.answer else []
        return [f"{operation.id}: {fault}" for fault in self.faults(schema, json.loads(exchange.answer), "answer")]

    def faults(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        """What is wrong with *value*; empty when it fits."""
        schema = self._resolve(schema)
        if value is None:
            return [] if schema.get("nullable") else [f"{where} is null"]
        wrong = self._own_faults(schema, value, where)
        for part in schema.get("allOf", []):
            wrong += self._without_unknown(part, value, where)
        for choice in ("anyOf", "oneOf"):
            options = [self._without_unknown(option, value, where) for option in schema.get(choice, [])]
            if options and all(options):
                wrong += _fewest(options)
        known = self._known(schema)
        if isinstance(value, dict) and known is not None:
            wrong += [f"{where}.{name} is not described" for name in value if name not in known]
            for name, item in value.items():
                for described in known.get(name, []):
                    wrong += self.faults(described, item, f"{where}.{name}")
        return wrong

    # --- requests ---

    def _request_faults(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        query = parse_qs(exchange.query, keep_blank_values=True, strict_parsing=bool(exchange.query))
        described = {each["name"]: each for each in operation.parameters if each["in"] == "query"}
        yield from (f"the parameter {name} is not described" for name in query if name not in described)
        for name, parameter in described.items():
            if name in query:
                yield from self._parameter_faults(parameter, query[name])
            elif parameter.get("required"):
                yield f"the parameter {name} is missing"
        for parameter in operation.parameters:
            if parameter["in"] == "path":
                yield from self._parameter_faults(parameter, [operation.values[parameter["name"]]])
        yield from self._body_faults(operation, exchange)

    def _parameter_faults(self, parameter: dict[str, Any], given: list[str]) -> list[str]:
        schema = self._resolve(parameter.get("schema", {}))
        where = f"the parameter {parameter['name']}"
        if schema.get("type") == "array":
            items = self._resolve(schema["items"])
            return [fault for one in given for fault in self.faults(items, _typed(items, one), where)]
        if len(given) > 1:
            return [f"{where} is given {len(given)} times"]
        return self.faults(schema, _typed(schema, given[0]), where)

    def _body_faults(self, operation: Operation, exchange: Exchange) -> list[str]:
        body = self._resolve(operation.spec.get("requestBody", {}))
        if not exchange.content:
            return ["the body is missing"] if body.get("required") else []
        schema = self._schema_of(body.get("content", {}), exchange.content_type)
        if schema is None:
            return [f"the body comes in {exchange.content_type}"]
        if exchange.content_type.startswith("application/x-www-form-urlencoded"):
            form = {name: values[0] for name, values in parse_qs(exchange.content.decode()).items()}
            return self.faults(schema, form, "body")
        return self.faults(schema, json.loads(exchange.content), "body")

    def _schema_of(self, content: Mapping[str, Any], media_type: str) -> dict[str, Any] | None:
        entry = content.get(media_type.split(";")[0].strip().lower())
        return entry["schema"] if entry is not None else None

    # --- schemas ---

    def _own_faults(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        kind = schema.get("type")
        if kind is not None and not _is_of(kind, value):
            return [f"{where} is no {kind}"]
        wrong = []
        if "enum" in schema and value not in schema["enum"]:
            wrong.append(f"{where} is none of {schema['enum']}")
        if isinstance(value, str):
            wrong += _text_faults(schema, value, where)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            wrong.append(f"{where} is out of bounds")
        if isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                wrong.append(f"{where} has {len(value)} entries")
            for place, one in enumerate(value):
                wrong += self.faults(schema.get("items", {}), one, f"{where}[{place}]")
        if isinstance(value, dict):
            wrong += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        return wrong

    def _without_unknown(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        """Faults of a part of a schema, which does not have to know the fields of the other parts."""
        schema = self._resolve(schema)
        wrong = self._own_faults(schema, value, where)
        for part in schema.get("allOf", []):
            wrong += self._without_unknown(part, value, where)
        for choice in ("anyOf", "oneOf"):
            options = [self._without_unknown(option, value, where) for option in schema.get(choice, [])]
            if options and all(options):
                wrong += _fewest(options)
        return wrong

    def _known(self, schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]] | None:
        """By name, all that the schema and its parts say about a field. None where anything is allowed."""
        schema = self._resolve(schema)
        known: dict[str, list[dict[str, Any]]] = {n: [s] for n, s in schema.get("properties", {}).items()}
        parts = [part for name in ("allOf", "anyOf", "oneOf") for part in schema.get(name, [])]
        if "discriminator" in schema:
            known.setdefault(schema["discriminator"]["propertyName"], [])
        for part in parts:
            for name, schemas in (self._known(part) or {}).items():
                known.setdefault(name, []).extend(schemas if len(parts) == 1 or part in schema.get("allOf", []) else [])
        return known or None

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _pattern(self, path: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


def _fewest(options: list[list[str]]) -> list[str]:
    return min(options, key=lambda faults: len(faults))


def _is_of(kind: str, value: Any) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _text_faults(schema: dict[str, Any], value: str, where: str) -> list[str]:
    wrong = []
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        wrong.append(f"{where} has {len(value)} characters")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append(f"{where} does not look like {schema['pattern']}")
    if schema.get("format") == "date-time":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            wrong.append(f"{where} is no date-time")
    return wrong


def _typed(schema: dict[str, Any], text: str) -> Any:
    """A parameter's text as the type it stands for; what cannot be read stays text, and is a fault."""
    match schema.get("type"):
        case "integer" if re.fullmatch(r"-?\d+", text):
            return int(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case _:
            return text

"""The API as a page to read, made from its OpenAPI document: `python -m app.api.v1.reference` writes it anew."""

import sys
from collections.abc import Iterator
from typing import Any, Final

from app.api.v1.openapi import document

BASE: Final = "https://sms.example.com"
HEAD: Final = """# Connect API: reference

Made from the OpenAPI document that is served at `/api/v1/openapi.json`; how to begin stands in
[connect-api.md](connect-api.md). Every call needs `Authorization: Bearer <API key>`.
"""


def render() -> str:
    described = document(BASE)
    blocks = [HEAD]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            blocks += _operation(described, f"{method.upper()} /api/v1{path}", operation)
    blocks.append("## Shapes\n")
    for name, schema in described["components"]["schemas"].items():
        blocks += _shape(name, schema)
    return "\n".join(blocks).rstrip() + "\n"


def _operation(described: dict[str, Any], title: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## {operation['summary']}\n\n`{title}`\n\n{operation['description']}\n"
    given = [resolved(described, each) for each in operation["parameters"]]
    if given:
        yield "| Parameter | In | Type | |\n|---|---|---|---|"
        for each in given:
            note = _cell(each.get("description", ""))
            yield f"| `{each['name']}` | {each['in']} | {_type(each['schema'])} | {note} |"
        yield ""
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        fields = ", ".join(f"`{name}`: {_type(part)}" for name, part in schema["properties"].items())
        yield f"Body: {fields}\n"
    for status, answer in operation["responses"].items():
        schema = resolved(described, answer)["content"]["application/json"]["schema"]
        yield f"- {'Any other status' if status == 'default' else status}: {_type(schema)}"
    yield ""


def _shape(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if schema.get("description"):
        yield f"{schema['description']}\n"
    needed = schema.get("required", [])
    yield "| Field | Type | |\n|---|---|---|"
    for field, part in schema.get("properties", {}).items():
        notes = ["Needed."] if field in needed and name.endswith("Input") else []
        notes += [part["description"]] if part.get("description") else []
        if part.get("maxLength"):
            notes.append(f"At most {part['maxLength']} characters.")
        yield f"| `{field}` | {_type(part)} | {_cell(' '.join(notes))} |"
    yield ""


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "allOf" in schema:
        return " and ".join(_type(each) for each in schema["allOf"])
    kinds = schema.get("type", "any")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    items = f" of {_type(schema['items'])}" if "items" in schema else ""
    return " or ".join(kind + (items if kind == "array" else "") for kind in kinds)


def resolved(described: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = described
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(render())

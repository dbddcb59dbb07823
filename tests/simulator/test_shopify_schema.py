"""The simulator's cut of the Admin schema invents nothing and lacks nothing that the app asks for.

`SHOPIFY_SCHEMA` names the file of the official schema (SDL of 2026-10, may be gzipped), which is not ours to publish.
"""

import gzip
import os
from pathlib import Path

import pytest
from graphql import GraphQLNamedType, GraphQLSchema, build_schema, parse, print_ast, validate
from graphql.type import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

import app
from app.simulator.shopify.graphql import admin_schema


@pytest.fixture(scope="module")
def official() -> GraphQLSchema:
    name = os.environ.get("SHOPIFY_SCHEMA", "")
    if not name or not Path(name).is_file():
        pytest.skip("SHOPIFY_SCHEMA names no file with Shopify's Admin schema")
    raw = Path(name).read_bytes()
    return build_schema((gzip.decompress(raw) if name.endswith(".gz") else raw).decode(), assume_valid=True)


def test_the_cut_invents_nothing(official: GraphQLSchema) -> None:
    own = [
        t for t in admin_schema().type_map.values() if not is_introspection_type(t) and not is_specified_scalar_type(t)
    ]
    assert [fault for ours in own for fault in _faults(ours, official.type_map.get(ours.name))] == []


def test_every_operation_of_the_app_is_served() -> None:
    faults = {
        path.name: [error.message for error in validate(admin_schema(), parse(path.read_text()))]
        for path in Path(app.__path__[0]).rglob("*.graphql")
    }
    assert len(faults) > 0
    assert {name: errors for name, errors in faults.items() if errors} == {}


def _faults(ours: GraphQLNamedType, theirs: GraphQLNamedType | None) -> list[str]:
    """What *ours* has otherwise than *theirs*: names, types, nullability, arguments, defaults, deprecations."""
    if type(theirs) is not type(ours):
        return [f"{ours.name} is not of that kind"]
    if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
        return [f"{ours.name}.{value}" for value in ours.values if value not in theirs.values]
    if isinstance(ours, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        names = [name for name in ours.fields if str(ours.fields[name].type) != _type_of(theirs.fields.get(name))]
        needed = [name for name, field in theirs.fields.items() if str(field.type).endswith("!")]
        return [f"{ours.name}.{name}" for name in [*names, *(name for name in needed if name not in ours.fields)]]
    if isinstance(ours, (GraphQLObjectType, GraphQLInterfaceType)):
        assert isinstance(theirs, (GraphQLObjectType, GraphQLInterfaceType))
        return [f"{ours.name}.{fault}" for fault in _field_faults(ours, theirs)]
    return []


def _field_faults(
    ours: GraphQLObjectType | GraphQLInterfaceType, theirs: GraphQLObjectType | GraphQLInterfaceType
) -> list[str]:
    faults = [f"implements {i.name}" for i in ours.interfaces if i.name not in {j.name for j in theirs.interfaces}]
    for name, field in ours.fields.items():
        other = theirs.fields.get(name)
        if other is None or str(field.type) != str(other.type):
            faults.append(name)
            continue
        if bool(field.deprecation_reason) != bool(other.deprecation_reason):
            faults.append(f"{name} @deprecated")
        faults += [f"{name}({key})" for key, argument in field.args.items() if not _same(argument, other.args.get(key))]
    return faults


def _same(ours: GraphQLArgument, theirs: GraphQLArgument | None) -> bool:
    return theirs is not None and str(ours.type) == str(theirs.type) and _default(ours) == _default(theirs)


def _default(argument: GraphQLArgument) -> str | None:
    default = argument.default
    return print_ast(default.literal) if default is not None and default.literal is not None else None


def _type_of(field: object) -> str | None:
    return str(field.type) if hasattr(field, "type") else None

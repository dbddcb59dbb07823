"""What a query must be to be run in bulk.

Source: Shopify, "Perform bulk operations with the GraphQL Admin API": one field at the top, edges and no nodes, five
connections two deep, none inside a list, every parent with its id.
"""

from collections.abc import Iterator
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)

MOST_CONNECTIONS: Final = 5
DEEPEST: Final = 2


class Unfit(Exception):
    """A query that no bulk operation takes; the text says why."""


def read_query(schema: GraphQLSchema, query: str) -> DocumentNode:
    """Raises `Unfit`."""
    try:
        document = parse(query)
    except GraphQLError as error:
        raise Unfit(f"Invalid bulk query: {error.message}") from None
    wrong = validate(schema, document)
    if wrong:
        raise Unfit(f"Invalid bulk query: {wrong[0].message}")
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        raise Unfit("Exactly one query can be run in bulk.")
    if operations[0].variable_definitions:
        raise Unfit("A bulk query takes no variables.")
    found = list(_connections(schema.query_type, operations[0].selection_set, depth=0, in_list=False))
    if len(operations[0].selection_set.selections) != 1:
        raise Unfit("A bulk query has a single field at its top.")
    if not found:
        raise Unfit("Bulk queries must contain at least one connection.")
    if len(found) > MOST_CONNECTIONS:
        raise Unfit(f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections.")
    return document


def _connections(kind: Any, selected: SelectionSetNode | None, *, depth: int, in_list: bool) -> Iterator[str]:
    """The names of all connections, each looked at. Raises `Unfit`."""
    for each in selected.selections if selected is not None else ():
        if isinstance(each, InlineFragmentNode):
            yield from _connections(kind, each.selection_set, depth=depth, in_list=in_list)
        if not isinstance(each, FieldNode) or not isinstance(kind, GraphQLObjectType):
            continue
        name = each.name.value
        if name.startswith("__"):
            continue
        declared = kind.fields[name].type
        inner = get_named_type(declared)
        if not inner.name.endswith("Connection"):
            bare = declared.of_type if isinstance(declared, GraphQLNonNull) else declared
            listed = in_list or (isinstance(bare, GraphQLList) and name != "edges")
            yield from _connections(inner, each.selection_set, depth=depth, in_list=listed)
            continue
        _look_at(each, depth=depth, in_list=in_list)
        yield name
        yield from _connections(inner, each.selection_set, depth=depth + 1, in_list=False)


def _look_at(connection: FieldNode, *, depth: int, in_list: bool) -> None:
    name = connection.name.value
    if in_list:
        raise Unfit(f"Queries that contain a connection field within a list field are not supported ({name}).")
    if depth > DEEPEST:
        raise Unfit(f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}.")
    nodes = [inner for inner in _named(connection, "edges") for inner in _named(inner, "node")]
    if not nodes or _named(connection, "nodes"):
        raise Unfit(f"The '{name}' connection must be read by its edges.")
    if not any(_named(node, "id") for node in nodes):
        raise Unfit(f"The parent 'node' field for a nested connection must select the 'id' field ({name}).")


def _named(parent: FieldNode, name: str) -> list[FieldNode]:
    selected = parent.selection_set.selections if parent.selection_set is not None else ()
    return [each for each in selected if isinstance(each, FieldNode) and each.name.value == name]

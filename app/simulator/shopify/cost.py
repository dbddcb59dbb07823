"""What a GraphQL request costs, and the leaky bucket that pays for it, per app and shop.

Source: Shopify, "Rate limits" of the GraphQL Admin API: an object costs a point, a scalar nothing, a connection as many
as its page is long, a mutation ten with the first object of its answer included. The bucket holds twenty seconds of the
plan's rate. No request may cost more than a thousand points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

DEAREST = 1000
MUTATION = 10
RATES = {"Basic": 100, "Grow": 100, "Advanced": 200, "Plus": 1000, "Enterprise": 2000}
BUCKET_SECONDS = 20
WRAPPERS = ("nodes", "edges", "node", "pageInfo", "userErrors")


@dataclass
class Bucket:
    """Fills at the plan's rate. *available* is what was left at *filled_at*."""

    rate: int
    available: float
    filled_at: datetime

    @classmethod
    def full(cls, plan: str, now: datetime) -> "Bucket":
        rate = RATES.get(plan, 100)
        return cls(rate, rate * BUCKET_SECONDS, now)

    @property
    def size(self) -> int:
        return self.rate * BUCKET_SECONDS

    def take(self, points: float, now: datetime) -> bool:
        """Whether *points* were there and have been taken."""
        passed = max((now - self.filled_at).total_seconds(), 0)
        self.available, self.filled_at = min(self.size, self.available + passed * self.rate), now
        if points > self.available:
            return False
        self.available -= points
        return True

    def give_back(self, points: float) -> None:
        self.available = min(self.size, self.available + points)

    def status(self) -> dict[str, float]:
        return {
            "maximumAvailable": float(self.size),
            "currentlyAvailable": int(self.available),
            "restoreRate": float(self.rate),
        }


def requested_cost(document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    fields = _fields(operation.selection_set, fragments)
    if operation.operation is OperationType.MUTATION:
        inner = [child for field in fields for child in _fields(field.selection_set, fragments)]
        return MUTATION * len(fields) + sum(_children_cost(child, fragments, variables) for child in inner)
    return sum(_cost(field, fragments, variables) for field in fields)


def _cost(field: FieldNode, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> int:
    if field.selection_set is None:
        return 0
    inner = _children_cost(field, fragments, variables)
    names = {child.name.value for child in _fields(field.selection_set, fragments)}
    if names & {"nodes", "edges"}:
        return 2 + _page_size(field, variables) * max(inner, 1)
    return inner if field.name.value in ("edges", "pageInfo", "userErrors") else 1 + inner


def _children_cost(
    field: FieldNode, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
) -> int:
    return sum(_cost(child, fragments, variables) for child in _fields(field.selection_set, fragments))


def _page_size(field: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in field.arguments or ():
        if argument.name.value in ("first", "last"):
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                given = variables.get(argument.value.name.value)
                return given if isinstance(given, int) else 1
    return 1


def _fields(selection_set: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]) -> list[FieldNode]:
    fields: list[FieldNode] = []
    for selection in selection_set.selections if selection_set is not None else ():
        if isinstance(selection, FieldNode):
            fields.append(selection)
        elif isinstance(selection, InlineFragmentNode):
            fields.extend(_fields(selection.selection_set, fragments))
        elif isinstance(selection, FragmentSpreadNode):
            fields.extend(_fields(fragments[selection.name.value].selection_set, fragments))
    return fields


def actual_cost(data: object) -> int:
    """A point for every object that was answered; what only wraps others is free."""
    if isinstance(data, list):
        return sum(actual_cost(one) for one in data)
    if not isinstance(data, dict):
        return 0
    own = 0 if data.keys() & {"nodes", "edges", "pageInfo"} else 1
    return own + sum(actual_cost(value) for name, value in data.items() if name not in ("pageInfo", "userErrors"))

"""Shopify's search syntax, as far as the app uses it: `field:value` terms, compared, joined by AND or OR.

Source: Shopify, "API search syntax", "Webhook filters". Where Shopify would ignore an unknown field of a *query* with
a warning, we refuse it, so that a misspelt filter does not pass for a working one. A webhook *filter* with an unknown
field delivers nothing, as there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TERM = re.compile(r"""(?P<field>[\w.]+):(?P<op>>=|<=|>|<)?(?P<value>"[^"]*"|'[^']*'|[^\s()]+)""")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": lambda a, b: bool(a == b),
    ">": lambda a, b: bool(a > b),
    "<": lambda a, b: bool(a < b),
    ">=": lambda a, b: bool(a >= b),
    "<=": lambda a, b: bool(a <= b),
}


class BadSearch(ValueError):
    """The query holds something that this cut of the search syntax does not know."""


@dataclass(frozen=True)
class Term:
    field: str
    op: str
    value: str


def parse_search(query: str) -> list[list[Term]]:
    """Alternatives (joined by OR), each a list of terms that must all hold. Empty for an empty query."""
    alternatives = []
    for part in re.split(r"\s+OR\s+", query.strip()) if query.strip() else []:
        terms = [Term(m["field"], m["op"] or "", m["value"].strip("\"'")) for m in TERM.finditer(part)]
        rest = re.sub(r"\bAND\b|[()\s]", "", TERM.sub("", part))
        if rest or not terms:
            raise BadSearch(f"Cannot read this part of the search: {part}")
        alternatives.append(terms)
    return alternatives


def matches_search(query: str | None, values: Mapping[str, Any]) -> bool:
    """Whether the record whose searchable fields are *values* is found by *query*."""
    alternatives = parse_search(query or "")
    return not alternatives or any(all(_holds(term, values) for term in terms) for terms in alternatives)


def _holds(term: Term, values: Mapping[str, Any]) -> bool:
    if term.field not in values:
        raise BadSearch(f"There is no search field {term.field}.")
    value = values[term.field]
    if value is None:
        return False
    if isinstance(value, datetime):
        return COMPARE[term.op](value, _moment(term.value))
    if isinstance(value, (list, set, tuple)):
        return term.value.lower() in {str(one).lower() for one in value}
    if isinstance(value, int) and not isinstance(value, bool) and term.value.isdigit():
        return COMPARE[term.op](value, int(term.value))
    return COMPARE[term.op](str(value).lower(), term.value.lower())


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSearch(f"{text} is not a date.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_filter(text: str) -> bool:
    """Whether Shopify would take *text* as a webhook filter: every condition names its field."""
    try:
        return bool(parse_search(text))
    except BadSearch:
        return False


def matches_filter(text: str | None, payload: Mapping[str, Any]) -> bool:
    """Case-sensitive; an unknown field lets nothing through."""
    if not text:
        return True
    return any(all(_filter_holds(term, payload) for term in terms) for terms in parse_search(text))


def _filter_holds(term: Term, payload: Mapping[str, Any]) -> bool:
    value: Any = payload
    for step in term.field.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return False
        value = value[step]
    if value is None:
        return False
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if term.op and text.replace(".", "", 1).isdigit() and term.value.replace(".", "", 1).isdigit():
        return COMPARE[term.op](float(text), float(term.value))
    return COMPARE[term.op](text, term.value)

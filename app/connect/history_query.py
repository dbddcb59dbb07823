"""The query that Shopify runs in bulk: the same fields as a page of orders, in the shape that bulk operations take."""

import json
import re
from typing import Final

from app.connect.history_pages import PACKAGE
from app.connect.history_period import period_of
from app.connect.models import HistoryImport
from app.shopify.client import operation

BULK_QUERY: Final = """{
  orders(query: %(period)s, sortKey: CREATED_AT) {
    edges { node { %(order)s lineItems { edges { node { %(line)s } } } } }
  }
}"""


def bulk_query(run: HistoryImport) -> str:
    """What a page of orders asks for. A bulk query takes no variables, so the period stands in its text."""
    order, line = _fields_of("HistoryOrder"), _fields_of("HistoryLine")
    return BULK_QUERY % {"period": json.dumps(period_of(run)), "order": order, "line": line}


def _fields_of(fragment: str) -> str:
    """In the query itself: that bulk queries take fragments is written nowhere."""
    found = re.search(rf"fragment {fragment} on \w+ {{\n(.*?)\n}}", operation(PACKAGE, "history_page"), re.DOTALL)
    assert found is not None
    return found[1]

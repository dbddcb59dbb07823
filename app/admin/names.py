"""Pages that say what customers are called: they show what is known and wait for nothing; the rest is asked for."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from app.admin.page import render
from app.admin.session import Visit
from app.messages.names import are_missing, ask_names, known_names, unasked


def render_with_names(visit: Visit, name: str, phones: Sequence[str], **values: Any) -> Response:
    """`names` by phone for the template; `names_late`: it pays to look again soon."""
    deps, shop_id = visit.deps, visit.shop.id
    late = are_missing(deps, shop_id, phones)
    asked = unasked(deps, shop_id, phones)
    names = known_names(deps, shop_id, phones)
    response = render(visit, name, names=names, names_late=late, **values)
    if asked:
        deps.errands.run(ask_names(deps, shop_id, asked))
    return response

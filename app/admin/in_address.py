"""Ids in the address of a page or of a call."""

from app.admin.session import Visit
from app.core.errors import Invalid, NotFound
from app.core.whole_number import whole_number


def path_id(visit: Visit, otherwise: str) -> int:
    """Raises `NotFound` with the sentence *otherwise*."""
    number = whole_number(str(visit.request.path_params["id"]))
    if number is None:
        raise NotFound(otherwise)
    return number


def optional_id(visit: Visit, name: str) -> int | None:
    """Where the next page begins. Raises `Invalid`."""
    text = visit.request.query_params.get(name, "")
    number = whole_number(text)
    if text and number is None:
        raise Invalid({name: "Give the id that the page before this one ended with."})
    return number


def id_or_first(visit: Visit, name: str) -> int | None:
    """For pages: a mistyped address shows the first rather than a fault."""
    return whole_number(visit.request.query_params.get(name, ""))

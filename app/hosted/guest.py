"""One request to the hosted Connect page of one organisation, and how often its public forms may be used."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from app.connect.agreement import QUESTION
from app.connect.notices import brand_of
from app.consent.queries import count_public_use
from app.core.language import language_of
from app.core.rate_limit import caller_of
from app.deps import Deps
from app.hosted.page import show_nobody
from app.shopify.shop_domain import clean_shop_domain
from app.shops.models import Shop
from app.shops.queries import find_shop

LONGEST_FORM = 24 * 1024
MOST_FIELDS = 40
WINDOW = timedelta(minutes=10)
MOST_ATTEMPTS = 20
TOO_MANY = "Too many attempts. Wait a few minutes, then try again."


@dataclass(frozen=True)
class Guest:
    """*form* holds the first value of each field; it is empty when what was sent is no form."""

    request: Request
    deps: Deps
    shop: Shop
    form: dict[str, str]

    @property
    def base(self) -> str:
        return f"/c/{self.request.path_params['organisation']}"


Answer = Callable[[Request], Awaitable[Response]]


def open_to_all(show: Callable[[Guest], Awaitable[Response]]) -> Answer:
    """Make a route of a page for anybody."""

    async def answer(request: Request) -> Response:
        guest = await find_guest(request)
        return show_nobody(request) if guest is None else await show(guest)

    return answer


async def find_guest(request: Request) -> Guest | None:
    """None when there is no such organisation, or it has removed the app."""
    deps: Deps = request.state.deps
    domain = clean_shop_domain(f"{request.path_params['organisation']}.myshopify.com")
    if domain is None:
        return None
    async with deps.db.transaction() as session:
        shop = await find_shop(session, domain)
    if shop is None or not shop.installed:
        return None
    return Guest(request, deps, shop, await _read_form(request) if request.method == "POST" else {})


async def is_too_fast(guest: Guest) -> bool:
    """Counted for each caller's address, in the database, so that all processes share it."""
    caller = caller_of(guest.request.scope.get("client"))
    address_hash = guest.deps.vault.fingerprint(f"hosted/{caller}")
    async with guest.deps.db.transaction() as session:
        used = await count_public_use(session, guest.shop.id, address_hash, now=guest.deps.clock(), window=WINDOW)
    return used > MOST_ATTEMPTS


def question_of(guest: Guest) -> str:
    """Whether the person wants news by text, as the page asks it and the record keeps it."""
    return language_of(guest.request).gettext(QUESTION) % {"brand": brand_of(guest.shop)}


async def _read_form(request: Request) -> dict[str, str]:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LONGEST_FORM:
            return {}
    try:
        fields = parse_qs(raw.decode("ascii"), max_num_fields=MOST_FIELDS, keep_blank_values=True)
    except (UnicodeDecodeError, ValueError):
        return {}
    # Browsers send line ends as two characters; a text message has one.
    return {name: values[0].replace("\0", "").replace("\r\n", "\n") for name, values in fields.items()}

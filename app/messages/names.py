"""What the customers behind numbers are called, for pages that show conversations.

Names are Shopify's and are not stored here. A page shows the ones that this process remembers and does not wait for the
others: they are asked for once it has been answered, for all its numbers at once, and stand there at its next look.
Source: Shopify Admin API, `customers`, its search field `phone`.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.client import ShopifyError, operation
from app.shops.admin_api import run_operation

log = get_logger(__name__)

KEPT: Final = timedelta(minutes=15)
ASKED: Final = timedelta(minutes=1)
"""While a question is under way, and after one that Shopify did not answer, nobody asks the same."""
PHONES_A_SEARCH: Final = 25


def known_names(deps: Deps, shop_id: int, phones: Iterable[str]) -> dict[str, str]:
    """Phone to name, of those that have one."""
    now = deps.clock()
    found = {phone: deps.names.find((shop_id, deps.vault.fingerprint(phone)), now) for phone in phones}
    return {phone: name for phone, name in found.items() if name}


def unasked(deps: Deps, shop_id: int, phones: Iterable[str]) -> list[str]:
    """Those that `ask_names` could tell more about."""
    now = deps.clock()
    different = dict.fromkeys(phones)
    return [each for each in different if deps.names.find((shop_id, deps.vault.fingerprint(each)), now) is None]


async def ask_names(deps: Deps, shop_id: int, phones: Sequence[str]) -> None:
    """Remembers what Shopify calls them. That it does not answer is no more than a name that is missing."""
    _keep(deps, shop_id, dict.fromkeys(phones, ""), ASKED)
    document = operation(__package__ or "app.messages", "names_by_phone")
    for start in range(0, len(phones), PHONES_A_SEARCH):
        some = phones[start : start + PHONES_A_SEARCH]
        try:
            question = " OR ".join(f'phone:"{phone}"' for phone in some)
            answer = await run_operation(deps, shop_id, document, {"q": question})
        except ShopifyError as error:
            log.info("names.unasked", shop_id=shop_id, error=type(error).__name__)
            return
        told = dict(_named((answer["customers"] or {}).get("nodes") or []))
        _keep(deps, shop_id, {phone: told.get(phone, "") for phone in some}, KEPT)


def _named(customers: Iterable[dict[str, object]]) -> Iterable[tuple[str, str]]:
    for each in customers:
        number = each.get("defaultPhoneNumber")
        phone = to_e164(str(number.get("phoneNumber") or "")) if isinstance(number, dict) else None
        if phone is not None:
            yield phone, " ".join(str(each[part]) for part in ("firstName", "lastName") if each.get(part))


def _keep(deps: Deps, shop_id: int, names: dict[str, str], how_long: timedelta) -> None:
    until = deps.clock() + how_long
    for phone, name in names.items():
        deps.names.keep((shop_id, deps.vault.fingerprint(phone)), name, until)

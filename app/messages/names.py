"""What the customers behind numbers are called, for pages that show their texts.

Names are Shopify's and are not stored here. A page shows the ones that this process remembers and does not wait for the
others: they are asked for beside its answer, for all its numbers at once, and stand there at its next look.
A name that is old is asked for again while it still shows, so that it does not come and go on a page that stays open.
Source: Shopify Admin API, `customers`, its search field `phone`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from app.core.log import get_logger
from app.core.phone import to_e164
from app.core.remembered import Answer
from app.deps import Deps
from app.shopify.client import ShopifyError, operation
from app.shops.admin_api import run_operation

log = get_logger(__name__)

SWEPT: Final = timedelta(minutes=1)
KEPT: Final = timedelta(minutes=15) - SWEPT
"""So that a name has left the memory a quarter of an hour after Shopify said it, whether or not anybody looks."""
RENEWED: Final = timedelta(minutes=10)
"""A page that stays open looks again well within the time that is left."""
ASKED: Final = timedelta(minutes=1)
"""While a question is under way, and after one that Shopify did not answer, nobody asks the same."""
PHONES_A_SEARCH: Final = 25


def known_names(deps: Deps, shop_id: int, phones: Iterable[str]) -> dict[str, str]:
    """Phone to name, of those that have one."""
    now = deps.clock()
    found = {phone: deps.names.find((shop_id, deps.vault.fingerprint(phone)), now) for phone in phones}
    return {phone: name for phone, name in found.items() if name}


def are_missing(deps: Deps, shop_id: int, phones: Iterable[str]) -> bool:
    """Whether there is one of which nothing is known, not even that Shopify has no name for it."""
    now = deps.clock()
    return any(deps.names.find((shop_id, deps.vault.fingerprint(phone)), now) is None for phone in phones)


def unasked(deps: Deps, shop_id: int, phones: Iterable[str]) -> list[str]:
    """Those that `ask_names` could tell more about, or anew."""
    now = deps.clock()
    different = dict.fromkeys(phones)
    return [each for each in different if deps.names.is_due((shop_id, deps.vault.fingerprint(each)), now)]


async def ask_names(deps: Deps, shop_id: int, phones: Sequence[str]) -> None:
    """Remembers what Shopify calls them. That it does not answer is no more than a name that is missing."""
    now = deps.clock()
    for phone in phones:
        deps.names.claim((shop_id, deps.vault.fingerprint(phone)), now, due=now + ASKED)
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
        for phone in some:
            kept = Answer(told.get(phone, ""), due=now + RENEWED, until=now + KEPT)
            deps.names.keep((shop_id, deps.vault.fingerprint(phone)), kept)


def _named(customers: Iterable[dict[str, object]]) -> Iterable[tuple[str, str]]:
    for each in customers:
        number = each.get("defaultPhoneNumber")
        phone = to_e164(str(number.get("phoneNumber") or "")) if isinstance(number, dict) else None
        if phone is not None:
            yield phone, " ".join(str(each[part]) for part in ("firstName", "lastName") if each.get(part))


async def forget_names(deps: Deps, every: timedelta = SWEPT) -> None:
    """Runs as long as the web process does: one that nobody asks anything would remember for ever."""
    while True:
        deps.names.sweep(deps.clock())
        await asyncio.sleep(every.total_seconds())


def forget_names_of(deps: Deps, shop_id: int, phone_hashes: Sequence[bytes] | None = None) -> None:
    """Those of these numbers, or all of the shop. Other processes forget them in time."""
    deps.names.forget(lambda key: key[0] == shop_id and (phone_hashes is None or key[1] in phone_hashes))

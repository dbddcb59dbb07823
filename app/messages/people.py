"""Finds customers by name, for the search of the log. Names are Shopify's and are not kept here, so it is asked.

Source: Shopify Admin API, `customers`, its search fields `first_name` and `last_name`. An answer that does not come in
time, or at all, is told to whoever searched: the search then goes on in the texts alone.
"""

import asyncio
import re
from typing import Final

from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.shopify.client import ShopifyError, ShopifyUnavailable, operation
from app.shops.admin_api import run_operation

log = get_logger(__name__)

PATIENCE: Final = 3.0
"""Seconds until names are given up."""
GLANCE: Final = 0.25
"""Seconds that a page may wait for names; Shopify mostly answers within them. What comes later is filled in."""
NAME: Final = re.compile(r"[^\W\d_][^\W\d_]*(?:[ '’.-]{1,2}[^\W\d_]+){0,4}")


async def phones_of_people(
    deps: Deps, shop_id: int, words: str | None, *, patience: float = PATIENCE
) -> list[str] | None:
    """The phones of up to twenty customers of that name; none when *words* are no name. None: Shopify did not say,
    in time or at all."""
    question = name_search(words or "")
    if question is None:
        return []
    try:
        async with asyncio.timeout(patience):
            document = operation(__package__ or "app.messages", "customers_by_name")
            answer = await run_operation(deps, shop_id, document, {"q": question})
            nodes = (answer["customers"] or {}).get("nodes") or []
    except TimeoutError:
        log.info("people.late", shop_id=shop_id, patience=patience)
        return None
    except ShopifyError as error:
        log.info("people.unasked", shop_id=shop_id, error=type(error).__name__)
        # What the app may not see today it may not see in a moment either: asking again would not help.
        return None if isinstance(error, ShopifyUnavailable) else []
    phones = (to_e164((node.get("defaultPhoneNumber") or {}).get("phoneNumber"), None) for node in nodes)
    return [phone for phone in phones if phone is not None]


def name_search(words: str) -> str | None:
    """A search in Shopify's syntax; what could end its quotes is no part of a name."""
    name = " ".join(words.split())
    if len(name) < 2 or NAME.fullmatch(name) is None:
        return None
    first, _, last = name.partition(" ")
    if last:
        return f'first_name:"{first}" AND last_name:"{last}"'
    return f'first_name:"{first}" OR last_name:"{first}"'

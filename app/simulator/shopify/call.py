"""One call of the Admin API: whose it is, when it is, and what it causes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.simulator.shopify.bulk import BulkRuns
from app.simulator.shopify.payloads import Payload
from app.simulator.shopify.state import Shop


@dataclass
class AdminCall:
    """*events* collects what the call caused, by topic, to be sent as webhooks once it has been answered."""

    shop: Shop
    api_key: str
    api_version: str
    now: datetime
    new_id: Callable[[], int]
    bulk: BulkRuns
    events: list[dict[str, Payload]] = field(default_factory=list)

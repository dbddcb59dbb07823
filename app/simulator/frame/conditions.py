"""The weather of the simulated admin: what the panel's switches make go wrong for the app, or look different."""

import msgspec

from app.simulator.frame.assets import Look
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import ShopifySimulator

SLOW_NETWORK_MS = 1500


class Conditions(msgspec.Struct, kw_only=True):
    """*expire_tokens*: every first session token of a request is already expired, so that the app asks for a retry."""

    expire_tokens: bool = False
    slow_network: bool = False
    block_cdn: bool = False
    phone_width: bool = False
    second_look: bool = False
    lose_webhooks: bool = False
    duplicate_webhooks: bool = False

    @property
    def look(self) -> Look:
        return "next" if self.second_look else "classic"

    @property
    def delay(self) -> int:
        """Milliseconds added to each of the app's own requests."""
        return SLOW_NETWORK_MS if self.slow_network else 0

    def apply(self, shopify: ShopifySimulator, ringcentral: RingCentralSimulator) -> None:
        for simulator in (shopify, ringcentral):
            simulator.lose_webhooks = self.lose_webhooks
            simulator.duplicate_webhooks = self.duplicate_webhooks

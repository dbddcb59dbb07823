"""The transcript of `trial --once`: each webhook, each check, each text as the handset got it, as they happened."""

import re
import textwrap
from collections.abc import Callable
from typing import Any

from app.simulator.demo_shop import ADA
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import ShopifySimulator

WIDTH = 110
ACCOUNT = re.compile(r"^/restapi/[^/]+/accounts?/[^/]+/(extension/[^/]+/)?")
MARKS = {True: "✓", False: "✗", None: "…"}


class Transcript:
    def __init__(
        self, shopify: ShopifySimulator, ringcentral: RingCentralSimulator, write: Callable[[str], None]
    ) -> None:
        self._shopify, self._ringcentral, self._write = shopify, ringcentral, write
        self._told: set[str] = set()
        self._texts = 0

    def title(self, number: int, title: str) -> None:
        self._write(f"\n{number}. {title}")

    def line(self, text: str, indent: int = 3) -> None:
        for part in textwrap.wrap(
            text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_on_hyphens=False,
            break_long_words=False,
        ):  # fmt: skip
            self._write(part)

    def news(self) -> None:
        """The webhooks that were answered since the last call, Shopify's and RingCentral's."""
        for delivery in self._shopify.deliveries:
            if delivery.answers and delivery.webhook_id not in self._told:
                self._told.add(delivery.webhook_id)
                answers = ", ".join(str(answer) for answer in delivery.answers)
                self.line(f"Shopify webhook {delivery.topic} {delivery.webhook_id} →\N{NO-BREAK SPACE}{answers}")
        for attempt in self._ringcentral.webhooks:
            if attempt.uuid not in self._told:
                self._told.add(attempt.uuid)
                event = ACCOUNT.sub("", attempt.event.partition("?")[0])
                answer = attempt.status or "no answer"
                self.line(f"RingCentral webhook {event} {attempt.uuid} →\N{NO-BREAK SPACE}{answer}")

    def message(self, message: dict[str, Any]) -> None:
        reason = message.get("reason")
        self.line(f"message {message['kind']} for {message['order_name']}: {message['state']}")
        for check in message["checks"]:
            self.line(f"{MARKS[check['passed']]} {check['sentence']}", indent=5)
        if reason:
            self.line(f"because: {reason['sentence']} ({reason['code']})", indent=5)

    def texts(self) -> None:
        """What Ada's telephone shows since the last call."""
        seen = self._ringcentral.texts_of(ADA)
        for text in seen[self._texts :]:
            arrow = f"{text['from']} to Ada" if text["direction"] == "in" else f"Ada to {text['to']}"
            self.line(f"{arrow}: “{text['text']}”")
        self._texts = len(seen)

    def failed(self, number: int, title: str, why: str) -> None:
        self.news()
        self.texts()
        self._write(f"\nStep {number} failed ({title}): {why}")

    def done(self, steps: int) -> None:
        self._write(f"\nAll {steps} steps happened.")

"""A provider and a Shopify that answer as they are told, call by call, and note what happens to them.

The provider keeps RingCentral's rules: a sliding window, a penalty that each call starts again, a message store. What
breaks a rule is kept in `broken_rules`. `Killed` stands for the end of the process in that very moment: nothing of the
engine may catch it.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.core.clock import HeldClock
from app.shopify.client import Answer, ShopifyUnavailable
from app.sms import contract
from app.sms.contract import Accepted, Access, Changes, Credentials, DeliveryState, StatusReport, Token
from app.sms.providers.ringcentral.delivery_failures import delivery_failure

LIMIT, WINDOW = 40, timedelta(seconds=60)
CONSENTING = {"state": "SUBSCRIBED", "updatedAt": "2026-11-01T00:00:00Z"}


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Text:
    id: str
    sender: str
    recipient: str
    text: str
    at: datetime
    state: DeliveryState = DeliveryState.QUEUED
    error_code: str | None = None


REFUSALS: dict[str, contract.SmsError] = {
    "message refused": contract.MessageRefused("No.", code="CMN-102"),
    "recipient unusable": contract.RecipientRefused("No.", code="MSG-243", unusable_number=True),
    "recipient opted out": contract.RecipientRefused("No.", code="SMS-RC-413", opted_out=True),
    "sender pauses": contract.SenderRefused("Later.", code="MSG-384", pause_seconds=600),
    "sender stopped": contract.SenderRefused("No.", code="MSG-304"),
    "vendor at fault": contract.VendorFault("No.", code="CMN-401"),
    "request at fault": contract.VendorFault("No.", code="CMN-104"),
    "away": contract.ProviderUnavailable("Later.", code="HTTP-503"),
    "away for long": contract.ProviderUnavailable("Later.", code="HTTP-503", retry_after=90),
    "lost before": contract.OutcomeUnknown("Lost.", code="NETWORK"),
    "busy with the same": contract.OutcomeUnknown("Lost.", code="CMN-304", retry_after=30),
}
ANSWERS = (
    "accept",
    "throttle",
    "token rejected",
    "lost after",
    "late answer",
    "die before",
    "die after",
    "fault of ours",
    *REFUSALS,
)


@dataclass
class ScriptedProvider:
    clock: HeldClock
    name: str = "ringcentral"
    transport: str = "sms"
    plan: deque[str] = field(default_factory=deque)
    store_is_down: bool = False
    accepted: list[Text] = field(default_factory=list)
    suppressed: set[str] = field(default_factory=set)
    broken_rules: list[str] = field(default_factory=list)
    unanswered: list[asyncio.Event] = field(default_factory=list)
    logins: int = 0
    good_token: str = "token-0"
    calls: deque[datetime] = field(default_factory=deque)
    penalty_until: datetime | None = None

    # --- what the engine calls ---

    async def send(self, access: Access, *, sender: str, recipient: str, text: str) -> Accepted:
        self._keep_pace()
        answer = self.plan.popleft() if self.plan else "accept"
        if answer == "token rejected" or access.access_token != self.good_token:
            self.good_token = f"token-{self.logins + 1}"
            raise contract.TokenRejected("Renew.", code="OAU-151")
        if recipient in self.suppressed and "opt-out" not in text:
            self.broken_rules.append(f"a text to {recipient} after STOP")
        match answer:
            case "accept":
                return self._accept(sender, recipient, text)
            case "throttle":
                self.penalty_until = self.clock() + WINDOW
                raise contract.Throttled("Later.", code="CMN-301", retry_after=60)
            case "lost after":
                self._accept(sender, recipient, text)
                raise contract.OutcomeUnknown("Lost.", code="HTTP-504")
            case "late answer":
                accepted = self._accept(sender, recipient, text)
                released = asyncio.Event()
                self.unanswered.append(released)
                await released.wait()
                return accepted
            case "die before":
                raise Killed
            case "die after":
                self._accept(sender, recipient, text)
                raise Killed
            case "fault of ours":
                raise ZeroDivisionError("a bug between provider and answer")
            case _:
                raise REFUSALS[answer]

    async def find_sent(
        self,
        access: Access,
        *,
        sender: str,
        recipient: str,
        text: str,
        since: datetime,
        besides: Collection[str] = (),
    ) -> Accepted | None:
        self._read()
        for each in reversed(self.accepted):
            same = (each.sender, each.recipient, each.text) == (sender, recipient, text)
            if same and each.at >= since - timedelta(seconds=5) and each.id not in besides:
                return Accepted(each.id, each.state)
        return None

    async def read_statuses(
        self, access: Access, ids: Sequence[str], *, sent_between: tuple[datetime, datetime] | None = None
    ) -> list[StatusReport]:
        self._read()
        return [self._report(each) for each in self.accepted if each.id in ids]

    async def list_changes(
        self, access: Access, *, sync_token: str | None, since: datetime, numbers: Collection[str] = ()
    ) -> Changes:
        self._read()
        return Changes((), tuple(self._report(each) for each in self.accepted), f"sync-{len(self.accepted)}")

    async def log_in(self, credentials: Credentials) -> Token:
        self.logins += 1
        self.good_token = f"token-{self.logins}"
        return Token(self.good_token, self.clock() + timedelta(hours=1), "1", frozenset())

    def delivery_failure(self, code: str | None) -> contract.DeliveryFailure:
        return delivery_failure(code)

    # --- how it keeps the rules ---

    def _keep_pace(self) -> None:
        now = self.clock()
        if self.penalty_until is not None and now < self.penalty_until:
            self.broken_rules.append("a call inside a penalty")
        while self.calls and self.calls[0] <= now - WINDOW:
            self.calls.popleft()
        self.calls.append(now)
        if len(self.calls) > LIMIT:
            self.broken_rules.append("more calls than the window allows")

    def _read(self) -> None:
        if self.penalty_until is not None and self.clock() < self.penalty_until:
            self.broken_rules.append("a look inside a penalty")
        if self.store_is_down:
            raise contract.ProviderUnavailable("Later.", code="HTTP-503")

    def _accept(self, sender: str, recipient: str, text: str) -> Accepted:
        each = Text(f"rc-{len(self.accepted) + 1}", sender, recipient, text, self.clock())
        self.accepted.append(each)
        return Accepted(each.id, DeliveryState.QUEUED)

    def _report(self, each: Text) -> StatusReport:
        return StatusReport(each.id, each.state, each.error_code, 1, self.clock())


@dataclass
class ScriptedShopify:
    """The Admin API as far as the gate asks it. *phones*: order id to phone."""

    phones: dict[str, str] = field(default_factory=dict)
    plan: deque[str] = field(default_factory=deque)

    async def graphql(
        self, shop_domain: str, access_token: str, operation: str, variables: dict[str, Any] | None = None
    ) -> Answer:
        answer = self.plan.popleft() if self.plan else "answer"
        if answer == "die":
            raise Killed
        if answer == "away":
            raise ShopifyUnavailable("Shopify is busy.")
        order_id = str((variables or {})["id"]).rsplit("/", 1)[-1]
        return Answer({"order": self._order(order_id, cancelled=answer == "cancelled")})

    def _order(self, order_id: str, *, cancelled: bool) -> dict[str, Any]:
        return {
            "id": f"gid://shopify/Order/{order_id}",
            "name": f"#{order_id}",
            "number": int(order_id),
            "cancelledAt": "2026-11-23T17:00:00Z" if cancelled else None,
            "statusPageUrl": f"https://demo-store.com/orders/{order_id}",
            "displayFulfillmentStatus": "UNFULFILLED",
            "customer": {
                "id": "gid://shopify/Customer/1",
                "firstName": "Ada",
                "defaultPhoneNumber": {"phoneNumber": self.phones[order_id], "smsMarketingConsent": CONSENTING},
            },
            "shippingAddress": {"countryCodeV2": "US"},
        }

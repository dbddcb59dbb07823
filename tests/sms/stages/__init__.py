"""What the conformance suite needs of each provider: a simulated service to talk to, and ways to bring about trouble.

A folder in `app/sms/providers` needs a module of the same name here, with `open_stage(transport, clock, http)`. Its
troubles are named by what they are to the caller; how they come about is the provider's own matter.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import app.sms.providers
from app.core.clock import HeldClock
from app.core.http import Http
from app.sms.contract import Access, Credentials, Line, SmsProvider, Transport

CUSTOMER, OTHER_CUSTOMER = "+14155550123", "+12125550188"
TEXT = "Acme: order #1001 is confirmed. Reply STOP to opt-out."


@dataclass
class Stage:
    """*outcomes*: a recipient for each way in which a text can end; *trouble*: what happens to the next send.
    *number_of_sent*: how many texts the service has taken over from us."""

    provider: SmsProvider
    clock: HeldClock
    credentials: Credentials
    access: Access
    line: Line
    outcomes: dict[str, str]
    trouble: Callable[[str], object]
    number_of_sent: Callable[[], int]
    number_of_calls: Callable[[], int]
    handset: Callable[[str], list[str]]
    customer_texts: Callable[[str, str], Awaitable[None]]
    deliver_events: Callable[[], Awaitable[None]]
    hook: str
    heard: list[bytes] = field(default_factory=list)

    async def send(self, recipient: str = CUSTOMER, text: str = TEXT) -> Any:
        return await self.provider.send(self.access, sender=self.line.phone_number, recipient=recipient, text=text)


Opener = Callable[[Transport, HeldClock, Http], AbstractAsyncContextManager[Stage]]


def folders() -> list[str]:
    return [found.name for found in pkgutil.iter_modules(app.sms.providers.__path__) if found.ispkg]


def offered() -> list[tuple[str, Transport]]:
    """(folder, transport) of every provider that there is."""
    modules = {folder: importlib.import_module(f"app.sms.providers.{folder}") for folder in folders()}
    return [(folder, each.transport) for folder, module in modules.items() for each in module.PROVIDERS]


def opener_of(folder: str) -> Opener:
    opener: Opener = importlib.import_module(f"tests.sms.stages.{folder}").open_stage
    return opener

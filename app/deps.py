"""What routes and jobs are given: built once by `app.wiring`, passed along, never looked up."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.config import Settings
from app.core.clock import Clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.errands import Errands
from app.core.http import Http
from app.core.lanes import Lanes
from app.core.remembered import Remembered
from app.shopify.client import AdminClient
from app.shopify.oauth import OAuthClient
from app.shopify.token_provider import TokenProvider
from app.sms.contract import SmsProvider, Transport
from app.sms.turns import Turns


@dataclass
class Deps:
    settings: Settings
    clock: Clock
    db: Database
    vault: Vault
    http: Http
    """For addresses that are neither Shopify's nor a provider's: these have connections of their own."""
    outside: Http
    """For addresses that somebody typed in or sent: in production it reaches nothing private."""
    admin: AdminClient
    oauth: OAuthClient
    tokens: TokenProvider
    providers: Mapping[tuple[str, str], SmsProvider]
    """By name and transport, as stored with a sender."""
    turns: Turns = field(default_factory=Turns)
    lanes: Lanes = field(default_factory=Lanes)
    errands: Errands = field(default_factory=Errands)
    names: Remembered[tuple[int, bytes]] = field(default_factory=lambda: Remembered(most=10_000))
    """What customers are called, by shop and fingerprint of the phone: see `app.messages.names`."""
    outbox_changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a message was queued by this process, so that its own sender looks at once."""

    def provider(self, name: str, transport: str = Transport.SMS) -> SmsProvider:
        return self.providers[name, transport]

"""The composition root: builds everything once and loads all declarations."""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from app.config import Settings
from app.core.clock import Clock, system_clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.discovery import import_named, import_submodules
from app.core.errands import Errands
from app.core.http import Http
from app.core.jobs import registry
from app.core.outside import OutsideWires
from app.core.vault_secrets import unlock
from app.deps import Deps
from app.messages.kinds import kinds
from app.shopify.client import AdminClient
from app.shopify.oauth import OAuthClient
from app.shopify.webhooks import topics
from app.shops.tokens import OfflineTokens
from app.sms.contract import SmsProvider

PROVIDERS = "app.sms.providers"
FEATURES = (
    "app.shops",
    "app.consent",
    "app.messages",
    "app.connect",
    "app.notifications",
    "app.compliance",
    "app.webhooks",
)


def load_declarations() -> None:
    """Import every module that declares a topic, a kind, a job or recurring work. Safe to call again."""
    import_submodules("app.notifications.types")
    import_named(FEATURES, ("jobs", "webhooks"))


def declared_rows() -> list[tuple[str, str, str, str]]:
    """(what, name, detail, file and line) of everything that was declared."""
    load_declarations()
    rows = [("topic", each.topic, each.name, _where(each.handle)) for each in topics.subscribers.values()]
    rows += [("kind", kind.name, kind.label, kind.topic or "reply") for kind in kinds.kinds.values()]
    rows += [("job", each.name, f"{each.attempts} attempts", _where(each.handler)) for each in registry.jobs.values()]
    rows += [("recurring", each.name, f"every {each.period}", _where(each.run)) for each in registry.recurring.values()]
    for module in import_submodules(PROVIDERS):
        for provider in module.PROVIDERS:
            rows.append(("provider", provider.name, str(provider.transport), _where(provider.send)))
    return sorted(rows)


def _where(declared: Callable[..., object]) -> str:
    code = inspect.unwrap(declared).__code__
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}"


def build_providers(settings: Settings, http: Http, clock: Clock) -> dict[tuple[str, str], SmsProvider]:
    """Every folder of `app/sms/providers`, by the name and transport that senders are stored with."""
    providers: dict[tuple[str, str], SmsProvider] = {}
    for module in import_submodules(PROVIDERS):
        for provider in module.build(settings, http, clock):
            key = provider.name, str(provider.transport)
            if key in providers:
                raise RuntimeError(f"Two providers are called {key}.")
            providers[key] = provider
    return providers


@asynccontextmanager
async def open_deps(settings: Settings, database_url: str, *, clock: Clock = system_clock) -> AsyncIterator[Deps]:
    """Everything that routes and jobs are given, opened and closed."""
    load_declarations()
    database = Database(database_url)
    vault = Vault([key.get_secret_value() for key in settings.encryption_keys])
    await database.open()
    try:
        await unlock(vault, database)
        # Addresses that merchants gave have connections of their own: one that hangs holds up no text.
        wires = OutsideWires() if settings.production else None
        async with Http() as http, Http(shards=1) as elsewhere, Http(shards=2, wires=wires) as outside:
            admin = AdminClient(http, simulator_origin=settings.shopify_simulator_origin)
            secret = settings.shopify_api_secret.get_secret_value()
            oauth = OAuthClient(admin, settings.shopify_api_key, secret, clock)
            tokens = OfflineTokens(database, vault, oauth, clock)
            errands = Errands()
            try:
                yield Deps(
                    settings=settings,
                    clock=clock,
                    db=database,
                    vault=vault,
                    http=elsewhere,
                    outside=outside,
                    admin=admin,
                    oauth=oauth,
                    tokens=tokens,
                    providers=build_providers(settings, http, clock),
                    errands=errands,
                )
            finally:
                await errands.close()
                await tokens.finish()
    finally:
        await database.close()

"""The sending engine alone on a real database: no HTTP, a held clock, scripted answers from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
from cryptography.fernet import Fernet

from app.core.clock import HeldClock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.http import Http
from app.core.vault_secrets import unlock
from app.deps import Deps
from app.messages.dispatch import Dispatch
from app.messages.kinds import HELP_REPLY, kinds
from app.messages.queue import About, queue_message, queue_text
from app.shopify.token_provider import AdminAccess
from app.shops.models import Shop
from app.wiring import load_declarations
from tests.messages.scripted import ScriptedProvider, ScriptedShopify
from tests.world import NOON_IN_NEW_YORK, settings_for

OURS = "+16505550100"
CREDENTIALS = {"client_id": "app", "client_secret": "secret", "jwt": "a.b.c", "server": "http://127.0.0.1:1"}
OPEN = {"quiet_hours": {"enabled": False}}


@dataclass
class Engine:
    clock: HeldClock
    deps: Deps
    provider: ScriptedProvider
    shopify: ScriptedShopify

    async def add_user(self, **values: Any) -> int:
        """A RingCentral user with a token that is good for a day."""
        row = {
            "provider": "ringcentral",
            "server": "http://127.0.0.1:1",
            "client_id": "app",
            "access_token_encrypted": self.deps.vault.encrypt(self.provider.good_token),
            "token_expires_at": self.clock() + timedelta(days=1),
            "hook_key": f"hook-{values.get('owner_id', '1')}",
            "verification_token_encrypted": b"",
            "created_at": self.clock(),
            "owner_id": "1",
            **values,
        }
        return await self._insert("provider_users", row)

    async def add_shop(self, user_id: int, domain: str = "demo-store.myshopify.com", *, number: str = OURS) -> int:
        """An installed shop with one connected number. Answers the shop's id; the sender's is the same."""
        now = self.clock()
        shop = {
            "domain": domain,
            "installed_at": now,
            "created_at": now,
            "access_token_encrypted": self.deps.vault.encrypt("shopify-token"),
            "access_expires_at": now + timedelta(days=30),
            "settings": msgspec.json.encode(OPEN).decode(),
        }
        shop_id = await self._insert("shops", shop)
        sealed = self.deps.vault.encrypt(msgspec.json.encode(CREDENTIALS).decode())
        sender = {
            "shop_id": shop_id,
            "provider_user_id": user_id,
            "phone_number": number,
            "state": "ready",
            "credentials_encrypted": sealed,
            "created_at": now,
        }
        await self._insert("senders", sender)
        return shop_id

    async def queue_order(self, shop_id: int, order_id: str, phone: str, kind: str = "order_confirmed") -> int | None:
        declared = kinds.find(kind)
        assert declared is not None
        self.shopify.phones[order_id] = phone
        about = About(subject=order_id, order_id=order_id, order_name=f"#{order_id}")
        async with self.deps.db.transaction() as session:
            return await queue_message(self.deps, session, shop_id, declared, about, event_at=self.clock())

    async def queue_reply(self, shop_id: int, sender_id: int, phone: str, subject: str) -> int | None:
        async with self.deps.db.transaction() as session:
            return await queue_text(
                self.deps,
                session,
                shop_id,
                sender_id,
                HELP_REPLY,
                subject=subject,
                phone=phone,
                text=f"Help {subject}",
                locale="en",
            )

    def worker(self) -> Dispatch:
        return Dispatch(self.deps)

    async def rows(self, sql: str, *arguments: object) -> list[Any]:
        return list(await self.deps.db.pool.fetch(sql, *arguments))

    async def value(self, sql: str, *arguments: object) -> Any:
        return await self.deps.db.pool.fetchval(sql, *arguments)

    async def _insert(self, table: str, row: dict[str, Any]) -> int:
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) RETURNING id"
        return int(await self.deps.db.pool.fetchval(sql, *row.values()))


class LastingToken:
    """The shop's token never ends here: renewing it is another test's subject."""

    def access_of(self, shop: Shop) -> AdminAccess:
        return AdminAccess("demo-store.myshopify.com", "shopify-token")

    async def admin_access(self, shop_id: int, *, rejected: str | None = None) -> AdminAccess:
        return AdminAccess("demo-store.myshopify.com", "shopify-token")


@asynccontextmanager
async def open_engine(database_url: str, start: datetime = NOON_IN_NEW_YORK) -> AsyncIterator[Engine]:
    load_declarations()
    clock = HeldClock(start.astimezone(UTC))
    provider, shopify = ScriptedProvider(clock), ScriptedShopify()
    settings = settings_for("http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1")
    database, vault = Database(database_url), Vault([Fernet.generate_key().decode()])
    await database.open()
    try:
        await database.pool.execute("DELETE FROM vault_secrets")
        await unlock(vault, database)
        async with Http(shards=1) as http:
            deps = Deps(
                settings=settings,
                clock=clock,
                db=database,
                vault=vault,
                http=http,
                outside=http,
                admin=cast(Any, shopify),
                oauth=cast(Any, None),
                tokens=cast(Any, LastingToken()),
                providers=cast(Any, {("ringcentral", road): provider for road in ("sms", "a2p")}),
            )
            yield Engine(clock, deps, provider, shopify)
    finally:
        await database.close()

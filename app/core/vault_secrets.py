"""The fingerprint key lives in the database, encrypted: it must outlive every rotation of `ENCRYPTION_KEYS`."""

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.crypto import Vault
from app.core.db import Base, Database

FINGERPRINT = "fingerprint"


class VaultSecret(Base):
    __tablename__ = "vault_secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    value_encrypted: Mapped[bytes]


async def unlock(vault: Vault, database: Database) -> None:
    """Give *vault* its fingerprint key; the first process of an installation draws it."""
    drawn = vault.encrypt(secrets.token_hex(32))
    async with database.transaction() as session:
        await session.execute(
            insert(VaultSecret).values(name=FINGERPRINT, value_encrypted=drawn).on_conflict_do_nothing()
        )
        stored = await session.scalar(select(VaultSecret.value_encrypted).where(VaultSecret.name == FINGERPRINT))
    if stored is None:
        raise RuntimeError("The fingerprint key could not be stored.")
    vault.fingerprint_key = bytes.fromhex(vault.decrypt(stored))

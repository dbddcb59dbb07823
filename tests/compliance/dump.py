"""Everything that the database holds, as somebody with a stolen copy would search it."""

from app.core.compress import decompress
from app.core.db import Base
from app.core.discovery import import_models
from tests.world import World


async def dump(world: World) -> bytes:
    """All rows of all tables, PgQueuer's too: every value as its text, and bytes as they are."""
    pieces: list[bytes] = []
    for row in await world.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"):
        for record in await world.rows(f'SELECT * FROM "{row["tablename"]}"'):
            pieces += [value if isinstance(value, bytes) else str(value).encode() for value in record.values()]
    return b"\n".join(pieces)


async def personal_values(world: World) -> dict[str, list[bytes]]:
    """What stands in each column that is marked as personal."""
    import_models()
    found: dict[str, list[bytes]] = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if "personal" in column.info:
                rows = await world.rows(f'SELECT "{column.name}" AS value FROM "{table.name}"')
                found[f"{table.name}.{column.name}"] = [row["value"] for row in rows if row["value"] is not None]
    return found


def opened(world: World, value: bytes) -> str:
    """A personal value as the app itself can read it."""
    vault = world.deps.vault
    return (
        vault.decrypt(value) if value.startswith(b"gAAAA") else decompress(vault.open(value)).decode("utf-8", "replace")
    )

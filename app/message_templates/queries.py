"""All SQL about merchants' templates."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.message_templates.models import StoredTemplate


async def stored_texts(session: AsyncSession, shop_id: int, kind: str) -> dict[str, str]:
    """Locale to the merchant's own text."""
    query = select(StoredTemplate.locale, StoredTemplate.text).where(
        StoredTemplate.shop_id == shop_id, StoredTemplate.kind == kind
    )
    return dict((await session.execute(query)).all())


async def all_stored_texts(session: AsyncSession, shop_id: int) -> dict[str, dict[str, str]]:
    """Kind to locale to text."""
    texts: dict[str, dict[str, str]] = {}
    for row in await session.scalars(select(StoredTemplate).where(StoredTemplate.shop_id == shop_id)):
        texts.setdefault(row.kind, {})[row.locale] = row.text
    return texts


async def store_text(
    session: AsyncSession, shop_id: int, kind: str, locale: str, text: str, *, now: datetime, actor: str
) -> None:
    row = insert(StoredTemplate).values(
        shop_id=shop_id, kind=kind, locale=locale, text=text, updated_at=now, updated_by=actor
    )
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["shop_id", "kind", "locale"],
            set_={"text": row.excluded.text, "updated_at": now, "updated_by": actor},
        )
    )


async def forget_text(session: AsyncSession, shop_id: int, kind: str, locale: str) -> None:
    """Back to the default wording."""
    await session.execute(
        delete(StoredTemplate).where(
            StoredTemplate.shop_id == shop_id, StoredTemplate.kind == kind, StoredTemplate.locale == locale
        )
    )

"""All SQL about merchants' templates."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.message_templates.models import StoredTemplate, TemplateVersion


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


async def add_version(
    session: AsyncSession,
    shop_id: int,
    kind: str,
    locale: str,
    text: str,
    *,
    is_default: bool,
    now: datetime,
    actor: str,
) -> None:
    session.add(
        TemplateVersion(
            shop_id=shop_id,
            kind=kind,
            locale=locale,
            text=text,
            is_default=is_default,
            saved_at=now,
            saved_by=actor,
        )
    )
    await session.flush()


async def latest_versions(session: AsyncSession, shop_id: int) -> dict[str, dict[str, int]]:
    """Kind to locale to the id of the wording that was saved last."""
    query = (
        select(TemplateVersion.kind, TemplateVersion.locale, func.max(TemplateVersion.id))
        .where(TemplateVersion.shop_id == shop_id)
        .group_by(TemplateVersion.kind, TemplateVersion.locale)
    )
    found: dict[str, dict[str, int]] = {}
    for kind, locale, latest in await session.execute(query):
        found.setdefault(kind, {})[locale] = int(latest)
    return found


async def versions_of(
    session: AsyncSession, shop_id: int, kind: str, locale: str, *, limit: int = 30
) -> list[TemplateVersion]:
    """Newest first."""
    query = select(TemplateVersion).where(
        TemplateVersion.shop_id == shop_id, TemplateVersion.kind == kind, TemplateVersion.locale == locale
    )
    return list(await session.scalars(query.order_by(TemplateVersion.id.desc()).limit(limit)))

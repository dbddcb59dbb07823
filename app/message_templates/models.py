"""The merchant's own wording; a kind and language without a row uses the default text."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class StoredTemplate(Base):
    __tablename__ = "templates"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


class TemplateVersion(Base):
    """One wording as it was saved, so that an earlier one can be read and taken back."""

    __tablename__ = "template_versions"
    __table_args__ = (Index("ix_template_versions_shop_id_kind_locale_id", "shop_id", "kind", "locale", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    kind: Mapped[str]
    locale: Mapped[str]
    text: Mapped[str]
    is_default: Mapped[bool]
    saved_at: Mapped[datetime]
    saved_by: Mapped[str]

"""Which kinds of text a shop has switched on or off, and up to when its orders have been looked through.

A kind without a row keeps its declared default.
"""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class NotificationSwitch(Base):
    __tablename__ = "notification_switches"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    updated_at: Mapped[datetime]


class SweepCursor(Base):
    """Up to when a shop's orders have been compared with the webhooks that came."""

    __tablename__ = "sweep_cursors"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    read_until: Mapped[datetime]

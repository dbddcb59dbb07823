"""Files made for customers' data requests: for the merchant, sealed, fetched by a link that works once."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, personal


class DataRequest(Base):
    """*request_id* is Shopify's. The file goes with the customer's redaction, with the shop, or when it is old."""

    __tablename__ = "data_requests"
    __table_args__ = (UniqueConstraint("shop_id", "request_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    request_id: Mapped[str]
    customer_id: Mapped[str | None]
    phone_hash: Mapped[bytes | None]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    file_encrypted: Mapped[bytes | None] = personal("payload")
    link_hash: Mapped[bytes | None]
    link_expires_at: Mapped[datetime | None]
    downloaded_at: Mapped[datetime | None]

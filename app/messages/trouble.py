"""Tells the merchant by e-mail, in the merchant's language, when no text can leave any more: not each failure, but each
new state of affairs.

The same problems are told once a day at most; what was told is remembered in the audit log, by code.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.language import SOURCE, language
from app.core.log import get_logger
from app.core.mail import send_mail
from app.deps import Deps
from app.messages.diagnostics import PROBLEM, diagnose
from app.shops.models import AuditEvent, Shop
from app.shops.queries import get_shop, write_audit
from app.shops.settings import read_settings_of

log = get_logger(__name__)

TOLD: Final = "problems_mailed"
AGAIN_AFTER: Final = timedelta(days=1)


async def mail_problems(deps: Deps, shop_id: int) -> bool:
    """False when there is nothing new to tell, or nobody to tell it to. Raises `MailNotSent`."""
    async with deps.db.transaction() as session:
        shop = await get_shop(session, shop_id)
        problems = [each for each in await diagnose(deps, session, shop) if each["level"] == PROBLEM]
        codes = sorted(each["code"] for each in problems)
        known = await _told_lately(deps, session, shop)
    to, server = read_settings_of(shop).alert_email, deps.settings.smtp_url
    if not shop.installed or not problems or codes == known or to is None or server is None:
        return False
    await send_mail(
        server.get_secret_value(),
        sender=deps.settings.mail_from or to,
        to=to,
        subject=_told_in(shop)(f"No order texts leave {shop.name or shop.domain} at the moment"),
        text=_words(shop, problems),
    )
    async with deps.db.transaction() as session:
        await write_audit(
            session, shop.domain, at=deps.clock(), actor="app", action=TOLD, detail={"codes": list[object](codes)}
        )
    log.info("merchant.warned", shop_id=shop.id, codes=codes)
    return True


async def _told_lately(deps: Deps, session: AsyncSession, shop: Shop) -> list[str]:
    query = (
        select(AuditEvent.detail)
        .where(
            AuditEvent.shop_domain == shop.domain,
            AuditEvent.action == TOLD,
            AuditEvent.at > deps.clock() - AGAIN_AFTER,
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    detail = await session.scalar(query)
    return list(detail["codes"]) if detail else []


def _words(shop: Shop, problems: list[dict[str, Any]]) -> str:
    told = _told_in(shop)
    lines = [told(f"Order texts of {shop.name or shop.domain} wait, because:"), ""]
    lines += [f"- {told(each['sentence'])} {told(each['action'])}".rstrip() for each in problems]
    lines += [
        "",
        told("Open the app in Shopify Admin: Settings, Diagnostics. Texts that wait leave by themselves afterwards."),
        "",
        told("This e-mail is automatic and its answers are not read."),
    ]
    return "\n".join(lines)


def _told_in(shop: Shop) -> Callable[[str | None], str]:
    return language(read_settings_of(shop).mail_language or SOURCE).told

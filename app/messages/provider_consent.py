"""RingCentral's list of opt-outs changed: the strictest side wins, so an opt-out there becomes one here."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.opt_out import Evidence
from app.consent.queries import is_suppressed
from app.core.phone import to_e164
from app.deps import Deps
from app.messages.opt_out import stop_texting
from app.shops.models import Sender
from app.shops.queries import senders_of_number, senders_of_user
from app.sms.contract import ConsentRecord


async def adopt_provider_consents(deps: Deps, provider_user_id: int, records: Sequence[ConsentRecord]) -> int:
    """How many shops' opt-outs were new. An opt-in at RingCentral lifts nothing here: only START does."""
    adopted = 0
    for record in records:
        phone = to_e164(record.recipient)
        if not record.opted_out or phone is None:
            continue
        async with deps.db.transaction() as session:
            for sender in await _senders(session, provider_user_id, record.sender):
                if await is_suppressed(session, sender.shop_id, deps.vault.fingerprint(phone)):
                    continue
                evidence = Evidence(
                    source="provider", actor="ringcentral", method=record.source, covered_by_provider=True
                )
                await stop_texting(deps, session, sender.shop_id, phone, evidence)
                adopted += 1
    return adopted


async def _senders(session: AsyncSession, provider_user_id: int, number: str | None) -> list[Sender]:
    """A record without a number covers every number of the account."""
    if number is not None:
        return await senders_of_number(session, provider_user_id, number)
    return await senders_of_user(session, provider_user_id)

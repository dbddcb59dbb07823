"""RingCentral's list of opt-outs changed: the strictest side wins, so an opt-out there becomes one here."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.drift import PROVIDER_BLOCKS, PROVIDER_MISSING, close_drifts, open_drift
from app.consent.opt_out import Evidence
from app.consent.queries import find_suppression, latest_decision, lifted_at
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
        if phone is None:
            continue
        async with deps.db.transaction() as session:
            senders = await _senders(session, provider_user_id, record.sender)
        for sender in sorted(senders, key=lambda each: each.shop_id):
            # One shop, one transaction: each writes to a chain of its own.
            async with deps.db.transaction() as session:
                adopted += await adopt_record(deps, session, sender, phone, record)
    return adopted


async def adopt_record(deps: Deps, session: AsyncSession, sender: Sender, phone: str, record: ConsentRecord) -> bool:
    """Whether this was an opt-out that the shop did not know. What cannot be adopted is listed as a difference."""
    phone_hash, now = deps.vault.fingerprint(phone), deps.clock()
    suppression = await find_suppression(session, sender.shop_id, phone_hash)
    stopped = suppression is not None and not suppression.held
    if record.opted_out and stopped:
        await close_drifts(
            session, sender.shop_id, phone_hash, now, by="ringcentral", kind=PROVIDER_MISSING, sender_id=sender.id
        )
        return False
    if not record.opted_out:
        if stopped and suppression is not None and (record.at is None or record.at > suppression.since):
            await _unless_under_way(deps, session, sender, phone, phone_hash, PROVIDER_MISSING)
        await close_drifts(
            session, sender.shop_id, phone_hash, now, by="ringcentral", kind=PROVIDER_BLOCKS, sender_id=sender.id
        )
        return False
    opted_in_at = await lifted_at(session, sender.shop_id, phone_hash)
    if opted_in_at is not None and record.at is not None and record.at <= opted_in_at:
        # The block is older than the customer's START.
        await _unless_under_way(deps, session, sender, phone, phone_hash, PROVIDER_BLOCKS)
        return False
    evidence = Evidence(
        source="provider",
        actor="ringcentral",
        method=record.source,
        at=record.at,
        covered_by_provider=True,
        covered_sender_id=sender.id if record.sender is not None else None,
    )
    await stop_texting(deps, session, sender.shop_id, phone, evidence)
    return True


async def _unless_under_way(
    deps: Deps, session: AsyncSession, sender: Sender, phone: str, phone_hash: bytes, kind: str
) -> None:
    """While our own write has still to reach the provider, its list is merely behind."""
    decision = await latest_decision(session, sender.shop_id, phone_hash)
    if decision is not None and decision.written_to_provider_at is None:
        return
    await open_drift(deps, session, sender.shop_id, phone, kind, sender_id=sender.id)


async def _senders(session: AsyncSession, provider_user_id: int, number: str | None) -> list[Sender]:
    """A record without a number covers every number of the account."""
    if number is not None:
        return await senders_of_number(session, provider_user_id, number)
    return await senders_of_user(session, provider_user_id)

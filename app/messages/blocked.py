"""RingCentral refused a text because its own list has the number: an opt-out, adopted unless it is out of date."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.drift import PROVIDER_BLOCKS, open_drift
from app.consent.opt_out import OPT_IN, Evidence
from app.consent.queries import latest_decision, lifted_at
from app.deps import Deps
from app.messages.models import Message
from app.messages.opt_out import stop_texting


async def adopt_block(deps: Deps, session: AsyncSession, message: Message, phone: str, code: str) -> None:
    """A refusal of a text that left before the customer's START says nothing. One that left after it, but before
    RingCentral had heard of the START, is a difference between the lists. Every other one is a wish to stop."""
    phone_hash = deps.vault.fingerprint(phone)
    opted_in_at = await lifted_at(session, message.shop_id, phone_hash)
    left_at = message.called_at or message.created_at
    if opted_in_at is not None and left_at <= opted_in_at:
        return
    if opted_in_at is not None and not await _provider_knew(session, message, phone_hash):
        sender_id = message.sender_id or 0
        await open_drift(deps, session, message.shop_id, phone, PROVIDER_BLOCKS, sender_id=sender_id)
        return
    evidence = Evidence(
        source="provider",
        actor="ringcentral",
        method=code,
        covered_by_provider=True,
        covered_sender_id=message.sender_id,
    )
    await stop_texting(deps, session, message.shop_id, phone, evidence)


async def _provider_knew(session: AsyncSession, message: Message, phone_hash: bytes) -> bool:
    decision = await latest_decision(session, message.shop_id, phone_hash)
    if decision is None or decision.change != OPT_IN or decision.written_to_provider_at is None:
        return False
    told = "written" in (decision.provider_result or "")
    return told and message.called_at is not None and message.called_at > decision.written_to_provider_at

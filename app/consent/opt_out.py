"""Records opt-outs and opt-ins: the suppression that decides, the event that proves, the job that tells Shopify.

All of it happens in the caller's transaction, the one that stores the customer's words, so a STOP is in force before
anything else can be sent. Cancelling queued texts is the caller's part (`messages`), one rank up.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.queries import add_consent_event, is_suppressed, lift_suppression, suppress
from app.core.jobs import enqueue
from app.deps import Deps

WRITE_TO_SHOPIFY = "consent.write_to_shopify"
WRITE_TO_PROVIDER = "consent.write_to_provider"
OPT_OUT = "opt_out"
OPT_IN = "opt_in"
HOLD = "hold"


@dataclass(frozen=True)
class Evidence:
    """How a change of consent came about. *source*: sms, staff, shopify, provider. *words*: as written, if any.

    *covered_by_provider*: its own list has the change already. *provider_delay*: how long its list has to wait, because
    the one confirmation must get out before the provider blocks the number.
    """

    source: str
    actor: str
    method: str | None = None
    words: str | None = None
    rule: str | None = None
    matcher_version: str | None = None
    covered_by_provider: bool = False
    provider_delay: timedelta = timedelta(0)


async def record_opt_out(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> int:
    """Suppress *phone* for this shop and tell Shopify. Recording it again only adds another event. Answers its id."""
    return await _record(deps, session, shop_id, phone, evidence, change=OPT_OUT)


async def record_hold(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> int:
    """Hold texts to *phone* after doubtful words, until staff decide. Shopify's consent stays as it is."""
    return await _record(deps, session, shop_id, phone, evidence, change=HOLD)


async def record_opt_in(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> int:
    """Lift the suppression and tell Shopify. Only for START, or a recorded fresh consent."""
    return await _record(deps, session, shop_id, phone, evidence, change=OPT_IN)


async def _record(
    deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence, *, change: str
) -> int:
    phone_hash, now = deps.vault.fingerprint(phone), deps.clock()
    before = "suppressed" if await is_suppressed(session, shop_id, phone_hash) else "not_suppressed"
    if change == OPT_IN:
        await lift_suppression(session, shop_id, phone_hash, now)
    else:
        await suppress(session, shop_id, phone_hash, deps.vault.encrypt(phone), since=now, held=change == HOLD)
    event_id = await add_consent_event(
        session,
        {
            "shop_id": shop_id,
            "phone_hash": phone_hash,
            "phone_encrypted": deps.vault.encrypt(phone),
            "at": now,
            "change": change,
            "source": evidence.source,
            "method": evidence.method,
            "words_encrypted": deps.vault.encrypt(evidence.words) if evidence.words else None,
            "rule": evidence.rule,
            "matcher_version": evidence.matcher_version,
            "actor": evidence.actor,
            "state_before": before,
            "state_after": "not_suppressed" if change == OPT_IN else "suppressed",
            "written_to_provider_at": now if evidence.covered_by_provider else None,
        },
    )
    if change != HOLD:
        await enqueue(session, WRITE_TO_SHOPIFY, [event_id])
        if not evidence.covered_by_provider:
            await enqueue(session, WRITE_TO_PROVIDER, [event_id], delay=evidence.provider_delay)
    return event_id

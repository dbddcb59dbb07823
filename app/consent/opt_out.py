"""Records opt-outs and opt-ins: the suppression that decides, the event that proves, the job that tells the outside.

All of it happens in the caller's transaction, the one that stores the customer's words, so a STOP is in force before
anything else can be sent. Cancelling queued texts is the caller's part (`messages`), one rank up.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.chain import append, words_fingerprint
from app.consent.days import count_opt_out
from app.consent.drift import close_drifts
from app.consent.models import ConsentEvent
from app.consent.queries import answer_request, find_suppression, lift_suppression, suppress
from app.core.jobs import enqueue
from app.deps import Deps

WRITE_TO_SHOPIFY = "consent.write_to_shopify"
WRITE_TO_PROVIDER = "consent.write_to_provider"
OPT_OUT = "opt_out"
OPT_IN = "opt_in"
HOLD = "hold"
RELEASE = "release"
SUPPRESSED = "suppressed"
"""The state of a number that has opted out."""
AGREED = "order_update_consent"
DOUBLE_OPT_IN = "double_opt_in"
CONFIRMED_HERE = "app"
CONFIRMED_ELSEWHERE = "none: confirmed by another shop on this number"
CONFIRM_STOP_WITHIN = timedelta(minutes=5)
"""Later than this a confirmation would no longer count as part of the opt-out (47 CFR 64.1200(a)(12))."""


@dataclass(frozen=True)
class Evidence:
    """How a change of consent came about. *source*: sms, staff, shopify, provider, public_page, checkout.

    *words*: the person's own, as written. *wording*: what the person was shown. *address*: of a web request.
    *at*: when it happened, if not now. *confirmation*: who answers a STOP, or why nobody does.
    *covered_by_provider*: the provider's list has the change already, for all senders or only for *covered_sender_id*.
    *told*: whom to tell; a consent given to Shopify need not be told to Shopify.
    """

    source: str
    actor: str
    method: str | None = None
    words: str | None = None
    rule: str | None = None
    matcher_version: str | None = None
    covered_by_provider: bool = False
    wording: str | None = None
    address: str | None = None
    at: datetime | None = None
    confirmation: str | None = None
    covered_sender_id: int | None = None
    told: frozenset[str] = field(default=frozenset({WRITE_TO_SHOPIFY, WRITE_TO_PROVIDER}))


async def record_opt_out(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> int:
    """Suppress *phone* for this shop and tell Shopify. Recording it again only adds another event. Answers its id."""
    return await _record(deps, session, shop_id, phone, evidence, change=OPT_OUT)


async def record_hold(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> int:
    """Hold texts to *phone* after doubtful words, until staff decide. Shopify's consent stays as it is."""
    return await _record(deps, session, shop_id, phone, evidence, change=HOLD)


async def record_release(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> int:
    """Staff read the doubtful words and found no wish to end the texts. Never lifts an opt-out."""
    return await _record(deps, session, shop_id, phone, evidence, change=RELEASE)


async def record_opt_in(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> int:
    """Lift the suppression and tell Shopify. Only for START, an answered question, or a recorded fresh consent."""
    return await _record(deps, session, shop_id, phone, evidence, change=OPT_IN)


async def record_event(
    deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence, *, change: str
) -> int:
    """An event that changes nothing here: what Shopify said, or an agreement under the shop's policy."""
    before = await _state(session, shop_id, deps.vault.fingerprint(phone))
    return (await _append(deps, session, shop_id, phone, evidence, change, before, before)).id


async def _record(
    deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence, *, change: str
) -> int:
    phone_hash, now = deps.vault.fingerprint(phone), deps.clock()
    before = await _state(session, shop_id, phone_hash)
    if change == OPT_IN:
        await lift_suppression(session, shop_id, phone_hash, now)
        await close_drifts(session, shop_id, phone_hash, now, by=evidence.actor)
    elif change == RELEASE:
        await lift_suppression(session, shop_id, phone_hash, now, held=True)
    else:
        since, encrypted = min(evidence.at or now, now), deps.vault.encrypt(phone)
        await suppress(session, shop_id, phone_hash, encrypted, since=since, held=change == HOLD)
        await answer_request(session, shop_id, phone_hash, now)
    after = await _state(session, shop_id, phone_hash)
    event = await _append(deps, session, shop_id, phone, evidence, change, before, after)
    if change in (OPT_OUT, OPT_IN):
        await _tell(session, event, evidence)
    return event.id


async def _append(
    deps: Deps,
    session: AsyncSession,
    shop_id: int,
    phone: str,
    evidence: Evidence,
    change: str,
    before: str,
    after: str,
) -> ConsentEvent:
    phone_hash, now = deps.vault.fingerprint(phone), deps.clock()
    event = ConsentEvent(
        shop_id=shop_id,
        phone_hash=phone_hash,
        phone_encrypted=deps.vault.encrypt(phone),
        at=min(evidence.at or now, now),
        recorded_at=now,
        change=change,
        source=evidence.source,
        method=evidence.method,
        words_encrypted=deps.vault.encrypt(evidence.words) if evidence.words else None,
        words_hash=words_fingerprint(deps, phone_hash, evidence.words) if evidence.words else None,
        address_encrypted=deps.vault.encrypt(evidence.address) if evidence.address else None,
        address_hash=words_fingerprint(deps, phone_hash, evidence.address) if evidence.address else None,
        wording=evidence.wording,
        rule=evidence.rule,
        matcher_version=evidence.matcher_version,
        actor=evidence.actor,
        state_before=before,
        state_after=after,
        confirmation=evidence.confirmation,
        covered_sender_id=evidence.covered_sender_id,
        written_to_provider_at=now if evidence.covered_by_provider and evidence.covered_sender_id is None else None,
    )
    await append(session, event)
    if change == OPT_OUT and before != SUPPRESSED:
        await count_opt_out(session, shop_id, event.at)
    return event


async def _tell(session: AsyncSession, event: ConsentEvent, evidence: Evidence) -> None:
    if WRITE_TO_SHOPIFY in evidence.told:
        await enqueue(session, WRITE_TO_SHOPIFY, [event.id])
    if WRITE_TO_PROVIDER in evidence.told and event.written_to_provider_at is None:
        await enqueue(session, WRITE_TO_PROVIDER, [event.id])


async def _state(session: AsyncSession, shop_id: int, phone_hash: bytes) -> str:
    suppression = await find_suppression(session, shop_id, phone_hash)
    if suppression is None:
        return "not_suppressed"
    return "held" if suppression.held else SUPPRESSED

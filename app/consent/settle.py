"""One click on a difference between the three lists: the ledger gets an event, the outside is told again."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.drift import PROVIDER_BLOCKS, SENTENCES, close_drifts, get_open_drift, open_drifts
from app.consent.models import ConsentDrift
from app.consent.opt_out import WRITE_TO_PROVIDER, Evidence, record_opt_in, record_opt_out
from app.consent.queries import find_suppression
from app.core.errors import Conflict
from app.deps import Deps
from app.shops.models import Shop
from app.shops.queries import write_audit

METHOD = "reconciliation"


async def drift_rows(deps: Deps, session: AsyncSession, shop_id: int, *, limit: int = 200) -> list[dict[str, Any]]:
    return [_describe(deps, drift) for drift in await open_drifts(session, shop_id, limit=limit)]


async def settle_drift(deps: Deps, session: AsyncSession, shop: Shop, drift_id: int, *, actor: str) -> dict[str, Any]:
    """Raises `NotFound`, or `Conflict` when the phone's own state has changed meanwhile."""
    drift = await get_open_drift(session, shop.id, drift_id)
    if drift.phone_encrypted is None:
        raise Conflict("The customer's data was erased, so there is nothing to settle.")
    phone = deps.vault.decrypt(drift.phone_encrypted)
    suppression = await find_suppression(session, shop.id, drift.phone_hash)
    if (suppression is None) != (drift.kind == PROVIDER_BLOCKS):
        raise Conflict("This number's consent has just changed. Look at it again.")
    evidence = Evidence(source="staff", actor=actor, method=METHOD, rule=drift.kind)
    if drift.kind == PROVIDER_BLOCKS:
        # Shopify may have been told something newer; only the provider's block is lifted, on the consent on record.
        evidence = Evidence(
            source="staff", actor=actor, method=METHOD, rule=drift.kind, told=frozenset({WRITE_TO_PROVIDER})
        )
        await record_opt_in(deps, session, shop.id, phone, evidence)
    else:
        await record_opt_out(deps, session, shop.id, phone, evidence)
    now = deps.clock()
    await close_drifts(session, shop.id, drift.phone_hash, now, by=actor)
    await write_audit(
        session, shop.domain, at=now, actor=actor, action="consent_settled", detail={"drift_id": drift.id}
    )
    return {"id": drift.id, "kind": drift.kind, "settled_at": now.isoformat(), "settled_by": actor}


def _describe(deps: Deps, drift: ConsentDrift) -> dict[str, Any]:
    sentence, action = SENTENCES[drift.kind]
    return {
        "id": drift.id,
        "kind": drift.kind,
        "phone": deps.vault.decrypt(drift.phone_encrypted) if drift.phone_encrypted is not None else None,
        "sentence": sentence,
        "action": action,
        "found_at": drift.found_at.isoformat(),
    }

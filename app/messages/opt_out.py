"""An opt-out, whole and in one transaction: suppression, event and outward jobs (`consent`), queued texts cancelled."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.opt_out import Evidence, record_hold, record_opt_out
from app.core.errors import Invalid
from app.deps import Deps
from app.messages.compose import recipient_of
from app.messages.kinds import STOP_CONFIRMATION
from app.messages.queries import cancel_queued_to
from app.messages.reasons import OPTED_OUT
from app.shops.models import Shop

METHODS = ("phone", "email", "chat", "letter", "in_person", "other")
LONGEST_WORDS = 500


async def stop_texting(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> None:
    """From this transaction's commit on, nothing more goes to *phone* but the one confirmation."""
    await record_opt_out(deps, session, shop_id, phone, evidence)
    await _cancel(deps, session, shop_id, phone)


async def hold_texting(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> None:
    """Doubtful words: nothing goes to *phone* until staff have decided."""
    await record_hold(deps, session, shop_id, phone, evidence)
    await _cancel(deps, session, shop_id, phone)


async def record_staff_opt_out(
    deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str
) -> dict[str, Any]:
    """An opt-out that reached the shop by telephone, mail or in person. Raises `Invalid`."""
    if not isinstance(form, dict):
        raise Invalid({"phone": "Send a JSON object with the phone."})
    phone = recipient_of(form, "phone")
    method, words = form.get("method") or "other", form.get("words") or ""
    wrong = {}
    if not isinstance(method, str) or len(method) > 40:
        wrong["method"] = "Say how the customer told you: " + ", ".join(METHODS) + "."
    if not isinstance(words, str) or len(words) > LONGEST_WORDS:
        wrong["words"] = f"Write down the customer's words in at most {LONGEST_WORDS} characters."
    if wrong:
        raise Invalid(wrong)
    evidence = Evidence(source="staff", actor=actor, method=method, words=words.strip() or None)
    await stop_texting(deps, session, shop.id, phone, evidence)
    return {"phone": phone, "since": deps.clock().isoformat(), "method": method}


async def _cancel(deps: Deps, session: AsyncSession, shop_id: int, phone: str) -> None:
    await cancel_queued_to(
        session,
        shop_id,
        deps.vault.fingerprint(phone),
        now=deps.clock(),
        reason=(OPTED_OUT.code, OPTED_OUT.sentence),
        spare=[STOP_CONFIRMATION.name],
    )

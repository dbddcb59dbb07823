"""An opt-out, whole and in one transaction: suppression, event and outward jobs (`consent`), queued texts cancelled."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.opt_out import Evidence, record_hold, record_opt_in, record_opt_out
from app.core.errors import Invalid
from app.deps import Deps
from app.messages.compose import recipient_of
from app.messages.kinds import STOP_CONFIRMATION
from app.messages.queries import cancel_queued_to
from app.messages.reasons import OPTED_OUT
from app.shops.models import Shop
from app.shops.queries import write_audit

METHODS = ("phone", "email", "chat", "letter", "in_person", "other")
LONGEST_WORDS = 500
SHORTEST_EVIDENCE = 10


async def stop_texting(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> None:
    """From this transaction's commit on, nothing more goes to *phone* but the one confirmation."""
    await record_opt_out(deps, session, shop_id, phone, evidence)
    await cancel_queued_to(
        session,
        shop_id,
        deps.vault.fingerprint(phone),
        now=deps.clock(),
        reason=(OPTED_OUT.code, OPTED_OUT.sentence),
        spare=[STOP_CONFIRMATION.name],
    )


async def hold_texting(deps: Deps, session: AsyncSession, shop_id: int, phone: str, evidence: Evidence) -> None:
    """Doubtful words: waiting texts go on waiting, and nothing goes to *phone*, until staff have decided."""
    await record_hold(deps, session, shop_id, phone, evidence)


async def record_staff_opt_out(
    deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str
) -> dict[str, Any]:
    """An opt-out that reached the shop by telephone, mail or in person. Raises `Invalid`."""
    phone, method, words = _read(form, words="words", ask="Write down the customer's words")
    evidence = Evidence(source="staff", actor=actor, method=method, words=words or None)
    await stop_texting(deps, session, shop.id, phone, evidence)
    return {"phone": phone, "since": deps.clock().isoformat(), "method": method}


async def record_staff_opt_in(
    deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str
) -> dict[str, Any]:
    """A fresh consent that staff received: the only way beside START to lift an opt-out. Raises `Invalid`."""
    phone, method, words = _read(form, words="evidence", ask="Write down how the customer agreed")
    wording = form.get("wording") if isinstance(form, dict) else None
    wrong = {}
    if len(words) < SHORTEST_EVIDENCE:
        wrong["evidence"] = "Write down who agreed, when and in which words. Without it texts stay stopped."
    if wording is not None and (not isinstance(wording, str) or len(wording) > LONGEST_WORDS):
        wrong["wording"] = f"Give what the customer was shown or told, in at most {LONGEST_WORDS} characters."
    if wrong:
        raise Invalid(wrong)
    # Both are written by hand and may hold names, so both go where an erasure reaches.
    shown = (wording or "").strip()
    evidence = Evidence(
        source="staff", actor=actor, method=method, words=f"{words}\nShown or told: {shown}" if shown else words
    )
    await record_opt_in(deps, session, shop.id, phone, evidence)
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action="consent_recorded")
    return {"phone": phone, "since": deps.clock().isoformat(), "method": method}


def _read(form: object, *, words: str, ask: str) -> tuple[str, str, str]:
    """(phone, method, what staff wrote down). Raises `Invalid`."""
    if not isinstance(form, dict):
        raise Invalid({"phone": "Send a JSON object with the phone."})
    phone = recipient_of(form, "phone")
    method, text = form.get("method") or "other", form.get(words) or ""
    wrong = {}
    if not isinstance(method, str) or len(method) > 40:
        wrong["method"] = "Say how the customer told you: " + ", ".join(METHODS) + "."
    if not isinstance(text, str) or len(text) > LONGEST_WORDS:
        wrong[words] = f"{ask} in at most {LONGEST_WORDS} characters."
    if wrong:
        raise Invalid(wrong)
    return phone, str(method), str(text).strip()

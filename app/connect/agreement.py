"""Whether an account itself may be texted about orders: what the merchant stated, and what the person said since.

Whoever gives a person's mobile number states that this person agreed; the statement is kept in the shop's chain of
consent events with its words, the time and who made it. From then on the person decides: a no on the Connect page is
kept apart from the switch, so that nobody in the shop switches the texts on again, and STOP is above both. The same
holds for texts to customers in the person's name. A no is remembered by e-mail address and phone, so that it outlives
the account which it was said to.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import Account
from app.connect.queries.accounts import cancel_notices_of_account
from app.connect.queries.refusals import forget_refusal, keep_refusal, refusals_of
from app.consent.opt_out import Evidence, record_event
from app.consent.queries import latest_of_source
from app.core.errors import Invalid
from app.deps import Deps

STATED: Final = "account_texts_stated"
REFUSED: Final = "account_texts_refused"
WISHED: Final = "account_texts_wished"
STAFF: Final = "staff"
CONNECT_PAGE: Final = "connect_page"
STATEMENT: Final = "By giving a mobile number you state that this person agreed to texts about orders from your shop."
QUESTION: Final = (
    "Texts about my orders, from %(brand)s. Message and data rates may apply. Reply STOP at any time to end them."
)
"""As the Connect page asks it, in the reader's language; kept with the answer."""
SAID_NO_TO_TEXTS: Final = "This person has said no to texts. Only they can switch them on again, on their Connect page."
SAID_NO_TO_MAILS: Final = (
    "This person has said no to e-mails. Only they can switch them on again, on their Connect page."
)
SAID_NO_TO_ALERTS: Final = (
    "This person has said no to texts in their name. Only they can switch them on again, on their Connect page."
)
REFUSABLE: Final = {
    "sms": ("notify_by_sms", SAID_NO_TO_TEXTS),
    "email": ("notify_by_email", SAID_NO_TO_MAILS),
    "alerts": ("alerts_enabled", SAID_NO_TO_ALERTS),
}
"""What a person says no to, the switch that it holds down, and what is told to who would switch it on."""
NO_MORE: Final = ("account_refused", "The connected account has said no to texts about orders.")


async def state_agreement(
    deps: Deps, session: AsyncSession, shop_id: int, phone: str, *, actor: str, method: str, wording: str
) -> None:
    """*method*: where the number was given, "invitation", "csv" or "account_page". *wording*: as it was shown."""
    evidence = Evidence(STAFF, actor, method=method, wording=wording)
    await record_event(deps, session, shop_id, phone, evidence, change=STATED)


async def find_statement(deps: Deps, session: AsyncSession, account: Account) -> dict[str, Any] | None:
    """Who stated it of the account's number, and when; None for a number that its owner proved instead."""
    if account.phone_hash is None:
        return None
    event = await latest_of_source(session, account.shop_id, account.phone_hash, STAFF, STATED)
    return {"at": event.at.isoformat(), "by": event.actor, "method": event.method} if event is not None else None


async def keep_wish(
    deps: Deps,
    session: AsyncSession,
    account: Account,
    *,
    by_sms: bool,
    by_email: bool,
    asked: str,
    joining: bool = False,
) -> None:
    """What the person decided on the Connect page, *asked* in these words. A no also ends what waits to be sent."""
    now = deps.clock()
    changed = by_sms != (account.notify_by_sms and account.refused_sms_at is None)
    account.notify_by_sms, account.notify_by_email = by_sms, by_email
    await keep_refusals(session, account, now, sms=not by_sms, email=not by_email)
    account.updated_at = now
    if not by_sms:
        await cancel_notices_of_account(session, account.shop_id, account.id, now=now, reason=NO_MORE)
    if (changed or joining) and account.phone_encrypted is not None:
        phone = deps.vault.decrypt(account.phone_encrypted)
        evidence = Evidence(CONNECT_PAGE, f"account:{account.id}", wording=asked)
        await record_event(deps, session, account.shop_id, phone, evidence, change=WISHED if by_sms else REFUSED)


async def keep_refusals(session: AsyncSession, account: Account, now: datetime, **refused: bool) -> None:
    """What the person themselves says no to, or yes to again; the switches are the caller's."""
    people = _people(account)
    for what, no in refused.items():
        before: datetime | None = getattr(account, f"refused_{what}_at")
        setattr(account, f"refused_{what}_at", (before or now) if no else None)
        if no:
            await keep_refusal(session, account.shop_id, people, what, since=before or now)
        else:
            await forget_refusal(session, account.shop_id, people, what)


async def heed_refusals(session: AsyncSession, account: Account) -> None:
    """What whoever is reached by the account's e-mail address or phone said no to holds for this invitation too."""
    for what, since in (await refusals_of(session, account.shop_id, _people(account))).items():
        switch, _ = REFUSABLE[what]
        setattr(account, switch, False)
        setattr(account, f"refused_{what}_at", getattr(account, f"refused_{what}_at") or since)


def refuse_overruling(account: Account, switches: dict[str, bool]) -> None:
    """Raises `Invalid` when the merchant would switch on what the person has said no to."""
    wrong = {
        switch: sentence
        for what, (switch, sentence) in REFUSABLE.items()
        if switches.get(switch) and getattr(account, f"refused_{what}_at") is not None
    }
    if wrong:
        raise Invalid(wrong)


def _people(account: Account) -> list[bytes]:
    return [each for each in (account.phone_hash, account.email_hash) if each is not None]

"""What follows when the provider refuses a text: for the message, the recipient, the sender, the connection.

    Throttled             the text waits; nobody calls before the pause is over        (send.py)
    ProviderUnavailable   the text is tried again, with growing pauses, until it expires  (send.py)
    OutcomeUnknown        the message store is asked before anything else                 (recover.py)
    MessageRefused        this text has failed; the next one may pass
    RecipientRefused      this text has failed; an opt-out is kept; a dead number is not tried again (unusable.py)
    SenderRefused         with a pause: the numbers of this user rest, the text waits
                          without: the number is stopped until the merchant acts, the text waits and expires
    CredentialsRefused    all numbers of the user are stopped until new credentials are pasted
    VendorFault           a fault of ours: in one request, that text has failed; in our registration, as above

A text whose delivery failed later is judged by the same table, see `status.py`.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.log import get_logger
from app.deps import Deps
from app.messages.blocked import adopt_block
from app.messages.claim import Claimed
from app.messages.models import Message, MessageState
from app.messages.queries import move
from app.messages.settle import same_attempt, settle_slot
from app.shops.models import ProblemOf, Sender, SenderState
from app.shops.queries import get_sender
from app.sms.contract import CredentialsRefused, RecipientRefused, SenderRefused, SmsError, TokenRejected, VendorFault

log = get_logger(__name__)

OUR_REQUEST_IS_WRONG = frozenset({"CMN-103", "CMN-104", "CMN-406", "MSG-365"})
"""A fault in one request, which says nothing about the sender."""
WAIT_FOR_REPAIR = timedelta(seconds=60)


async def apply_refusal(deps: Deps, held: Claimed, phone: str, refused: SmsError, *, called: bool) -> None:
    """Settle the message in one transaction with what the refusal means for others. *called*: the slot is used."""
    message = held.message
    log.warning("message.refused", message_id=message.id, shop_id=message.shop_id, code=refused.code)
    async with deps.db.transaction() as session:
        await settle_slot(deps, session, held, called=called)
        match refused:
            case SenderRefused(pause_seconds=float() | int() as seconds):
                until = deps.clock() + timedelta(seconds=seconds)
                await rest_senders(session, held.provider_user_id, until, refused.sentence)
                await _wait(deps, session, message, refused.code, until)
            case VendorFault(code=code) if code in OUR_REQUEST_IS_WRONG:
                log.error("message.request_rejected", message_id=message.id, code=code)
                await _fail(deps, session, message, refused)
            case SenderRefused() | CredentialsRefused() | VendorFault() | TokenRejected():
                login = isinstance(refused, CredentialsRefused | TokenRejected)
                await stop_sender(session, message, refused.code, refused.sentence, login=login)
                await _wait(deps, session, message, refused.code, deps.clock() + WAIT_FOR_REPAIR)
            case RecipientRefused(opted_out=True):
                await adopt_block(deps, session, message, phone, refused.code)
                await _fail(deps, session, message, refused)
            case _:
                await _fail(deps, session, message, refused)


async def rest_senders(session: AsyncSession, provider_user_id: int, until: datetime, sentence: str) -> None:
    """No texts from the numbers of this user before *until*. Reading goes on: a STOP must be heard."""
    await session.execute(
        update(Sender)
        .where(
            Sender.provider_user_id == provider_user_id,
            Sender.paused_until.is_(None) | (Sender.paused_until < until),
        )
        .values(paused_until=until, pause_reason=sentence)
    )


async def stop_sender(
    session: AsyncSession, message: Message, code: str, sentence: str, *, login: bool = False
) -> None:
    """Until the merchant has acted. *login*: what is wrong is how it signs in, and not the number."""
    if message.sender_id is None:
        return
    sender = await get_sender(session, message.shop_id, message.sender_id)
    if sender.state in (SenderState.READY, SenderState.BROKEN):
        sender.state = SenderState.BROKEN
        sender.problem_code, sender.problem = code, sentence
        if not login:
            sender.problem_of = ProblemOf.NUMBER
        elif sender.problem_of != ProblemOf.JWT:
            sender.problem_of = ProblemOf.LOGIN


async def _wait(deps: Deps, session: AsyncSession, message: Message, cause: str, until: datetime) -> None:
    """The text itself is fine: it waits, or expires."""
    await _move(deps, session, message, MessageState.QUEUED, cause, due_at=until, lease_until=None, called_at=None)


async def _fail(deps: Deps, session: AsyncSession, message: Message, refused: SmsError) -> None:
    values = {
        "reason_code": refused.code,
        "reason": refused.sentence,
        "provider_code": refused.code,
        "lease_until": None,
        "sent_text_encrypted": None,
    }
    await _move(deps, session, message, MessageState.FAILED, refused.code, **values)


async def _move(
    deps: Deps, session: AsyncSession, message: Message, to: MessageState, cause: str, **values: Any
) -> None:
    await move(
        session,
        message.id,
        to,
        origin=[MessageState.SENDING],
        now=deps.clock(),
        cause=cause,
        guard=same_attempt(message),
        **values,
    )

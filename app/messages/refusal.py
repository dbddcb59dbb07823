"""What follows when the provider refuses a text: for the message, the recipient, the sender."""

from datetime import timedelta

from app.core.log import get_logger
from app.deps import Deps
from app.messages.blocked import adopt_block
from app.messages.models import Message, MessageState
from app.messages.pace import stamp_slot
from app.messages.queries import move
from app.shops.models import SenderState
from app.shops.queries import get_sender, pause_user
from app.sms.contract import CredentialsRefused, RecipientRefused, SenderRefused, SmsError, TokenRejected, VendorFault

log = get_logger(__name__)

OUR_REQUEST_IS_WRONG = frozenset({"CMN-103", "CMN-104", "CMN-406", "MSG-365"})
"""A fault in one request, which says nothing about the sender."""


async def apply_refusal(
    deps: Deps, provider_user_id: int, message: Message, phone: str, refused: SmsError, slot: int
) -> None:
    """Settle the message in one transaction with what the refusal means for others."""
    log.warning("message.refused", message_id=message.id, shop_id=message.shop_id, code=refused.code)
    now = deps.clock()
    async with deps.db.transaction() as session:
        await stamp_slot(session, slot, now)
        match refused:
            case SenderRefused(pause_seconds=float() | int() as pause):
                await pause_user(session, provider_user_id, now + timedelta(seconds=pause), refused.sentence)
                await move(
                    session,
                    message.id,
                    MessageState.QUEUED,
                    origin=[MessageState.SENDING],
                    now=now,
                    cause=refused.code,
                    due_at=now + timedelta(seconds=pause),
                    lease_until=None,
                    called_at=None,
                )
                return
            case VendorFault(code=code) if code in OUR_REQUEST_IS_WRONG:
                log.error("message.request_rejected", message_id=message.id, code=code)
            case SenderRefused() | CredentialsRefused() | VendorFault() | TokenRejected():
                if message.sender_id is not None:
                    sender = await get_sender(session, message.shop_id, message.sender_id)
                    sender.state = SenderState.BROKEN
                    sender.problem_code, sender.problem = refused.code, refused.sentence
                # The text itself is fine: it waits for the connection, or expires.
                await move(
                    session,
                    message.id,
                    MessageState.QUEUED,
                    origin=[MessageState.SENDING],
                    now=now,
                    cause=refused.code,
                    due_at=now + timedelta(seconds=60),
                    lease_until=None,
                    called_at=None,
                )
                return
            case RecipientRefused(opted_out=True):
                await adopt_block(deps, session, message, phone, refused.code)
        await move(
            session,
            message.id,
            MessageState.FAILED,
            origin=[MessageState.SENDING],
            now=now,
            cause=refused.code,
            reason_code=refused.code,
            reason=refused.sentence,
            provider_code=refused.code,
            lease_until=None,
            sent_text_encrypted=None,
        )

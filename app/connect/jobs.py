"""Connect's work outside a request: webhook calls, and forgetting what need not be kept."""

from datetime import timedelta

from app.connect import alerts, kinds, ownership
from app.connect.attribution import ATTRIBUTE, attribute_order
from app.connect.history import CANCEL, IMPORT
from app.connect.history_steps import cancel_of_import, import_step
from app.connect.notices import MAIL, mail_notice
from app.connect.outgoing import MAKE_CALL, make_call
from app.connect.queries.api import forget_old_answers
from app.connect.queries.history import running_imports
from app.connect.queries.outgoing import due_calls
from app.connect.queries.sign_in import forget_visits
from app.connect.sign_in import MAIL_CODE, SIGN_IN_CODE, mail_code
from app.core.jobs import Discard, enqueue, every, job
from app.deps import Deps
from app.shopify.client import AccessForbidden, AccessTokenRejected, ShopUnavailable

DECLARED = (
    alerts.PAID,
    alerts.SHIPPED,
    kinds.NOTICE.name,
    kinds.ANSWER.name,
    SIGN_IN_CODE.name,
)
"""The kinds of text that importing this module declares."""
OWNERS = ownership.Affiliates
"""Registered by the same import: whose number Shopify's orders are texted about from."""
ANSWERS_KEPT = timedelta(hours=24)
IMPORT_IDLE = timedelta(minutes=5)
REQUESTS_KEPT = timedelta(days=30)


@job(MAKE_CALL, attempts=3)
async def make_webhook_call(deps: Deps, call_id: str) -> None:
    await make_call(deps, int(call_id))


@job(ATTRIBUTE, attempts=8)
async def attribute_one_order(deps: Deps, shop_and_order: str) -> None:
    """What a webhook could not decide. A text about the order decides it too, at the gate."""
    shop_id, _, order_id = shop_and_order.partition(":")
    try:
        await attribute_order(deps, int(shop_id), order_id)
    except (AccessTokenRejected, AccessForbidden, ShopUnavailable) as error:
        raise Discard(type(error).__name__) from None


@job(MAIL, attempts=6)
async def mail_one_notice(deps: Deps, notice_id: str) -> None:
    """A mail server that does not take it now is tried again."""
    await mail_notice(deps, int(notice_id))


@job(IMPORT, attempts=12)
async def import_one_step(deps: Deps, import_id: str) -> None:
    await import_step(deps, int(import_id))


@job(CANCEL, attempts=6)
async def cancel_one_bulk(deps: Deps, import_id: str) -> None:
    try:
        await cancel_of_import(deps, int(import_id))
    except (AccessTokenRejected, AccessForbidden, ShopUnavailable) as error:
        raise Discard(type(error).__name__) from None


@every(timedelta(minutes=1), "connect.resume_imports")
async def resume_imports(deps: Deps) -> None:
    """A backfill whose job was lost, or gave up while Shopify was away, goes on with its page."""
    async with deps.db.transaction() as session:
        idle = await running_imports(session, idle_since=deps.clock() - IMPORT_IDLE)
        await enqueue(session, IMPORT, idle)


@job(MAIL_CODE, attempts=4)
async def mail_one_code(deps: Deps, sign_in_id: str) -> None:
    """Not tried for longer than the code lives."""
    await mail_code(deps, int(sign_in_id))


@every(timedelta(minutes=1), "connect.make_due_calls")
async def make_due_calls(deps: Deps) -> None:
    """Losing the job table loses no webhook: what is due and was not called gets a job here. It is not called here,
    because all other recurring work would wait for an address that does not answer."""
    async with deps.db.transaction() as session:
        overdue = await due_calls(session, deps.clock() - timedelta(seconds=30))
        await enqueue(session, MAKE_CALL, overdue, once=True)


@every(timedelta(hours=1), "connect.forget_old_answers")
async def forget_answers(deps: Deps) -> None:
    """Answers to repeated calls and sign-ins after a day, the request log after a month."""
    now = deps.clock()
    async with deps.db.transaction() as session:
        await forget_old_answers(session, answers_before=now - ANSWERS_KEPT, requests_before=now - REQUESTS_KEPT)
        await forget_visits(session, now - ANSWERS_KEPT)

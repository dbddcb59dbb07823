"""The webhook subscription of a RingCentral user: made, renewed, and made anew when RingCentral has given it up.

It belongs to the user, not to a shop, because several shops may share one.
"""

from collections.abc import Sequence
from datetime import timedelta

from app.core.jobs import enqueue
from app.core.log import get_logger
from app.deps import Deps
from app.shops.models import ProviderUser
from app.shops.pace import Cost
from app.shops.pauses import after
from app.shops.provider_access import call_provider
from app.shops.queries import get_provider_user, lines_of_user, plan_sync, update_user
from app.sms.contract import Access, Line, SmsProvider, Subscription, Throttled

log = get_logger(__name__)

CARE_FOR_SUBSCRIPTION = "shops.care_for_subscription"
LIFETIME = timedelta(days=30)
"""Long enough to survive a holiday, short enough that an orphan of a deleted JWT stops calling us."""
RENEW_BEFORE = timedelta(days=7)
SUBSCRIBING = Cost(light=1, medium=2)
"""Reading the list, deleting a stray, creating."""


async def care_for_subscription(
    deps: Deps, provider_user_id: int, *, urgent: bool = False, also: Sequence[Line] = ()
) -> None:
    """Make sure RingCentral calls us for this user: create, renew, or make anew after blacklisting or for a number that
    it does not bring the texts of. *also*: numbers that are about to be used.

    *urgent* takes a healthy-looking record at its word less: without a stored subscription one is made at once.
    RingCentral calls our address while the creating call is under way, so nothing is locked meanwhile.
    """
    async with deps.db.transaction() as session:
        user = await get_provider_user(session, provider_user_id)
        lines = list({line.phone_number: line for line in [*await lines_of_user(session, user.id), *also]}.values())
    current: Subscription | None = None
    if user.subscription_id is not None:
        known = user.subscription_id
        current = await call_provider(deps, user.id, lambda provider, access: provider.read_subscription(access, known))
    if current is not None and current.active and current.address not in (None, hook_address(deps, user)):
        current = None
    if current is not None and not deps.provider(user.provider).hears(current, lines):
        current = None
    if current is not None and current.active:
        current = await _renew_if_old(deps, user, current)
    if current is None or not current.active:
        current = await call_provider(
            deps, user.id, lambda provider, access: _subscribe(deps, provider, access, user, lines), cost=SUBSCRIBING
        )
        log.info("provider.subscribed", provider_user_id=user.id, urgent=urgent)
    async with deps.db.transaction() as session:
        await update_user(
            session,
            user.id,
            subscription_id=current.id,
            subscription_expires_at=current.expires_at,
            subscription_checked_at=deps.clock(),
        )
        if current.id != user.subscription_id:
            # Nothing was heard between the old one and the new one: the message store is read at once.
            await plan_sync(session, user.id, earliest=deps.clock(), debounce=timedelta(0))


async def care_for_subscription_now(
    deps: Deps, provider_user_id: int, *, urgent: bool = False, also: Sequence[Line] = ()
) -> None:
    """For somebody who waits. When it is not the time for a call, a job sees to it afterwards: the old subscription may
    be deleted already, and nothing would be heard until the hourly look."""
    try:
        await care_for_subscription(deps, provider_user_id, urgent=urgent, also=also)
    except Throttled as throttled:
        async with deps.db.transaction() as session:
            await enqueue(session, CARE_FOR_SUBSCRIPTION, [provider_user_id], delay=after(throttled), once=True)
        raise


def hook_address(deps: Deps, user: ProviderUser) -> str:
    return f"{deps.settings.shopify_app_url}/webhooks/ringcentral/{user.hook_key}"


async def _subscribe(
    deps: Deps, provider: SmsProvider, access: Access, user: ProviderUser, lines: Sequence[Line]
) -> Subscription:
    return await provider.subscribe(
        access,
        address=hook_address(deps, user),
        verification_token=deps.vault.decrypt(user.verification_token_encrypted),
        lifetime=LIFETIME,
        lines=lines,
    )


async def _renew_if_old(deps: Deps, user: ProviderUser, current: Subscription) -> Subscription | None:
    if current.expires_at is None or current.expires_at - deps.clock() > RENEW_BEFORE:
        return current
    return await call_provider(deps, user.id, lambda provider, access: provider.renew_subscription(access, current.id))

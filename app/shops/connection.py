"""A shop's RingCentral connection: paste a JWT, choose a number, keep the webhook subscription, disconnect.

Nothing the merchant types is echoed: the answer to every call is what `describe_connection` finds in the database.
The subscription belongs to the RingCentral user, not to the shop, because several shops may share one user. With an
*account_id* the same is done for the number of one of the shop's connected accounts.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import RINGCENTRAL_SERVER
from app.core.errors import Conflict, Invalid
from app.core.log import get_logger
from app.core.phone import to_e164
from app.deps import Deps
from app.shops.logins import keep_token, open_credentials, seal_credentials
from app.shops.models import ProviderUser, Sender, SenderState, Shop
from app.shops.pace import Cost
from app.shops.progress import RUNNING, Tell, tell_nobody
from app.shops.provider_access import call_provider
from app.shops.queries import (
    account_senders,
    add_provider_user,
    find_provider_user,
    find_sender,
    get_provider_user,
    get_sender,
    get_shop,
    lines_of_user,
    own_senders,
    plan_sync,
    senders_of_user,
    update_user,
    write_audit,
)
from app.shops.settings import read_settings_of
from app.sms.contract import (
    Access,
    Credentials,
    CredentialsRefused,
    Finding,
    Level,
    Line,
    Number,
    NumberFacts,
    SmsError,
    SmsProvider,
    Subscription,
    Token,
    Transport,
)

log = get_logger(__name__)

SUBSCRIPTION_LIFETIME = timedelta(days=30)
"""Long enough to survive a holiday, short enough that an orphan of a deleted JWT stops calling us."""
RENEW_SUBSCRIPTION_BEFORE = timedelta(days=7)
INSPECTING = Cost(light=3)
INSPECTING_NUMBER = Cost(light=2)
SUBSCRIBING = Cost(light=1, medium=2)
"""Reading the list, deleting a stray, creating."""
LOW_VOLUME_A_DAY = 6000
"""Texts to US mobiles over all numbers of a campaign that is registered for low volume."""
Permit = Callable[[AsyncSession], Awaitable[None]]
PARTNER_SERVERS = (RINGCENTRAL_SERVER, "https://platform.ringcentral.biz")


async def connect(
    deps: Deps,
    shop: Shop,
    form: object,
    *,
    actor: str,
    account_id: int | None = None,
    tell: Tell = tell_nobody,
    permit: Permit | None = None,
) -> None:
    """Check and store pasted credentials. Raises `Invalid` by field, or `SmsError` when RingCentral is away.

    *permit* is asked in the transaction that stores them, because RingCentral takes its time: it raises when nobody
    wants that any more.
    """
    provider = deps.provider("ringcentral")
    credentials = read_credentials(deps, form)
    wrong = provider.check_credentials(credentials, now=deps.clock)
    if wrong:
        raise Invalid(wrong)
    await tell("login", RUNNING, "Signing in to RingCentral")
    try:
        token = await provider.log_in(credentials)
    except CredentialsRefused as refused:
        raise Invalid({refused.field: refused.sentence}) from None
    await tell("login", Level.OK, "RingCentral accepted the JWT.")
    async with deps.db.transaction() as session:
        user = await _keep_user(deps, session, provider, credentials, token)
    # From here on we know whose calls these are: they keep to this user's pace and pauses.
    await tell("numbers", RUNNING, "Reading the numbers of this user")
    numbers = await call_provider(deps, user.id, lambda p, access: p.list_numbers(access))
    await tell("numbers", *_count_numbers(numbers))
    await tell("rights", RUNNING, "Checking what this user may do")
    findings = await call_provider(deps, user.id, lambda p, access: p.inspect(access, token.scopes), cost=INSPECTING)
    await tell_findings(tell, "rights", findings)
    async with deps.db.transaction() as session:
        if permit is not None:
            await permit(session)
        adding = isinstance(form, dict) and form.get("add") is True
        await _keep_sender(deps, session, shop, account_id, user, credentials, numbers, findings, adding=adding)
        await write_audit(
            session,
            shop.domain,
            at=deps.clock(),
            actor=actor,
            action="ringcentral_connected",
            detail=_about(account_id),
        )


async def tell_findings(tell: Tell, code: str, findings: list[Finding]) -> None:
    """The first takes the place of the running step *code*."""
    for position, each in enumerate(findings):
        await tell(each.code if position else code, each.level, each.sentence)


def _count_numbers(numbers: list[Number]) -> tuple[Level, str]:
    usable = sum(each.usable for each in numbers)
    if usable:
        return Level.OK, f"Numbers that can send texts: {usable} of {len(numbers)}."
    return Level.PROBLEM, "None of this user's numbers can send texts yet."


async def lend_number(deps: Deps, shop: Shop, account_id: int, phone: str, *, actor: str) -> None:
    """Give a connected account one of the shop's own numbers. Raises `Conflict`, or `Invalid` for another's number."""
    async with deps.db.transaction() as session:
        own = await find_sender(session, shop.id)
        if own is None or own.provider_user_id is None:
            raise Conflict("Connect RingCentral first, then give its numbers to accounts.")
        if not any(each.phone_number == phone for each in _numbers(own)):
            raise Invalid({"phone_number": "This number is not one of your shop's RingCentral numbers."})
        lent = await find_sender(session, shop.id, account_id=account_id, lock=True)
        if lent is None or lent.provider_user_id != own.provider_user_id or lent.credentials_encrypted is not None:
            if lent is not None:
                _forget_credentials(lent)
            lent = Sender(
                shop_id=shop.id,
                account_id=account_id,
                provider_user_id=own.provider_user_id,
                provider=own.provider,
                transport=Transport.SMS,
                created_at=deps.clock(),
            )
            session.add(lent)
        lent.state = SenderState.NUMBER_NEEDED
        lent.numbers = own.numbers
        lent.findings = [each for each in own.findings if each.get("about") != "number"]
    await choose_number(deps, shop, {"phone_number": phone}, actor=actor, account_id=account_id)


def read_credentials(deps: Deps, form: object) -> Credentials:
    """The form over the operator's own RingCentral application. Raises `Invalid`."""
    if not isinstance(form, dict):
        raise Invalid({"jwt": "Send a JSON object with the JWT."})
    values = {name: form.get(name) for name in ("jwt", "client_id", "client_secret", "server")}
    wrong = {
        name: "This must be text." for name, value in values.items() if value is not None and not isinstance(value, str)
    }
    text = {name: value.strip() if isinstance(value, str) else "" for name, value in values.items()}
    if not text["jwt"] and "jwt" not in wrong:
        wrong["jwt"] = "Paste the JWT from RingCentral's developer console."
    if bool(text["client_id"]) != bool(text["client_secret"]):
        missing = "client_secret" if text["client_id"] else "client_id"
        wrong[missing] = "Client ID and client secret belong together: give both or neither."
    settings = deps.settings
    server = text["server"].rstrip("/") or settings.ringcentral_server_url
    if server not in {*PARTNER_SERVERS, settings.ringcentral_server_url}:
        # Our client secret is sent there, so this is a choice between known servers, never free text.
        wrong["server"] = "Choose one of RingCentral's servers."
    client_id = text["client_id"] or settings.ringcentral_client_id
    if not client_id and "client_id" not in wrong:
        wrong["client_id"] = "This installation has no RingCentral application of its own: give a client ID and secret."
    if wrong:
        raise Invalid(wrong)
    secret = text["client_secret"] or settings.ringcentral_client_secret.get_secret_value()
    return Credentials(client_id=client_id, client_secret=secret, jwt=text["jwt"], server=server)


async def choose_number(
    deps: Deps, shop: Shop, form: object, *, actor: str, account_id: int | None = None, tell: Tell = tell_nobody
) -> None:
    """Send from this number: reads its registration and sees to the webhook subscription. Raises `Invalid`."""
    phone = _phone_of(form)
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop.id, account_id=account_id)
        used = await own_senders(session, shop.id) if account_id is None else []
    if sender is None or sender.provider_user_id is None:
        raise Conflict("Connect RingCentral first, then choose a number.")
    if any(each.phone_number == phone and each.id != sender.id for each in used):
        raise Invalid({"phone_number": "Your shop already sends from this number; choose another one to add."})
    number = next((each for each in _numbers(sender) if each.phone_number == phone), None)
    if number is None:
        raise Invalid({"phone_number": "This number does not belong to the connected RingCentral user."})
    if not number.usable:
        raise Invalid({"phone_number": number.reason or "This number cannot send text messages."})
    transport = number.transport or Transport.SMS
    await tell("number", RUNNING, "Reading how the number is registered")
    facts, findings = await call_provider(
        deps,
        sender.provider_user_id,
        lambda provider, access: provider.inspect_number(access, number),
        cost=INSPECTING_NUMBER,
        transport=transport,
    )
    await tell_findings(tell, "number", findings)
    await tell("replies", RUNNING, "Asking RingCentral to tell the app about replies")
    await care_for_subscription(deps, sender.provider_user_id, urgent=True, also=[Line(phone, transport)])
    await tell("replies", Level.OK, "RingCentral tells the app about replies such as STOP.")
    async with deps.db.transaction() as session:
        chosen = await find_sender(session, shop.id, account_id=account_id, sender_id=sender.id, lock=True)
        if chosen is None:
            raise Conflict("RingCentral was disconnected meanwhile. Connect it again, then choose a number.")
        _keep_number(chosen, number, facts, findings)
        chosen.checked_at = deps.clock()
        await write_audit(
            session, shop.domain, at=deps.clock(), actor=actor, action="number_chosen", detail=_about(account_id)
        )


async def check_again(deps: Deps, shop: Shop, *, tell: Tell = tell_nobody) -> None:
    """Ask RingCentral anew about each of the shop's own numbers and keep what it says.

    A login that is refused breaks the connection, which is an answer too; what is only away raises `SmsError`.
    """
    async with deps.db.transaction() as session:
        senders = [each for each in await own_senders(session, shop.id) if each.provider_user_id is not None]
    for sender in senders:
        try:
            await _check_sender(deps, shop, sender, tell)
        except CredentialsRefused as refused:
            await tell("login", Level.PROBLEM, refused.sentence)


async def _check_sender(deps: Deps, shop: Shop, sender: Sender, tell: Tell) -> None:
    user_id = sender.provider_user_id
    assert user_id is not None
    async with deps.db.transaction() as session:
        scopes = frozenset((await get_provider_user(session, user_id)).scopes.split())
    await tell("numbers", RUNNING, "Reading the numbers of this user")
    numbers = await call_provider(deps, user_id, lambda p, access: p.list_numbers(access))
    await tell("numbers", *_count_numbers(numbers))
    await tell("rights", RUNNING, "Checking what this user may do")
    findings = await call_provider(deps, user_id, lambda p, access: p.inspect(access, scopes), cost=INSPECTING)
    await tell_findings(tell, "rights", findings)
    number = next((each for each in numbers if each.phone_number == sender.phone_number), None)
    registered: tuple[NumberFacts, list[Finding]] | None = None
    if number is not None and number.usable:
        await tell("number", RUNNING, "Reading how the number is registered")
        registered = await call_provider(
            deps,
            user_id,
            lambda p, access: p.inspect_number(access, number),
            cost=INSPECTING_NUMBER,
            transport=number.transport or Transport.SMS,
        )
        await tell_findings(tell, "number", registered[1])
        await care_for_subscription(deps, user_id)
    async with deps.db.transaction() as session:
        stored = await get_sender(session, shop.id, sender.id)
        if stored.phone_number != sender.phone_number or stored.state == SenderState.DISCONNECTED:
            return  # somebody changed it meanwhile, and looked at the same time
        stored.numbers = msgspec.to_builtins([_stored(each) for each in numbers])
        stored.findings = [_finding(each) for each in findings]
        stored.checked_at = deps.clock()
        if number is not None and registered is not None:
            _keep_registration(stored, number, *registered)
        elif stored.phone_number is not None:
            lost = number.reason if number is not None and number.reason else "The number is gone from RingCentral."
            stored.findings = [*stored.findings, _finding(Finding("number.lost", Level.PROBLEM, lost), about="number")]


async def disconnect(deps: Deps, shop_id: int, *, account_id: int | None = None, sender_id: int | None = None) -> None:
    """Erase the credentials here, then end subscription and session at RingCentral where nobody else uses them.

    *sender_id*: one of the several numbers of the shop itself, instead of the one it set up last.
    """
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop_id, account_id=account_id, sender_id=sender_id, lock=True)
        if sender is None:
            return
        credentials = open_credentials(deps, sender) if sender.credentials_encrypted is not None else None
        user_id = sender.provider_user_id
        user = await get_provider_user(session, user_id) if user_id is not None else None
        others = [each for each in await senders_of_user(session, user.id) if each.id != sender.id] if user else []
        _forget_credentials(sender)
        if account_id is None:
            for lent in await account_senders(session, shop_id):
                if lent.credentials_encrypted is None and lent.provider_user_id == user_id and not others:
                    _forget_credentials(lent)
    if user is not None and credentials is not None and not others:
        await _leave_provider(deps, user, credentials)


async def disconnect_all(deps: Deps, shop_id: int) -> None:
    """The shop's own number and those of all its connected accounts."""
    async with deps.db.transaction() as session:
        accounts = {sender.account_id for sender in await account_senders(session, shop_id)}
    for account_id in sorted(account for account in accounts if account is not None):
        await disconnect(deps, shop_id, account_id=account_id)
    await disconnect_own(deps, shop_id)


async def disconnect_own(deps: Deps, shop_id: int) -> None:
    """Every number of the shop itself."""
    async with deps.db.transaction() as session:
        ids = [sender.id for sender in await own_senders(session, shop_id)]
    for sender_id in ids:
        await disconnect(deps, shop_id, sender_id=sender_id)


async def describe_connection(session: AsyncSession, shop_id: int, *, account_id: int | None = None) -> dict[str, Any]:
    """What the connection page and `GET /api/admin/connection` show. Never a secret."""
    sender = await find_sender(session, shop_id, account_id=account_id)
    if sender is None:
        return {
            "connected": False,
            "state": "not_connected",
            "phone_number": None,
            "numbers": [],
            "findings": [],
            "problem": None,
            "checked_at": None,
            "transport": None,
            "stop_confirmed_by": None,
        }
    return {
        "connected": sender.state in (SenderState.READY, SenderState.PAUSED) and sender.phone_number is not None,
        "state": sender.state,
        "phone_number": sender.phone_number,
        "numbers": [_public(each) for each in sender.numbers],
        "findings": sender.findings,
        "problem": sender.problem,
        "checked_at": sender.checked_at.isoformat() if sender.checked_at else None,
        "transport": sender.transport,
        "stop_confirmed_by": "provider" if provider_confirms_stop(await get_shop(session, shop_id), sender) else "app",
    }


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


def provider_confirms_stop(shop: Shop, sender: Sender) -> bool:
    """Whether RingCentral itself answers STOP on this number: the merchant's choice, else as its registration says."""
    chosen = read_settings_of(shop).stop_confirmation
    return sender.provider_confirms_stop if chosen == "auto" else chosen == "provider"


def hook_address(deps: Deps, user: ProviderUser) -> str:
    return f"{deps.settings.shopify_app_url}/webhooks/ringcentral/{user.hook_key}"


async def _subscribe(
    deps: Deps, provider: SmsProvider, access: Access, user: ProviderUser, lines: Sequence[Line]
) -> Subscription:
    return await provider.subscribe(
        access,
        address=hook_address(deps, user),
        verification_token=deps.vault.decrypt(user.verification_token_encrypted),
        lifetime=SUBSCRIPTION_LIFETIME,
        lines=lines,
    )


async def _renew_if_old(deps: Deps, user: ProviderUser, current: Subscription) -> Subscription | None:
    if current.expires_at is None or current.expires_at - deps.clock() > RENEW_SUBSCRIPTION_BEFORE:
        return current
    return await call_provider(deps, user.id, lambda provider, access: provider.renew_subscription(access, current.id))


async def _keep_user(
    deps: Deps, session: AsyncSession, provider: SmsProvider, credentials: Credentials, token: Token
) -> ProviderUser:
    await add_provider_user(
        session,
        {
            "provider": provider.name,
            "server": credentials.server,
            "client_id": credentials.client_id,
            "owner_id": token.owner_id,
            "hook_key": secrets.token_urlsafe(36),
            "verification_token_encrypted": deps.vault.encrypt(secrets.token_urlsafe(32)),
            "created_at": deps.clock(),
        },
    )
    found = await find_provider_user(session, provider.name, credentials.client_id, token.owner_id)
    if found is None:
        raise RuntimeError("A RingCentral user that was just added is gone.")
    user = await get_provider_user(session, found.id, lock=True)
    user.server = credentials.server
    user.login_paused_until = None
    keep_token(deps, user, token)
    return user


async def _keep_sender(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    account_id: int | None,
    user: ProviderUser,
    credentials: Credentials,
    numbers: list[Number],
    findings: list[Finding],
    *,
    adding: bool = False,
) -> None:
    """*adding*: a further number beside those that the shop has, which may be one of the same user; otherwise it takes
    the place of the last one."""
    sender = await find_sender(session, shop.id, account_id=account_id, lock=True)
    beside = adding and sender is not None and sender.phone_number is not None
    if sender is None or sender.provider_user_id != user.id or beside:
        if sender is not None and not adding:
            _forget_credentials(sender)
        sender = Sender(
            shop_id=shop.id,
            account_id=account_id,
            provider=user.provider,
            transport=Transport.SMS,
            former_numbers=[],
            created_at=deps.clock(),
        )
        sender.state = SenderState.NUMBER_NEEDED
        session.add(sender)
    still_there = any(each.usable and each.phone_number == sender.phone_number for each in numbers)
    _remember_number(sender, sender.phone_number if still_there else None)
    sender.provider_user_id = user.id
    sender.credentials_encrypted = seal_credentials(deps, credentials)
    sender.state = SenderState.READY if still_there else SenderState.NUMBER_NEEDED
    sender.phone_number = sender.phone_number if still_there else None
    sender.problem_code = sender.problem = None
    sender.numbers = msgspec.to_builtins([_stored(each) for each in numbers])
    sender.findings = [_finding(each) for each in findings]
    sender.checked_at = deps.clock()


def _forget_credentials(sender: Sender) -> None:
    sender.state = SenderState.DISCONNECTED
    sender.credentials_encrypted = None
    sender.problem_code = sender.problem = None


def _about(account_id: int | None) -> dict[str, object]:
    return {} if account_id is None else {"account_id": account_id}


def _keep_number(sender: Sender, number: Number, facts: NumberFacts, findings: list[Finding]) -> None:
    _remember_number(sender, number.phone_number)
    sender.phone_number = number.phone_number
    sender.transport = number.transport or Transport.SMS
    _keep_registration(sender, number, facts, findings)
    sender.state = SenderState.READY
    sender.problem_code = sender.problem = None


def _keep_registration(sender: Sender, number: Number, facts: NumberFacts, findings: list[Finding]) -> None:
    about_login = [each for each in sender.findings if each.get("about") != "number"]
    sender.provider_confirms_stop = facts.stop_confirmed_by_provider
    sender.findings = about_login + [_finding(each, about="number") for each in findings]
    sender.numbers = [
        each | {"registration": _registration(facts)} if each.get("phone_number") == number.phone_number else each
        for each in sender.numbers
    ]


def _registration(facts: NumberFacts) -> dict[str, Any]:
    return {
        "checked": facts.checked,
        "campaign_status": facts.campaign_status,
        "tier": facts.registration_tier,
        "use_cases": list(facts.use_cases),
        "daily_limit": LOW_VOLUME_A_DAY if facts.registration_tier == "LowVolume" else None,
    }


def _remember_number(sender: Sender, following: str | None) -> None:
    """Customers may answer to the number that *following* replaces."""
    former = sender.phone_number
    if former is not None and former != following and former not in sender.former_numbers:
        sender.former_numbers = [*sender.former_numbers, former]


async def _leave_provider(deps: Deps, user: ProviderUser, credentials: Credentials) -> None:
    provider = deps.provider(user.provider)
    token = deps.vault.decrypt(user.access_token_encrypted) if user.access_token_encrypted else None
    if token is not None:
        try:
            if user.subscription_id is not None:
                await provider.unsubscribe(Access(user.server, token), user.subscription_id)
        except SmsError as error:
            # The credentials may be dead already; the subscription then ends by itself.
            log.warning("provider.unsubscribe_failed", provider_user_id=user.id, code=error.code)
        await provider.log_out(credentials, token)
    async with deps.db.transaction() as session:
        await update_user(session, user.id, access_token_encrypted=None, token_expires_at=None, subscription_id=None)


def _phone_of(form: object) -> str:
    given = form.get("phone_number") if isinstance(form, dict) else None
    phone = to_e164(given, "US") if isinstance(given, str) else None
    if phone is None:
        raise Invalid({"phone_number": "Choose one of the numbers in the list."})
    return phone


def _stored(number: Number) -> dict[str, Any]:
    return {
        "id": number.id,
        "phone_number": number.phone_number,
        "features": sorted(number.features),
        "usable": number.usable,
        "reason": number.reason,
        "label": number.label,
        "payment_type": number.payment_type,
        "usage_type": number.usage_type,
        "country": number.country,
        "primary": number.primary,
        "transport": number.transport,
    }


def _numbers(sender: Sender) -> list[Number]:
    return [msgspec.convert(each, Number) for each in sender.numbers]


def _public(stored: dict[str, Any]) -> dict[str, Any]:
    shown = ("phone_number", "features", "usable", "reason", "label", "payment_type", "country", "primary", "transport")
    return {name: stored.get(name) for name in shown}


def _finding(finding: Finding, about: str = "login") -> dict[str, str]:
    return {"code": finding.code, "level": str(Level(finding.level)), "sentence": finding.sentence, "about": about}

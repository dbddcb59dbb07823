"""A shop's RingCentral connection: paste a JWT, choose a number, have both looked at again.

Nothing the merchant types is echoed: the answer to every call is what `describe_connection` finds in the database.
With an *account_id* the same is done for the number of one of the shop's connected accounts.
"""

import secrets
from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid
from app.core.log import get_logger
from app.deps import Deps
from app.shops.credentials_form import phone_of, read_credentials
from app.shops.disconnecting import leave_provider, take_out_of_use
from app.shops.logins import (
    allow_login,
    end_login_problem,
    is_login_in_doubt,
    keep_token,
    prove_login,
    seal_credentials,
)
from app.shops.models import ProviderUser, Sender, SenderState, Shop
from app.shops.pace import Cost, note_login
from app.shops.progress import ABOUT, RUNNING, Tell, tell_nobody, tell_under
from app.shops.provider_access import call_provider
from app.shops.queries import (
    add_provider_user,
    find_provider_user,
    find_sender,
    get_provider_user,
    get_sender,
    own_senders,
    write_audit,
)
from app.shops.sender_record import (
    finding_row,
    forget_credentials,
    forget_problem,
    keep_number,
    keep_registration,
    known_numbers,
    number_row,
    remember_number,
)
from app.shops.subscription_care import care_for_subscription_now
from app.sms.contract import (
    Credentials,
    CredentialsRefused,
    Finding,
    Level,
    Line,
    Number,
    NumberFacts,
    SmsProvider,
    Token,
    Transport,
)

log = get_logger(__name__)

INSPECTING = Cost(light=3)
INSPECTING_NUMBER = Cost(light=2)
Permit = Callable[[AsyncSession], Awaitable[None]]


async def connect(
    deps: Deps,
    shop: Shop,
    form: object,
    *,
    actor: str,
    account_id: int | None = None,
    sender_id: int | None = None,
    tell: Tell = tell_nobody,
    permit: Permit | None = None,
) -> None:
    """Check and store pasted credentials. Raises `Invalid` by field, or `SmsError` when RingCentral is away.

    They take the place of those of *sender_id*, or of the number set up last.

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
        sender = await find_sender(session, shop.id, account_id=account_id, sender_id=sender_id, lock=True)
        if sender_id is not None and sender is None:
            raise Conflict("This number was removed meanwhile. Reload the page.")
        kept = await _keep_sender(
            deps, session, shop, account_id, sender, user, credentials, numbers, findings, adding=adding
        )
        await write_audit(
            session,
            shop.domain,
            at=deps.clock(),
            actor=actor,
            action="ringcentral_connected",
            detail=_about(account_id),
        )
    await end_login_problem(deps, kept)  # of the numbers that were lent to accounts


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
    """Give a connected account one of the shop's own numbers. Raises `Conflict`, or `Invalid` for another's number.

    A login of the account's own is not kept for later: it ends, here and at RingCentral, as if it were disconnected.
    RingCentral is asked first: where it does not answer, the account goes on with what it has.
    """
    async with deps.db.transaction() as session:
        own, number = await _own_number(session, shop, phone)
    facts, findings = await _look_at_number(deps, own, number, tell_nobody)
    async with deps.db.transaction() as session:
        own, number = await _own_number(session, shop, phone)
        lent = await find_sender(session, shop.id, account_id=account_id, lock=True)
        last = None
        if lent is None or lent.provider_user_id != own.provider_user_id or lent.credentials_encrypted is not None:
            # With the commit that ends the former: texts that wait go on from the new one, whenever it is looked at.
            if lent is not None:
                last = await take_out_of_use(deps, session, lent)
            lent = Sender(
                shop_id=shop.id,
                account_id=account_id,
                provider_user_id=own.provider_user_id,
                provider=own.provider,
                former_numbers=[],
                created_at=deps.clock(),
            )
            session.add(lent)
        lent.numbers = own.numbers
        lent.findings = [each for each in own.findings if each.get("about") != "number"]
        await _keep_choice(deps, session, shop, lent, number, facts, findings, actor=actor)
    if last is not None:
        await leave_provider(deps, *last)


async def _own_number(session: AsyncSession, shop: Shop, phone: str) -> tuple[Sender, Number]:
    own = await find_sender(session, shop.id)
    if own is None or own.provider_user_id is None:
        raise Conflict("Connect RingCentral first, then give its numbers to accounts.")
    number = next((each for each in known_numbers(own) if each.phone_number == phone), None)
    if number is None:
        raise Invalid({"phone_number": "This number is not one of your shop's RingCentral numbers."})
    if not number.usable:
        raise Invalid({"phone_number": number.reason or "This number cannot send text messages."})
    return own, number


async def choose_number(
    deps: Deps,
    shop: Shop,
    form: object,
    *,
    actor: str,
    account_id: int | None = None,
    sender_id: int | None = None,
    tell: Tell = tell_nobody,
) -> None:
    """Send from this number: reads its registration and sees to the webhook subscription. Raises `Invalid`.

    It takes the place of the number of *sender_id*, or of the one set up last.
    """
    phone = phone_of(form)
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop.id, account_id=account_id, sender_id=sender_id)
        used = await own_senders(session, shop.id) if account_id is None else []
    if sender is None or sender.provider_user_id is None:
        raise Conflict("Connect RingCentral first, then choose a number.")
    if any(each.phone_number == phone and each.id != sender.id for each in used):
        raise Invalid({"phone_number": "Your shop already sends from this number; choose another one to add."})
    number = next((each for each in known_numbers(sender) if each.phone_number == phone), None)
    if number is None:
        raise Invalid({"phone_number": "This number does not belong to the connected RingCentral user."})
    if not number.usable:
        raise Invalid({"phone_number": number.reason or "This number cannot send text messages."})
    facts, findings = await _look_at_number(deps, sender, number, tell)
    async with deps.db.transaction() as session:
        chosen = await find_sender(session, shop.id, account_id=account_id, sender_id=sender.id, lock=True)
        if chosen is None:
            raise Conflict("RingCentral was disconnected meanwhile. Connect it again, then choose a number.")
        await _keep_choice(deps, session, shop, chosen, number, facts, findings, actor=actor)


async def _look_at_number(deps: Deps, sender: Sender, number: Number, tell: Tell) -> tuple[NumberFacts, list[Finding]]:
    """How it is registered; the app hears of its replies from now on. By the login that *sender* uses."""
    user_id, transport = sender.provider_user_id, number.transport or Transport.SMS
    assert user_id is not None
    await allow_login(deps, user_id)
    await tell("number", RUNNING, "Reading how the number is registered")
    facts, findings = await call_provider(
        deps,
        user_id,
        lambda provider, access: provider.inspect_number(access, number),
        cost=INSPECTING_NUMBER,
        transport=transport,
    )
    await tell_findings(tell, "number", findings)
    await tell("replies", RUNNING, "Asking RingCentral to tell the app about replies")
    await care_for_subscription_now(deps, user_id, urgent=True, also=[Line(number.phone_number, transport)])
    await tell("replies", Level.OK, "RingCentral tells the app about replies such as STOP.")
    return facts, findings


async def _keep_choice(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    sender: Sender,
    number: Number,
    facts: NumberFacts,
    findings: list[Finding],
    *,
    actor: str,
) -> None:
    keep_number(sender, number, facts, findings)
    sender.checked_at = deps.clock()
    detail = _about(sender.account_id)
    await write_audit(session, shop.domain, at=deps.clock(), actor=actor, action="number_chosen", detail=detail)


async def check_again(deps: Deps, shop: Shop, *, tell: Tell = tell_nobody) -> None:
    """Ask RingCentral anew about each of the shop's own numbers and keep what it says.

    A login that is refused breaks the connection, which is an answer too; what is only away raises `SmsError`.
    """
    async with deps.db.transaction() as session:
        senders = [each for each in await own_senders(session, shop.id) if each.provider_user_id is not None]
    for sender in senders:
        tell_of = tell
        if len(senders) > 1:
            await tell(f"{sender.id}", ABOUT, sender.phone_number or "A number that is not chosen yet")
            tell_of = tell_under(tell, sender.id)
        try:
            await _check_sender(deps, shop, sender, tell_of)
        except CredentialsRefused as refused:
            await tell_of("login", Level.PROBLEM, refused.sentence)


async def _check_sender(deps: Deps, shop: Shop, sender: Sender, tell: Tell) -> None:
    async with deps.db.transaction() as session:
        sender = await get_sender(session, shop.id, sender.id)  # looking at the one before may have mended it
    user_id = sender.provider_user_id
    assert user_id is not None
    if is_login_in_doubt(sender):
        await tell("login", RUNNING, "Signing in to RingCentral")
        await prove_login(deps, sender)
        await tell("login", Level.OK, "RingCentral accepted the JWT.")
    else:
        await allow_login(deps, user_id)
    async with deps.db.transaction() as session:
        scopes = frozenset((await get_provider_user(session, user_id)).scopes.split())
    await tell("numbers", RUNNING, "Reading the numbers of this user")
    numbers = await call_provider(deps, user_id, lambda p, access: p.list_numbers(access))
    await end_login_problem(deps, sender)
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
        await care_for_subscription_now(deps, user_id)
    async with deps.db.transaction() as session:
        stored = await get_sender(session, shop.id, sender.id)
        if stored.phone_number != sender.phone_number or stored.state == SenderState.DISCONNECTED:
            return  # somebody changed it meanwhile, and looked at the same time
        stored.numbers = msgspec.to_builtins([number_row(each) for each in numbers])
        stored.findings = [finding_row(each) for each in findings]
        stored.checked_at = deps.clock()
        if number is not None and registered is not None:
            keep_registration(stored, number, *registered)
        elif stored.phone_number is not None:
            lost = number.reason if number is not None and number.reason else "The number is gone from RingCentral."
            stored.findings = [
                *stored.findings,
                finding_row(Finding("number.lost", Level.PROBLEM, lost), about="number"),
            ]


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
    await note_login(session, user, deps.clock())
    return user


async def _keep_sender(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    account_id: int | None,
    sender: Sender | None,
    user: ProviderUser,
    credentials: Credentials,
    numbers: list[Number],
    findings: list[Finding],
    *,
    adding: bool = False,
) -> Sender:
    """*adding*: a further number beside those that the shop has, which may be one of the same user; otherwise it takes
    the place of *sender*."""
    beside = adding and sender is not None and sender.phone_number is not None
    if sender is None or sender.provider_user_id != user.id or beside:
        if sender is not None and not adding:
            forget_credentials(sender)
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
    remember_number(sender, sender.phone_number if still_there else None)
    sender.provider_user_id = user.id
    sender.credentials_encrypted = seal_credentials(deps, credentials)
    sender.state = SenderState.READY if still_there else SenderState.NUMBER_NEEDED
    sender.phone_number = sender.phone_number if still_there else None
    forget_problem(sender)
    sender.numbers = msgspec.to_builtins([number_row(each) for each in numbers])
    sender.findings = [finding_row(each) for each in findings]
    sender.checked_at = deps.clock()
    return sender


def _about(account_id: int | None) -> dict[str, object]:
    return {} if account_id is None else {"account_id": account_id}

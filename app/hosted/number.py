"""The number that an account texts from: its own, connected with a JWT as a merchant's is, or one that it was given.

An account can choose among the numbers of its own RingCentral user only; the shop's are given by the shop.
"""

from functools import partial
from urllib.parse import urlencode

from starlette.responses import Response

from app.connect.queries.accounts import get_account
from app.core.errors import AppError, Refused, Unauthorized
from app.hosted.guest import TOO_MANY, is_too_fast
from app.hosted.member import Member, faults_of, members_only, refuse_who_left
from app.shops.connection import choose_number, connect
from app.shops.connection_view import describe_connection
from app.shops.disconnecting import disconnect
from app.shops.queries import find_sender
from app.sms.contract import CredentialsRefused

NEW_JWT = "https://developers.ringcentral.com/console/my-credentials/create"
ALL_JWTS = "https://developers.ringcentral.com/console/my-credentials"
NOT_YOURS = "This number was given to you. Ask for another one, or connect your own RingCentral account."


@members_only
async def open_number(member: Member) -> Response:
    return await _show(member)


@members_only
async def connect_own(member: Member) -> Response:
    """Of the form only what a merchant gives too; the server is the operator's, never the affiliate's choice."""
    if await is_too_fast(member):
        return await _show(member, errors={"form": TOO_MANY}, status=429)
    given = {name: member.form.get(name, "") for name in ("jwt", "client_id", "client_secret")}
    try:
        await connect(
            member.deps,
            member.shop,
            given,
            actor=member.actor,
            account_id=member.account.id,
            permit=partial(refuse_who_left, member),
        )
        await _choose_the_only_one(member)
    except Unauthorized:
        raise
    except CredentialsRefused as refused:
        return await _show(member, errors={refused.field: refused.sentence}, status=422)
    except AppError as wrong:
        return await _show(member, errors=faults_of(wrong), status=wrong.status)
    return await _show(member, flash="connected")


@members_only
async def choose(member: Member) -> Response:
    try:
        await _own_number(member)
        form = {"phone_number": member.form.get("phone_number", "")}
        await choose_number(member.deps, member.shop, form, actor=member.actor, account_id=member.account.id)
    except AppError as wrong:
        return await _show(member, errors=faults_of(wrong), status=wrong.status)
    return await _show(member, flash="chosen")


@members_only
async def disconnect_own(member: Member) -> Response:
    try:
        await _own_number(member)
    except AppError as wrong:
        return await _show(member, errors=faults_of(wrong), status=wrong.status)
    await disconnect(member.deps, member.shop.id, account_id=member.account.id)
    return await _show(member, flash="disconnected")


async def _own_number(member: Member) -> None:
    """Raises `Refused` when the number is one of the shop's."""
    async with member.deps.db.transaction() as session:
        sender = await find_sender(session, member.shop.id, account_id=member.account.id)
    if sender is None or sender.credentials_encrypted is None:
        raise Refused(NOT_YOURS)


async def _choose_the_only_one(member: Member) -> None:
    async with member.deps.db.transaction() as session:
        connection = await describe_connection(session, member.shop.id, account_id=member.account.id)
    usable = [each["phone_number"] for each in connection["numbers"] if each["usable"]]
    if len(usable) == 1 and connection["phone_number"] is None:
        only = {"phone_number": usable[0]}
        await choose_number(member.deps, member.shop, only, actor=member.actor, account_id=member.account.id)


async def _show(
    member: Member, *, errors: dict[str, str] | None = None, flash: str | None = None, status: int = 200
) -> Response:
    async with member.deps.db.transaction() as session:
        account = await get_account(session, member.shop.id, member.account.id)
        connection = await describe_connection(session, member.shop.id, account_id=account.id)
        sender = await find_sender(session, member.shop.id, account_id=account.id)
    own = sender is not None and sender.credentials_encrypted is not None
    client_id = member.deps.settings.ringcentral_client_id
    return member.show(
        "number",
        status=status,
        account=account,
        # The numbers of the shop's own RingCentral user are nobody else's to see.
        connection=connection if own else {**connection, "numbers": [], "findings": []},
        own=own,
        new_jwt=f"{NEW_JWT}?{urlencode({'client_id': client_id})}" if client_id else ALL_JWTS,
        own_app_needed=not client_id,
        errors=errors or {},
        flash=flash,
    )

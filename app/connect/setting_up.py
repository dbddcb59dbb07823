"""The merchant sets an account up in its owner's place: who it is, its switches, its login and number.

What the person themselves took back or said no to stays as they said.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.accounts import SAVED_FIELDS, audit_account, describe_account, grant, keep_person
from app.connect.agreement import STATEMENT, heed_refusals, refuse_overruling, state_agreement
from app.connect.models import Account
from app.connect.person_form import read_person, read_switches
from app.connect.queries.accounts import get_account, is_connect_id_taken
from app.core.errors import Conflict, Invalid, Overtaken
from app.core.phone import to_e164
from app.deps import Deps
from app.shops.connection import choose_number, connect, lend_number
from app.shops.connection_view import describe_connection
from app.shops.models import Shop
from app.shops.queries import find_sender


async def set_up_account(
    deps: Deps, shop: Shop, account_id: int, form: object, *, actor: str, stated: str = STATEMENT
) -> None:
    """Change an account in its owner's place: person, switches, JWT, number. Raises `NotFound`, `Invalid`, `Conflict`.

    With `was` in *form*, what its fields were to whoever changes them, one that is another by now is `Overtaken`.
    The number is settled first, since RingCentral has to be asked for it with no transaction open.
    """
    async with deps.db.transaction() as session:
        account = await get_account(session, shop.id, account_id)
    person, switches = read_person(form, shop.country, new=False), read_switches(form)
    assert isinstance(form, dict)
    grants = bool(switches.get("alerts_enabled") or form.get("jwt"))
    _refuse_against_their_word(account, switches, grants=grants)
    _refuse_undoing(deps, account, form)
    await set_up_number(deps, shop, account_id, form, actor=actor)
    async with deps.db.transaction() as session:
        account = await get_account(session, shop.id, account_id, lock=True)
        _refuse_undoing(deps, account, form)
        wanted = person.connect_id if person.connect_id != account.connect_id else None
        if wanted and await is_connect_id_taken(session, shop.id, wanted):
            raise Conflict("There is already a connected account with this connect_id.")
        reached_by = (account.phone_hash, account.email_hash)
        keep_person(deps, account, person)
        if person.phone and account.phone_hash != reached_by[0]:
            await state_agreement(
                deps, session, shop.id, person.phone, actor=actor, method="account_page", wording=stated
            )
        if reached_by != (account.phone_hash, account.email_hash):
            await heed_refusals(session, account)
        _refuse_against_their_word(account, switches, grants=grants)
        for name, value in switches.items():
            setattr(account, name, value)
        account.updated_at = deps.clock()
        if grants:
            await grant(deps, session, shop, account, actor=actor)
        await audit_account(deps, session, shop, actor, "account_changed", account)


async def set_up_number(deps: Deps, shop: Shop, account_id: int, form: dict[str, Any], *, actor: str) -> None:
    """A JWT of the account's own, and the number: one of that login's; or one of the shop's, which ends the login."""
    if form.get("jwt") is not None:

        async def still_there(session: AsyncSession) -> None:
            account = await get_account(session, shop.id, account_id, lock=True)
            _refuse_against_their_word(account, {}, grants=True)

        await connect(deps, shop, form, actor=actor, account_id=account_id, permit=still_there)
        if form.get("phone_number") is None:
            await _choose_only_number(deps, shop, account_id, actor)
    if form.get("phone_number") is None:
        return
    phone = to_e164(form["phone_number"], "US") if isinstance(form["phone_number"], str) else None
    if phone is None:
        raise Invalid({"phone_number": "Choose one of the numbers in the list."})
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop.id, account_id=account_id)
        shops_own = await find_sender(session, shop.id)
    if sender is not None and sender.credentials_encrypted is not None:
        theirs = any(each["phone_number"] == phone for each in sender.numbers)
        if theirs or shops_own is None or all(each["phone_number"] != phone for each in shops_own.numbers):
            await choose_number(deps, shop, {"phone_number": phone}, actor=actor, account_id=account_id)
            return
    await lend_number(deps, shop, account_id, phone, actor=actor)


def _refuse_against_their_word(account: Account, switches: dict[str, bool], *, grants: bool) -> None:
    """What a person has taken back or said no to only the person can give. Raises `Conflict`, `Invalid`."""
    if grants and account.revoked_at is not None:
        raise Conflict("This person has taken back their permission. They can give it again by the invitation link.")
    refuse_overruling(account, switches)
    if grants and account.joined_at is None and account.refused_alerts_at is not None:
        raise Conflict("This person has said no to the invitation. They can change their mind by its link.")


def _refuse_undoing(deps: Deps, account: Account, form: dict[str, Any]) -> None:
    """Raises `Overtaken` when somebody else, the person perhaps, has changed one of these fields since."""
    given = form.get("was")
    was = given if isinstance(given, dict) else {}
    stored = describe_account(deps, account, None)
    changed = {field: stored[field] for field in SAVED_FIELDS if field in was and stored[field] != was[field]}
    if changed:
        raise Overtaken("Somebody else has changed this meanwhile. Your change is not saved yet.", changed)


async def _choose_only_number(deps: Deps, shop: Shop, account_id: int, actor: str) -> None:
    """Who has one number that can text need not choose it."""
    async with deps.db.transaction() as session:
        connection = await describe_connection(session, shop.id, account_id=account_id)
    usable = [each["phone_number"] for each in connection["numbers"] if each["usable"]]
    if len(usable) == 1 and connection["phone_number"] is None:
        await choose_number(deps, shop, {"phone_number": usable[0]}, actor=actor, account_id=account_id)

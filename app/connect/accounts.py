"""Connected accounts: invited by the merchant, set up by either side, granted and revoked by the affiliate.

Orders may be stored for an account without a grant, but nothing is texted: alerts are off until the affiliate, or the
merchant in their place, switches them on. Grant and revoke are told to the organisation's webhooks.
"""

import csv
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect import outgoing
from app.connect.agreement import STATEMENT, find_statement, heed_refusals, state_agreement
from app.connect.models import Account
from app.connect.person_form import SWITCHES, PersonForm, email_hash_of, read_person
from app.connect.queries.accounts import (
    account_page,
    cancel_notices_of_account,
    cancel_queued_of_account,
    choosable_accounts,
    get_account,
    is_connect_id_taken,
    names_of_accounts,
    senders_of_accounts,
)
from app.connect.tokens import INVITE, issue
from app.core.errors import Conflict, Invalid
from app.deps import Deps
from app.shops.connection_view import describe_connection
from app.shops.disconnecting import disconnect
from app.shops.models import Sender, SenderState, Shop
from app.shops.queries import find_sender, write_audit

MOST_CHOICES: Final = 500
"""In one list to choose from."""
GRANTED_CREATED: Final = "api_client_granted_user_created"
GRANTED_DELETED: Final = "api_client_granted_user_deleted"
SAVED_FIELDS: Final = (*SWITCHES, "name", "connect_id", "email", "phone")
"""Of an account's page; a page says of each that it changes what it was."""
HISTORY_WISHES: Final = ("unset", "yes", "no")


async def invite_account(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    form: object,
    *,
    actor: str,
    method: str = "invitation",
    stated: str = STATEMENT,
) -> dict[str, Any]:
    """A new account and the link that its owner signs in with. Raises `Invalid`; `Conflict` for a known connect_id.

    *method*: how its mobile number was given; *stated*: which words the merchant saw beside it.
    """
    person = read_person(form, shop.country, new=True)
    if person.connect_id and await is_connect_id_taken(session, shop.id, person.connect_id):
        raise Conflict("There is already a connected account with this connect_id.")
    account = add_account(deps, session, shop, person)
    account.invited_at = deps.clock()
    await heed_refusals(session, account)
    await session.flush()
    if person.phone:
        await state_agreement(deps, session, shop.id, person.phone, actor=actor, method=method, wording=stated)
    await audit_account(deps, session, shop, actor, "account_invited", account)
    return {**describe_account(deps, account, None), "invite_url": invite_url(deps, shop, account)}


async def invite_many(
    deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str, stated: str = STATEMENT
) -> dict[str, Any]:
    """Lines of a CSV file with a head (name, connect_id, phone, email): each is an invitation of its own.

    A line that cannot be is answered with its number and a sentence, and keeps no other from being taken. Raises
    `Invalid` when it is no such file.
    """
    text = form.get("csv") if isinstance(form, dict) else None
    first = form.get("first_line", 2) if isinstance(form, dict) else 2
    if not isinstance(text, str) or not text.strip():
        raise Invalid({"csv": "Choose a CSV file."})
    if isinstance(first, bool) or not isinstance(first, int) or not 0 < first < 10**9:
        first = 2
    rows = csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ",")
    head = [COLUMNS.get(each.strip().lstrip("\ufeff").lower().replace(" ", "_"), "") for each in next(rows, [])]
    if "name" not in head:
        raise Invalid({"csv": "The first line must name the columns: name, connect_id, phone, email."})
    created, refused = 0, []
    for line, row in enumerate(rows, first):
        if not any(each.strip() for each in row):
            continue
        person = {column: value for column, value in zip(head, row, strict=False) if column}
        try:
            async with session.begin_nested():
                await invite_account(deps, session, shop, person, actor=actor, method="csv", stated=stated)
            created += 1
        except (Invalid, Conflict) as error:
            refused.append({"line": line, "sentence": error.sentence})
    return {"created": created, "refused": refused}


COLUMNS: Final = {
    **{name: name for name in ("name", "connect_id", "phone", "email")},
    "id": "connect_id",
    "mobile": "phone",
    "phone_number": "phone",
    "e-mail": "email",
}


def add_account(deps: Deps, session: AsyncSession, shop: Shop, person: PersonForm) -> Account:
    now = deps.clock()
    account = Account(
        shop_id=shop.id,
        connect_id=person.connect_id,
        name_encrypted=deps.vault.encrypt(person.name or ""),
        alerts_enabled=False,
        notify_by_sms=True,
        notify_by_email=True,
        import_history="unset",
        token_epoch=0,
        created_at=now,
        updated_at=now,
    )
    keep_person(deps, account, person)
    session.add(account)
    return account


async def list_accounts(
    deps: Deps, session: AsyncSession, shop_id: int, *, after: int | None = None, limit: int = 100
) -> dict[str, Any]:
    """Oldest first; `next` continues, or None."""
    found = await account_page(session, shop_id, after=after, limit=limit + 1)
    page = found[:limit]
    senders = await senders_of_accounts(session, shop_id, [account.id for account in page])
    return {
        "accounts": [describe_account(deps, account, senders.get(account.id)) for account in page],
        "next": page[-1].id if len(found) > limit else None,
    }


async def account_choices(
    deps: Deps, session: AsyncSession, shop_id: int, chosen: Collection[int]
) -> list[dict[str, Any]]:
    """To choose from by name. Who is *chosen* already is among them, however many there are."""
    rows = await choosable_accounts(session, shop_id, chosen, limit=MOST_CHOICES)
    return [
        {"id": row.id, "connect_id": row.connect_id, "name": deps.vault.decrypt(row.name_encrypted)} for row in rows
    ]


async def names_of(deps: Deps, session: AsyncSession, shop_id: int, account_ids: Iterable[int]) -> dict[int, str]:
    """By id, of those that were not removed."""
    sealed = await names_of_accounts(session, shop_id, account_ids)
    return {account_id: deps.vault.decrypt(name) for account_id, name in sealed.items()}


async def read_account(deps: Deps, session: AsyncSession, shop: Shop, account_id: int) -> dict[str, Any]:
    """One account with its number and a fresh invitation link. Raises `NotFound`."""
    account = await get_account(session, shop.id, account_id)
    sender = await find_sender(session, shop.id, account_id=account.id)
    return {
        **describe_account(deps, account, sender),
        "connection": await describe_connection(session, shop.id, account_id=account.id),
        "agreement": await find_statement(deps, session, account),
        "invite_url": invite_url(deps, shop, account),
    }


async def grant(deps: Deps, session: AsyncSession, shop: Shop, account: Account, *, actor: str) -> None:
    """The organisation may act for the account. Granting again changes nothing."""
    if account.granted_at is not None and account.revoked_at is None:
        return
    account.granted_at, account.revoked_at = deps.clock(), None
    account.granted_by = actor
    await session.flush()
    await outgoing.announce(deps, session, shop.id, GRANTED_CREATED, describe_grant(account))
    await audit_account(deps, session, shop, actor, "account_granted", account)


async def revoke(deps: Deps, session: AsyncSession, shop: Shop, account: Account, *, actor: str) -> None:
    """The organisation may no longer act for the account; nothing more leaves in its name. Signs it out everywhere."""
    if account.revoked_at is not None:
        return
    account.revoked_at = account.updated_at = deps.clock()
    account.joined_at = None
    account.alerts_enabled = False
    account.token_epoch += 1
    await session.flush()
    ended = ("access_revoked", "The connected account has taken back its permission.")
    await cancel_queued_of_account(session, shop.id, account.id, now=deps.clock(), reason=ended)
    await cancel_notices_of_account(session, shop.id, account.id, now=deps.clock(), reason=ended)
    await outgoing.announce(deps, session, shop.id, GRANTED_DELETED, describe_grant(account))
    await audit_account(deps, session, shop, actor, "account_revoked", account)


async def delete_account(deps: Deps, shop: Shop, account_id: int, *, actor: str) -> None:
    """Revoked, its number given up, and gone from every list. Its orders stay with the organisation."""
    async with deps.db.transaction() as session:
        account = await get_account(session, shop.id, account_id, lock=True)
        if account.granted_at is not None:
            await revoke(deps, session, shop, account, actor=actor)
        account.alerts_enabled = False
        account.deleted_at = account.updated_at = deps.clock()
        account.token_epoch += 1
        await audit_account(deps, session, shop, actor, "account_deleted", account)
    await disconnect(deps, shop.id, account_id=account_id)


def describe_account(deps: Deps, account: Account, sender: Sender | None) -> dict[str, Any]:
    """Never a secret. *id* is the API's `user_id`."""
    texting = sender is not None and sender.state == SenderState.READY and sender.phone_number is not None
    return {
        "id": account.id,
        "user_id": account.id,
        "connect_id": account.connect_id,
        "name": deps.vault.decrypt(account.name_encrypted),
        "phone": deps.vault.decrypt(account.phone_encrypted) if account.phone_encrypted else None,
        "email": deps.vault.decrypt(account.email_encrypted) if account.email_encrypted else None,
        "status": status_of(account),
        "alerts_enabled": account.alerts_enabled,
        "phone_number": sender.phone_number if sender is not None else None,
        "own_number": sender is not None and sender.credentials_encrypted is not None,
        "can_text": texting and account.alerts_enabled and account.revoked_at is None,
        "number_problem": sender.problem if sender is not None else None,
        "notify_by_sms": account.notify_by_sms,
        "notify_by_email": account.notify_by_email,
        "refused_sms_at": account.refused_sms_at.isoformat() if account.refused_sms_at else None,
        "refused_email_at": account.refused_email_at.isoformat() if account.refused_email_at else None,
        "refused_alerts_at": account.refused_alerts_at.isoformat() if account.refused_alerts_at else None,
        "import_history": account.import_history,
        "connect_import_order_history_at": account.import_history_at.isoformat() if account.import_history_at else None,
        "invited_at": account.invited_at.isoformat() if account.invited_at else None,
        "granted_at": account.granted_at.isoformat() if account.granted_at else None,
        "revoked_at": account.revoked_at.isoformat() if account.revoked_at else None,
        "joined_at": account.joined_at.isoformat() if account.joined_at else None,
        "created_at": account.created_at.isoformat(),
        "object": "user",
    }


def describe_grant(account: Account) -> dict[str, Any]:
    """What a grant's webhook says of the account: ids and its wish about history, nothing about the person."""
    wish = account.import_history_at if account.import_history == "yes" else None
    return {
        "object": "api_client_granted_user",
        "user_id": account.id,
        "connect_id": account.connect_id,
        "company_id": account.shop_id,
        "connect_import_order_history_at": wish.isoformat() if wish else None,
    }


def may_import(account: Account) -> bool:
    """Whether orders of the past may be stored for this person."""
    return account.import_history != "no" and account.revoked_at is None


def status_of(account: Account) -> str:
    if account.revoked_at is not None:
        return "revoked"
    return "granted" if account.granted_at is not None else "invited"


def organisation_of(shop: Shop) -> str:
    """What stands for the shop in the addresses of its hosted page."""
    return shop.domain.removesuffix(".myshopify.com")


def hosted_url(deps: Deps, shop: Shop) -> str:
    return f"{deps.settings.shopify_app_url}/c/{organisation_of(shop)}"


def invite_url(deps: Deps, shop: Shop, account: Account) -> str:
    """The token stands behind a #, which browsers send to nobody."""
    return f"{hosted_url(deps, shop)}#invite={issue(deps.vault, INVITE, account, deps.clock())}"


def keep_person(deps: Deps, account: Account, person: PersonForm) -> None:
    """Another phone or e-mail address may be another person's: whoever came in by the former one is signed out, and
    invitations sent to it open nothing any more."""
    reached_by = (account.phone_hash, account.email_hash)
    if "name" in person.given and person.name:
        account.name_encrypted = deps.vault.encrypt(person.name)
    if "connect_id" in person.given:
        account.connect_id = person.connect_id
    if "phone" in person.given:
        account.phone_encrypted = deps.vault.encrypt(person.phone) if person.phone else None
        account.phone_hash = deps.vault.fingerprint(person.phone) if person.phone else None
    if "email" in person.given:
        account.email_encrypted = deps.vault.encrypt(person.email) if person.email else None
        account.email_hash = email_hash_of(deps, person.email) if person.email else None
    if reached_by not in ((None, None), (account.phone_hash, account.email_hash)):
        account.token_epoch += 1


async def audit_account(
    deps: Deps, session: AsyncSession, shop: Shop, actor: str, action: str, account: Account
) -> None:
    await write_audit(
        session, shop.domain, at=deps.clock(), actor=actor, action=action, detail={"account_id": account.id}
    )

"""What a connected account and its customers wrote to each other, and what the account answers, from its own number.

The rules are those of the shop's own conversations (`messages/answers.py`); an opt-out from any number of the brand
stops an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.kinds import ANSWER
from app.connect.models import Account
from app.connect.queries.own_page import messages_of_account, names_of_customers, replies_to_account
from app.core.errors import NotFound
from app.deps import Deps
from app.messages.answers import Answer, queue_answer, read_answer, why_no_answer
from app.messages.conversations import describe_inbound, describe_outbound, hash_of, key_of, said_at
from app.messages.models import InboundMessage, Message
from app.shops.models import Shop
from app.shops.queries import find_sender

MOST_LOOKED_AT: Final = 300
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Latest:
    """The last text between an account and one customer, as stored. *sealed*: the phone, if it was not erased."""

    phone_hash: bytes
    sealed: bytes | None
    at: datetime
    text: InboundMessage | Message


async def latest_of_customers(session: AsyncSession, shop: Shop, account: Account) -> list[Latest]:
    """One for each customer, whoever was heard from or written to last first. Nothing is decrypted yet."""
    heard = await replies_to_account(session, shop.id, account.id, limit=MOST_LOOKED_AT)
    said = await messages_of_account(session, shop.id, account.id, limit=MOST_LOOKED_AT)
    texts = [Latest(each.phone_hash, each.phone_encrypted, each.received_at, each) for each in heard]
    texts += [
        Latest(each.phone_hash, each.phone_encrypted, said_at(each), each)
        for each in said
        if each.phone_hash is not None
    ]
    latest: dict[bytes, Latest] = {}
    for each in sorted(texts, key=lambda text: text.at, reverse=True):
        known = latest.setdefault(each.phone_hash, each)
        if known.sealed is None and each.sealed is not None:
            latest[each.phone_hash] = replace(known, sealed=each.sealed)
    return list(latest.values())


async def describe_latest(
    deps: Deps, session: AsyncSession, shop: Shop, account: Account, latest: Sequence[Latest]
) -> list[dict[str, Any]]:
    names = await names_of_customers(session, shop.id, account.id, [each.phone_hash for each in latest])
    return [
        _describe_line(deps, each.text)
        | {
            "key": key_of(each.phone_hash),
            "name": _open(deps, names.get(each.phone_hash)),
            "phone": _open(deps, each.sealed),
        }
        for each in latest
    ]


def _describe_line(deps: Deps, text: InboundMessage | Message) -> dict[str, Any]:
    return describe_inbound(deps, text) if isinstance(text, InboundMessage) else describe_outbound(deps, text)


async def account_conversation(
    deps: Deps, session: AsyncSession, shop: Shop, account: Account, key: str
) -> dict[str, Any]:
    """Both sides, oldest first, and why no answer is possible, if so. Raises `NotFound`."""
    phone_hash = hash_of(key)
    heard, said = await _both_sides(session, shop, account, phone_hash)
    if not heard and not said:
        raise NotFound("There is no such conversation.")
    lines = [describe_outbound(deps, each) for each in reversed(said)]
    lines += [describe_inbound(deps, each) for each in reversed(heard)]
    phones = [each.phone_encrypted for each in heard] + [each.phone_encrypted for each in said]
    sealed = next((phone for phone in phones if phone is not None), None)
    names = await names_of_customers(session, shop.id, account.id, [phone_hash])
    return {
        "key": key,
        "name": _open(deps, names.get(phone_hash)),
        "phone": _open(deps, sealed),
        "lines": sorted(lines, key=lambda line: line["at"]),
        "why_not": await _why_not(deps, session, shop, account, phone_hash, heard),
    }


async def queue_account_reply(
    deps: Deps, session: AsyncSession, shop: Shop, account: Account, key: str, form: object
) -> dict[str, Any]:
    """An answer from the account's own number.

    Raises `NotFound`, `Invalid`, and `Conflict` with the reason why no answer may go.
    """
    text, once = read_answer(form)
    phone_hash = hash_of(key)
    heard, said = await _both_sides(session, shop, account, phone_hash)
    if not heard and not said:
        raise NotFound("There is no such conversation.")
    refused = await _why_not(deps, session, shop, account, phone_hash, heard)
    sender = await find_sender(session, shop.id, account_id=account.id)
    subject, actor = f"{account.id}:{key}:{once}", f"account:{account.id}"
    answer = Answer(ANSWER, text, phone_hash, once=subject, actor=actor, said={"account_id": account.id})
    return await queue_answer(deps, session, shop, answer, sender=sender, heard=heard, refused=refused)


async def _both_sides(
    session: AsyncSession, shop: Shop, account: Account, phone_hash: bytes
) -> tuple[list[InboundMessage], list[Message]]:
    """Newest first."""
    heard = await replies_to_account(session, shop.id, account.id, phone_hash=phone_hash, limit=MOST_SHOWN)
    said = await messages_of_account(session, shop.id, account.id, phone_hash=phone_hash, limit=MOST_SHOWN)
    return heard, said


async def _why_not(
    deps: Deps, session: AsyncSession, shop: Shop, account: Account, phone_hash: bytes, heard: list[InboundMessage]
) -> str | None:
    sender = await find_sender(session, shop.id, account_id=account.id)
    first = "Connect a number first."
    return await why_no_answer(deps, session, shop.id, phone_hash, sender=sender, heard=heard, no_number=first)


def _open(deps: Deps, value: bytes | None) -> str | None:
    return None if value is None else deps.vault.decrypt(value)

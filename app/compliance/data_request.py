"""The file that answers a customer's data request: everything stored about them, for the merchant to hand on.

Source: Shopify, "Privacy law compliance": the merchant answers the customer within 30 days. The file is kept encrypted.
It leaves by a link that is signed, lives ten minutes and works once, because a browser cannot put an ID token on a
download; the link is made for a signed-in member of staff only.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.compliance.models import DataRequest
from app.compliance.queries import consent_events_of, inbound_of, messages_about, suppressions_of
from app.consent.chain import verify_chain
from app.core.errors import NotFound
from app.deps import Deps
from app.messages.evidence import HOW_TO_CHECK, numbers_of, told_event, told_reply, told_text, zone_of
from app.shops.models import Shop
from app.shops.queries import write_audit

ANSWER_WITHIN = timedelta(days=30)
KEEP_FILE_FOR = timedelta(days=60)
LINK_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class Whom:
    """A customer as far as Shopify and our own messages tell: id, orders, fingerprints of their phones."""

    customer_id: str | None
    order_ids: Sequence[str]
    phone_hashes: Sequence[bytes]


@dataclass(frozen=True)
class File:
    name: str
    content: str


async def store_file(
    deps: Deps, session: AsyncSession, shop: Shop, whom: Whom, *, request_id: str, received_at: datetime
) -> dict[str, int]:
    """Answers how much was found. A request that came before keeps the file it has."""
    content = await _gather(deps, session, shop, whom)
    found = {name: len(value) for name, value in content.items() if isinstance(value, list)}
    about = {"shop": shop.domain, "request": request_id, "customer": whom.customer_id, "made_at": _text(deps.clock())}
    document = json.dumps({**about, **content}, ensure_ascii=False, indent=2)
    await session.execute(
        insert(DataRequest)
        .values(
            shop_id=shop.id,
            request_id=request_id,
            customer_id=whom.customer_id,
            phone_hash=whom.phone_hashes[0] if whom.phone_hashes else None,
            received_at=received_at,
            due_at=received_at + ANSWER_WITHIN,
            file_encrypted=deps.vault.encrypt(document),
        )
        .on_conflict_do_nothing(index_elements=["shop_id", "request_id"])
    )
    return found


async def list_requests(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    """Newest first; nothing of the customer but Shopify's own id."""
    query = select(DataRequest).where(DataRequest.shop_id == shop_id).order_by(DataRequest.id.desc()).limit(200)
    return [
        {
            "id": each.id,
            "request_id": each.request_id,
            "customer_id": each.customer_id,
            "received_at": _text(each.received_at),
            "due_at": _text(each.due_at),
            "downloaded_at": _text(each.downloaded_at),
            "available": each.file_encrypted is not None,
        }
        for each in await session.scalars(query)
    ]


async def make_link(deps: Deps, session: AsyncSession, shop: Shop, request_id: int, *, actor: str) -> str:
    """The path of the file, good for one fetch within ten minutes; an older link dies. Raises `NotFound`."""
    nonce, expires_at = secrets.token_urlsafe(16), deps.clock() + LINK_LIFE
    made = await session.scalar(
        update(DataRequest)
        .where(DataRequest.shop_id == shop.id, DataRequest.id == request_id, DataRequest.file_encrypted.is_not(None))
        .values(link_hash=_hash(nonce), link_expires_at=expires_at)
        .returning(DataRequest.id)
    )
    if made is None:
        raise NotFound("There is no such file any more.")
    await write_audit(
        session, shop.domain, at=deps.clock(), actor=actor, action="data_file_linked", detail={"data_request": made}
    )
    return f"/data-requests/{_sign(deps, f'{made}.{int(expires_at.timestamp())}.{nonce}')}"


async def take_file(deps: Deps, session: AsyncSession, link: str) -> File:
    """The file, once. Raises `NotFound` for anything but a fresh link."""
    request_id, nonce = _read(deps, link)
    taken = (
        await session.execute(
            update(DataRequest)
            .where(
                DataRequest.id == request_id,
                DataRequest.link_hash == _hash(nonce),
                DataRequest.link_expires_at > deps.clock(),
            )
            .values(link_hash=None, downloaded_at=deps.clock())
            .returning(DataRequest.file_encrypted, DataRequest.shop_id, DataRequest.request_id)
        )
    ).one_or_none()
    if taken is None or taken.file_encrypted is None:
        raise NotFound(USED_UP)
    shop_domain = await session.scalar(select(Shop.domain).where(Shop.id == taken.shop_id)) or ""
    await write_audit(
        session,
        shop_domain,
        at=deps.clock(),
        actor="link",
        action="data_file_downloaded",
        detail={"data_request": request_id},
    )
    number = "".join(char for char in taken.request_id if char.isalnum())[:40]
    return File(f"customer-data-{number}.json", deps.vault.decrypt(taken.file_encrypted))


USED_UP = "This link has been used or is too old. Make a new one in the app."


async def forget_old_files(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(DataRequest).where(DataRequest.received_at < now - KEEP_FILE_FOR))


async def _gather(deps: Deps, session: AsyncSession, shop: Shop, whom: Whom) -> dict[str, Any]:
    """As in the evidence file, for all phones of the customer; the proof covers the shop's whole chain."""
    numbers = await numbers_of(session, shop.id)
    messages = await messages_about(session, shop.id, whom.customer_id, whom.order_ids, whom.phone_hashes)
    proof = await verify_chain(deps, session, shop.id, only_words_of=whom.phone_hashes[0] if whom.phone_hashes else b"")
    sent, received, changes = [], [], []
    for message in messages:
        to = _open(deps, message.phone_encrypted)
        told = told_text(deps, message, zone_of(shop, to), numbers)
        sent.append({"to": to, **told, "created_at": _text(message.created_at)})
    for inbound in await inbound_of(session, shop.id, whom.phone_hashes):
        author = _open(deps, inbound.phone_encrypted)
        received.append({"from": author, **told_reply(deps, inbound, zone_of(shop, author))})
    for event in await consent_events_of(session, shop.id, whom.phone_hashes):
        phone = _open(deps, event.phone_encrypted)
        changes.append({"phone": phone, **told_event(deps, event, zone_of(shop, phone))})
    return {
        "texts_sent": sent,
        "texts_received": received,
        "consent_changes": changes,
        "proof": {**asdict(proof), "how_to_check": HOW_TO_CHECK},
        "opt_outs": [
            {"phone": _open(deps, each.phone_encrypted), "since": _text(each.since), "lifted_at": _text(each.lifted_at)}
            for each in await suppressions_of(session, shop.id, whom.phone_hashes)
        ],
    }


def _sign(deps: Deps, claim: str) -> str:
    signature = deps.vault.fingerprint("data-request-link/" + claim)
    return base64.urlsafe_b64encode(claim.encode() + signature).decode().rstrip("=")


def _read(deps: Deps, link: str) -> tuple[int, str]:
    """Raises `NotFound` before anything is looked up, unless the link is ours and still young."""
    try:
        raw = base64.b64decode(link.encode("ascii") + b"=" * (-len(link) % 4), altchars=b"-_", validate=True)
        claim, signature = raw[:-16].decode("ascii"), raw[-16:]
        good = hmac.compare_digest(deps.vault.fingerprint("data-request-link/" + claim), signature)
        number, expires_at, nonce = claim.split(".")
        young = int(expires_at) > deps.clock().timestamp()
    except (binascii.Error, UnicodeError, ValueError):
        raise NotFound(USED_UP) from None
    if not good or not young:
        raise NotFound(USED_UP)
    return int(number), nonce


def _hash(nonce: str) -> bytes:
    return hashlib.sha256(nonce.encode()).digest()


def _open(deps: Deps, value: bytes | None) -> str | None:
    return deps.vault.decrypt(value) if value is not None else None


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment is not None else None

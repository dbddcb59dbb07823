"""API keys of an organisation: made, shown once, kept as a hash, found again by it, paced and revoked.

A key has 256 random bits, so a plain SHA-256 is enough to keep it by: there is nothing to guess. Calls are counted in
the key's own row, one fixed minute at a time, which all processes share.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.models import ApiKey
from app.connect.queries.api import count_call, find_key_by_hash, get_key, keys_of
from app.core.errors import Invalid
from app.deps import Deps
from app.shops.models import Shop
from app.shops.queries import write_audit

PREFIX: Final = "connect_"
SCOPES: Final = {
    "orders:read": "Read orders",
    "orders:write": "Create, change and delete orders",
    "messages:write": "Send notifications and broadcasts to connected accounts",
    "accounts:read": "Read connected accounts",
}
SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    **{scope: (scope,) for scope in SCOPES},
    "orders": ("orders:read", "orders:write"),
    "messages": ("messages:write",),
    "accounts": ("accounts:read",),
    "users": ("accounts:read",),
    "users:read": ("accounts:read",),
    "messages:send": ("messages:write",),
    "orders:create": ("orders:write",),
    "*": tuple(SCOPES),
    "all": tuple(SCOPES),
}
"""What a scope may be called, and what it stands for. "write_orders" and "orders.write" are read as "orders:write"."""
CALLS_A_MINUTE: Final = 600
WINDOW: Final = timedelta(minutes=1)
LONGEST_NAME: Final = 100


@dataclass(frozen=True)
class Pace:
    """Where a key stands in its minute. *reset* in seconds."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool


async def create_key(deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str) -> dict[str, Any]:
    """The new key's description with `key`, the only time that it is shown. Raises `Invalid`."""
    name, scopes = _read(form)
    token = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        shop_id=shop.id,
        name=name,
        hint=f"{token[: len(PREFIX) + 4]}…{token[-4:]}",
        key_hash=hash_of(token),
        scopes=scopes,
        created_at=deps.clock(),
        created_by=actor,
        window_calls=0,
    )
    session.add(key)
    await session.flush()
    await write_audit(
        session, shop.domain, at=deps.clock(), actor=actor, action="api_key_created", detail={"api_key_id": key.id}
    )
    return {**describe_key(key), "key": token}


async def list_keys(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    return [describe_key(key) for key in await keys_of(session, shop_id)]


async def revoke_key(deps: Deps, session: AsyncSession, shop: Shop, key_id: int, *, actor: str) -> dict[str, Any]:
    """From this transaction's commit on, the key opens nothing. Raises `NotFound`."""
    key = await get_key(session, shop.id, key_id)
    if key.revoked_at is None:
        key.revoked_at = deps.clock()
        await write_audit(
            session, shop.domain, at=deps.clock(), actor=actor, action="api_key_revoked", detail={"api_key_id": key.id}
        )
    return describe_key(key)


async def find_key(session: AsyncSession, token: str) -> ApiKey | None:
    """The living key behind *token*."""
    key = await find_key_by_hash(session, hash_of(token))
    return key if key is not None and key.revoked_at is None else None


async def take_call(session: AsyncSession, key: ApiKey, now: datetime) -> Pace:
    """Count one call; a refused one counts too."""
    start, calls = await count_call(session, key.id, now=now, window=WINDOW)
    reset = max(1, round((start + WINDOW - now).total_seconds()))
    return Pace(CALLS_A_MINUTE, max(0, CALLS_A_MINUTE - calls), reset, calls > CALLS_A_MINUTE)


def describe_key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _read(form: object) -> tuple[str, list[str]]:
    if not isinstance(form, dict):
        raise Invalid({"name": "Send a JSON object with a name."})
    name, given = form.get("name"), form.get("scopes")
    wrong = {}
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        wrong["name"] = f"Give the key a name of at most {LONGEST_NAME} characters."
    scopes = _scopes(given)
    if not scopes:
        wrong["scopes"] = "Give a list of scopes: " + ", ".join(SCOPES) + "."
    if wrong or not isinstance(name, str):
        raise Invalid(wrong)
    return name.strip(), scopes


def _scopes(given: object) -> list[str]:
    """All of them when none are named; empty when one is not known."""
    if given is None:
        return list(SCOPES)
    if not isinstance(given, list) or len(given) > 50:
        return []
    found: set[str] = set()
    for each in given:
        meant = SPELLINGS.get(_spelling(each)) if isinstance(each, str) else None
        if meant is None:
            return []
        found.update(meant)
    return [scope for scope in SCOPES if scope in found]


def _spelling(scope: str) -> str:
    """ "write_orders" and "orders.write" as "orders:write"."""
    text = scope.strip().lower().replace(".", ":").replace("/", ":")
    for verb in ("read", "write", "send"):
        if text.startswith(f"{verb}_"):
            return f"{text[len(verb) + 1 :]}:{verb}"
    return text

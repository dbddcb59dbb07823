"""Links and sessions of the hosted page: sealed, short-lived, for one purpose and one account.

A token is an encrypted value, so it says nothing to whoever finds it, and it ends with its time, with the account's
`token_epoch`, or with the key that sealed it. Nothing is kept in a cookie: the page holds the token of its visit and
sends it as a bearer token.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.connect.models import Account
from app.core.crypto import Undecipherable, Vault

INVITE: Final = "invite"
SIGN_IN: Final = "sign_in"
SESSION: Final = "session"
LIFETIMES: Final = {INVITE: timedelta(days=30), SIGN_IN: timedelta(minutes=20), SESSION: timedelta(hours=2)}
LONGEST_TOKEN: Final = 1000


@dataclass(frozen=True)
class Pass:
    """*account_id* of *shop_id* may do what *purpose* says. *epoch* must still be the account's."""

    purpose: str
    shop_id: int
    account_id: int
    epoch: int


def issue(vault: Vault, purpose: str, account: Account, now: datetime) -> str:
    claims = {
        "p": purpose,
        "s": account.shop_id,
        "a": account.id,
        "n": account.token_epoch,
        "x": int((now + LIFETIMES[purpose]).timestamp()),
    }
    return vault.encrypt("connect:" + json.dumps(claims, separators=(",", ":"))).decode()


def read(vault: Vault, token: str, now: datetime, *, purposes: tuple[str, ...]) -> Pass | None:
    """None for anything but a living token of one of *purposes*."""
    if not token or len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    try:
        text = vault.decrypt(token.encode())
    except Undecipherable:
        return None
    if not text.startswith("connect:"):
        return None
    claims = json.loads(text.removeprefix("connect:"))
    if claims["p"] not in purposes or claims["x"] <= now.timestamp():
        return None
    return Pass(claims["p"], claims["s"], claims["a"], claims["n"])

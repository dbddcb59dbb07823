"""Links and sessions of the hosted page: sealed, short-lived, for one purpose and one account.

A token is an encrypted value, so it says nothing to whoever finds it, and it ends with its time, with the account's
`token_epoch`, or with the key that sealed it. Nothing is kept in a cookie, which a browser would withhold from a page
opened by another site: each page carries the token of its visit in its forms, and no other site can guess it.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.connect.models import Account
from app.core.crypto import Undecipherable, Vault

INVITE: Final = "invite"
"""From the merchant: opens the page on which its owner joins, until they have."""
TICKET: Final = "ticket"
"""Belongs to one code that was sent: a code alone, read over a shoulder, opens nothing."""
SIGN_IN: Final = "sign_in"
"""The link in the e-mail with a code; once."""
JOIN: Final = "join"
"""Somebody has proved who they are and may now agree, or not."""
SESSION: Final = "session"
LIFETIMES: Final = {
    INVITE: timedelta(days=30),
    TICKET: timedelta(minutes=10),
    SIGN_IN: timedelta(minutes=10),
    JOIN: timedelta(minutes=30),
    SESSION: timedelta(hours=2),
}
LONGEST_TOKEN: Final = 1000


@dataclass(frozen=True)
class Pass:
    """*account_id* of *shop_id* may do what *purpose* says; 0 is somebody who has no account yet.

    *epoch* must still be the account's. *row*: the sign-in or the visit that it belongs to, 0 for neither.
    """

    purpose: str
    shop_id: int
    account_id: int
    epoch: int
    row: int


def issue(vault: Vault, purpose: str, account: Account, now: datetime, *, row: int = 0) -> str:
    return _seal(vault, purpose, account.shop_id, account.id, account.token_epoch, row, now)


def issue_to_nobody(vault: Vault, purpose: str, shop_id: int, now: datetime, *, row: int) -> str:
    """For a sign-in whose person is not known, or must not be told to be."""
    return _seal(vault, purpose, shop_id, 0, 0, row, now)


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
    return Pass(claims["p"], claims["s"], claims["a"], claims["n"], claims.get("r", 0))


def _seal(vault: Vault, purpose: str, shop_id: int, account_id: int, epoch: int, row: int, now: datetime) -> str:
    ends = int((now + LIFETIMES[purpose]).timestamp())
    claims = {"p": purpose, "s": shop_id, "a": account_id, "n": epoch, "r": row, "x": ends}
    return vault.encrypt("connect:" + json.dumps(claims, separators=(",", ":"))).decode()

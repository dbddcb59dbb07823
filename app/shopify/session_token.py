"""Verifies the ID token (formerly "session token") that Shopify Admin puts on every page and fetch.

Source: Shopify, "ID tokens". HS256 below the client secret, about 60 seconds of life. The shop is read from `dest` of a
verified token and from nowhere else; Shopify's own packages accept a token whose `iss` and `dest` differ, or
whose `dest` is not a shop, which we refuse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import jwt

from app.core.clock import Clock
from app.shopify.shop_domain import clean_shop_domain

LEEWAY_SECONDS = 5
REQUIRED = ["exp", "nbf", "iss", "dest", "aud", "sub", "sid"]
"""`sub` and `sid` tell the admin's tokens from those of checkout and customer account extensions, which lack them."""


class BadSessionToken(Exception):
    """The token is missing, forged, stale or not for this app. The text says which, without the token."""


@dataclass(frozen=True, slots=True)
class StaffSession:
    """Who is calling: the shop and the staff member's id, for the audit trail, and since when the token is good."""

    shop_domain: str
    user_id: str
    issued_at: datetime


def verify_session_token(token: str, *, client_id: str, secrets: Sequence[str], clock: Clock) -> StaffSession:
    """Raises `BadSessionToken`. *secrets*: the current client secret first, then the previous one."""
    claims = _decode(token, client_id, secrets)
    if claims["aud"] != client_id:
        raise BadSessionToken("meant for several apps")
    now = clock().timestamp()
    if not _is_time(claims["exp"]) or claims["exp"] + LEEWAY_SECONDS <= now:
        raise BadSessionToken("expired")
    if not _is_time(claims["nbf"]) or claims["nbf"] - LEEWAY_SECONDS > now:
        raise BadSessionToken("not valid yet")
    shop_domain = _shop_of(claims["dest"])
    if shop_domain is None or _host_of(claims["iss"]) != shop_domain:
        raise BadSessionToken("issuer and destination are not one shop")
    if not all(isinstance(claims[name], str) and claims[name] for name in ("sub", "sid")):
        raise BadSessionToken("no member of staff")
    return StaffSession(shop_domain, claims["sub"], _moment(claims["nbf"]))


def _decode(token: str, client_id: str, secrets: Sequence[str]) -> dict[str, Any]:
    for secret in secrets:
        try:
            # Times are checked by our own clock, so that a held clock holds them too.
            return jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=client_id,
                options={"require": REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise BadSessionToken(type(error).__name__) from None
    raise BadSessionToken("wrong signature")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadSessionToken("no moment") from None


def _shop_of(dest: object) -> str | None:
    # `urlsplit` forgives white space and line breaks; a token of Shopify's has none.
    if not isinstance(dest, str) or not dest.isprintable() or " " in dest:
        return None
    parts = _split(dest)
    return clean_shop_domain(parts.netloc) if parts is not None and parts.scheme == "https" else None


def _host_of(issuer: object) -> str | None:
    parts = _split(issuer) if isinstance(issuer, str) else None
    return parts.netloc.lower() if parts is not None and parts.scheme == "https" else None


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None

"""How Shopify proves who is asking: ID tokens, signed query strings, and the OAuth endpoints that give offline tokens.

Source: Shopify, "ID tokens", "Token exchange", "Offline access tokens", "Authorization code grant". Only expiring
offline tokens are given, as to every public app since 2026: one hour of access, ninety days of refresh, one
refreshable token per shop. A new exchange kills the older refresh token at once while the older access token lives
out its hour; a refresh token already used is honoured again until its replacement has been used, for 30 days at most.
Tokens carry prefixes of their own, never Shopify's.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import jwt

from app.simulator.shopify.credentials import Credentials
from app.simulator.shopify.state import AuthorizationCode, OfflineToken, Shop

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ACCESS_LIFETIME = timedelta(hours=1)
REFRESH_LIFETIME = timedelta(days=90)
SECOND_USE_WITHIN = timedelta(days=30)
CODE_LIFETIME = timedelta(minutes=10)

Answer = tuple[int, dict[str, object]]


class OAuthRefused(Exception):
    """Answered as *status* with Shopify's short error name."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.answer: Answer = (status, {"error": error, "error_description": description})


def answer_token_request(shop: Shop, form: Mapping[str, str], credentials: Credentials, now: datetime) -> Answer:
    """`POST /admin/oauth/access_token` for one shop."""
    try:
        secret = _authenticate(form, credentials)
        if not shop.installed:
            raise OAuthRefused(400, "app_not_installed", "The app is not installed on this shop.")
        match form.get("grant_type", ""):
            case grant if grant == EXCHANGE:
                _check_exchange(shop, form, credentials, now)
                return 200, _acquire(shop, secret, now)
            case "refresh_token":
                return 200, _refresh(shop, form.get("refresh_token", ""), secret, now)
            case "" | "authorization_code":
                _redeem_code(shop, form, now)
                return 200, _acquire(shop, secret, now)
            case _:
                raise OAuthRefused(400, "unsupported_grant_type", "The grant type is not supported.")
    except OAuthRefused as refused:
        return refused.answer


def _authenticate(form: Mapping[str, str], credentials: Credentials) -> str:
    if form.get("client_id") != credentials.api_key:
        raise OAuthRefused(400, "application_cannot_be_found", "There is no app with this client id.")
    given = form.get("client_secret", "")
    if not any(_same(known, given) for known in credentials.secrets):
        raise OAuthRefused(401, "invalid_client", "The client secret is not valid.")
    return given


def _check_exchange(shop: Shop, form: Mapping[str, str], credentials: Credentials, now: datetime) -> None:
    if form.get("requested_token_type") != OFFLINE:
        raise OAuthRefused(400, "invalid_request", "requested_token_type names no token that can be given here.")
    if form.get("subject_token_type") != ID_TOKEN:
        raise OAuthRefused(400, "invalid_request", "subject_token_type must be that of an ID token.")
    if not is_valid_id_token(form.get("subject_token", ""), shop, credentials, now):
        raise OAuthRefused(400, "invalid_subject_token", "The subject token is not valid or has expired.")
    _demand_expiring(form)


def _demand_expiring(form: Mapping[str, str]) -> None:
    if form.get("expiring") != "1":
        raise OAuthRefused(403, "invalid_request", "Non-expiring access tokens are no longer given. Send expiring=1.")


def _acquire(shop: Shop, secret: str, now: datetime) -> dict[str, object]:
    """A new offline token; every older refresh token of the shop dies."""
    for token in shop.tokens:
        token.refresh_is_dead = True
    return _issue(shop, secret, now)[1]


def _refresh(shop: Shop, refresh_token: str, secret: str, now: datetime) -> dict[str, object]:
    token = next((t for t in shop.tokens if _same(t.refresh_token, refresh_token)), None)
    if token is None or token.refresh_is_dead or token.refresh_expires_at <= now:
        raise OAuthRefused(400, "invalid_grant", "The refresh token is not valid, was revoked or has expired.")
    if token.refreshed_at is not None and token.refreshed_at + SECOND_USE_WITHIN <= now:
        raise OAuthRefused(400, "invalid_grant", "The refresh token was used too long ago to be used again.")
    for other in shop.tokens:
        if other.replaced_by == token.refresh_token or other.refresh_token == token.replaced_by:
            other.refresh_is_dead = True
    token.refreshed_at = token.refreshed_at or now
    issued, answer = _issue(shop, secret, now)
    token.replaced_by = issued.refresh_token
    return answer


def _issue(shop: Shop, secret: str, now: datetime) -> tuple[OfflineToken, dict[str, object]]:
    token = OfflineToken(
        access_token=f"simulated-access-{secrets.token_urlsafe(24)}",
        access_expires_at=now + ACCESS_LIFETIME,
        refresh_token=f"simulated-refresh-{secrets.token_urlsafe(24)}",
        refresh_expires_at=now + REFRESH_LIFETIME,
        scope=",".join(shop.scopes),
        secret_print=fingerprint(secret),
    )
    shop.tokens = [t for t in shop.tokens if max(t.access_expires_at, t.refresh_expires_at) > now] + [token]
    return token, {
        "access_token": token.access_token,
        "scope": token.scope,
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": token.refresh_token,
        "refresh_token_expires_in": int(REFRESH_LIFETIME.total_seconds()),
    }


def _redeem_code(shop: Shop, form: Mapping[str, str], now: datetime) -> None:
    code = next((c for c in shop.codes if _same(c.code, form.get("code", ""))), None)
    if code is None or code.expires_at <= now:
        raise OAuthRefused(400, "invalid_request", "The authorization code was not found or was already used.")
    _demand_expiring(form)
    shop.codes.remove(code)


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode())


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def is_valid_access_token(shop: Shop, access_token: str, now: datetime) -> bool:
    return shop.installed and any(
        _same(t.access_token, access_token) and t.access_expires_at > now for t in shop.tokens
    )


def new_authorization_code(shop: Shop, now: datetime) -> str:
    code = AuthorizationCode(code=secrets.token_hex(16), expires_at=now + CODE_LIFETIME)
    shop.codes.append(code)
    return code.code


def sign_id_token(
    shop: Shop,
    credentials: Credentials,
    now: datetime,
    *,
    user_id: str,
    lifetime: float,
    overrides: Mapping[str, object],
) -> str:
    """A session token as App Bridge would get it; an override of None leaves the claim out."""
    claims: dict[str, object] = {
        "iss": f"https://{shop.domain}/admin",
        "dest": f"https://{shop.domain}",
        "aud": credentials.api_key,
        "sub": user_id,
        "exp": int((now + timedelta(seconds=lifetime)).timestamp()),
        "nbf": int(now.timestamp()),
        "iat": int(now.timestamp()),
        "jti": str(uuid4()),
        "sid": session_id(shop, user_id),
        "sig": secrets.token_hex(32),
    } | dict(overrides)
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, credentials.newest, algorithm="HS256")


def session_id(shop: Shop, user_id: str) -> str:
    return hashlib.sha256(f"{shop.id}:{user_id}:{shop.installed_at}".encode()).hexdigest()


def is_valid_id_token(token: str, shop: Shop, credentials: Credentials, now: datetime) -> bool:
    # PyJWT would look at the machine's clock, so the moments are compared here.
    options: jwt.types.Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    for secret in credentials.secrets:
        try:
            claims = jwt.decode(token, secret, algorithms=["HS256"], audience=credentials.api_key, options=options)
        except jwt.InvalidTokenError:
            continue
        moment, leeway = now.timestamp(), 10
        in_time = claims.get("nbf", 0) - leeway <= moment < claims.get("exp", 0)
        same_shop = (
            claims.get("dest") == f"https://{shop.domain}" and claims.get("iss") == f"https://{shop.domain}/admin"
        )
        return bool(in_time and same_shop)
    return False


def document_query(
    shop: Shop, credentials: Credentials, now: datetime, *, id_token: str, user_id: str, path: str, locale: str
) -> str:
    """The signed query with which the admin opens the app; parameters that *path* has of its own are kept."""
    pairs = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True)) | {
        "embedded": "1",
        "host": host_parameter(shop),
        "id_token": id_token,
        "locale": locale,
        "session": session_id(shop, user_id),
        "shop": shop.domain,
        "timestamp": str(int(now.timestamp())),
    }
    return signed_query(pairs, credentials.newest)


def host_parameter(shop: Shop) -> str:
    return base64.b64encode(f"admin.shopify.com/store/{shop.handle}".encode()).decode().rstrip("=")


def signed_query(pairs: Mapping[str, str], secret: str) -> str:
    text = "&".join(f"{key}={value}" for key, value in sorted(pairs.items()))
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return urlencode(sorted({**pairs, "hmac": digest}.items()))

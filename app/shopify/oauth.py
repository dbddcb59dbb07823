"""Tokens of the Admin API: token exchange, refresh and the authorization code grant.

Source: Shopify, "Token exchange", "Offline access tokens", "Authorization code grant". Public apps get expiring
offline tokens only: an hour for the access token, 90 days for the refresh token, and each new one retires its
predecessor, so callers hold one lock per shop around every call here.

    OAuthError
    ├── SubjectTokenRejected    the ID token was stale: the browser should fetch a new one
    ├── GrantRejected           the refresh token or code is dead: the merchant must open the app
    └── ClientRefused           our own client id or secret is wrong: the operator must look, no merchant can help
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import httpx2

from app.core.clock import Clock
from app.core.log import get_logger
from app.shopify.client import AdminClient, ShopifyError, ShopifyUnavailable

log = get_logger(__name__)

TOKEN_PATH = "/admin/oauth/access_token"  # noqa: S105  # a path
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  # a type name
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"


class OAuthError(ShopifyError):
    pass


class SubjectTokenRejected(OAuthError):
    pass


class GrantRejected(OAuthError):
    pass


class ClientRefused(OAuthError):
    status = 503


OUR_FAULT = frozenset({"invalid_client", "unauthorized_client", "application_cannot_be_found"})


@dataclass(frozen=True, slots=True)
class OfflineToken:
    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str | None = field(repr=False)
    refresh_expires_at: datetime | None
    scopes: str


@dataclass(frozen=True)
class OAuthClient:
    """The app towards Shopify's token endpoint. New tokens are always asked for with the current secret."""

    admin: AdminClient
    client_id: str
    client_secret: str = field(repr=False)
    clock: Clock

    async def exchange(self, shop_domain: str, id_token: str) -> OfflineToken:
        """An expiring offline token for a verified ID token."""
        return await self._ask(
            shop_domain,
            {
                "grant_type": EXCHANGE,
                "subject_token": id_token,
                "subject_token_type": ID_TOKEN,
                "requested_token_type": OFFLINE,
                "expiring": "1",
            },
        )

    async def refresh(self, shop_domain: str, refresh_token: str) -> OfflineToken:
        return await self._ask(shop_domain, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def redeem_code(self, shop_domain: str, code: str) -> OfflineToken:
        return await self._ask(shop_domain, {"code": code, "expiring": "1"})

    async def _ask(self, shop_domain: str, grant: Mapping[str, str]) -> OfflineToken:
        form = {"client_id": self.client_id, "client_secret": self.client_secret, **grant}
        response = await self.admin.post_form(shop_domain, TOKEN_PATH, form)
        _raise_for(response)
        return self._read(response)

    def _read(self, response: httpx2.Response) -> OfflineToken:
        now = self.clock()
        try:
            body = response.json()
            return OfflineToken(
                access_token=str(body["access_token"]),
                access_expires_at=now + timedelta(seconds=int(body.get("expires_in") or 3600)),
                refresh_token=body.get("refresh_token"),
                refresh_expires_at=now + timedelta(seconds=int(body.get("refresh_token_expires_in") or 7_776_000)),
                scopes=str(body.get("scope") or ""),
            )
        except (ValueError, KeyError, TypeError):
            raise ShopifyUnavailable("Shopify's token answer could not be read.") from None


def _raise_for(response: httpx2.Response) -> None:
    if response.status_code == 200:
        return
    if response.status_code == 429 or response.status_code >= 500:
        raise ShopifyUnavailable(f"Shopify's token endpoint answered {response.status_code}.")
    try:
        body = response.json()
        error = str(body.get("error", "")) if isinstance(body, dict) else ""
    except ValueError:
        error = ""
    if error == "invalid_subject_token":
        raise SubjectTokenRejected("The sign-in from Shopify Admin had expired.")
    if error in OUR_FAULT:
        log.error("shopify.client_refused", error=error)
        raise ClientRefused("Shopify does not accept this app's own credentials. The operator has to look.")
    raise GrantRejected(
        f"Shopify refused the sign-in ({response.status_code}{' ' + error if error.isidentifier() else ''})."
    )


def permission_url(shop_domain: str, *, client_id: str, scopes: Sequence[str], redirect_uri: str, state: str) -> str:
    """Where the merchant grants access."""
    # Loaded here, for it brings ninety modules that few installs need.
    from shopify import Session as ShopifySession

    # ShopifyAPI builds the address; no session of its thread-global kind is activated. The version is never used.
    ShopifySession.setup(api_key=client_id)
    return str(ShopifySession(shop_domain, "unstable").create_permission_url(scopes, redirect_uri, state))


def query_is_signed(query: str, secrets: tuple[str, ...]) -> bool:
    """Whether Shopify signed these query parameters (hex HMAC-SHA256 over the sorted pairs)."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = [value for name, value in pairs if name == "hmac"]
    if len(given) != 1:
        return False
    text = "&".join(f"{name}={value}" for name, value in sorted(pair for pair in pairs if pair[0] != "hmac"))
    good = False
    for secret in secrets:
        expected = hmac.digest(secret.encode(), text.encode(), "sha256").hex()
        good |= hmac.compare_digest(expected.encode(), given[0].encode())
    return good


def without(query: str, *names: str) -> str:
    """The query string less the named parameters."""
    return urlencode([pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in names])

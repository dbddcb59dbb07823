"""Where a shop's access token comes from: the one thing that callers of the Admin API have to know of tokens.

Today there is one provider, `app.shops.tokens.OfflineTokens` (token exchange and refresh). Shopify's application-only
tokens (a signed assertion instead of a merchant's visit, no refresh token) can be added beside it: `page_opened` would
do nothing then, and `access_token` would never need the merchant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class AdminAccess:
    """What a call of the Admin API needs."""

    shop_domain: str
    token: str = field(repr=False)


class TokenProvider(Protocol):
    async def admin_access(self, shop_id: int, *, rejected: str | None = None) -> AdminAccess:
        """The same as `access_token`, with the shop's domain beside it."""
        ...

    def access_of(self, shop: Any) -> AdminAccess | None:
        """What a row of `shops` that was just read gives by itself; None where `admin_access` has to see to it.

        Raises `AccessTokenRejected`.
        """
        ...

    async def access_token(self, shop_id: int, *, rejected: str | None = None) -> str:
        """A token good for some minutes. *rejected*: a token that Shopify has just refused.

        Raises `AccessTokenRejected` when only the merchant can help, `ShopifyUnavailable` when Shopify gave no answer.
        """
        ...

    async def page_opened(self, shop_id: int, id_token: str, *, needed_scopes: Sequence[str]) -> bool:
        """A member of staff has opened a page with this verified ID token; whether the shop's row has changed by it.

        Raises `ShopifyError`s.
        """
        ...

    async def give_up(self, shop_id: int, *, rejected: str) -> bool:
        """*rejected* was refused though it was new. False when there is another by now, which may be good."""
        ...

    async def scope_granted(self, shop_id: int, id_token: str, scope: str) -> bool:
        """Whether Shopify grants *scope* by now, after a merchant was asked for it. Raises `ShopifyError`s."""
        ...

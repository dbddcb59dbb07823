"""Which strings are a shop's domain. Everything that reaches a host name, a CSP header or a query passes here first."""

import re

SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")


def clean_shop_domain(value: str | None) -> str | None:
    """The domain in lower case, or None. `fullmatch`, because `$` would accept a trailing newline."""
    domain = (value or "").lower()
    return domain if SHOP_DOMAIN.fullmatch(domain) else None

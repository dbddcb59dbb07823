"""The link by which a person ends the texts without typing a number: `/c/{organisation}/opt-out?t=…`.

The token is sealed with the vault's keys: it names the shop and the phone, nobody can read or make one, and it ends
only with the key it was sealed with, because a link in an old text has to work for as long as texts are kept. Where it
has ended, the same page asks for the number and sends a code.
"""

import base64
import binascii

from app.core.crypto import Undecipherable, Vault
from app.shops.models import Shop

PURPOSE = b"o"
LONGEST_TOKEN = 120


def handle_of(shop: Shop) -> str:
    """The organisation in public addresses: the shop's own handle at Shopify."""
    return shop.domain.removesuffix(".myshopify.com")


def opt_out_page(app_url: str, shop: Shop) -> str:
    return f"{app_url}/c/{handle_of(shop)}/opt-out"


def opt_out_link(vault: Vault, app_url: str, shop: Shop, phone: str) -> str:
    return f"{opt_out_page(app_url, shop)}?t={make_token(vault, shop.id, phone)}"


def make_token(vault: Vault, shop_id: int, phone: str) -> str:
    body = PURPOSE + shop_id.to_bytes(5, "big") + int(phone.lstrip("+")).to_bytes(7, "big")
    return base64.urlsafe_b64encode(vault.seal(body)).decode().rstrip("=")


def read_token(vault: Vault, token: str) -> tuple[int, str] | None:
    """(shop id, phone), or None for anything that was not made here."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        body = vault.open(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (Undecipherable, binascii.Error, ValueError):
        return None
    if len(body) != 13 or body[:1] != PURPOSE:
        return None
    return int.from_bytes(body[1:6], "big"), f"+{int.from_bytes(body[6:], 'big')}"

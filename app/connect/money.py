"""Money as the Connect API writes it: "$35.00" beside integer cents and a currency."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

SYMBOLS: Final = {"USD": "$", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "MXN": "MX$", "EUR": "€", "GBP": "£", "JPY": "¥"}
WITHOUT_CENTS: Final = frozenset({"JPY", "KRW", "CLP", "VND", "ISK", "XAF", "XOF", "XPF", "PYG", "UGX", "RWF"})
"""Currencies whose smallest unit is the whole: their "cents" are those units."""


def format_money(cents: int, currency: str) -> str:
    """ "$1,234.50", "-$5.00", "¥3,500", "12.00 CHF"."""
    amount = f"{abs(cents):,}" if currency in WITHOUT_CENTS else f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    sign = "-" if cents < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{amount}" if symbol is not None else f"{sign}{amount} {currency}"


def read_cents(money: Mapping[str, Any] | None) -> tuple[int, str]:
    """Shopify's `{"amount": "43.50", "currencyCode": "USD"}` as (4350, "USD"); what is missing is 0 of nothing."""
    currency = str((money or {}).get("currencyCode") or "")
    try:
        amount = Decimal(str((money or {}).get("amount") or 0))
    except InvalidOperation:
        return 0, currency
    scale = 1 if currency in WITHOUT_CENTS else 100
    return int((amount * scale).quantize(Decimal(1), ROUND_HALF_UP)), currency

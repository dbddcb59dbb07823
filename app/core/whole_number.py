"""Whole numbers as people and programs write them: ids in addresses and headers, lengths of pages."""

from typing import Final

LARGEST_ID: Final = 2**63 - 1
"""What a `bigint` of the database holds."""


def whole_number(text: str, largest: int = LARGEST_ID) -> int | None:
    """A number from 1 to *largest*; None for anything else."""
    # The length is looked at first, because Python raises for numbers of thousands of digits.
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        return None
    number = int(text)
    return number if 0 < number <= largest else None

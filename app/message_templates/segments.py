"""How many SMS a text is paid as, and which characters make it dear.

A text of GSM-7 characters fits 160 in one SMS and 153 in each part of a longer one; the characters of the extension
table (^ { } [ ] ~ | \\ and the euro sign) count two. One character outside both tables turns the whole text into
UCS-2: 70 and 67, emoji counting two. A pair is never cut over the end of a part, so dividing the length is not enough.
Source: 3GPP TS 23.038 through the codec package `gsm0338`; RingCentral splits long texts itself by the same rules.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gsm0338 import Codec

UTF16_LIMIT: Final = 1000
"""RingCentral's limit for one text, in UTF-16 units (developer guide, "Sending SMS")."""


class Encoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Offender:
    """A character that forces UCS-2: where it first stands (counted in characters) and a plain one that looks alike."""

    char: str
    index: int
    plain: str | None

    @property
    def name(self) -> str:
        """As people are told of it: an invisible one by its code."""
        invisible = unicodedata.category(self.char)[0] in "ZC"
        return f"U+{ord(self.char):04X}" if invisible else f"“{self.char}”"


@dataclass(frozen=True, slots=True)
class SegmentCount:
    encoding: Encoding
    units: int
    segments: int
    units_left: int
    """Units that still fit before the next segment begins."""
    offenders: tuple[Offender, ...]
    """Each character that forces UCS-2, once, in order of appearance; empty for GSM-7."""


def count_segments(text: str) -> SegmentCount:
    """Count *text* as it stands; an empty text is no segment at all."""
    offenders = tuple(find_offenders(text))
    if offenders:
        encoding, costs, single, part = Encoding.UCS_2, [_utf16_units(char) for char in text], 70, 67
    else:
        encoding, costs, single, part = Encoding.GSM_7, [_GSM_UNITS[char] for char in text], 160, 153
    units = sum(costs)
    if units <= single:
        return SegmentCount(encoding, units, 1 if units else 0, single - units, offenders)
    segments, used = _pack(costs, part)
    return SegmentCount(encoding, units, segments, part - used, offenders)


def find_offenders(text: str) -> Iterable[Offender]:
    seen: set[str] = set()
    for index, char in enumerate(text):
        if char not in _GSM_UNITS and char not in seen:
            seen.add(char)
            yield Offender(char, index, _look_alike(char))


def to_plain(text: str, *, accents: bool = False) -> str:
    """Replace typographic characters by GSM-7 ones that read the same.

    Quotes, dashes, dots, blanks and invisible marks always; with *accents* also letters that GSM-7 has only without
    their mark (á, ê, lower-case ç), which changes how names are spelt, so it is done only when asked for.
    """
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    typographic = composed.translate(_TYPOGRAPHIC)
    if not accents:
        return typographic
    return "".join(char if char in _GSM_UNITS else _look_alike(char) or char for char in typographic)


def utf16_length(text: str) -> int:
    """Length as RingCentral counts it: characters outside the basic plane are two."""
    return sum(map(_utf16_units, text))


def _pack(costs: Iterable[int], part: int) -> tuple[int, int]:
    segments, used = 1, 0
    for cost in costs:
        if used + cost > part:
            segments, used = segments + 1, 0
        used += cost
    return segments, used


def _utf16_units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def _look_alike(char: str) -> str | None:
    """Return GSM-7 text for one character, or None where nothing honest can stand for it."""
    known = _TYPOGRAPHIC.get(ord(char), _LETTERS.get(char))
    if known is not None:
        return known
    # The NFKD form of an accented letter begins with its base letter; that of "½" is a digit, another price.
    base = unicodedata.normalize("NFKD", char)[0]
    return base if char.isalpha() and base != char and base in _GSM_UNITS else None


def _gsm_units() -> dict[str, int]:
    codec = Codec()
    units: dict[str, int] = {}
    for septet in range(0x80):
        for code in (bytes([septet]), bytes([0x1B, septet])):
            char, _ = codec.decode(code, "ignore")
            if len(char) == 1:
                units.setdefault(char, len(code))
    return units


def _look_alikes(rows: Mapping[str, str]) -> dict[int, str]:
    return {ord(char): plain for chars, plain in rows.items() for char in chars}


_GSM_UNITS: Final[Mapping[str, int]] = MappingProxyType(_gsm_units())

_TYPOGRAPHIC: Final[Mapping[int, str]] = MappingProxyType(
    _look_alikes(
        {
            "‘’‚‛‹›′ʼʻ´`": "'",
            "“”„‟«»″": '"',
            "‐‑‒–—―−⁃•‣·": "-",
            "…": "...",
            "‥": "..",
            # The narrow no-break space is what French keyboards put before ":" and "!".
            "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000": " ",
            "\u0085\u2028\u2029\u000b": "\n",
            # Soft hyphen, zero-width space, word joiner, byte order mark and marks of writing direction show nothing.
            "\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069": "",
            "×": "x",
            "⁄∕": "/",
            "∼˜": "~",
            "→⇒➔➜": "->",
            "←": "<-",
            "™": "(TM)",
            "©": "(C)",
            "®": "(R)",
            "№": "No.",
        }
    )
)

PLAIN: Final[Mapping[str, str]] = {chr(code): plain for code, plain in _TYPOGRAPHIC.items()}
"""What `to_plain` always replaces, by character, for a page that has to do the same while somebody types."""

_LETTERS: Final[Mapping[str, str]] = MappingProxyType(
    {"ç": "c", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ẞ": "SS", "þ": "th", "Þ": "Th"}
)

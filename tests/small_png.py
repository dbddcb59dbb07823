"""Pictures of pages, small enough to be kept in a repository: PNG with a palette of 256 colours.

Pages have few colours; the many shades at the edges of letters take the nearest of these. Format: W3C, "Portable
Network Graphics (PNG) Specification".
"""

import struct
import zlib
from array import array
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence

from playwright.async_api import Page

COLOURS = 256
INDEXED = 3
PIXELS = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]));
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let text = '';
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return [image.width, image.height, btoa(text)];
}"""


async def smaller(page: Page, png: bytes) -> bytes:
    """The same picture in fewer bytes; *page* is any page of a browser, which reads the pixels."""
    width, height, pixels = await page.evaluate(PIXELS, b64encode(png).decode())
    colours = array("I", b64decode(pixels))  # R, G, B and A of a pixel in one number
    palette, index = _palette(Counter(colours))
    indices = bytes(map(index.__getitem__, colours))
    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, width * height, width))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, INDEXED, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(bytes(_channels(colour)) for colour in palette)),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(counted: Mapping[int, int]) -> tuple[list[int], dict[int, int]]:
    """The colours to keep, and which of them each colour becomes.

    The next one kept is always that whose pixels would be furthest off together: so a small red mark stays red, though
    shades of grey are commoner.
    """
    channels = {colour: _channels(colour) for colour in counted}
    kept, index, missed = list[int](), dict[int, int](), dict.fromkeys(counted, 1 << 20)
    while len(kept) < COLOURS and any(missed.values()):
        chosen = max(counted, key=lambda colour: missed[colour] * counted[colour])
        for colour, far in missed.items():
            distance = _distance(channels[colour], channels[chosen])
            if distance < far:
                missed[colour], index[colour] = distance, len(kept)
        kept.append(chosen)
    return kept, index


def _distance(one: Sequence[int], other: Sequence[int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _channels(colour: int) -> tuple[int, int, int]:
    return colour & 255, colour >> 8 & 255, colour >> 16 & 255


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

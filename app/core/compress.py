"""Compression of what is sealed afterwards: sealed bytes look random, so nothing behind can compress them any more.

zstd at its lightest, because webhooks wait for it: 15 µs for an order of 10 kB, where zlib takes 50. It is part of
Python from 3.14 on; before that its official backport is installed. While code is newer than the installed packages,
bytes stay as they are: an order must not be turned away for want of a smaller copy.
"""

from importlib import import_module
from typing import Any

MARK = b"\x01z"
"""Before every compressed value. Nothing else that is kept begins with it: see `compress`."""
WORTH_IT = 1000
LEVEL = 1


class CannotDecompress(Exception):
    """Another process had the package and this one has not. Its job is tried again; what is kept is not unreadable."""


def _zstd() -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


zstd = _zstd()
# One for the life of the process: making one costs more than the work. Not for several threads.
_compressor = zstd.ZstdCompressor(level=LEVEL) if zstd is not None else None


def compress(data: bytes) -> bytes:
    """*data*, smaller where that is worth it. What happens to begin with the mark is always compressed."""
    if _compressor is None or (len(data) < WORTH_IT and not data.startswith(MARK)):
        return data
    return MARK + bytes(_compressor.compress(data, _compressor.FLUSH_FRAME))


def decompress(data: bytes) -> bytes:
    """What `compress` was given; what it left alone is returned as it is. Raises `CannotDecompress`."""
    if not data.startswith(MARK):
        return data
    if zstd is None:
        raise CannotDecompress
    return bytes(zstd.decompress(data[len(MARK) :]))

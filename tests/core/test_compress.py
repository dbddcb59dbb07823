"""Compression before sealing: whatever goes in comes out, and an order becomes much smaller."""

import json

import pytest

from app.core import compress as module
from app.core.compress import MARK, WORTH_IT, CannotDecompress, compress, decompress

ORDER = json.dumps({"line_items": [{"title": f"Article {n}", "price": "10.50"} for n in range(200)]}).encode()


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", MARK, MARK + b"{}", MARK * 600, b"x" * WORTH_IT, bytes(range(256)) * 40, b" " * 2_097_152, ORDER],
    ids=lambda data: f"{len(data)} of {bytes(data[:4])!r}",
)
def test_whatever_goes_in_comes_out(data: bytes) -> None:
    assert decompress(compress(data)) == data


def test_an_order_becomes_much_smaller_and_a_short_body_stays() -> None:
    assert len(compress(ORDER)) < len(ORDER) / 4
    assert compress(b'{"id": 1}') == b'{"id": 1}'


def test_without_the_package_bodies_are_kept_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_compressor", None)
    assert compress(ORDER) == ORDER


def test_what_cannot_be_decompressed_here_is_not_taken_for_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be called unreadable for good, and the order with it."""
    kept = compress(ORDER)
    monkeypatch.setattr(module, "zstd", None)
    assert decompress(b"{}") == b"{}"
    with pytest.raises(CannotDecompress):
        decompress(kept)

"""Secrets and personal data at rest.

The first of `ENCRYPTION_KEYS` encrypts, all of them decrypt, so a key is replaced by putting a new one in front and
running `keys rotate`. Texts and tokens are Fernet tokens (the column says that it is encrypted); webhook bodies use
AES-GCM below a derived key, because Fernet's base64 would add a third to every stored body. Phone numbers are found
by a keyed fingerprint: without the key a dump cannot be searched, and a plain hash of ten digits would be guessed in
seconds.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_ID_BYTES = 4


class Undecipherable(Exception):
    """No configured key opens this value: a key was removed before `keys rotate` had finished."""


class Vault:
    """Encrypts with the first key, decrypts with any. *keys* are Fernet keys (32 bytes, URL-safe base64)."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("ENCRYPTION_KEYS needs at least one Fernet key.")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._boxes = {_key_id(key): AESGCM(_derive(key, b"seal")) for key in reversed(keys)}
        self._first = _key_id(keys[0])
        self.fingerprint_key: bytes | None = None

    def encrypt(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def decrypt(self, token: bytes) -> str:
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken:
            raise Undecipherable("No key in ENCRYPTION_KEYS opens this value.") from None

    def rotate(self, token: bytes) -> bytes:
        """The same value below the first key."""
        return self._fernet.rotate(token)

    def seal(self, data: bytes) -> bytes:
        """Key id, nonce and AES-GCM ciphertext, 32 bytes longer than *data*."""
        nonce = os.urandom(NONCE_BYTES)
        return self._first + nonce + self._boxes[self._first].encrypt(nonce, data, None)

    def open(self, sealed: bytes) -> bytes:
        box = self._boxes.get(sealed[:KEY_ID_BYTES])
        nonce = sealed[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
        try:
            if box is None:
                raise InvalidTag
            return box.decrypt(nonce, sealed[KEY_ID_BYTES + NONCE_BYTES :], None)
        except InvalidTag:
            raise Undecipherable("No key in ENCRYPTION_KEYS opens this value.") from None

    def fingerprint(self, value: str) -> bytes:
        """A keyed hash (16 bytes) to look a value up by; equal values have equal fingerprints."""
        if self.fingerprint_key is None:
            raise RuntimeError("The vault has no fingerprint key yet; see app.core.vault_secrets.")
        return hmac.digest(self.fingerprint_key, value.encode(), "sha256")[:16]


def _derive(key: str, purpose: bytes) -> bytes:
    return hmac.digest(key.encode(), b"sms-for-ecommerce/" + purpose, "sha256")


def _key_id(key: str) -> bytes:
    return hashlib.sha256(b"key-id/" + key.encode()).digest()[:KEY_ID_BYTES]

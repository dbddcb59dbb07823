"""What the trial keeps between two starts: its folder, its secrets (readable by their owner only), its two worlds.

One trial at a time uses a folder; that is a lock, which dies with its process.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from app.core.embedded_postgres import erase_embedded


class TrialRunning(Exception):
    """Another trial uses the same folder at this moment."""


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold *folder* for this process, making it where it is missing. Raises `TrialRunning`."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "trial.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise TrialRunning(
            f"A trial with the data in {folder} is running already: use that one, end it with Ctrl-C, or start "
            'this one beside it on other ports, for example `make trial ARGS="--port 9000"`.'
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


def start_over(folder: Path) -> None:
    """Remove everything in *folder* but the lock that is held on it."""
    erase_embedded(folder)
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "trial.lock":
            entry.unlink()


class Secrets:
    """Keys of the simulated app, made up on the first start. A file that only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "secrets.json"
        self._kept: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}
        if not self._kept:
            self._kept = {
                "SHOPIFY_API_KEY": secrets.token_hex(16),
                "SHOPIFY_API_SECRET": f"simulated-secret-{secrets.token_hex(16)}",
                "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
                "OPERATOR_TOKEN": secrets.token_urlsafe(24),
            }
            self._save()

    def __getitem__(self, name: str) -> str:
        return self._kept[name]

    def environment(self) -> dict[str, str]:
        """Those that are settings of the app."""
        return {name: value for name, value in self._kept.items() if name != "RINGCENTRAL_JWT"}

    @property
    def jwt(self) -> str | None:
        """The merchant's RingCentral credential, once there is one."""
        return self._kept.get("RINGCENTRAL_JWT")

    @jwt.setter
    def jwt(self, value: str) -> None:
        self._kept["RINGCENTRAL_JWT"] = value
        self._save()

    def _save(self) -> None:
        beside = self._file.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._kept, file, indent=2)
        beside.replace(self._file)

"""The app's client id and its client secrets, of which several are valid while one is being rotated.

Source: Shopify, "Rotate or revoke client credentials": for an hour after a rotation webhooks may still be signed with
the secret that came before.
"""

from datetime import datetime, timedelta

STILL_SIGNED_WITH_OLD = timedelta(hours=1)


class Credentials:
    def __init__(self, api_key: str, api_secret: str) -> None:
        self.api_key = api_key
        self.secrets = [api_secret]
        self._rotated_at: datetime | None = None

    @property
    def newest(self) -> str:
        return self.secrets[-1]

    def rotate(self, secret: str, now: datetime) -> None:
        """Adds *secret*; the older ones stay valid until they are revoked."""
        self.secrets.append(secret)
        self._rotated_at = now

    def revoke(self, secret: str) -> None:
        if self.secrets == [secret]:
            raise ValueError("The last client secret cannot be revoked.")
        self.secrets.remove(secret)

    def for_webhooks(self, now: datetime) -> str:
        just_rotated = self._rotated_at is not None and now < self._rotated_at + STILL_SIGNED_WITH_OLD
        return self.secrets[-2] if just_rotated and len(self.secrets) > 1 else self.newest

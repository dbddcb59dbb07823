"""RingCentral: standard SMS and High Volume SMS. `provider.py` fulfils the contract for both; the other modules know
one subject each."""

from app.config import Settings
from app.core.clock import Clock
from app.core.http import Http
from app.sms.contract import SmsProvider
from app.sms.providers.ringcentral.provider import HighVolume, RingCentral

__all__ = ["PROVIDERS", "HighVolume", "RingCentral", "build"]

PROVIDERS = (RingCentral, HighVolume)


def build(settings: Settings, http: Http, clock: Clock) -> tuple[SmsProvider, ...]:
    """One for each transport."""
    return tuple(each(http, clock=clock, server_url=settings.ringcentral_server_url) for each in PROVIDERS)

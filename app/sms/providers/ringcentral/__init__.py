"""RingCentral's standard SMS. `provider.py` fulfils the contract; the other modules know one subject each."""

from app.sms.providers.ringcentral.provider import RingCentral

__all__ = ["RingCentral"]

"""RingCentral as a server of our own: logins, sessions, pace, sending, statuses, webhooks, consents, opt-outs.

Strict where the real one is strict, and stateful; what the real one leaves open is a switch of `Platform`. Run `app`
of a `RingCentralSimulator` under any ASGI server and give the application its address as RingCentral's.
"""

from app.simulator.ringcentral.platform import RecordedRequest, WebhookAttempt
from app.simulator.ringcentral.simulator import RingCentralSimulator
from app.simulator.ringcentral.state import Number, User

__all__ = ["Number", "RecordedRequest", "RingCentralSimulator", "User", "WebhookAttempt"]

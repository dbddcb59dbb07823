"""`POST /webhooks/ringcentral/{key}`: RingCentral's events, known by a secret path and a verification token.

Source: RingCentral, "Webhooks". The handshake echoes `Validation-Token`; some notifications carry that header too, so a
call is both echoed *and* stored if it has a body. Unknown paths and wrong tokens are answered 200 and dropped: refusals
in a row would get the subscription cut. So would an answer over 1,024 bytes with its headers, hence no middleware here.
"""

import hashlib
import hmac
import re

import msgspec
from starlette.types import Receive, Scope, Send

from app.core.log import get_logger
from app.deps import Deps
from app.shops.models import ProviderUser
from app.shops.queries import find_user_by_hook
from app.webhooks.intake import Arrived, Intake
from app.webhooks.shopify import BodyTooLarge, answer, read_body, store

log = get_logger(__name__)

LONGEST_VALIDATION_TOKEN = 860
HOOK_KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
TOPIC = "ringcentral/event"


class Envelope(msgspec.Struct):
    uuid: str | int | None = None


class RingCentralWebhooks:
    """The ASGI endpoint. Deps and intake are found in the lifespan's state."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await answer(send, 405)
            return
        deps: Deps = scope["state"]["deps"]
        headers = {name: value for name, value in scope["headers"] if name in HEADERS}
        echoed = [(b"content-type", b"application/json")]
        validation_token = headers.get(b"validation-token", b"")
        if validation_token and len(validation_token) <= LONGEST_VALIDATION_TOKEN:
            echoed.append((b"validation-token", validation_token))
        try:
            body = await read_body(receive, headers.get(b"content-length"))
        except BodyTooLarge:
            await answer(send, 413)
            return
        status = 200
        if body:
            given = headers.get(b"verification-token") or validation_token
            status = await _take(deps, scope["state"]["intake"], scope["path_params"]["key"], given, body)
        await answer(send, status, echoed)


HEADERS = (b"validation-token", b"verification-token", b"content-length")


async def _take(deps: Deps, intake: Intake, key: str, given: bytes, body: bytes) -> int:
    if not HOOK_KEY.fullmatch(key):
        return 200
    async with deps.db.transaction() as session:
        user = await find_user_by_hook(session, key)
    if user is None or not _is_theirs(deps, user, given):
        log.warning("ringcentral.event_dropped", known=user is not None)
        return 200
    return await store(
        intake,
        Arrived(
            source="ringcentral",
            webhook_id=f"{user.id}/{_identity(body)}",
            shop_domain="",
            provider_user_id=user.id,
            topic=TOPIC,
            event_id="",
            triggered_at=None,
            received_at=deps.clock(),
            body=body,
        ),
    )


def _is_theirs(deps: Deps, user: ProviderUser, given: bytes) -> bool:
    expected = deps.vault.decrypt(user.verification_token_encrypted).encode()
    return hmac.compare_digest(expected, given)


def _identity(body: bytes) -> str:
    """The event's uuid; without one, a hash of the body."""
    try:
        uuid = msgspec.json.decode(body, type=Envelope).uuid
    except (msgspec.MsgspecError, UnicodeDecodeError):
        uuid = None
    text = str(uuid) if uuid is not None else ""
    return (
        text if text and len(text) <= 64 and text.isprintable() and text.isascii() else hashlib.sha256(body).hexdigest()
    )

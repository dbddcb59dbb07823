"""`POST /webhooks/ringcentral/{key}`: RingCentral's events, known by a secret path and a verification token.

Source: RingCentral, "Webhooks". The handshake echoes `Validation-Token`; some notifications carry that header too, so a
call is both echoed *and* stored if it has a body. Unknown paths and wrong tokens are answered 200 and dropped: refusals
in a row would get the subscription cut. So would an answer over 1,024 bytes with its headers, hence no middleware here.
An address whose calls are dropped by the hundred is no RingCentral: it is told 429 before anything is read or looked
up, except under a key that was good lately, because RingCentral calls for everybody from the same few addresses.
"""

import hashlib
import hmac
import re
from collections import OrderedDict

import msgspec
from starlette.types import Receive, Scope, Send

from app.core.log import get_logger
from app.core.rate_limit import RateLimit, caller_of
from app.deps import Deps
from app.shops.models import ProviderUser
from app.shops.queries import find_user_by_hook
from app.webhooks.intake import Arrived, Intake
from app.webhooks.shopify import BodyTooLarge, answer, read_body, store

log = get_logger(__name__)

LONGEST_VALIDATION_TOKEN = 860
HOOK_KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
TOPIC = "ringcentral/event"
MOST_KEYS = 10_000


class Envelope(msgspec.Struct):
    uuid: str | int | None = None


class RingCentralWebhooks:
    """The ASGI endpoint. Deps and intake are found in the lifespan's state."""

    def __init__(self) -> None:
        self._dropped = RateLimit(burst=120, per_second=2)
        self._good_keys: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await answer(send, 405)
            return
        key, caller = scope["path_params"]["key"], caller_of(scope.get("client"))
        if key not in self._good_keys and self._dropped.is_spent(caller):
            await answer(send, 429)
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
            user = await _whose(deps, key, given)
            if user is None:
                self._dropped.take(caller)
            else:
                self._remember(key)
                status = await _store(deps, scope["state"]["intake"], user, body)
        await answer(send, status, echoed)

    def _remember(self, key: str) -> None:
        self._good_keys[key] = None
        self._good_keys.move_to_end(key)
        while len(self._good_keys) > MOST_KEYS:
            self._good_keys.popitem(last=False)


HEADERS = (b"validation-token", b"verification-token", b"content-length")


async def _whose(deps: Deps, key: str, given: bytes) -> ProviderUser | None:
    """None for a call that is to be dropped."""
    if not HOOK_KEY.fullmatch(key):
        return None
    async with deps.db.transaction() as session:
        user = await find_user_by_hook(session, key)
    if user is None or not _is_theirs(deps, user, given):
        log.warning("ringcentral.event_dropped", known=user is not None)
        return None
    return user


async def _store(deps: Deps, intake: Intake, user: ProviderUser, body: bytes) -> int:
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

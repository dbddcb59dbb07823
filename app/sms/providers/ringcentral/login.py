"""The JWT flow through RingCentral's own SDK, which is used for nothing else.

Source: "JWT auth flow" of the RingCentral developer guide. What the SDK is kept to stands in `sdk.py`: an answer or
None comes out of its thread, and the contract's error is raised far from it.
"""

import asyncio
import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.core.clock import Clock
from app.sms.contract import Credentials, CredentialsRefused, SmsError, Token
from app.sms.providers.ringcentral.client import id_text, unreadable
from app.sms.providers.ringcentral.errors import Answer, Call, error_from, parse_json
from app.sms.providers.ringcentral.refusals import unavailable

if TYPE_CHECKING:
    from app.sms.providers.ringcentral.sdk import Reply

DEADLINE_SECONDS = 25.0
SHORTEST_LIFE_SECONDS, LONGEST_LIFE_SECONDS = 60, 86_400
PUBLIC_HOSTS = frozenset({"platform.ringcentral.com", "platform.ringcentral.biz"})
"""RingCentral itself, and the separate environment of AT&T Office@Hand and Verizon."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that may see a client secret: RingCentral's own and the one the operator has configured."""

    configured: str

    def allows(self, server: str) -> bool:
        address = server.rstrip("/")
        return address == self.configured.rstrip("/") or address in {f"https://{host}" for host in PUBLIC_HOSTS}

    def knows(self, host: str) -> bool:
        return host in PUBLIC_HOSTS or host == host_of(self.configured)


def host_of(address: str) -> str:
    """Host and port in lower case; empty for what is no address."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


# --- Before the first call --------------------------------------------------------------------------------------------


def check_credentials(credentials: Credentials, servers: Servers, now: datetime) -> dict[str, str]:
    """A sentence for each field that cannot be right. Audience and expiry are only judged when they are there."""
    problems: dict[str, str] = {}
    if not servers.allows(credentials.server):
        problems["server"] = "Choose one of RingCentral's servers."
    for name in ("client_id", "client_secret"):
        if not getattr(credentials, name).strip():
            problems[name] = "Enter the client ID and the client secret, or leave both empty to use the app's own."
    if sentence := _jwt_problem(credentials, servers, now):
        problems["jwt"] = sentence
    return problems


def _jwt_problem(credentials: Credentials, servers: Servers, now: datetime) -> str | None:
    claims = _claims(credentials.jwt.strip())
    if claims is None:
        return "This is not a RingCentral JWT: paste all of it, three parts joined by dots, as the console shows it."
    hosts = _audience_hosts(claims.get("aud"))
    if hosts and not any(servers.knows(host) for host in hosts):
        return "This JWT was not made by RingCentral's production environment; create one there and paste it."
    if hosts and servers.allows(credentials.server) and host_of(credentials.server) not in hosts:
        return "This JWT belongs to another RingCentral server; choose that server, or paste a JWT of this one."
    expires = claims.get("exp")
    if isinstance(expires, int | float) and not isinstance(expires, bool) and expires <= now.timestamp():
        return "This JWT has expired; create a new one in the RingCentral developer console and paste it."
    return None


def _claims(jwt: str) -> dict[str, Any] | None:
    parts = jwt.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    header, claims = (_decoded(part) for part in parts[:2])
    return claims if isinstance(header, dict) and isinstance(claims, dict) else None


def _decoded(part: str) -> Any:
    try:
        return parse_json(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None


def _audience_hosts(audience: object) -> list[str]:
    """Hosts of `aud`, which RingCentral fills with the address of the token endpoint."""
    audiences = audience if isinstance(audience, list) else [audience]
    return [host_of(one) or one.lower() for one in audiences if isinstance(one, str)]


# --- The login --------------------------------------------------------------------------------------------------------


async def log_in(
    credentials: Credentials, servers: Servers, clock: Clock, *, deadline: float = DEADLINE_SECONDS
) -> Token:
    if not servers.allows(credentials.server):
        raise CredentialsRefused("Choose one of RingCentral's servers.", code="SERVER-NOT-ALLOWED", field="server")
    asked_at = clock()
    outcome = _judged(await _reply_in_time(credentials, deadline), asked_at)
    if isinstance(outcome, SmsError):
        raise outcome
    return outcome


async def _reply_in_time(credentials: Credentials, deadline: float) -> "Reply | None":
    """None when no answer came. The thread of a deadline that passed ends by its own timeouts."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(_ask_for_token, credentials), deadline)
    except TimeoutError:
        return None


def _ask_for_token(credentials: Credentials) -> "Reply | None":
    # Loaded by the first login, in its thread: the SDK and its own HTTP client are five megabytes, and most processes
    # never log in, because the token is shared.
    from app.sms.providers.ringcentral.sdk import ask_for_token

    return ask_for_token(credentials)


def _judged(reply: "Reply | None", asked_at: datetime) -> Token | SmsError:
    if reply is None:
        return unavailable("NETWORK-LOGIN")
    answer = Answer.parse(reply.status, reply.headers, reply.content)
    if answer.status != 200:
        return error_from(answer, Call.LOGIN)
    return _token(answer.body, asked_at) or unreadable()


def _token(body: Any, asked_at: datetime) -> Token | None:
    if not isinstance(body, dict):
        return None
    access_token, owner_id, seconds = body.get("access_token"), id_text(body.get("owner_id")), body.get("expires_in")
    # It becomes a header: a line break or another alphabet must not get that far.
    if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
        return None
    if not access_token or " " in access_token or owner_id is None:
        return None
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        seconds = SHORTEST_LIFE_SECONDS
    scopes = body.get("scope")
    return Token(
        access_token=access_token,
        expires_at=(asked_at + timedelta(seconds=max(0, min(seconds, LONGEST_LIFE_SECONDS)))).astimezone(UTC),
        owner_id=owner_id,
        scopes=frozenset(scopes.split()) if isinstance(scopes, str) else frozenset(),
    )

"""The token endpoint, revocation, and what an `Authorization` header is worth.

Source: RingCentral developer guide, "JWT auth flow", "Refreshing tokens" and "Access tokens". Only the JWT grant (and
refreshing, where switched on) is served. A user keeps five sessions per
application: the sixth login ends the oldest, whose token is then unknown.
"""

import base64
import binascii
import hmac
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.credentials import check_assertion, claimed_owner
from app.simulator.ringcentral.errors import TokenFault, fault
from app.simulator.ringcentral.paging import DIGITS
from app.simulator.ringcentral.platform import Platform
from app.simulator.ringcentral.state import Session, User

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KNOWN_GRANTS = {"authorization_code", "password", "client_credentials", "partner_jwt", JWT_GRANT, "refresh_token"}
FORGOTTEN_AFTER = timedelta(days=1)
REFRESH_REUSE = timedelta(seconds=10)
REFRESH_REUSE_UNUSED = timedelta(minutes=60)


async def issue_token(platform: Platform, request: Request, body: bytes) -> Response:
    """`POST /restapi/oauth/token`. Raises TokenFault, or Fault 429."""
    client_id = authenticate_client(platform, request)
    form = read_form(request, body)
    match form.get("grant_type"):
        case "urn:ietf:params:oauth:grant-type:jwt-bearer" if platform.jwt_allowed:
            headers = platform.limits.take(f"{client_id}/{claimed_owner(form.get('assertion', ''))}", "auth")
            session = log_in(platform, client_id, form)
        case "refresh_token" if platform.refresh_tokens:
            headers = platform.limits.take(f"{client_id}/{refreshing_owner(platform, form)}", "auth")
            session = refresh(platform, client_id, form)
        case grant if grant in KNOWN_GRANTS:
            raise TokenFault(400, "unauthorized_client", "OAU-251", "Unauthorized for this grant type")
        case _:
            raise TokenFault(400, "invalid_request", "OAU-250", "Unsupported grant type")
    platform.save()
    return JSONResponse(describe(platform, session), headers=dict(headers))


async def revoke_token(platform: Platform, request: Request, body: bytes) -> Response:
    """`POST /restapi/oauth/revoke`: ends the session of an access or refresh token; an unknown one is no error."""
    authenticate_client(platform, request)
    token = read_form(request, body).get("token")
    for session in list(platform.state.sessions.values()):
        if token is not None and token in (session.access_token, session.refresh_token):
            del platform.state.sessions[session.access_token]
    platform.save()
    return Response(status_code=200)


def authenticate_client(platform: Platform, request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        client_id, secret = "", ""
    expected = platform.secret_of(client_id)
    if scheme.lower() != "basic" or expected is None or not hmac.compare_digest(expected.encode(), secret.encode()):
        raise TokenFault(401, "invalid_client", "OAU-153", f"Invalid client: {client_id}")
    return client_id


def read_form(request: Request, body: bytes) -> Mapping[str, str]:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise TokenFault(400, "invalid_request", "OAU-250", "Unsupported grant type")
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def refreshing_owner(platform: Platform, form: Mapping[str, str]) -> str:
    session = find_refreshable(platform, form.get("refresh_token"))
    return session.owner_id if session is not None else "unknown"


def log_in(platform: Platform, client_id: str, form: Mapping[str, str]) -> Session:
    user = check_assertion(platform, form.get("assertion", ""))
    now = platform.clock()
    for old in sessions_of(platform, client_id, user):
        if ends_at(old) + FORGOTTEN_AFTER < now:
            del platform.state.sessions[old.access_token]
    live = [s for s in sessions_of(platform, client_id, user) if ends_at(s) > now]
    for oldest in sorted(live, key=lambda s: s.started_at)[: max(0, len(live) + 1 - platform.sessions_per_user)]:
        del platform.state.sessions[oldest.access_token]
    session = Session(
        id=str(uuid.uuid4()),
        client_id=client_id,
        owner_id=user.owner_id,
        access_token="",
        access_expires_at=now,
        started_at=now,
        scope=" ".join(platform.scopes),
    )
    return renew_session(platform, session, form)


def refresh(platform: Platform, client_id: str, form: Mapping[str, str]) -> Session:
    """A refresh token works once; shown again at once, or before its successor was used, it gives the same pair."""
    now, token = platform.clock(), form.get("refresh_token")
    session = find_refreshable(platform, token)
    if session is None or session.client_id != client_id:
        raise TokenFault(400, "invalid_grant", "OAU-213", "Token not found")
    if session.refresh_token != token:
        if session.first_used_at is None:
            repeatable = now <= session.access_expires_at and now - session.started_at < REFRESH_REUSE_UNUSED
        else:
            repeatable = now - session.first_used_at < REFRESH_REUSE
        if not repeatable:
            raise TokenFault(400, "invalid_grant", "OAU-213", "Token not found")
        return session
    if session.refresh_expires_at is None or session.refresh_expires_at <= now:
        raise TokenFault(400, "invalid_grant", "OAU-210", "Token expired")
    platform.state.sessions.pop(session.access_token)
    return renew_session(platform, session, form)


def find_refreshable(platform: Platform, token: str | None) -> Session | None:
    if not token:
        return None
    found = (s for s in platform.state.sessions.values() if token in (s.refresh_token, s.previous_refresh_token))
    return next(found, None)


def renew_session(platform: Platform, session: Session, form: Mapping[str, str]) -> Session:
    now = platform.clock()
    session.access_token = f"simulated-access-{secrets.token_urlsafe(48)}"
    session.access_expires_at = now + timedelta(seconds=read_ttl(form, "access_token_ttl", 600, 3600, 3600))
    session.started_at, session.first_used_at = now, None
    if platform.refresh_tokens:
        session.previous_refresh_token = session.refresh_token
        session.refresh_token = f"simulated-refresh-{secrets.token_urlsafe(48)}"
        ttl = read_ttl(form, "refresh_token_ttl", 3600, 2592000, 604800)
        session.refresh_expires_at = now + timedelta(seconds=ttl)
    platform.state.sessions[session.access_token] = session
    return session


def read_ttl(form: Mapping[str, str], name: str, least: int, most: int, default: int) -> int:
    value = form.get(name, str(default))
    if not DIGITS.fullmatch(value) or not least <= int(value) <= most:
        raise TokenFault(400, "invalid_request", "CMN-101", f"Parameter [{name}] value is invalid")
    return int(value)


def describe(platform: Platform, session: Session) -> dict[str, object]:
    now = platform.clock()
    answer: dict[str, object] = {
        "access_token": session.access_token,
        "token_type": "bearer",
        "expires_in": int((session.access_expires_at - now).total_seconds()),
        "scope": session.scope,
        "owner_id": session.owner_id,
        "endpoint_id": base64.urlsafe_b64encode(uuid.UUID(session.id).bytes).decode().rstrip("="),
        "session_id": session.id,
    }
    if session.refresh_token is not None and session.refresh_expires_at is not None:
        answer["refresh_token"] = session.refresh_token
        answer["refresh_token_expires_in"] = int((session.refresh_expires_at - now).total_seconds())
    return answer


def identify(platform: Platform, request: Request) -> tuple[User, Session]:
    """Who an `Authorization: Bearer` header speaks for. The scheme may be written in any case."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise fault("CMN-405")
    session = platform.state.sessions.get(token.strip())
    if session is None:
        raise fault("OAU-213")
    if session.access_expires_at <= platform.clock():
        raise fault("OAU-128")
    session.first_used_at = session.first_used_at or platform.clock()
    return platform.state.users[session.owner_id], session


def sessions_of(platform: Platform, client_id: str, user: User) -> list[Session]:
    sessions = platform.state.sessions.values()
    return [s for s in sessions if s.client_id == client_id and s.owner_id == user.owner_id]


def ends_at(session: Session) -> datetime:
    return session.refresh_expires_at or session.access_expires_at

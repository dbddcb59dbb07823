"""JWT credentials: what a person makes in RingCentral's console and pastes into an application.

Source: RingCentral developer guide, "JWT auth flow". The real ones are signed with RS256; as nobody but their issuer
can check them, the simulator signs with a key of its own and knows each by its id.
"""

import secrets
from datetime import UTC, datetime, timedelta

import jwt

from app.simulator.ringcentral.errors import TokenFault
from app.simulator.ringcentral.platform import Platform
from app.simulator.ringcentral.state import JwtCredential, User

NEVER = 2147483647


def make_jwt(platform: Platform, user: User, *, audience: str | None, expires_at: datetime | None) -> str:
    """A credential as a person would copy it from the console. "Never expires" is a very distant date there too."""
    issued_at = platform.clock()
    expires_at = expires_at or issued_at + timedelta(seconds=NEVER)
    jti = secrets.token_urlsafe(24)
    platform.state.jwts[jti] = JwtCredential(owner_id=user.owner_id, expires_at=expires_at.astimezone(UTC))
    claims = {
        "iss": platform.url,
        "aud": audience or f"{platform.url}/restapi/oauth/token",
        "sub": user.owner_id,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": jti,
    }
    return jwt.encode(claims, platform.state.secret, algorithm="HS256")


def revoke_jwt(platform: Platform, token: str) -> None:
    """What deleting the credential in the console does; sessions that run are left alone."""
    claims = jwt.decode(token, options={"verify_signature": False})
    platform.state.jwts[claims["jti"]].revoked = True


def check_assertion(platform: Platform, assertion: str) -> User:
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
    try:
        claims = jwt.decode(assertion, platform.state.secret, algorithms=["HS256"], options=options)  # type: ignore[arg-type]
    except jwt.InvalidTokenError as error:
        raise TokenFault(400, "invalid_grant", "OAU-140", "Invalid grant: assertion is not valid") from error
    credential = platform.state.jwts.get(str(claims.get("jti")))
    if credential is None or credential.revoked:
        raise TokenFault(400, "invalid_grant", "OAU-140", "Invalid grant: assertion is not known")
    if claims.get("aud") != f"{platform.url}/restapi/oauth/token":
        raise TokenFault(400, "invalid_grant", "OAU-140", "Invalid grant: audience does not match")
    if credential.expires_at <= platform.clock():
        raise TokenFault(400, "invalid_grant", "OAU-210", "Token expired")
    user = platform.state.users[credential.owner_id]
    if user.disabled:
        raise TokenFault(400, "invalid_grant", "OAU-141", "User is disabled")
    return user


def claimed_owner(assertion: str) -> str:
    """Whose login this wants to be: a failed login counts to that user's limit as well."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return "unknown"
    return str(claims.get("sub", "unknown"))

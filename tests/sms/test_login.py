import base64
import json
import time
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.core.clock import HeldClock
from app.sms.contract import (
    Access,
    Credentials,
    CredentialsRefused,
    ProviderUnavailable,
    SmsError,
    Throttled,
    Token,
    VendorFault,
)
from app.sms.providers.ringcentral import RingCentral
from app.sms.providers.ringcentral.login import Servers, check_credentials, log_in
from tests.sms.stub import Reply, Stub, hanging_up

TOKEN = "/restapi/oauth/token"
PRODUCTION = "https://platform.ringcentral.com"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GRANTED = {
    "access_token": "granted-access-token",
    "token_type": "bearer",
    "expires_in": 3600,
    "scope": "SMS ReadMessages ReadAccounts SubscriptionWebhook",
    "owner_id": "629893001",
}
CLIENT_SECRET = "client-secret-value"


def jwt(claims: Any, *, header: Any = None) -> str:
    parts = [json.dumps(part).encode() for part in (header or {"alg": "RS256"}, claims)] + [b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


PASTED = jwt({"aud": f"{PRODUCTION}{TOKEN}", "sub": "629893001"})


def credentials(jwt: str = PASTED, *, server: str = PRODUCTION) -> Credentials:
    return Credentials("client-id", CLIENT_SECRET, jwt, server)


# --- Offline ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "server"),
    [
        ({"aud": f"{PRODUCTION}{TOKEN}", "exp": NOW.timestamp() + 1}, PRODUCTION),
        ({"aud": [f"{PRODUCTION}{TOKEN}"], "exp": 2147483647 + 1790000000}, PRODUCTION + "/"),
        ({"aud": "https://platform.ringcentral.biz/restapi/oauth/token"}, "https://platform.ringcentral.biz"),
        ({"aud": "http://127.0.0.1:8002/restapi/oauth/token"}, "http://127.0.0.1:8002"),
        ({"aud": "platform.ringcentral.com"}, PRODUCTION),
        ({"exp": "soon"}, PRODUCTION),
        ({}, PRODUCTION),
    ],
)
def test_a_jwt_that_may_be_right_passes(claims: dict[str, Any], server: str) -> None:
    assert check_credentials(credentials(jwt(claims), server=server), Servers("http://127.0.0.1:8002"), NOW) == {}


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "not a RingCentral JWT"),
        ("a.b", "not a RingCentral JWT"),
        ("a.b.c", "not a RingCentral JWT"),
        ("..", "not a RingCentral JWT"),
        ("é.é.é", "not a RingCentral JWT"),
        (jwt([]), "not a RingCentral JWT"),
        (jwt({}, header=[1]), "not a RingCentral JWT"),
        (PASTED[: len(PASTED) // 2], "not a RingCentral JWT"),
        (jwt({"aud": "https://platform.devtest.ringcentral.com/restapi/oauth/token"}), "production"),
        (jwt({"aud": "https://evil.example/restapi/oauth/token"}), "production"),
        (jwt({"aud": "https://platform.ringcentral.com.evil.example/"}), "production"),
        (jwt({"aud": "https://platform.ringcentral.biz/restapi/oauth/token"}), "another RingCentral server"),
        (jwt({"aud": f"{PRODUCTION}{TOKEN}", "exp": NOW.timestamp()}), "expired"),
        (jwt({"exp": 0}), "expired"),
    ],
)
def test_a_jwt_that_cannot_be_right_is_named(pasted: str, words: str) -> None:
    problems = check_credentials(credentials(pasted), Servers(PRODUCTION), NOW)
    assert list(problems) == ["jwt"]
    assert words in problems["jwt"]


@pytest.mark.parametrize(
    "server",
    [
        "http://platform.ringcentral.com",
        "https://platform.ringcentral.com.evil.example",
        "https://platform.ringcentral.com@evil.example",
        "https://platform.ringcentral.com/evil",
        "https://platform.ringcentral.com:444",
        "",
        "http://[",
    ],
)
def test_the_client_secret_goes_to_no_other_server(server: str) -> None:
    assert list(check_credentials(credentials(server=server), Servers(PRODUCTION), NOW)) == ["server"]


async def test_a_login_at_another_server_is_refused_unasked(provider: RingCentral, stub: Stub) -> None:
    other = stub.url.replace("127.0.0.1", "localhost")
    with pytest.raises(CredentialsRefused) as refused:
        await provider.log_in(credentials(server=other))
    assert refused.value.field == "server"
    assert stub.seen == []


# --- Over HTTP --------------------------------------------------------------------------------------------------------


async def test_a_login_gives_a_token(provider: RingCentral, stub: Stub, clock: HeldClock) -> None:
    stub.answer("POST", TOKEN, Reply(body=GRANTED))
    token = await provider.log_in(credentials(f"  {PASTED}\n", server=stub.url))
    assert token == Token(
        "granted-access-token",
        clock() + timedelta(hours=1),
        "629893001",
        frozenset({"SMS", "ReadMessages", "ReadAccounts", "SubscriptionWebhook"}),
    )
    [asked] = stub.seen
    assert asked.form == {"grant_type": ["urn:ietf:params:oauth:grant-type:jwt-bearer"], "assertion": [PASTED]}
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"client-id:{CLIENT_SECRET}".encode()).decode()


@pytest.mark.parametrize(("told", "seconds"), [(600, 600), (10**20, 86_400), (-5, 0), (None, 60)])
async def test_the_life_of_a_token_stays_within_reason(
    provider: RingCentral, stub: Stub, clock: HeldClock, told: int | None, seconds: int
) -> None:
    granted = {name: value for name, value in {**GRANTED, "expires_in": told}.items() if value is not None}
    stub.answer("POST", TOKEN, Reply(body=granted))
    token = await provider.log_in(credentials(server=stub.url))
    assert token.expires_at == clock() + timedelta(seconds=seconds)


async def test_a_number_as_owner_becomes_text(provider: RingCentral, stub: Stub) -> None:
    stub.answer("POST", TOKEN, Reply(body={**GRANTED, "owner_id": 2**60 + 1}))
    assert (await provider.log_in(credentials(server=stub.url))).owner_id == "1152921504606846977"


REFUSED_LOGINS = [
    (Reply(400, {"error": "invalid_grant", "errors": [{"errorCode": "OAU-210"}]}), CredentialsRefused, "OAU-210"),
    (Reply(401, {"error": "invalid_client", "errors": [{"errorCode": "OAU-153"}]}), CredentialsRefused, "OAU-153"),
    (Reply(400, {"error": "invalid_grant"}), CredentialsRefused, "invalid_grant"),
    (Reply(400, {"errors": [{"errorCode": "OAU-251"}]}), VendorFault, "OAU-251"),
    (Reply(429, {"errorCode": "CMN-301"}, {"Retry-After": "60"}), Throttled, "CMN-301"),
    (Reply(503, b"<html>"), ProviderUnavailable, "HTTP-503"),
    (Reply(200, b"<html>"), ProviderUnavailable, "NETWORK-LOGIN"),
    (Reply(200, {**GRANTED, "expires_in": "3600"}), ProviderUnavailable, "NETWORK-LOGIN"),
    (Reply(200, {**GRANTED, "owner_id": None}), ProviderUnavailable, "UNREADABLE-ANSWER"),
    (Reply(200, {**GRANTED, "access_token": "a\r\nb"}), ProviderUnavailable, "UNREADABLE-ANSWER"),
    (Reply(200, []), ProviderUnavailable, "UNREADABLE-ANSWER"),
]


@pytest.mark.parametrize(("reply", "expected", "code"), REFUSED_LOGINS)
async def test_a_refused_login_is_named_and_carries_no_secret(
    provider: RingCentral, stub: Stub, reply: Reply, expected: type[SmsError], code: str
) -> None:
    stub.answer("POST", TOKEN, reply)
    with pytest.raises(SmsError) as caught:
        await provider.log_in(credentials(server=stub.url))
    assert (type(caught.value), caught.value.code) == (expected, code)
    assert_no_secret(caught.value)


async def test_a_redirect_of_a_login_is_not_followed(provider: RingCentral, stub: Stub) -> None:
    stub.answer("POST", TOKEN, Reply(307, None, {"Location": f"{stub.url}/elsewhere"}))
    with pytest.raises(ProviderUnavailable):
        await provider.log_in(credentials(server=stub.url))
    assert [asked.path for asked in stub.seen] == [TOKEN]


async def test_a_broken_line_carries_no_secret(clock: HeldClock) -> None:
    async with hanging_up() as url:
        with pytest.raises(ProviderUnavailable) as caught:
            await log_in(credentials(server=url), Servers(url), clock)
    assert_no_secret(caught.value)


async def test_a_silent_server_ends_a_login_at_its_deadline_and_leaves_the_loop_free(
    stub: Stub, clock: HeldClock
) -> None:
    stub.answer("POST", TOKEN, Reply(body=GRANTED, delay=3.0))
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable) as caught:
        await log_in(credentials(server=stub.url), Servers(stub.url), clock, deadline=0.2)
    assert time.monotonic() - started < 2.5
    assert_no_secret(caught.value)


async def test_a_log_out_revokes_the_token(provider: RingCentral, stub: Stub) -> None:
    stub.answer("POST", "/restapi/oauth/revoke", Reply(200))
    await provider.log_out(credentials(server=stub.url), "granted-access-token")
    [asked] = stub.seen
    assert asked.form == {"token": ["granted-access-token"]}
    assert asked.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_a_failed_log_out_is_no_failure(provider: RingCentral, stub: Stub, status: int) -> None:
    stub.answer("POST", "/restapi/oauth/revoke", Reply(status))
    with capture_logs() as logs:
        await provider.log_out(credentials(server=stub.url), "granted-access-token")
    [told] = logs
    assert told["event"] == "ringcentral.log_out_failed"
    assert not any(secret in str(told) for secret in SECRETS)
    assert len(stub.seen) == 1


# --- Secrets ----------------------------------------------------------------------------------------------------------


def test_secrets_do_not_show() -> None:
    shown = repr(
        [
            credentials(),
            Token("granted-access-token", NOW, "629893001", frozenset()),
            Access(PRODUCTION, "granted-access-token"),
        ]
    )
    assert not any(secret in shown for secret in SECRETS)


SECRETS = (
    CLIENT_SECRET,
    PASTED,
    "granted-access-token",
    "access-token-of-the-user",
    base64.b64encode(f"client-id:{CLIENT_SECRET}".encode()).decode(),
)


def assert_no_secret(error: BaseException) -> None:
    """Neither in the error, nor behind it, nor in the variables of the app's frames, which error reporters show."""
    assert error.__cause__ is None
    assert error.__context__ is None
    frames = traceback.walk_tb(error.__traceback__)
    variables = [
        repr(value) for frame, _ in frames if "/app/" in frame.f_code.co_filename for value in frame.f_locals.values()
    ]
    shown = "".join(
        [*variables, str(error), repr(error.args), repr(error.__dict__), *traceback.format_exception(error)]
    )
    assert not any(secret in shown for secret in SECRETS)

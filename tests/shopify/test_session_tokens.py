"""Which ID tokens are believed: a table of forged, stale, foreign and odd ones, and whatever else can be made up."""

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import HeldClock
from app.shopify.session_token import BadSessionToken, StaffSession, verify_session_token
from tests.world import API_KEY, API_SECRET, NOON_IN_NEW_YORK, SHOP

NOW = int(NOON_IN_NEW_YORK.timestamp())
OLD_SECRET = "an-older-secret-that-is-also-long-enough-for-hs256"
OTHER = "other-store.myshopify.com"
GOOD: dict[str, Any] = {
    "iss": f"https://{SHOP}/admin",
    "dest": f"https://{SHOP}",
    "aud": API_KEY,
    "sub": "42",
    "exp": NOW + 60,
    "nbf": NOW,
    "iat": NOW,
    "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
    "sid": "aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685",
}


def signed(claims: dict[str, Any], secret: str = API_SECRET, algorithm: str = "HS256") -> str:
    payload = json.dumps({k: v for k, v in claims.items() if v is not None}).encode()
    return jwt.PyJWS().encode(payload, secret, algorithm=algorithm)


def verify(token: str) -> StaffSession:
    clock = HeldClock(NOON_IN_NEW_YORK)
    return verify_session_token(token, client_id=API_KEY, secrets=(API_SECRET, OLD_SECRET), clock=clock)


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."


@pytest.mark.parametrize("secret", [API_SECRET, OLD_SECRET])
def test_both_secrets_are_good_while_one_is_replaced(secret: str) -> None:
    assert verify(signed(GOOD, secret)) == StaffSession(SHOP, "42", NOON_IN_NEW_YORK)


@pytest.mark.parametrize("claims", [{"exp": NOW - 4}, {"nbf": NOW + 4}, {"dest": f"https://{SHOP.upper()}"}])
def test_what_differs_harmlessly_is_taken(claims: dict[str, Any]) -> None:
    assert verify(signed(GOOD | claims)).shop_domain == SHOP


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 6},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": [NOW + 60]},
        {"nbf": NOW + 6},
        {"nbf": None},
        {"nbf": {}},
        {"aud": "another-app"},
        {"aud": None},
        {"aud": ["another-app"]},
        {"sub": None},
        {"sub": ""},
        {"sid": None},
        {"sid": ""},
        {"sid": 7},
        {"sid": ["x"]},
        {"nbf": float("nan")},
        {"nbf": -1e300},
        {"iss": None},
        {"iss": f"https://{OTHER}/admin"},
        {"iss": f"http://{SHOP}/admin"},
        {"iss": 7},
        {"dest": None},
        {"dest": f"https://{OTHER}"},
        {"dest": f"http://{SHOP}"},
        {"dest": SHOP},
        {"dest": "https://evil.example", "iss": "https://evil.example/admin"},
        {"dest": f"https://{SHOP}.evil.example", "iss": f"https://{SHOP}.evil.example/admin"},
        {"dest": f"https://evil.example#.{SHOP}", "iss": f"https://evil.example#.{SHOP}/admin"},
        {"dest": f"https://user@{SHOP}", "iss": f"https://user@{SHOP}/admin"},
        {"dest": f"https://{SHOP}:8443", "iss": f"https://{SHOP}:8443/admin"},
        {"dest": "https://[", "iss": "https://["},
        {"dest": f"https://{SHOP}\n", "iss": f"https://{SHOP}\n/admin", "exp": NOW - 6},
    ],
    ids=str,
)
def test_a_signed_token_with_wrong_claims_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadSessionToken):
        verify(signed(GOOD | claims))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b.c",
        "....",
        "ключ",
        "\x00",
        "a" * 100_000,
        unsigned(GOOD),
        signed(GOOD, "a-secret-that-nobody-knows-but-is-long-enough"),
        signed(GOOD, API_SECRET + API_SECRET, "HS512"),
        signed(GOOD)[:-1],
        signed(GOOD).rsplit(".", 1)[0] + ".",
    ],
    ids=range(12),
)
def test_what_is_not_signed_by_shopify_is_refused(token: str) -> None:
    with pytest.raises(BadSessionToken):
        verify(token)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(GOOD)), json_values)
def test_a_claim_of_any_shape_is_taken_or_refused_but_never_trips(name: str, value: object) -> None:
    try:
        session = verify(signed(GOOD | {name: value}))
    except BadSessionToken:
        return
    assert session.shop_domain == SHOP


@settings(max_examples=150, deadline=None)
@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode() + ".e30.AA"))
def test_any_text_is_refused(token: str) -> None:
    with pytest.raises(BadSessionToken):
        verify(token)

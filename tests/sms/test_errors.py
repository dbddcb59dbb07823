import json

import pytest

from app.sms.contract import (
    CredentialsRefused,
    FailureKind,
    MessageRefused,
    OutcomeUnknown,
    ProviderUnavailable,
    RateReport,
    RecipientRefused,
    SenderRefused,
    SmsError,
    Throttled,
    TokenRejected,
    VendorFault,
)
from app.sms.providers.ringcentral.delivery_failures import DELIVERY_FAILURES, delivery_failure
from app.sms.providers.ringcentral.errors import Answer, Call, error_from, rate_report, retry_after
from app.sms.providers.ringcentral.refusals import REFUSALS


def answer(status: int, code: str | None = None, *, headers: dict[str, str] | None = None, **detail: str) -> Answer:
    body = {"errorCode": "InvalidParameter", "errors": [{"errorCode": code, **detail}], **detail} if code else None
    return Answer.parse(status, headers or {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "MSG-246", RecipientRefused),
        (400, "MSG-243", RecipientRefused),
        (400, "SMS-RC-413", RecipientRefused),
        (403, "MSG-388", RecipientRefused),
        (403, "MSG-304", SenderRefused),
        (400, "MSG-245", SenderRefused),
        (403, "MSG-242", SenderRefused),
        (403, "MSG-384", SenderRefused),
        (403, "CMN-408", SenderRefused),
        (403, "CMN-401", VendorFault),
        (400, "CMN-103", VendorFault),
        (400, "MSG-337", MessageRefused),
        (404, "CMN-102", MessageRefused),
        (418, "XYZ-999", MessageRefused),
        (422, None, MessageRefused),
        (401, "OAU-128", TokenRejected),
        (401, "OAU-213", TokenRejected),
        (401, "CMN-405", TokenRejected),
        (401, "XYZ-1", TokenRejected),
        (401, "OAU-141", CredentialsRefused),
        (429, "MSG-305", Throttled),
        (429, "CMN-301", Throttled),
        (429, "XYZ-999", Throttled),
        (429, "CMN-304", OutcomeUnknown),
        (503, "MSG-290", ProviderUnavailable),
        (503, "CMN-201", ProviderUnavailable),
        (500, "CMN-203", OutcomeUnknown),
        (502, None, OutcomeUnknown),
        (504, None, OutcomeUnknown),
        (599, None, OutcomeUnknown),
        (307, None, ProviderUnavailable),
    ],
)
def test_what_an_answer_to_a_send_means(status: int, code: str | None, expected: type[SmsError]) -> None:
    error = error_from(answer(status, code), Call.SEND)
    assert type(error) is expected
    assert error.code == (code or f"HTTP-{status}")


@pytest.mark.parametrize(
    ("status", "code", "expected", "field"),
    [
        (400, "OAU-210", CredentialsRefused, "jwt"),
        (401, "OAU-153", CredentialsRefused, "client_id"),
        (403, "OAU-165", CredentialsRefused, "server"),
        (401, "OAU-128", CredentialsRefused, "jwt"),
        (400, "XYZ-999", CredentialsRefused, "jwt"),
        (401, None, CredentialsRefused, "jwt"),
        (400, "OAU-251", VendorFault, None),
        (429, "CMN-301", Throttled, None),
        (500, None, ProviderUnavailable, None),
        (408, None, ProviderUnavailable, None),
    ],
)
def test_what_an_answer_to_a_login_means(
    status: int, code: str | None, expected: type[SmsError], field: str | None
) -> None:
    error = error_from(answer(status, code), Call.LOGIN)
    assert type(error) is expected
    assert getattr(error, "field", None) == field


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(400, "XYZ-9", VendorFault), (404, "CMN-102", VendorFault), (500, None, ProviderUnavailable)],
)
def test_a_refused_look_is_never_held_against_a_message(
    status: int, code: str | None, expected: type[SmsError]
) -> None:
    assert type(error_from(answer(status, code), Call.OTHER)) is expected


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("to", RecipientRefused),
        ("to.phoneNumber", RecipientRefused),
        ("to[0].phoneNumber", RecipientRefused),
        ("from", SenderRefused),
        ("from.phoneNumber", SenderRefused),
        ("text", MessageRefused),
        ("", MessageRefused),
    ],
)
def test_a_malformed_value_is_judged_by_its_field(parameter: str, expected: type[SmsError]) -> None:
    assert type(error_from(answer(400, "CMN-101", parameterName=parameter), Call.SEND)) is expected


def test_an_opted_out_recipient_is_told_from_an_unusable_number() -> None:
    opted_out = error_from(answer(400, "SMS-UP-413"), Call.SEND)
    blocked = error_from(answer(400, "MSG-243"), Call.SEND)
    abroad = error_from(answer(403, "MSG-240"), Call.SEND)
    flags = [
        (error.opted_out, error.unusable_number)
        for error in (opted_out, blocked, abroad)
        if isinstance(error, RecipientRefused)
    ]
    assert flags == [(True, False), (False, True), (False, False)]


def test_an_exceeded_account_limit_pauses_for_hours() -> None:
    error = error_from(answer(403, "MSG-384"), Call.SEND)
    assert isinstance(error, SenderRefused)
    assert error.pause_seconds == 4 * 3600


def test_the_missing_permission_is_named() -> None:
    error = error_from(answer(403, "CMN-408", permissionName="OutboundSMS"), Call.SEND)
    assert "OutboundSMS" in error.sentence


def test_words_of_the_answer_are_not_passed_on() -> None:
    error = error_from(
        answer(400, "MSG-999", message="Parameter [to] value [+14155550123] is invalid"),
        Call.SEND,
    )
    assert "4155550123" not in str(error) + repr(error.__dict__)


@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", b"", b"[]", b'"x"', b'{"errors":[]}', b'{"errors":[1]}', b"\xff"]
)
def test_a_body_that_is_no_error_object_is_judged_by_its_status(body: bytes) -> None:
    error = error_from(Answer.parse(502, {}, body), Call.OTHER)
    assert (type(error), error.code) == (ProviderUnavailable, "HTTP-502")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"retry-after": " 7.5 "}, 7.5),
        ({}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "nan"}, 60),
        ({"Retry-After": "-5"}, 60),
        ({"Retry-After": "0"}, 60),
        ({"Retry-After": "1e9"}, 3600),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:45 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 45),
    ],
)
def test_the_length_of_a_penalty(headers: dict[str, str], seconds: float) -> None:
    error = error_from(answer(429, "CMN-301", headers=headers), Call.SEND)
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds


def test_a_busy_server_may_name_a_time() -> None:
    busy = answer(503, "CMN-201", headers={"Retry-After": "20"})
    assert retry_after(busy) == 20
    error = error_from(busy, Call.SEND)
    assert isinstance(error, ProviderUnavailable)
    assert error.retry_after == 20


def test_a_rate_report_is_whole_or_absent() -> None:
    names = {"X-Rate-Limit-Group": "medium", "X-Rate-Limit-Limit": "40", "X-Rate-Limit-Remaining": "39"}
    assert rate_report(answer(200, headers=names)) is None
    whole = rate_report(answer(200, headers={**names, "X-Rate-Limit-Window": "60"}))
    assert whole == RateReport("medium", 40, 39, 60)


def test_every_entry_gives_a_sentence() -> None:
    sentences = [verdict(code).sentence for code, verdict in REFUSALS.items()]
    sentences += [failure.sentence for failure in DELIVERY_FAILURES.values()]
    assert all(sentence.endswith(".") and "-" not in sentence[:3] for sentence in sentences)


@pytest.mark.parametrize(
    ("code", "kind", "pause", "days"),
    [
        ("SMS-RC-413", FailureKind.OPTED_OUT, None, None),
        ("SMS-CAR-411", FailureKind.NUMBER_UNUSABLE, None, None),
        ("SMS-CAR-412", FailureKind.NUMBER_UNUSABLE, None, 7),
        ("SMS-CAR-435", FailureKind.TEXT_REFUSED, None, None),
        ("SMS-UP-431", FailureKind.SENDER_STOPPED, None, None),
        ("SMS-CAR-450", FailureKind.SENDER_PAUSED, 86400, None),
        ("SMS-CAR-199", FailureKind.NOT_FINAL, None, None),
        ("SMS-RC-500", FailureKind.RETRY_ONCE, None, None),
        ("SMS-RC-501", FailureKind.PROVIDER_FAULT, None, None),
        ("SMS-NEW-1", FailureKind.PROVIDER_FAULT, None, None),
        (None, FailureKind.PROVIDER_FAULT, None, None),
    ],
)
def test_what_became_of_an_accepted_text(
    code: str | None, kind: FailureKind, pause: float | None, days: int | None
) -> None:
    failure = delivery_failure(code)
    assert (failure.kind, failure.pause_seconds, failure.unusable_days) == (kind, pause, days)
    assert failure.code == (code or "SMS-NO-CODE")

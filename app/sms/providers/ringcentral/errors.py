"""Which of the contract's errors an answer of RingCentral becomes.

Source: "API error codes" and "SMS error codes" of the RingCentral developer guide, and the `x-error-codes` of its
OpenAPI description. Two shapes exist, the token endpoint's (`error`, `error_description`) and everybody else's
(`errorCode`, `errors[]`); the code in `errors[0]` decides, the words of the answer never do, and none of them is passed
on because they quote phone numbers. A code that is not in the tables (`refusals.py`, `delivery_failures.py`) is judged
by its HTTP status.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from app.sms.contract import (
    CredentialsRefused,
    DeliveryFailure,
    FailureKind,
    MessageRefused,
    OutcomeUnknown,
    RateReport,
    RecipientRefused,
    SenderRefused,
    SmsError,
    Throttled,
    TokenRejected,
    VendorFault,
)
from app.sms.providers.ringcentral.delivery_failures import DELIVERY_FAILURES, delivery_failure
from app.sms.providers.ringcentral.refusals import PERMISSION_CODES, REFUSALS, RENEW, WEBHOOK_REFUSED, unavailable

PENALTY_SECONDS = 60.0
"""The guide's penalty of a 429, for the answers that carry no Retry-After."""
LONGEST_PENALTY_SECONDS = 3600.0


class Call(Enum):
    """What an answer was given to, as far as judging it differs."""

    LOGIN = "login"
    SEND = "send"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whoever fetched it. *headers* have lower-case names; *body* is None when it was not JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @classmethod
    def parse(cls, status: int, headers: Mapping[str, str], content: bytes) -> "Answer":
        return cls(status, {name.lower(): value for name, value in headers.items()}, parse_json(content))

    @property
    def code(self) -> str:
        """RingCentral's own code, or `HTTP-<status>`."""
        body = self.body if isinstance(self.body, dict) else {}
        for candidate in (_first_error(body).get("errorCode"), body.get("errorCode"), body.get("error")):
            if isinstance(candidate, str) and CODE.fullmatch(candidate):
                return candidate
        return f"HTTP-{self.status}"

    @property
    def parameter(self) -> str:
        return self._detail("parameterName")

    @property
    def permission(self) -> str:
        return self._detail("permissionName")

    def _detail(self, name: str) -> str:
        body = self.body if isinstance(self.body, dict) else {}
        for candidate in (_first_error(body).get(name), body.get(name)):
            if isinstance(candidate, str) and NAME.fullmatch(candidate):
                return candidate
        return ""


CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9.\[\]]{0,63}")


def parse_json(content: bytes | str) -> Any:
    """None for what is not JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _first_error(body: Mapping[str, Any]) -> Mapping[str, Any]:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return first if isinstance(first, dict) else {}


# --- From an answer to an error ---------------------------------------------------------------------------------------


def error_from(answer: Answer, call: Call) -> SmsError:
    """The contract's error for an answer that is not a success."""
    code, status = answer.code, answer.status
    if code == "CMN-304" and call is Call.SEND:
        return OutcomeUnknown(
            "RingCentral is still busy with the same text; the app looks up whether it was sent.",
            code=code,
            retry_after=retry_after(answer) or PENALTY_SECONDS,
        )
    if status == 429:
        return Throttled(
            "RingCentral asked the app to slow down; texts go on by themselves after the pause.",
            code=code,
            retry_after=retry_after(answer) or PENALTY_SECONDS,
            rate=rate_report(answer),
        )
    if status < 400:
        return unavailable(code)  # a redirect: followed by nobody, so nothing was done
    if status >= 500 or status == 408:
        return _server_error(answer, call)
    known = _look_up(answer)
    if known is not None and not isinstance(known, SENSELESS[call]):
        return known
    if status == 401 and call is not Call.LOGIN:
        return TokenRejected(RENEW, code=code)
    return _unknown_refusal(answer, call)


SENSELESS: dict[Call, tuple[type[SmsError], ...]] = {
    Call.LOGIN: (TokenRejected, MessageRefused, RecipientRefused, SenderRefused),
    Call.SEND: (),
    Call.OTHER: (MessageRefused,),
}
"""What a code of the tables cannot mean in an answer to such a call: every refusal of a login is one of the login."""


def _server_error(answer: Answer, call: Call) -> SmsError:
    if call is Call.SEND and answer.status != 503:
        return outcome_unknown(answer.code)
    return unavailable(answer.code, retry_after=retry_after(answer))


def _look_up(answer: Answer) -> SmsError | None:
    code = answer.code
    if code == "CMN-101":
        return _malformed(answer)
    if code in PERMISSION_CODES:
        return PERMISSION_CODES[code](code, answer.permission or "the needed permission")
    if verdict := REFUSALS.get(code):
        return verdict(code)
    if code in DELIVERY_FAILURES:
        return _refused_at_once(delivery_failure(code))
    return None


def _malformed(answer: Answer) -> SmsError | None:
    """CMN-101 names the field that is wrong."""
    match answer.parameter.split(".")[0].split("[")[0]:
        case "to":
            return RecipientRefused(
                "RingCentral says that this is not a valid phone number; correct it on the customer.",
                code=answer.code,
                unusable_number=True,
            )
        case "from":
            return SenderRefused(
                "RingCentral does not know the sending number any more; choose a number again.", code=answer.code
            )
        case "text":
            return MessageRefused(
                "RingCentral does not accept the wording of this text; shorten or simplify the template.",
                code=answer.code,
            )
        case "deliveryMode":
            return VendorFault(f"{WEBHOOK_REFUSED} its public address is not valid.", code=answer.code)
        case _:
            return None


def error_from_rejection(code: str) -> SmsError:
    """The contract's error for a message that the answer to a High Volume batch lists as rejected. Rejected are
    recipients, so an unknown code speaks of the recipient."""
    if code in DELIVERY_FAILURES:
        return _refused_at_once(delivery_failure(code))
    known = REFUSALS[code](code) if code in REFUSALS else None
    if known is not None and not isinstance(known, VendorFault | TokenRejected | CredentialsRefused):
        return known
    return RecipientRefused(
        "RingCentral says that this is not a valid phone number; correct it on the customer.",
        code=code,
        unusable_number=True,
    )


def _refused_at_once(failure: DeliveryFailure) -> SmsError:
    """A delivery code in the answer to the request itself: the same verdict, only earlier."""
    match failure.kind:
        case FailureKind.OPTED_OUT:
            return RecipientRefused(failure.sentence, code=failure.code, opted_out=True)
        case FailureKind.NUMBER_UNUSABLE:
            return RecipientRefused(failure.sentence, code=failure.code, unusable_number=True)
        case FailureKind.SENDER_STOPPED | FailureKind.SENDER_PAUSED:
            return SenderRefused(failure.sentence, code=failure.code, pause_seconds=failure.pause_seconds)
        case FailureKind.RETRY_ONCE | FailureKind.NOT_FINAL:
            return unavailable(failure.code)
        case _:
            return MessageRefused(failure.sentence, code=failure.code)


def _unknown_refusal(answer: Answer, call: Call) -> SmsError:
    match call:
        case Call.LOGIN:
            return CredentialsRefused(
                "RingCentral refused the login; create a new JWT in the RingCentral developer console and paste it.",
                code=answer.code,
            )
        case Call.SEND:
            return MessageRefused(
                f"RingCentral refused this text (code {answer.code}); other texts are not affected.", code=answer.code
            )
        case Call.OTHER:
            return VendorFault(
                f"RingCentral refused a request of this app (code {answer.code}); tell the app's support.",
                code=answer.code,
            )


def outcome_unknown(code: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "The connection to RingCentral broke while the text was being handed over; "
        "the app looks up whether it was sent.",
        code=code,
    )


# --- Headers ----------------------------------------------------------------------------------------------------------


def retry_after(answer: Answer) -> float | None:
    """Seconds to wait, None when the answer does not say; a date counts from the answer's own Date."""
    raw = answer.headers.get("retry-after", "").strip()
    if seconds := _number(raw):
        return min(seconds, LONGEST_PENALTY_SECONDS)
    until, now = _http_date(raw), _http_date(answer.headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 1.0), LONGEST_PENALTY_SECONDS)


def rate_report(answer: Answer) -> RateReport | None:
    """None unless limit, remaining and window were all told; they are absent at times."""
    limit, remaining, window = (
        _number(answer.headers.get(f"x-rate-limit-{name}", "")) for name in ("limit", "remaining", "window")
    )
    if limit is None or remaining is None or window is None:
        return None
    return RateReport(answer.headers.get("x-rate-limit-group"), int(limit), int(remaining), window)


def _number(raw: str) -> float | None:
    try:
        number = float(raw)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _http_date(raw: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(raw)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

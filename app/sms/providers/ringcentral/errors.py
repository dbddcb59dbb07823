"""What RingCentral's error codes mean for a merchant, and which of the contract's errors each becomes.

Source: "API error codes" and "SMS error codes" of the RingCentral developer guide, and the `x-error-codes` of its
OpenAPI description. Two shapes exist, the token endpoint's (`error`, `error_description`) and everybody else's
(`errorCode`, `errors[]`); the code in `errors[0]` decides, the words of the answer never do, and none of them is passed
on because they quote phone numbers. A code that is not in the tables is judged by its HTTP status.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
    ProviderUnavailable,
    RateReport,
    RecipientRefused,
    SenderRefused,
    SmsError,
    Throttled,
    TokenRejected,
    VendorFault,
)

PENALTY_SECONDS = 60.0
"""The guide's penalty of a 429, for the answers that carry no Retry-After."""
LONGEST_PENALTY_SECONDS = 3600.0
HOURS = 3600.0


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


def unavailable(code: str, *, retry_after: float | None = None) -> ProviderUnavailable:
    return ProviderUnavailable(
        "RingCentral does not answer at the moment; the app tries again by itself.", code=code, retry_after=retry_after
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


# --- The tables -------------------------------------------------------------------------------------------------------

Verdict = Callable[[str], SmsError]


def login(sentence: str, *, field: str = "jwt") -> Verdict:
    return lambda code: CredentialsRefused(sentence, code=code, field=field)


def renew() -> Verdict:
    return lambda code: TokenRejected(RENEW, code=code)


def vendor(sentence: str) -> Verdict:
    return lambda code: VendorFault(sentence, code=code)


def message(sentence: str) -> Verdict:
    return lambda code: MessageRefused(sentence, code=code)


def recipient(sentence: str, *, unusable_number: bool = False) -> Verdict:
    return lambda code: RecipientRefused(sentence, code=code, unusable_number=unusable_number)


def sender(sentence: str, *, pause_seconds: float | None = None) -> Verdict:
    return lambda code: SenderRefused(sentence, code=code, pause_seconds=pause_seconds)


def later() -> Verdict:
    return lambda code: unavailable(code)


RENEW = "RingCentral's access token is no longer valid; the app logs in again by itself."
OUR_APP = "RingCentral does not let this app log in the way it is registered; tell the app's support."
OUR_BUG = "RingCentral could not read a request of this app; tell the app's support."
WRONG_CLIENT = (
    "RingCentral does not accept the client ID and secret; check both, or leave them empty to use the app's own."
)
NEW_JWT = "The JWT has expired or was deleted; create a new one in the RingCentral developer console and paste it."
USER_GONE = (
    "The RingCentral user or account behind the JWT is disabled or gone; have an administrator enable it, "
    "or paste a JWT of another user."
)
LOCKED = "RingCentral has locked this user after failed logins; unlock it in RingCentral, then connect again."
CANNOT_LOG_IN = (
    "This RingCentral user may not log in from an app; paste the JWT of a user with a normal extension "
    "and no extra sign-in step."
)
NOT_HERE = (
    "This app is not released for the RingCentral environment of your account; choose the other server, "
    "or tell the app's support."
)
NOT_YOUR_NUMBER = (
    "The sending number no longer belongs to the connected RingCentral user; "
    "have it assigned to that user, or choose another number."
)
NUMBER_CANNOT_TEXT = "The sending number is not enabled for SMS; have RingCentral enable it, or choose another number."
NO_FEATURE = "SMS is not part of this RingCentral account or user; ask your RingCentral administrator to switch it on."
MMS_UNAVAILABLE = "Pictures cannot be texted from this number; send the text without them."
ATTACHMENTS = "RingCentral does not accept the attachments of this text; send it without them."
WEBHOOK_REFUSED = "RingCentral could not set up the delivery of incoming texts to this app:"
OTHER_OWNER = "This registration for incoming texts belongs to another RingCentral user or account; connect again."

REFUSALS: dict[str, Verdict] = {
    # Login: this app's registration
    "OAU-250": vendor(OUR_APP),
    "OAU-251": vendor(OUR_APP),
    "OAU-112": vendor(OUR_APP),
    "OAU-125": vendor(OUR_APP),
    # Login: client id and secret
    "OAU-153": login(WRONG_CLIENT, field="client_id"),
    "OAU-146": login(WRONG_CLIENT, field="client_id"),
    "OAU-120": login(WRONG_CLIENT, field="client_id"),
    "OAU-121": login(WRONG_CLIENT, field="client_id"),
    "OAU-123": login(WRONG_CLIENT, field="client_id"),
    # Login: the JWT and its user
    "OAU-140": login(NEW_JWT),
    "OAU-210": login(NEW_JWT),
    "OAU-136": login(USER_GONE),
    "OAU-141": login(USER_GONE),
    "OAU-142": login(USER_GONE),
    "OAU-232": login(USER_GONE),
    "OAU-236": login(USER_GONE),
    "OAU-147": login(LOCKED),
    "OAU-148": login(LOCKED),
    "OAU-168": login(CANNOT_LOG_IN),
    "OAU-105": login(CANNOT_LOG_IN),
    "OAU-119": login(CANNOT_LOG_IN),
    "OAU-127": login(NOT_HERE, field="server"),
    "OAU-165": login(NOT_HERE, field="server"),
    # Use of an access token
    "OAU-128": renew(),
    "OAU-129": renew(),
    "OAU-149": renew(),
    "OAU-151": renew(),
    "OAU-213": renew(),
    "CMN-405": renew(),
    # Requests in general (CMN-101 is judged by its field, CMN-401/408/419 name a permission)
    "CMN-102": message("RingCentral does not find what this text refers to; it is not sent."),
    "CMN-103": vendor(OUR_BUG),
    "CMN-104": vendor(OUR_BUG),
    "CMN-406": vendor(OUR_BUG),
    "CMN-109": sender(NO_FEATURE),
    "CMN-402": sender(NO_FEATURE),
    "CMN-403": sender(NO_FEATURE),
    "CMN-201": later(),
    "CMN-203": later(),
    # Sending: the recipient
    "MSG-243": recipient("RingCentral has blocked texts to this phone number.", unusable_number=True),
    "MSG-246": recipient("This is an extension number, not a phone number; correct it on the customer."),
    "MSG-247": recipient("Short numbers cannot be texted; correct the phone number on the customer."),
    "MSG-240": recipient("International SMS is not switched on for this RingCentral account; ask RingCentral for it."),
    "MSG-403": recipient("Numbers abroad cannot be texted from a toll-free number; choose a local number."),
    "MSG-388": recipient("RingCentral does not deliver texts to this country."),
    # Sending: our number and account
    "MSG-245": sender(NOT_YOUR_NUMBER),
    "MSG-304": sender(NOT_YOUR_NUMBER),
    "MSG-310": sender(NOT_YOUR_NUMBER),
    "MSG-241": sender(NUMBER_CANNOT_TEXT),
    "MSG-242": sender(NUMBER_CANNOT_TEXT),
    "MSG-367": sender(NUMBER_CANNOT_TEXT),
    "MSG-397": sender("Toll-free SMS is not available for this number; have it verified with RingCentral."),
    "MSG-314": sender("This kind of RingCentral extension cannot text; paste the JWT of a normal user."),
    "MSG-384": sender(
        "The RingCentral account has used up its message limit; sending goes on in a few hours. "
        "Ask RingCentral to raise the limit if this happens again.",
        pause_seconds=4 * HOURS,
    ),
    # Sending: the text
    "MSG-383": message(MMS_UNAVAILABLE),
    "MSG-380": message(MMS_UNAVAILABLE),
    "BIL-103": message(MMS_UNAVAILABLE),
    "MSG-337": message(ATTACHMENTS),
    "MSG-338": message(ATTACHMENTS),
    "MSG-376": message(ATTACHMENTS),
    "MSG-379": message(ATTACHMENTS),
    "MSG-348": message(ATTACHMENTS),
    "MSG-381": message(ATTACHMENTS),
    "MSG-365": vendor(OUR_BUG),
    "MSG-290": later(),
    # Message sync: answered with a full sync before anybody sees it
    "MSG-333": vendor("RingCentral no longer accepts the bookmark of the last message check; tell the app's support."),
    # Subscriptions
    "SUB-520": vendor(f"{WEBHOOK_REFUSED} the app did not return its validation token."),
    "SUB-521": vendor(f"{WEBHOOK_REFUSED} its public address cannot be reached."),
    "SUB-523": vendor(f"{WEBHOOK_REFUSED} its public address has to begin with https."),
    "SUB-524": vendor(
        f"{WEBHOOK_REFUSED} its certificate is not valid, often because the intermediate one is missing."
    ),
    "SUB-525": vendor(f"{WEBHOOK_REFUSED} the app's answer was too long or not as expected."),
    "SUB-508": vendor(f"{WEBHOOK_REFUSED} an event filter was refused."),
    "SUB-516": vendor(f"{WEBHOOK_REFUSED} the reminder settings were refused."),
    "SUB-505": sender(
        "The RingCentral user already has the largest number of event subscriptions; "
        "remove unused integrations of this user, then connect again."
    ),
    "SUB-405": sender(OTHER_OWNER),
    "SUB-406": sender(OTHER_OWNER),
    "SUB-507": sender("The registration for incoming texts has expired; connect again."),
}

PERMISSION_CODES: dict[str, Callable[[str, str], SmsError]] = {
    "CMN-401": lambda code, permission: VendorFault(
        f"This app's RingCentral registration lacks a permission ({permission}); tell the app's support.", code=code
    ),
    "CMN-408": lambda code, permission: SenderRefused(
        f"The RingCentral user lacks a permission ({permission}); "
        "have an administrator grant it, then check the connection.",
        code=code,
    ),
    "CMN-419": lambda code, permission: SenderRefused(
        f"The RingCentral user lacks a permission ({permission}); "
        "have an administrator grant it, then check the connection.",
        code=code,
    ),
}


# --- What became of an accepted text ----------------------------------------------------------------------------------

UNTIL_TOMORROW = 24 * HOURS
"""Carriers count by US days whose hour of change they do not publish; a whole day is always enough."""


def _failure(
    kind: FailureKind, sentence: str, *, pause: float | None = None, days: int | None = None
) -> DeliveryFailure:
    return DeliveryFailure("", kind, sentence, pause_seconds=pause, unusable_days=days)


OPTED_OUT = _failure(FailureKind.OPTED_OUT, "The customer has opted out of texts from this number.")
NO_SUCH_NUMBER = _failure(FailureKind.NUMBER_UNUSABLE, "The phone number is invalid or a landline; correct it.")
NOT_REACHED = _failure(FailureKind.NUMBER_UNUSABLE, "The phone could not be reached.", days=7)
SPAM = _failure(
    FailureKind.TEXT_REFUSED,
    "A spam filter stopped the text; reword the template and use links of your own shop, not of a link shortener.",
)
TOO_LONG = _failure(FailureKind.TEXT_REFUSED, "The carrier refused the text as too long; shorten the template.")
FLAGGED = _failure(
    FailureKind.SENDER_STOPPED, "Carriers have marked the sending number as spam; talk to RingCentral before going on."
)
NOT_VERIFIED = _failure(
    FailureKind.SENDER_STOPPED, "The toll-free number is not verified yet; finish the verification with RingCentral."
)
NOT_PROVISIONED = _failure(
    FailureKind.SENDER_STOPPED,
    "The sending number is not set up for SMS; check its campaign registration with RingCentral.",
)
OWN_LIMIT = _failure(
    FailureKind.SENDER_PAUSED,
    "The RingCentral account has reached its message limit; sending goes on tomorrow.",
    pause=UNTIL_TOMORROW,
)
CARRIER_LIMIT = _failure(
    FailureKind.SENDER_PAUSED,
    "The carrier's daily limit for your brand is used up; sending goes on tomorrow. "
    "A higher trust score of the brand raises the limit.",
    pause=UNTIL_TOMORROW,
)
NO_RECEIPT = _failure(FailureKind.NOT_FINAL, "The carrier has not told whether the text arrived.")
SERVICE = _failure(FailureKind.RETRY_ONCE, "The text could not be delivered because of a passing fault.")
PROVIDER_FAULT = _failure(
    FailureKind.PROVIDER_FAULT, "RingCentral could not deliver the text; ask RingCentral's support with this code."
)

DELIVERY_FAILURES: dict[str, DeliveryFailure] = {
    "SMS-RC-413": OPTED_OUT,
    "SMS-UP-413": OPTED_OUT,
    "SMS-CAR-413": OPTED_OUT,
    "SMS-RC-410": NO_SUCH_NUMBER,
    "SMS-UP-410": NO_SUCH_NUMBER,
    "SMS-UP-411": NO_SUCH_NUMBER,
    "SMS-CAR-400": NO_SUCH_NUMBER,
    "SMS-CAR-411": NO_SUCH_NUMBER,
    "SMS-CAR-412": NOT_REACHED,
    "SMS-UP-412": NOT_REACHED,
    "SMS-RC-430": SPAM,
    "SMS-UP-430": SPAM,
    "SMS-CAR-430": SPAM,
    "SMS-UP-433": SPAM,
    "SMS-CAR-433": SPAM,
    "SMS-CAR-435": SPAM,
    "SMS-UP-431": FLAGGED,
    "SMS-UP-432": TOO_LONG,
    "SMS-CAR-432": TOO_LONG,
    "SMS-CAR-434": TOO_LONG,
    "SMS-RC-403": OWN_LIMIT,
    "SMS-CAR-450": CARRIER_LIMIT,
    "SMS-CAR-451": CARRIER_LIMIT,
    "SMS-CAR-452": CARRIER_LIMIT,
    "SMS-CAR-461": NOT_VERIFIED,
    "SMS-UP-414": NOT_PROVISIONED,
    "SMS-CAR-414": NOT_PROVISIONED,
    "SMS-RC-503": NOT_PROVISIONED,
    "SMS-RC-504": NOT_PROVISIONED,
    "SMS-CAR-104": NO_RECEIPT,
    "SMS-CAR-199": NO_RECEIPT,
    "SMS-CAR-410": SERVICE,
    "SMS-CAR-431": SERVICE,
    "SMS-CAR-500": SERVICE,
    "SMS-UP-500": SERVICE,
    "SMS-RC-500": SERVICE,
    "SMS-RC-501": PROVIDER_FAULT,
    "SMS-CAR-460": PROVIDER_FAULT,
}


def delivery_failure(code: str | None) -> DeliveryFailure:
    """What a `deliveryErrorCode` means; an unknown or missing one is permanent."""
    code = code or "SMS-NO-CODE"
    return replace(DELIVERY_FAILURES.get(code, PROVIDER_FAULT), code=code)

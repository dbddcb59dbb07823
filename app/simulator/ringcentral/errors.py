"""RingCentral's two shapes of errors, and the codes the simulator knows with their status and words.

Source: RingCentral developer guide, "Error codes" and the published answers of the SMS, token and subscription calls.
The token endpoint answers in the shape of RFC 6749 with `errors[]` beside it, everything else with a top-level
`errorCode` that is sometimes a word and sometimes the code itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response


@dataclass(eq=False)
class Fault(Exception):
    """A refusal on its way to becoming an answer. *details* (parameterName, permissionName) stand in both places."""

    status: int
    code: str
    message: str
    word: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        error = {"errorCode": self.code, "message": self.message, **self.details}
        body = {"errorCode": self.word or self.code, "message": self.message, "errors": [error], **self.details}
        return JSONResponse(body, self.status, headers=dict(self.headers))


@dataclass(eq=False)
class TokenFault(Exception):
    """A refusal by the token endpoint; *error* is the word of RFC 6749."""

    status: int
    error: str
    code: str
    message: str

    def response(self) -> Response:
        body = {
            "error": self.error,
            "errors": [{"errorCode": self.code, "message": self.message}],
            "error_description": self.message,
        }
        return JSONResponse(body, self.status)


FEATURE = "FeatureNotAvailable"
PARAMETER = "InvalidParameter"
KNOWN: dict[str, tuple[int, str | None, str]] = {
    "CMN-102": (404, "ResourceNotFound", "Resource is not found"),
    "CMN-201": (503, None, "Service Temporary Unavailable"),
    "CMN-203": (500, None, "Internal Server Error"),
    "CMN-301": (429, None, "Request rate exceeded"),
    "CMN-304": (429, None, "Request is being processed already"),
    "CMN-405": (401, "TokenInvalid", "Login to account required"),
    "CMN-406": (400, PARAMETER, "Duplicate value for parameter [to] found in request"),
    "MSG-240": (403, FEATURE, "International SMS is not available for account."),
    "MSG-242": (403, FEATURE, "The requested feature is not available"),
    "MSG-243": (400, PARAMETER, "Parameter [to] value is invalid [Phone number is blocked]"),
    "MSG-245": (
        400,
        PARAMETER,
        "Parameter [from] value is invalid [Cannot find the phone number which belongs to user]",
    ),
    "MSG-246": (400, PARAMETER, "Sending SMS from/to extension numbers is not available"),
    "MSG-247": (400, PARAMETER, "Sending SMS to short numbers is not available"),
    "MSG-290": (503, None, "Message sending failed, try again later"),
    "MSG-304": (403, FEATURE, "Phone number doesn't belong to extension"),
    "MSG-305": (429, None, "SMS request rate exceeded"),
    "MSG-333": (400, PARAMETER, "Sync token is invalid"),
    "MSG-365": (400, PARAMETER, "Only one of country id and isoCode can be specified"),
    "MSG-367": (403, FEATURE, "[from] phone number does not support SMS"),
    "MSG-380": (403, FEATURE, "MMS is not available for the phone number"),
    "MSG-381": (400, PARAMETER, "Number of recipients exceeds the limit"),
    "MSG-384": (403, FEATURE, "Account limits exceeded. Cannot send the message."),
    "OAU-128": (401, "TokenExpired", "Access token expired"),
    "OAU-213": (401, "TokenInvalid", "Token not found"),
    "SUB-405": (403, None, "Subscription to events of other extensions is not allowed"),
    "SUB-406": (403, None, "Subscription to events of other accounts is not allowed"),
    "SUB-505": (403, None, "Subscriptions limit is exceeded"),
    "SUB-507": (404, None, "Subscription is expired"),
    "SUB-508": (400, None, "Event filter is invalid"),
    "SUB-516": (400, None, "Reminder parameters are invalid"),
    "SUB-520": (400, None, "WebHook response does not contain the Validation-Token"),
    "SUB-521": (400, None, "WebHook is not reachable"),
    "SUB-523": (400, None, "WebHook address must use HTTPS"),
    "SUB-525": (400, None, "WebHook server response is invalid"),
}
DEFAULT_CODE_OF = {401: "OAU-213", 404: "CMN-102", 429: "CMN-301", 500: "CMN-203"}


def fault(code: str, message: str | None = None, *, status: int | None = None, **details: str) -> Fault:
    """The refusal RingCentral gives for *code*; an unlisted code becomes a 400 unless *status* says otherwise."""
    known_status, word, known_message = KNOWN.get(code, (400, None, f"Request refused [{code}]"))
    return Fault(status or known_status, code, message or known_message, word, details)


def invalid(parameter: str) -> Fault:
    """400 CMN-101, the answer to every malformed value."""
    return Fault(400, "CMN-101", f"Parameter [{parameter}] value is invalid", PARAMETER, {"parameterName": parameter})


def lacks_scope(scope: str) -> Fault:
    message = f"In order to call this API endpoint, application needs to have [{scope}] permission"
    return Fault(403, "CMN-401", message, "InsufficientPermissions", {"permissionName": scope})


def lacks_permission(permission: str) -> Fault:
    message = (
        f"In order to call this API endpoint, user needs to have [{permission}] permission for requested resource."
    )
    return Fault(403, "CMN-408", message, "InsufficientPermissions", {"permissionName": permission})


def default_fault(status: int, code: str | None) -> Fault | TokenFault:
    """The answer of a fault switch that names only a status, or a status and a code."""
    code = code or DEFAULT_CODE_OF.get(status, "CMN-201" if status >= 500 else "CMN-101")
    if code.startswith("OAU-") and code not in KNOWN:
        return TokenFault(status, "invalid_grant", code, "Token request refused")
    return fault(code, status=status)

"""RingCentral's codes of refusals, one by one: whom each speaks of, and what the merchant is told.

Source: "API error codes" of the RingCentral developer guide, and the `x-error-codes` of its OpenAPI description.
"""

from collections.abc import Callable

from app.sms.contract import (
    CredentialsRefused,
    MessageRefused,
    ProviderUnavailable,
    RecipientRefused,
    SenderRefused,
    SmsError,
    TokenRejected,
    VendorFault,
)

HOURS = 3600.0
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


def unavailable(code: str, *, retry_after: float | None = None) -> ProviderUnavailable:
    return ProviderUnavailable(
        "RingCentral does not answer at the moment; the app tries again by itself.", code=code, retry_after=retry_after
    )


RENEW = "RingCentral's access token is no longer valid; the app logs in again by itself."
OUR_APP = "RingCentral does not let this app log in the way it is registered; tell the app's support."
OUR_BUG = "RingCentral could not read a request of this app; tell the app's support."
WRONG_CLIENT = (
    "RingCentral does not accept the client ID and secret; check both, or leave them empty to use the app's own."
)
NEW_JWT = (
    "The JWT is cut off, has expired or was deleted: paste it whole, or create a new one in the RingCentral "
    "developer console."
)
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

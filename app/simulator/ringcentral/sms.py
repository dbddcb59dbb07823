"""Sending: `POST .../extension/~/sms`, with every check the real one makes before it says 200 and "Queued".

Source: RingCentral developer guide, "Sending SMS", and the error lists of createSMSMessage. More than one recipient
makes a group MMS in which all see each other's numbers; it is sent, and kept in `group_messages` for tests to find.
"""

import re
from typing import Any

import phonenumbers
from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.errors import fault, invalid
from app.simulator.ringcentral.handsets import put_on_handset
from app.simulator.ringcentral.message_records import describe_message
from app.simulator.ringcentral.platform import Call, Platform
from app.simulator.ringcentral.state import Message, Number, User
from app.simulator.ringcentral.status import outcome_for, reaches_handset

E164 = re.compile(r"\+[1-9]\d{7,14}")
SHORT_NUMBER = re.compile(r"\+?\d{3,6}")
TEXT_UNITS = 1000
GROUP_SIZE = 10
MAGIC_REFUSALS = {
    "+19044910270": "MSG-243",
    "+15005550243": "MSG-243",
    "+15005550240": "MSG-240",
    "+15005550242": "MSG-242",
    "+15005550245": "MSG-245",
    "+15005550290": "MSG-290",
    "+15005550304": "MSG-304",
    "+15005550305": "MSG-305",
    "+15005550384": "MSG-384",
}
"""Recipients that are always refused like this, for hands-on trials; tests name theirs in `refusals`."""


async def send_sms(platform: Platform, call: Call) -> Response:
    body = call.json()
    refuse_unknown(body, {"from", "to", "text", "country"}, "")
    recipients = read_recipients(body.get("to"))
    text = read_text(body.get("text"))
    check_country(body.get("country"))
    number = find_sender(platform, call.user, read_party(body.get("from"), "from"))
    for recipient in recipients:
        check_recipient(platform, number, recipient)
    message = accept(platform, call.user, number, recipients, text)
    return JSONResponse(describe_message(platform, message))


def read_recipients(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise invalid("to")
    recipients = [read_party(entry, "to") for entry in value]
    if len(set(recipients)) < len(recipients):
        raise fault("CMN-406")
    if len(recipients) > GROUP_SIZE:
        raise fault("MSG-381")
    return recipients


def read_party(value: object, name: str) -> str:
    """The number of a sender or recipient, which has no other field."""
    if not isinstance(value, dict):
        raise invalid(name)
    if "extensionNumber" in value or "extensionId" in value:
        raise fault("MSG-246")
    refuse_unknown(value, {"phoneNumber"}, f"{name}.")
    phone = value.get("phoneNumber")
    if isinstance(phone, str) and SHORT_NUMBER.fullmatch(phone):
        raise fault("MSG-247")
    if not isinstance(phone, str) or not E164.fullmatch(phone):
        raise invalid(f"{name}.phoneNumber")
    return phone


def read_text(value: object) -> str:
    """Counted in UTF-16 units, so an emoji takes two."""
    if not isinstance(value, str) or not value:
        raise invalid("text")
    if len(value.encode("utf-16-be", "surrogatepass")) // 2 > TEXT_UNITS:
        raise invalid("text")
    return value


def check_country(value: object) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raise invalid("country")
    if "id" in value and "isoCode" in value:
        raise fault("MSG-365")


def refuse_unknown(body: dict[str, Any], known: set[str], prefix: str) -> None:
    for name in body:
        if name not in known:
            raise invalid(prefix + name)


def find_sender(platform: Platform, user: User, phone: str) -> Number:
    number = platform.state.numbers.get(phone)
    if number is None or number.account_id != user.account_id:
        raise fault(
            "MSG-245",
            f"Parameter [from] value [{phone}] is invalid [Cannot find the phone number which belongs to user]",
            parameterName="from",
        )
    if number.owner_id != user.owner_id:
        raise fault("MSG-304")
    if "A2PSmsSender" in number.features:
        raise fault("MSG-242")
    if "SmsSender" not in number.features or number.status != "Normal" or number.type == "FaxOnly":
        raise fault("MSG-367")
    return number


def check_recipient(platform: Platform, number: Number, recipient: str) -> None:
    code = platform.refusals.get(recipient) or MAGIC_REFUSALS.get(recipient)
    if code == "MSG-243":
        message = f"Parameter [to] value [{recipient}] is invalid [Phone number is blocked]"
        raise fault(code, message, parameterName="to")
    if code is not None:
        raise fault(code)
    if country_code_of(recipient) != country_code_of(number.phone) and "InternationalSmsSender" not in number.features:
        raise fault("MSG-240")


def country_code_of(phone: str) -> int | None:
    try:
        return phonenumbers.parse(phone).country_code
    except phonenumbers.NumberParseException as error:
        raise invalid("to.phoneNumber") from error


def accept(platform: Platform, user: User, number: Number, recipients: list[str], text: str) -> Message:
    if len(recipients) > 1 and "MmsSender" not in number.features:
        raise fault("MSG-380")
    state, now = platform.state, platform.clock()
    outcomes = {recipient: outcome_for(platform, number, recipient) for recipient in recipients}
    message = Message(
        id=3062991514015 + state.new_id(),
        owner_id=user.owner_id,
        account_id=user.account_id,
        direction="Outbound",
        from_=number.phone,
        to=recipients,
        text=text,
        created_at=now,
        conversation_id=state.conversation_between(number.phone, ",".join(recipients)),
        outcome=outcomes[recipients[0]],
    )
    platform.add_message(message)
    accepted = {"id": str(message.id), "from": number.phone, "to": ",".join(recipients), "text": text}
    (state.sent if len(recipients) == 1 else state.group_messages).append(accepted)
    for recipient, outcome in outcomes.items():
        if reaches_handset(outcome):
            put_on_handset(platform, number.phone, recipient, text)
    return message

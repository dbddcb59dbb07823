"""High Volume SMS, writing: batches of texts from numbers of their own, and the old way to opt numbers out.

Source: RingCentral developer guide, "High Volume SMS", and createA2PSMS and addA2PSMSOptOuts of the OpenAPI
description: one recipient for each message, 1000 characters, numbers of the United States and Canada, an index from 1
in `rejected`. The codes for a wrong sender are those of standard SMS, as none are published. That one confirmation
passes in the minutes after STOP is an assumption: the guide asks the application for it.
"""

import uuid
from datetime import timedelta
from typing import Any

import phonenumbers
from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.a2p_records import describe_batch
from app.simulator.ringcentral.errors import fault, invalid
from app.simulator.ringcentral.handsets import put_on_handset, record_consent
from app.simulator.ringcentral.platform import Call, Platform
from app.simulator.ringcentral.sms import E164, read_text, refuse_unknown
from app.simulator.ringcentral.state import Batch, Message, Number
from app.simulator.ringcentral.status import outcome_for, reaches_handset

MOST_MESSAGES = 10_000
REACHED = {"US", "CA"}
CONFIRMATION_PASSES_FOR = timedelta(minutes=5)


async def send_batch(platform: Platform, call: Call) -> Response:
    body = call.json()
    refuse_unknown(body, {"from", "text", "messages"}, "")
    number = find_high_volume_number(platform, call, body.get("from"))
    default = read_text(body["text"]) if "text" in body else None
    messages = body.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
        raise invalid("messages")
    wanted = [read_message(message, default) for message in messages]
    batch = Batch(str(uuid.uuid4()), number.account_id, number.phone, platform.clock(), [], [])
    platform.state.batches[batch.id] = batch
    for index, (recipient, text) in enumerate(wanted, start=1):
        code = why_rejected(platform, number, recipient)
        if code is None:
            batch.message_ids.append(accept(platform, number, batch, recipient, text).id)
        else:
            entry: dict[str, Any] = {"index": index, "to": [recipient], "errorCode": code}
            batch.rejected.append(entry | {"description": "The recipient is invalid"})
    return JSONResponse(describe_batch(platform, batch, first=True), 201)


async def assign_opt_outs(platform: Platform, call: Call) -> Response:
    body = call.json()
    refuse_unknown(body, {"from", "optOuts", "optIns"}, "")
    number = find_high_volume_number(platform, call, body.get("from"))
    outs, ins = read_phones(body, "optOuts"), read_phones(body, "optIns")
    if not outs and not ins:
        raise invalid("optOuts")
    for phone in outs:
        record_consent(platform, number, phone, "OptOut", source="Api")
    for phone in ins:
        record_consent(platform, number, phone, "OptIn", source="Api")
    answer = {"optOuts": {"successful": outs, "failed": []}, "optIns": {"successful": ins, "failed": []}}
    return JSONResponse(answer)


def find_high_volume_number(platform: Platform, call: Call, phone: object) -> Number:
    if not isinstance(phone, str) or not E164.fullmatch(phone):
        raise invalid("from")
    number = platform.state.numbers.get(phone)
    if number is None or number.account_id != call.user.account_id:
        raise fault("MSG-245")
    if not number.is_high_volume or number.status != "Normal":
        raise fault("MSG-242")
    return number


def read_message(message: object, default: str | None) -> tuple[str, str]:
    """Recipient and text. The recipient may still be rejected; more than one is refused with the whole batch."""
    if not isinstance(message, dict):
        raise invalid("messages")
    refuse_unknown(message, {"to", "text"}, "messages.")
    recipients = message.get("to")
    if not isinstance(recipients, list) or len(recipients) != 1 or not isinstance(recipients[0], str):
        raise invalid("messages.to")
    text = read_text(message["text"]) if "text" in message else default
    if text is None:
        raise invalid("messages.text")
    return recipients[0], text


def why_rejected(platform: Platform, number: Number, recipient: str) -> str | None:
    """A long code does not cross the border between the United States and Canada; a toll-free number does."""
    if not E164.fullmatch(recipient):
        return "CMN-100"
    if recipient in platform.rejections:
        return platform.rejections[recipient]
    country = country_of(recipient)
    abroad = country not in REACHED or (number.payment_type != "TollFree" and country != country_of(number.phone))
    return "SMS-RC-410" if abroad else None


def country_of(phone: str) -> str | None:
    """Fictional area codes count as those of the United States, like in the rest of the simulator."""
    parsed = phonenumbers.parse(phone)
    region = phonenumbers.region_code_for_number(parsed)
    return region or ("US" if parsed.country_code == 1 else None)


def accept(platform: Platform, number: Number, batch: Batch, recipient: str, text: str) -> Message:
    state, now = platform.state, platform.clock()
    outcome = "Delivered" if is_confirmation(platform, number, recipient) else outcome_for(platform, number, recipient)
    message = Message(
        id=7000 + state.new_id(),
        owner_id=number.owner_id,
        account_id=number.account_id,
        direction="Outbound",
        from_=number.phone,
        to=[recipient],
        text=text,
        created_at=now,
        conversation_id=0,
        outcome=outcome,
        batch_id=batch.id,
    )
    state.a2p_messages[message.id] = message
    platform.a2p_unsettled[message.id] = None
    state.sent.append({"id": batch.id, "from": number.phone, "to": recipient, "text": text})
    if reaches_handset(outcome):
        put_on_handset(platform, number.phone, recipient, text)
    return message


def is_confirmation(platform: Platform, number: Number, recipient: str) -> bool:
    """The first text after a STOP, if it comes soon."""
    stopped_at = platform.state.stops_to_confirm.pop(f"{number.phone}|{recipient}", None)
    return stopped_at is not None and platform.clock() - stopped_at <= CONFIRMATION_PASSES_FOR


def read_phones(body: dict[str, Any], name: str) -> list[str]:
    phones = body.get(name, [])
    if not isinstance(phones, list) or not all(isinstance(phone, str) and E164.fullmatch(phone) for phone in phones):
        raise invalid(name)
    return phones

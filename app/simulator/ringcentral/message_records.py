"""A message as RingCentral writes it down: in answers (ids are integers) and in notifications (ids are strings).

Source: the published answers of createSMSMessage and readMessage, and the instant message event of the developer guide,
"Receiving SMS and MMS".
"""

from typing import Any

import gsm0338
import phonenumbers

from app.simulator.ringcentral.platform import Platform, timestamp
from app.simulator.ringcentral.state import Message
from app.simulator.ringcentral.status import status_of

PLACES = {
    "+1212": "New York, NY",
    "+1310": "Los Angeles, CA",
    "+1415": "San Francisco, CA",
    "+1650": "Mountain View, CA",
    "+1720": "Denver, CO",
    "+1305": "Miami, FL",
}


def describe_message(platform: Platform, message: Message) -> dict[str, Any]:
    """A record of the message store."""
    user = platform.state.users[message.owner_id]
    uri = f"{platform.extension_uri(user)}/message-store/{message.id}"
    status = status_of(platform, message)
    inbound = message.direction == "Inbound"
    record: dict[str, Any] = {
        "uri": uri,
        "id": message.id,
        "to": [party(phone) | ({"target": True} if inbound else {}) for phone in message.to],
        "from": party(message.from_) | ({} if inbound else {"name": user.name}),
        "type": "SMS",
        "creationTime": timestamp(message.created_at),
        "readStatus": "Unread" if inbound else "Read",
        "priority": "Normal",
        "attachments": [
            {
                "id": message.id,
                "uri": f"{uri}/content/{message.id}",
                "type": "Text",
                "contentType": "text/plain",
            }
        ],
        "direction": message.direction,
        "availability": "Alive",
        "subject": message.text,
        "messageStatus": status.word,
        "smsSendingAttemptsCount": 1,
        "conversationId": message.conversation_id,
        "conversation": {
            "id": str(message.conversation_id),
            "uri": f"{platform.url}/restapi/v1.0/conversation/{message.conversation_id}",
        },
        "lastModifiedTime": timestamp(status.since),
    }
    if status.error_code is not None:
        record["deliveryErrorCode"] = status.error_code
    elif status.word in ("Sent", "Delivered"):
        record["segmentCount"] = count_segments(message.text)
    if status.word == "Delivered":
        record["smsDeliveryTime"] = timestamp(status.since)
    return record


def describe_instant(platform: Platform, message: Message) -> dict[str, Any]:
    """The body of the notification of an inbound text."""
    user = platform.state.users[message.owner_id]
    number = phonenumbers.parse(message.from_)
    national = phonenumbers.national_significant_number(number)
    area = national[: phonenumbers.length_of_national_destination_code(number) or 3]
    return {
        "id": str(message.id),
        "to": [party(phone) | {"name": user.name, "target": True} for phone in message.to],
        "from": party(message.from_)
        | {
            "phoneNumberInfo": {
                "countryCode": str(number.country_code),
                "nationalDestinationCode": area,
                "subscriberNumber": national[len(area) :],
            }
        },
        "type": "SMS",
        "creationTime": timestamp(message.created_at),
        "lastModifiedTime": timestamp(message.created_at),
        "readStatus": "Unread",
        "priority": "Normal",
        "attachments": [{"id": str(message.id), "type": "Text", "contentType": "text/plain"}],
        "direction": "Inbound",
        "availability": "Alive",
        "subject": message.text,
        "messageStatus": "Received",
        "conversation": {"id": str(message.conversation_id)},
        "eventType": "Create",
        "owner": {"extensionId": user.owner_id, "extensionType": "User", "name": user.name},
    }


def party(phone: str) -> dict[str, Any]:
    place = PLACES.get(phone[:5])
    return {"phoneNumber": phone} | ({"location": place} if place is not None else {})


def count_segments(text: str) -> int:
    try:
        units, single, part = len(gsm0338.Codec().encode(text)[0]), 160, 153
    except UnicodeEncodeError:
        units, single, part = len(text.encode("utf-16-be", "surrogatepass")) // 2, 70, 67
    return 1 if units <= single else -(-units // part)

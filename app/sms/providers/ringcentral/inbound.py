"""Reading messages, consent records and webhook events, as tolerantly as the law on STOP demands.

Source: "Receiving SMS", "Message store", "SMS consent management" and "Notifications" of the RingCentral developer
guide. Ids are numbers in REST answers and strings in events; the conversation has two spellings; the text is in
`subject`, which a message of pictures lacks; the one of the recipients that is ours carries `target`. Unknown fields
are ignored, and what cannot be read becomes an `UnknownEvent` instead of an error.
"""

from datetime import datetime
from typing import Any

from app.sms.contract import (
    ConsentChanged,
    ConsentRecord,
    DeliveryState,
    Event,
    InboundReceived,
    InboundText,
    StatusesChanged,
    StatusReport,
    StatusReported,
    SubscriptionReminder,
    UnknownEvent,
)
from app.sms.providers.ringcentral.client import clean_text, id_text, moment_of, records_of, text_or_none
from app.sms.providers.ringcentral.errors import parse_json

MOST_DOLLARS = 1000.0
"""A text that claims to have cost more has no readable price."""
STATES = {
    "Queued": DeliveryState.QUEUED,
    "Sent": DeliveryState.SENT,
    "Delivered": DeliveryState.DELIVERED,
    "SendingFailed": DeliveryState.FAILED,
    "DeliveryFailed": DeliveryState.FAILED,
}


# --- Events -----------------------------------------------------------------------------------------------------------


def parse_event(raw: bytes, *, received_at: datetime) -> Event:
    """*received_at* stands in for a time that the event does not tell."""
    event = parse_json(raw)
    if not isinstance(event, dict):
        return UnknownEvent(None, None, None, "unreadable")
    ids = id_text(event.get("uuid")), id_text(event.get("subscriptionId")), id_text(event.get("ownerId"))
    name, told = clean_text(event.get("event")), event.get("body")
    body = told if isinstance(told, dict) else {}
    subject = name.partition("?")[0]
    if subject.endswith("/message-store/instant"):
        at = moment_of(event.get("timestamp")) or received_at
        message = inbound_text(body, received_at=at, subscription_id=ids[1], owner_id=ids[2])
        return UnknownEvent(*ids, name) if message is None else InboundReceived(*ids, message)
    if subject.endswith("/message-store"):
        return StatusesChanged(*ids, _named_messages(body))
    if subject.endswith("/a2p-sms/messages"):
        return _high_volume_event(ids, name, body, moment_of(event.get("timestamp")) or received_at)
    if subject.endswith("/sms/consents"):
        return ConsentChanged(*ids, consent_records(body))
    if subject.endswith("/a2p-sms/opt-outs"):
        return ConsentChanged(*ids, _opt_out_records(body, moment_of(event.get("timestamp"))))
    if "/subscription/" in subject:
        expires_in = body.get("expiresIn")
        return SubscriptionReminder(*ids, expires_in if isinstance(expires_in, int) else None)
    return UnknownEvent(*ids, name or "without a name")


def _high_volume_event(
    ids: tuple[str | None, str | None, str | None], name: str, body: dict[str, Any], received_at: datetime
) -> Event:
    """High Volume events hold the message itself, and its status with it."""
    text = high_volume_text(body, received_at=received_at, subscription_id=ids[1], owner_id=ids[2])
    if text is not None:
        return InboundReceived(*ids, text)
    report = high_volume_status(body)
    return StatusReported(*ids, (report,)) if report is not None else UnknownEvent(*ids, name)


def _opt_out_records(body: dict[str, Any], at: datetime | None) -> tuple[ConsentRecord, ...]:
    """`active` true means opted out."""
    recipient, active = text_or_none(body.get("to")), body.get("active")
    if recipient is None or not isinstance(active, bool):
        return ()
    sender = text_or_none(body.get("from"))
    return (ConsentRecord(None if sender == "*" else sender, recipient, active, None, None, at),)


def _named_messages(body: dict[str, Any]) -> tuple[str, ...]:
    """Only newer events name messages at all, and of those only the new ones."""
    changes = records_of({"records": body.get("changes")})
    lists = [change.get("newMessageIds") for change in changes]
    named = [id_text(one) for ids in lists if isinstance(ids, list) for one in ids]
    return tuple(one for one in named if one is not None)


# --- Messages ---------------------------------------------------------------------------------------------------------


def inbound_text(
    record: dict[str, Any], *, received_at: datetime, subscription_id: str | None = None, owner_id: str | None = None
) -> InboundText | None:
    """None for what is not a text from somebody: outbound, deleted, or without an id or a sender."""
    message_id, sender = id_text(record.get("id")), _phone(record.get("from"))
    if record.get("direction", "Inbound") != "Inbound" or message_id is None or sender is None:
        return None
    parties = _parties(record)
    return InboundText(
        provider_message_id=message_id,
        sender=sender,
        recipients=tuple(phone for party in parties if (phone := _phone(party))),
        target=_target(parties),
        text=clean_text(record.get("subject")),
        received_at=moment_of(record.get("creationTime")) or received_at,
        owner_id=owner_id,
        subscription_id=subscription_id,
        conversation_id=_conversation(record),
        media_count=_media_count(record),
    )


def _parties(record: dict[str, Any]) -> list[dict[str, Any]]:
    parties = record.get("to")
    return [party for party in parties if isinstance(party, dict)] if isinstance(parties, list) else []


def _target(parties: list[dict[str, Any]]) -> str | None:
    """Our number: the party marked so; the only party where nothing is marked."""
    marked = [party for party in parties if party.get("target") is True]
    ours = marked or (parties if len(parties) == 1 else [])
    return _phone(ours[0]) if ours else None


def _phone(party: object) -> str | None:
    return text_or_none(party.get("phoneNumber")) if isinstance(party, dict) else None


def _conversation(record: dict[str, Any]) -> str | None:
    conversation = record.get("conversation")
    newer = id_text(conversation.get("id")) if isinstance(conversation, dict) else None
    return newer or id_text(record.get("conversationId"))


def _media_count(record: dict[str, Any]) -> int:
    attachments = record.get("attachments")
    if not isinstance(attachments, list):
        return 0
    return sum(isinstance(one, dict) and one.get("type") == "MmsAttachment" for one in attachments)


def status_report(record: dict[str, Any]) -> StatusReport | None:
    """None for what is not a text of ours: inbound, deleted, or in a state that says nothing about delivery."""
    message_id, state = id_text(record.get("id")), state_of(record)
    if message_id is None or state is None:
        return None
    segments = record.get("segmentCount")
    return StatusReport(
        provider_message_id=message_id,
        state=state,
        error_code=text_or_none(record.get("deliveryErrorCode")) if state is DeliveryState.FAILED else None,
        segment_count=segments if isinstance(segments, int) and not isinstance(segments, bool) else None,
        at=moment_of(record.get("smsDeliveryTime")) or moment_of(record.get("lastModifiedTime")),
    )


def high_volume_text(
    record: dict[str, Any], *, received_at: datetime, subscription_id: str | None = None, owner_id: str | None = None
) -> InboundText | None:
    """None for what is not a text from somebody. The parties are plain numbers here, and the text is in `text`."""
    message_id, sender = id_text(record.get("id")), text_or_none(record.get("from"))
    if record.get("direction") != "Inbound" or message_id is None or sender is None:
        return None
    parties = record.get("to")
    recipients = tuple(text_or_none(one) or "" for one in parties) if isinstance(parties, list) else ()
    return InboundText(
        provider_message_id=message_id,
        sender=sender,
        recipients=tuple(one for one in recipients if one),
        target=recipients[0] or None if len(recipients) == 1 else None,
        text=clean_text(record.get("text")),
        received_at=moment_of(record.get("creationTime")) or received_at,
        owner_id=owner_id,
        subscription_id=subscription_id,
    )


def high_volume_status(record: dict[str, Any]) -> StatusReport | None:
    """By the id of the batch, which is what a send is answered with."""
    batch_id, state = id_text(record.get("batchId")), state_of(record)
    if record.get("direction") != "Outbound" or batch_id is None or state is None:
        return None
    segments, cost = record.get("segmentCount"), record.get("cost")
    return StatusReport(
        provider_message_id=batch_id,
        state=state,
        error_code=text_or_none(record.get("errorCode")) if state is DeliveryState.FAILED else None,
        segment_count=segments if isinstance(segments, int) and not isinstance(segments, bool) else None,
        at=moment_of(record.get("lastModifiedTime")),
        cost_micros=_micros(cost),
    )


def _micros(dollars: object) -> int | None:
    if isinstance(dollars, bool) or not isinstance(dollars, int | float) or not 0 <= dollars < MOST_DOLLARS:
        return None
    return round(dollars * 1_000_000)


def state_of(record: dict[str, Any]) -> DeliveryState | None:
    return STATES.get(clean_text(record.get("messageStatus")))


# --- Consents ---------------------------------------------------------------------------------------------------------


def consent_records(fields: dict[str, Any]) -> tuple[ConsentRecord, ...]:
    return tuple(record for one in records_of(fields) if (record := _consent_record(one)))


def _consent_record(record: dict[str, Any]) -> ConsentRecord | None:
    recipient, status = text_or_none(record.get("to")), record.get("optStatus")
    if recipient is None or status not in {"OptOut", "OptIn"}:
        return None
    sender = text_or_none(record.get("from"))
    return ConsentRecord(
        sender=None if sender == "*" else sender,
        recipient=recipient,
        opted_out=status == "OptOut",
        source=text_or_none(record.get("source")),
        coverage=text_or_none(record.get("coverage")),
        at=moment_of(record.get("lastModifiedTime")),
    )

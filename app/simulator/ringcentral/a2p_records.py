"""High Volume texts and batches as RingCentral writes them down. The parties are plain numbers, the text is in `text`,
the id is an integer in a list and text everywhere else, and an inbound text counts as delivered.
"""

from typing import Any

from app.simulator.ringcentral.message_records import count_segments
from app.simulator.ringcentral.platform import Platform, timestamp
from app.simulator.ringcentral.state import Batch, Message
from app.simulator.ringcentral.status import Status, status_of

PRICE = 0.007
"""US dollars a segment."""
FAILED = {"SendingFailed", "DeliveryFailed"}


def describe_message(
    platform: Platform, message: Message, *, in_list: bool = False, text: bool = True
) -> dict[str, Any]:
    status = status_of_text(platform, message)
    record: dict[str, Any] = {
        "id": message.id if in_list else str(message.id),
        "from": message.from_,
        "to": message.to,
        "creationTime": timestamp(message.created_at),
        "lastModifiedTime": timestamp(status.since),
        "messageStatus": status.word,
        "segmentCount": count_segments(message.text),
        "cost": cost_of(status, message),
        "direction": message.direction,
    }
    record |= {"text": message.text} if text else {}
    record |= {"batchId": message.batch_id} if message.batch_id is not None else {}
    record |= {"errorCode": status.error_code} if status.error_code is not None else {}
    return record


def describe_batch(platform: Platform, batch: Batch, *, first: bool = False) -> dict[str, Any]:
    """What was rejected is told only in the *first* answer."""
    messages = [platform.state.a2p_messages[message_id] for message_id in batch.message_ids]
    statuses = [status_of_text(platform, message) for message in messages]
    processed = sum(status.word != "Queued" for status in statuses)
    done = not first and processed == len(messages)
    record: dict[str, Any] = {
        "id": batch.id,
        "from": batch.from_,
        "batchSize": len(messages),
        "processedCount": processed,
        "status": "Completed" if done else "Processing",
        "creationTime": timestamp(batch.created_at),
        "lastModifiedTime": timestamp(max((status.since for status in statuses), default=batch.created_at)),
        "rejected": batch.rejected if first else [],
    }
    if done:
        record["cost"] = round(sum(cost_of(*pair) for pair in zip(statuses, messages, strict=True)), 6)
    return record


def status_of_text(platform: Platform, message: Message) -> Status:
    if message.direction == "Inbound":
        return Status("Delivered", message.created_at)
    return status_of(platform, message)


def cost_of(status: Status, message: Message) -> float:
    return 0.0 if status.word in FAILED else round(PRICE * count_segments(message.text), 6)

"""Sending one text, and asking the message store what became of it.

Source: "Sending SMS", "Message store" and "Message sync" of the RingCentral developer guide. More than one recipient in
a call would make a group in which customers see each other's numbers, so there is always exactly one. A 200 means
queued. The limit of a text is 1000 UTF-16 units. Message sync has no pages and repeats the last five seconds.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.sms.contract import (
    Accepted,
    Access,
    Changes,
    DeliveryState,
    Finding,
    InboundText,
    MessageRefused,
    Number,
    NumberFacts,
    SmsError,
    StatusReport,
)
from app.sms.providers.ringcentral.client import (
    ME,
    Client,
    as_iso,
    clean_text,
    fields_of,
    id_text,
    records_of,
    unreadable,
)
from app.sms.providers.ringcentral.errors import Answer, Call, outcome_unknown, rate_report
from app.sms.providers.ringcentral.inbound import inbound_text, state_of, status_report
from app.sms.providers.ringcentral.numbers import has_next_page, inspect_number

LONGEST_TEXT = 1000
PER_PAGE = 100
MOST_PAGES = 50
IDS_PER_CALL = 30
"""The guide's limit of resources in one bulk request."""
SYNC_RECORDS = 250
CLOCK_DIFFERENCE = timedelta(seconds=5)
MULTIPLE = "application/vnd.ringcentral.multipart+json"


# --- Sending ----------------------------------------------------------------------------------------------------------


async def send(client: Client, access: Access, *, sender: str, recipient: str, text: str) -> Accepted:
    check_length(text)
    body = {"from": {"phoneNumber": sender}, "to": [{"phoneNumber": recipient}], "text": text}
    answer = await client.call(access, "POST", f"{ME}/sms", call=Call.SEND, json=body)
    accepted = _accepted(answer.body, answer)
    if accepted is None:
        raise outcome_unknown("UNREADABLE-ANSWER")
    return accepted


def check_length(text: str) -> None:
    if not text.strip():
        raise MessageRefused("The text is empty; check the template.", code="TEXT-EMPTY")
    if len(text.encode("utf-16-be", "surrogatepass")) // 2 > LONGEST_TEXT:
        raise MessageRefused(
            "The text is longer than RingCentral's 1,000 characters; shorten the template.", code="TEXT-TOO-LONG"
        )


def _accepted(record: Any, answer: Answer | None = None) -> Accepted | None:
    if not isinstance(record, dict) or (message_id := id_text(record.get("id"))) is None:
        return None
    rate = rate_report(answer) if answer else None
    return Accepted(message_id, state_of(record) or DeliveryState.QUEUED, rate)


async def find_sent(
    client: Client,
    access: Access,
    *,
    sender: str,
    recipient: str,
    text: str,
    since: datetime,
    besides: Collection[str] = (),
) -> Accepted | None:
    """The newest outbound message with the same two numbers and the same text."""
    query = {
        "messageType": "SMS",
        "direction": "Outbound",
        "phoneNumber": recipient,
        "dateFrom": as_iso(since - CLOCK_DIFFERENCE),
    }
    for record in await _list(client, access, query):
        if _same_message(record, sender, recipient, text) and id_text(record.get("id")) not in besides:
            return _accepted(record)
    return None


def _same_message(record: dict[str, Any], sender: str, recipient: str, text: str) -> bool:
    origin, parties = record.get("from"), record.get("to")
    return (
        isinstance(origin, dict)
        and origin.get("phoneNumber") == sender
        and isinstance(parties, list)
        and [party.get("phoneNumber") for party in parties if isinstance(party, dict)] == [recipient]
        and plain(clean_text(record.get("subject"))) == plain(text)
    )


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


async def _list(client: Client, access: Access, query: dict[str, str]) -> list[dict[str, Any]]:
    """All pages of the message store, newest first as RingCentral gives them."""
    records = []
    for page in range(1, MOST_PAGES + 1):
        answer = await client.get(access, f"{ME}/message-store", {**query, "page": page, "perPage": PER_PAGE})
        fields = fields_of(answer)
        records += records_of(fields)
        if not has_next_page(fields, page):
            break
    return records


# --- Reading ----------------------------------------------------------------------------------------------------------


async def read_statuses(
    client: Client, access: Access, ids: Sequence[str], *, sent_between: tuple[datetime, datetime] | None
) -> list[StatusReport]:
    """The message store is read by id, whenever they were sent."""
    records = []
    for start in range(0, len(ids), IDS_PER_CALL):
        records += await _read(client, access, ids[start : start + IDS_PER_CALL])
    return [report for record in records if (report := status_report(record))]


async def _read(client: Client, access: Access, ids: Sequence[str]) -> list[dict[str, Any]]:
    path = f"{ME}/message-store/" + ",".join(quote(one, safe="") for one in ids)
    try:
        answer = await client.call(access, "GET", path, accept=MULTIPLE if len(ids) > 1 else "application/json")
    except SmsError as error:
        if error.code not in {"CMN-102", "HTTP-404"}:
            raise
        return []
    if isinstance(answer.body, dict):
        return [answer.body]
    if not isinstance(answer.body, list):
        raise unreadable()
    return [
        entry["body"]
        for entry in answer.body
        if isinstance(entry, dict) and entry.get("status") == 200 and isinstance(entry.get("body"), dict)
    ]


async def list_inbound(
    client: Client, access: Access, *, since: datetime, numbers: Collection[str]
) -> list[InboundText]:
    """Of all numbers of the user."""
    query = {"messageType": "SMS", "direction": "Inbound", "dateFrom": as_iso(since)}
    records = await _list(client, access, query)
    texts = [text for record in records if (text := inbound_text(record, received_at=since))]
    return sorted(texts, key=lambda text: text.received_at)


async def list_changes(
    client: Client, access: Access, *, sync_token: str | None, since: datetime, numbers: Collection[str]
) -> Changes:
    """Of all numbers of the user."""
    if sync_token is not None:
        try:
            return await _sync(client, access, {"syncType": "ISync", "syncToken": sync_token}, since)
        except SmsError as error:
            if error.code != "MSG-333":
                raise
    query = {"syncType": "FSync", "messageType": "SMS", "dateFrom": as_iso(since), "recordCount": str(SYNC_RECORDS)}
    return await _sync(client, access, query, since)


async def _sync(client: Client, access: Access, query: dict[str, str], since: datetime) -> Changes:
    fields = fields_of(await client.get(access, f"{ME}/message-sync", query))
    info = fields.get("syncInfo")
    if not isinstance(info, dict) or not isinstance(info.get("syncToken"), str):
        raise unreadable()
    # Deleted messages come with their id alone: without a direction they are nobody's text.
    records = [record for record in records_of(fields) if record.get("direction") in {"Inbound", "Outbound"}]
    inbound = [text for record in records if (text := inbound_text(record, received_at=since))]
    reports = [status_report(record) for record in records if record["direction"] == "Outbound"]
    return Changes(
        inbound=tuple(sorted(inbound, key=lambda text: text.received_at)),
        statuses=tuple(report for report in reports if report),
        sync_token=info["syncToken"],
        older_exist=info.get("olderRecordsExist") is True,
    )


# --- The number -------------------------------------------------------------------------------------------------------


async def inspect_line(client: Client, access: Access, number: Number) -> tuple[NumberFacts, list[Finding]]:
    """A standard number has nothing beside its registration."""
    return await inspect_number(client, access, number)

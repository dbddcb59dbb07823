"""High Volume SMS: sending one text over its own numbers, and asking its own store what became of it.

Source: "High Volume SMS" of the RingCentral developer guide and the a2p-sms operations of its OpenAPI description. A
send is a *batch*, and its answer names the batch but not the message in it. So each batch holds one message to one
recipient, and the batch's id is the text's id everywhere (docs/decisions/0010). The answer may already list that
message as rejected. The store belongs to the account, is apart from the message store and has no tokens: it is read
by time. Only phones in the United States and Canada can be reached, and only with text.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.core.phone import country_of
from app.sms.contract import (
    Accepted,
    Access,
    Changes,
    DeliveryState,
    Finding,
    InboundText,
    Level,
    Number,
    NumberFacts,
    RecipientRefused,
    SmsError,
    StatusReport,
    Throttled,
    TokenRejected,
)
from app.sms.providers.ringcentral.client import Client, as_iso, clean_text, fields_of, id_text, moment_of, records_of
from app.sms.providers.ringcentral.errors import Answer, Call, error_from_rejection, outcome_unknown, rate_report
from app.sms.providers.ringcentral.inbound import high_volume_status, high_volume_text, state_of
from app.sms.providers.ringcentral.messages import CLOCK_DIFFERENCE, check_length, plain
from app.sms.providers.ringcentral.numbers import inspect_number

A2P = "/restapi/v1.0/account/~/a2p-sms"
PER_PAGE = 1000
MOST_PAGES = 50
NUMBERS_PER_CALL = 15
"""The limit of phone numbers in one filter."""
LONGEST_STRETCH = timedelta(hours=1)
"""Longer ones are not listed to find a few texts: these are then asked for one by one."""
REACHED = frozenset({"US", "CA"})
MANY_FAILED = 0.1


# --- Sending ----------------------------------------------------------------------------------------------------------


async def send(client: Client, access: Access, *, sender: str, recipient: str, text: str) -> Accepted:
    check_length(text)
    _check_country(recipient)
    body = {"from": sender, "messages": [{"to": [recipient], "text": text}]}
    answer = await client.call(access, "POST", f"{A2P}/batches", call=Call.SEND, json=body)
    if (refusal := _rejection(answer.body)) is not None:
        raise refusal
    batch_id = id_text(answer.body.get("id")) if isinstance(answer.body, dict) else None
    if batch_id is None:
        raise outcome_unknown("UNREADABLE-ANSWER")
    return Accepted(batch_id, DeliveryState.QUEUED, rate_report(answer))


def _check_country(recipient: str) -> None:
    if country_of(recipient) not in REACHED:
        raise RecipientRefused(
            "High Volume numbers reach phones in the United States and Canada only; choose a number with standard SMS.",
            code="A2P-COUNTRY",
        )


def _rejection(body: Any) -> SmsError | None:
    """Why the one message of the batch was not taken, None when it was."""
    rejected = records_of({"records": body.get("rejected")}) if isinstance(body, dict) else []
    return error_from_rejection(Answer(400, {}, rejected[0]).code) if rejected else None


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
    """The newest text with the same two numbers and the same words that was alone in its batch."""
    query = {"direction": "Outbound", "phoneNumber": [recipient], "view": "Detailed"}
    for record in await _list(client, access, query, since=since - CLOCK_DIFFERENCE):
        batch_id = id_text(record.get("batchId"))
        same = record.get("from") == sender and record.get("to") == [recipient]
        if same and plain(clean_text(record.get("text"))) == plain(text) and batch_id not in (None, *besides):
            return Accepted(batch_id or "", state_of(record) or DeliveryState.QUEUED)
    return None


# --- Reading ----------------------------------------------------------------------------------------------------------


async def read_statuses(
    client: Client, access: Access, ids: Sequence[str], *, sent_between: tuple[datetime, datetime] | None
) -> list[StatusReport]:
    """One listing of the stretch in which they were sent, or else a call for each batch."""
    if sent_between is not None and len(ids) > 1 and sent_between[1] - sent_between[0] <= LONGEST_STRETCH:
        first, last = sent_between[0] - CLOCK_DIFFERENCE, sent_between[1] + timedelta(minutes=1)
        records = await _list(client, access, {"direction": "Outbound"}, since=first, until=last)
    else:
        records = [record for one in ids for record in await _list_batch(client, access, one, sent_between)]
    reports = [report for record in records if (report := high_volume_status(record))]
    return [report for report in reports if report.provider_message_id in ids]


async def _list_batch(
    client: Client, access: Access, batch_id: str, sent_between: tuple[datetime, datetime] | None
) -> list[dict[str, Any]]:
    since = sent_between[0] - CLOCK_DIFFERENCE if sent_between is not None else None
    return await _list(client, access, {"batchId": batch_id, "direction": "Outbound"}, since=since)


async def list_inbound(
    client: Client, access: Access, *, since: datetime, numbers: Collection[str]
) -> list[InboundText]:
    changes = await _changes_since(client, access, since=since, numbers=numbers, direction="Inbound")
    return list(changes.inbound)


async def list_changes(
    client: Client, access: Access, *, sync_token: str | None, since: datetime, numbers: Collection[str]
) -> Changes:
    """The token only says from when to go on: what changes later about a message is told by its event, or read by its
    id."""
    return await _changes_since(client, access, since=_start_of(sync_token) or since, numbers=numbers)


async def _changes_since(
    client: Client, access: Access, *, since: datetime, numbers: Collection[str], direction: str | None = None
) -> Changes:
    ours = sorted(numbers)
    batches = [ours[start : start + NUMBERS_PER_CALL] for start in range(0, len(ours), NUMBERS_PER_CALL)] or [[]]
    records: list[dict[str, Any]] = []
    for some in batches:
        query = {"view": "Detailed"} | ({"phoneNumber": some} if some else {})
        query |= {"direction": direction} if direction is not None else {}
        records += await _list(client, access, query, since=since)
    inbound = [text for record in records if (text := high_volume_text(record, received_at=since))]
    reports = [report for record in records if (report := high_volume_status(record))]
    moments = [at for record in records if (at := moment_of(record.get("creationTime")))]
    return Changes(
        inbound=tuple(sorted(inbound, key=lambda text: text.received_at)),
        statuses=tuple(reports),
        sync_token=as_iso(max(moments, default=since)),
    )


def _start_of(sync_token: str | None) -> datetime | None:
    """From when a token goes on, with some overlap; None for none, or for one that cannot be read."""
    moment = moment_of(sync_token)
    return moment - CLOCK_DIFFERENCE if moment is not None else None


async def _list(
    client: Client,
    access: Access,
    query: dict[str, Any],
    *,
    since: datetime | None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """All pages, newest first. Without *since* RingCentral looks back a day."""
    params = {**query, "perPage": PER_PAGE}
    params |= {"dateFrom": as_iso(since)} if since is not None else {}
    params |= {"dateTo": as_iso(until)} if until is not None else {}
    records: list[dict[str, Any]] = []
    for _ in range(MOST_PAGES):
        fields = fields_of(await client.get(access, f"{A2P}/messages", params))
        records += records_of(fields)
        paging = fields.get("paging")
        following = paging.get("nextPageToken") if isinstance(paging, dict) else None
        if not isinstance(following, str) or not following:
            break
        params["pageToken"] = following
    return sorted(records, key=lambda record: clean_text(record.get("creationTime")), reverse=True)


# --- The number -------------------------------------------------------------------------------------------------------


async def inspect_line(client: Client, access: Access, number: Number) -> tuple[NumberFacts, list[Finding]]:
    """As of any number, and whether High Volume SMS answers this login at all, with how the last day went."""
    facts, findings = await inspect_number(client, access, number)
    try:
        counts = fields_of(await client.get(access, f"{A2P}/statuses", {"phoneNumber": [number.phone_number]}))
    except (Throttled, TokenRejected):
        raise
    except SmsError as error:
        refused = error.code.startswith(("CMN-401", "CMN-408", "HTTP-403"))
        return facts, [*findings, _unanswered(error.code, refused=refused)]
    return facts, [*findings, _reach(), *_delivery_findings(counts)]


def _unanswered(code: str, *, refused: bool) -> Finding:
    if refused:
        sentence = (
            f"RingCentral does not let this login use High Volume SMS (code {code}); have the permission A2PSMS added "
            "to the RingCentral app registration, then connect again."
        )
        return Finding("high_volume.access", Level.PROBLEM, sentence)
    sentence = f"High Volume SMS could not be checked (code {code}); texts may still work."
    return Finding("unchecked.high_volume", Level.WARNING, sentence)


def _reach() -> Finding:
    sentence = "This number sends by High Volume SMS: to phones in the United States and Canada, without pictures."
    return Finding("high_volume.access", Level.OK, sentence)


def _delivery_findings(counts: dict[str, Any]) -> list[Finding]:
    failed = sum(_count(counts, name) for name in ("sendingFailed", "deliveryFailed"))
    sent = failed + sum(_count(counts, name) for name in ("queued", "sent", "delivered"))
    if failed <= MANY_FAILED * sent:
        return []
    sentence = f"{failed} of the {sent} texts of the last day could not be delivered; the list of texts says why."
    return [Finding("high_volume.delivery", Level.WARNING, sentence)]


def _count(counts: dict[str, Any], name: str) -> int:
    entry = counts.get(name)
    count = entry.get("count") if isinstance(entry, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0

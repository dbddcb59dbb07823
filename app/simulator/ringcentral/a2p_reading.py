"""High Volume SMS, reading: the account's batches and messages, counts by status, and the old list of opt-outs.

Source: RingCentral OpenAPI description, listA2PBatches, readA2PBatch, listA2PSMS, readA2PSMS, aggregateA2PSMSStatuses
and readA2PSMSOptOuts. Lists go by page tokens and reach back a day unless told otherwise; a list of messages holds
their texts only in the detailed view.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.a2p_records import FAILED, cost_of, describe_batch, describe_message, status_of_text
from app.simulator.ringcentral.consents import page_token, read_page_token
from app.simulator.ringcentral.errors import fault, invalid
from app.simulator.ringcentral.message_store import DIRECTIONS, read_time, read_words
from app.simulator.ringcentral.paging import read_count
from app.simulator.ringcentral.platform import Call, Platform
from app.simulator.ringcentral.sms import E164
from app.simulator.ringcentral.state import Message

MOST_PHONES = 15
BATCH_STATUSES = {"Queued", "Processing", "Sent", "Completed"}
OPT_STATUSES = {"optout": {"OptOut"}, "optin": {"OptIn"}, "all": {"OptOut", "OptIn"}}
COUNTS = {
    "Queued": "queued",
    "Sent": "sent",
    "Delivered": "delivered",
    "SendingFailed": "sendingFailed",
    "DeliveryFailed": "deliveryFailed",
}
T = TypeVar("T")


async def list_batches(platform: Platform, call: Call) -> Response:
    request = call.request
    since, until = read_stretch(platform, request)
    statuses, sender = read_words(request, "status", BATCH_STATUSES), request.query_params.get("from")
    found = [
        batch
        for batch in platform.state.batches.values()
        if batch.account_id == call.user.account_id
        and since <= batch.created_at <= until
        and sender in (None, batch.from_)
    ]
    records = [describe_batch(platform, batch) for batch in reversed(found)]
    shown = [record for record in records if not statuses or record["status"] in statuses]
    return page_of(request, shown)


async def show_batch(platform: Platform, call: Call) -> Response:
    batch_id = call.request.path_params["batch_id"]
    batch = platform.state.batches.get(batch_id)
    if batch is None or batch.account_id != call.user.account_id:
        raise fault("CMN-102", f"Resource for parameter [batchId] is not found [{batch_id}]")
    return JSONResponse(describe_batch(platform, batch))


async def list_messages(platform: Platform, call: Call) -> Response:
    request = call.request
    view = request.query_params.get("view", "Simple")
    if view not in {"Simple", "Detailed"}:
        raise invalid("view")
    found = sorted(find_messages(platform, call), key=lambda message: message.id, reverse=True)
    detailed = view == "Detailed"
    return page_of(request, [describe_message(platform, one, in_list=True, text=detailed) for one in found])


async def show_message(platform: Platform, call: Call) -> Response:
    message_id = call.request.path_params["message_id"]
    known = platform.state.a2p_messages
    message = known.get(int(message_id)) if message_id.isascii() and message_id.isdigit() else None
    if message is None or message.account_id != call.user.account_id:
        raise fault("CMN-102", f"Resource for parameter [messageId] is not found [{message_id}]")
    return JSONResponse(describe_message(platform, message))


async def count_statuses(platform: Platform, call: Call) -> Response:
    by_status: dict[str, list[Message]] = defaultdict(list)
    for message in find_messages(platform, call):
        by_status[COUNTS[status_of_text(platform, message).word]].append(message)
    return JSONResponse({name: counts_of(platform, by_status[name]) for name in COUNTS.values()})


def counts_of(platform: Platform, messages: list[Message]) -> dict[str, Any]:
    codes: dict[str, int] = defaultdict(int)
    cost = 0.0
    for message in messages:
        status = status_of_text(platform, message)
        cost += cost_of(status, message)
        if status.word in FAILED:
            codes[status.error_code or ""] += 1
    return {"count": len(messages), "cost": round(cost, 6)} | ({"errorCodeCounts": dict(codes)} if codes else {})


async def list_opt_outs(platform: Platform, call: Call) -> Response:
    query = call.request.query_params
    status = query.get("status", "optout")
    if status not in OPT_STATUSES:
        raise invalid("status")
    records = [
        {"from": consent.from_, "to": consent.to, "status": consent.opt_status, "source": source_of(consent.source)}
        for consent in platform.state.consents.values()
        if consent.account_id == call.user.account_id
        and consent.opt_status in OPT_STATUSES[status]
        and query.get("from", "*") in ("*", consent.from_)
        and query.get("to") in (None, consent.to)
    ]
    return page_of(call.request, records)


def source_of(source: str) -> str:
    """The newer list says "Api" where this one says "Account"."""
    return "Account" if source == "Api" else source


def find_messages(platform: Platform, call: Call) -> list[Message]:
    request = call.request
    since, until = read_stretch(platform, request)
    directions, batch_id = read_words(request, "direction", DIRECTIONS), request.query_params.get("batchId")
    phones = read_phones(request)
    return [
        message
        for message in platform.state.a2p_messages.values()
        if message.account_id == call.user.account_id
        and since <= message.created_at <= until
        and (not directions or message.direction in directions)
        and batch_id in (None, message.batch_id)
        and (not phones or phones & {message.from_, *message.to})
    ]


def read_phones(request: Request) -> set[str]:
    phones = request.query_params.getlist("phoneNumber")
    if len(phones) > MOST_PHONES or not all(E164.fullmatch(phone) for phone in phones):
        raise invalid("phoneNumber")
    return set(phones)


def read_stretch(platform: Platform, request: Request) -> tuple[datetime, datetime]:
    until = read_time(request, "dateTo") or platform.clock()
    return read_time(request, "dateFrom") or until - timedelta(hours=24), until


def page_of(request: Request, records: list[T]) -> Response:
    per_page = read_count(request, "perPage", 1000, 1000)
    start = read_page_token(request.query_params.get("pageToken"))
    paging: dict[str, Any] = {
        "perPage": per_page,
        "pageToken": page_token(start),
        "firstPageToken": page_token(0),
    }
    if start + per_page < len(records):
        paging["nextPageToken"] = page_token(start + per_page)
    return JSONResponse({"records": records[start : start + per_page], "paging": paging})

"""Reading messages: the list, single messages and several at once, and the synchronisation by tokens.

Source: RingCentral developer guide, "Message store" and "Message sync". The list reaches back 24 hours unless told
otherwise; a synchronisation repeats what changed in the five seconds before its token, and a token that is not usable
any more is answered with MSG-333.
"""

import base64
import re
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.errors import Fault, fault, invalid
from app.simulator.ringcentral.message_records import describe_message
from app.simulator.ringcentral.paging import page_of, read_count, read_paging
from app.simulator.ringcentral.platform import Call, Platform, timestamp
from app.simulator.ringcentral.sms import E164
from app.simulator.ringcentral.state import Message
from app.simulator.ringcentral.status import status_of

OVERLAP = timedelta(seconds=5)
MULTIPART_JSON = "application/vnd.ringcentral.multipart+json"
TYPES = {"SMS", "Fax", "VoiceMail", "Pager"}
DIRECTIONS = {"Inbound", "Outbound"}
IDS_AT_ONCE = 50
MESSAGE_ID = re.compile(r"[0-9]{1,19}")


class SyncToken(msgspec.Struct):
    owner_id: str
    generation: int
    at: datetime
    types: list[str]
    directions: list[str]


async def list_messages(platform: Platform, call: Call) -> Response:
    request = call.request
    page, per_page = read_paging(request, most=1000)
    types, directions = read_words(request, "messageType", TYPES), read_words(request, "direction", DIRECTIONS)
    since = read_time(request, "dateFrom") or platform.clock() - timedelta(hours=24)
    until = read_time(request, "dateTo")
    phone, conversation = read_phone(request), request.query_params.get("conversationId")
    found = [
        message
        for message in own_messages(platform, call, types, directions)
        if since <= message.created_at
        and (until is None or message.created_at <= until)
        and (phone is None or phone in (message.from_, *message.to))
        and conversation in (None, str(message.conversation_id))
    ]
    found.sort(key=lambda message: (message.created_at, message.id), reverse=True)
    uri = f"{platform.extension_uri(call.user)}/message-store"
    body = page_of(found, page, per_page, uri, totals=False)
    body["records"] = [describe_message(platform, message) for message in body["records"]]
    return JSONResponse(body)


async def read_messages(platform: Platform, call: Call) -> Response:
    """One message, or the statuses of several in a 207."""
    ids = call.request.path_params["message_ids"].split(",")
    if not all(MESSAGE_ID.fullmatch(one) for one in ids) or len(ids) > IDS_AT_ONCE:
        raise invalid("messageId")
    if len(ids) == 1:
        return JSONResponse(read_message(platform, call, ids[0]))
    parts = [read_part(platform, call, one) for one in ids]
    if MULTIPART_JSON in call.request.headers.get("accept", ""):
        return Response(msgspec.json.encode(parts), 207, media_type=MULTIPART_JSON)
    return multipart(parts)


def read_message(platform: Platform, call: Call, message_id: str) -> dict[str, Any]:
    message = platform.state.messages.get(int(message_id))
    if message is None or message.owner_id != call.user.owner_id:
        raise fault("CMN-102", f"Resource for parameter [messageId] is not found [{message_id}]")
    return describe_message(platform, message)


def read_part(platform: Platform, call: Call, message_id: str) -> dict[str, Any]:
    try:
        return {"resourceId": message_id, "status": 200, "body": read_message(platform, call, message_id)}
    except Fault as refusal:
        body = msgspec.json.decode(bytes(refusal.response().body))
        return {"resourceId": message_id, "status": refusal.status, "body": body}


def multipart(parts: list[dict[str, Any]]) -> Response:
    """The default shape: first the statuses, then a part for each message."""
    boundary = "Boundary_simulated"
    overview = {"response": [{"href": part["resourceId"], "status": part["status"]} for part in parts]}
    bodies = [overview, *(part["body"] for part in parts)]
    chunks = [
        f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + msgspec.json.encode(b) for b in bodies
    ]
    content = b"\r\n".join([*chunks, f"--{boundary}--\r\n".encode()])
    return Response(content, 207, headers={"Content-Type": f"multipart/mixed; boundary={boundary}"})


async def sync_messages(platform: Platform, call: Call) -> Response:
    request, now = call.request, platform.clock()
    match request.query_params.get("syncType"):
        case "FSync":
            if "syncToken" in request.query_params:
                raise invalid("syncToken")
            since = read_time(request, "dateFrom") or now - timedelta(hours=24)
            token = SyncToken(
                owner_id=call.user.owner_id,
                generation=platform.sync_generation,
                at=since,
                types=read_words(request, "messageType", TYPES),
                directions=read_words(request, "direction", DIRECTIONS),
            )
            most: int | None = read_count(request, "recordCount", 250, 250)
        case "ISync":
            token = read_sync_token(platform, call)
            since, most = token.at - OVERLAP, None
        case _:
            raise invalid("syncType")
    return JSONResponse(synchronise(platform, call, token, since=since, most=most))


def synchronise(
    platform: Platform, call: Call, token: SyncToken, *, since: datetime, most: int | None
) -> dict[str, Any]:
    full = most is not None
    candidates = own_messages(platform, call, token.types, token.directions)
    changed_at = {m.id: m.created_at if full else status_of(platform, m).since for m in candidates}
    found = [message for message in candidates if changed_at[message.id] >= since]
    found.sort(key=lambda message: message.id, reverse=True)
    sync_info = {
        "syncType": "FSync" if full else "ISync",
        "syncToken": write_sync_token(msgspec.structs.replace(token, at=platform.clock())),
        "syncTime": timestamp(platform.clock()),
    }
    info: dict[str, Any] = sync_info | ({"olderRecordsExist": True} if most is not None and len(found) > most else {})
    query = call.request.url.query
    return {
        "uri": f"{platform.extension_uri(call.user)}/message-sync?{query}",
        "records": [describe_message(platform, message) for message in found[:most]],
        "syncInfo": info,
    }


def write_sync_token(token: SyncToken) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode()


def read_sync_token(platform: Platform, call: Call) -> SyncToken:
    try:
        raw = base64.urlsafe_b64decode(call.request.query_params.get("syncToken", ""))
        token = msgspec.json.decode(raw, type=SyncToken)
    except ValueError as error:
        raise fault("MSG-333") from error
    if token.owner_id != call.user.owner_id or token.generation != platform.sync_generation:
        raise fault("MSG-333")
    return token


def own_messages(platform: Platform, call: Call, types: list[str], directions: list[str]) -> list[Message]:
    if types and "SMS" not in types:
        return []
    messages = (m for m in platform.state.messages.values() if m.owner_id == call.user.owner_id)
    return [m for m in messages if not directions or m.direction in directions]


def read_words(request: Request, name: str, known: set[str]) -> list[str]:
    words = request.query_params.getlist(name)
    if not set(words) <= known:
        raise invalid(name)
    return words


def read_time(request: Request, name: str) -> datetime | None:
    value = request.query_params.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise invalid(name) from error
    if moment.tzinfo is None:
        raise invalid(name)
    return moment


def read_phone(request: Request) -> str | None:
    """A `+` that was not percent-encoded arrives as a space, and is refused."""
    phone = request.query_params.get("phoneNumber")
    if phone is not None and not E164.fullmatch(phone):
        raise invalid("phoneNumber")
    return phone

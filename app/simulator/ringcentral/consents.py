"""The consents API: which pairs of our number and a customer's are blocked or allowed, read and written by the account.

Source: RingCentral OpenAPI 2026, searchSmsConsentRecords and editSmsConsentRecords: at most 20 numbers in a search and
1000 records in an edit; a record that cannot be written is reported in `failedRecords` of a 200.
"""

import base64
from typing import Any

from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.errors import invalid
from app.simulator.ringcentral.handsets import record_consent
from app.simulator.ringcentral.platform import Call, Platform, timestamp
from app.simulator.ringcentral.sms import E164
from app.simulator.ringcentral.state import Consent, Number

STATUSES = ("OptOut", "OptIn")
COVERAGES = ("PhoneNumber", "Account", "CampaignType")
SEARCHED_NUMBERS = 20
EDITED_RECORDS = 1000


async def search_consents(platform: Platform, call: Call) -> Response:
    query = call.json()
    ours, theirs = read_numbers(query, "from"), read_numbers(query, "to")
    if query.get("optStatus") not in (None, *STATUSES):
        raise invalid("optStatus")
    coverages = query.get("coverage", list(COVERAGES))
    if not isinstance(coverages, list) or not all(coverage in COVERAGES for coverage in coverages):
        raise invalid("coverage")
    per_page = query.get("perPage", 100)
    if not isinstance(per_page, int) or not 1 <= per_page <= 1000:
        raise invalid("perPage")
    found = [
        consent
        for consent in platform.state.consents.values()
        if consent.account_id == call.user.account_id
        and (ours is None or consent.from_ in ours)
        and (theirs is None or consent.to in theirs)
        and query.get("optStatus") in (None, consent.opt_status)
        and consent.coverage in coverages
    ]
    start = read_page_token(query.get("pageToken"))
    paging: dict[str, Any] = {
        "perPage": per_page,
        "pageToken": page_token(start),
        "firstPageToken": page_token(0),
    }
    if start + per_page < len(found):
        paging["nextPageToken"] = page_token(start + per_page)
    records = [describe_consent(consent) for consent in found[start : start + per_page]]
    return JSONResponse({"records": records, "paging": paging})


async def edit_consents(platform: Platform, call: Call) -> Response:
    records = call.json().get("records")
    if not isinstance(records, list) or not 1 <= len(records) <= EDITED_RECORDS:
        raise invalid("records")
    failed = [failure for record in records if (failure := edit(platform, call, record)) is not None]
    return JSONResponse({"failedRecords": failed} if failed else {})


def edit(platform: Platform, call: Call, record: object) -> dict[str, Any] | None:
    """Writes one record. Answers it with the reason when it belongs to somebody else."""
    if not isinstance(record, dict):
        raise invalid("records")
    theirs, opt_status, coverage = record.get("to"), record.get("optStatus"), record.get("coverage", "PhoneNumber")
    if not isinstance(theirs, str) or not E164.fullmatch(theirs):
        raise invalid("records.to")
    if opt_status not in STATUSES:
        raise invalid("records.optStatus")
    if coverage not in COVERAGES:
        raise invalid("records.coverage")
    if record.get("source", "Api") != "Api":
        raise invalid("records.source")
    number = find_own_number(platform, call, record.get("from"))
    if number is None:
        error = {"errorCode": "CMN-102", "message": "Resource for parameter [from] is not found"}
        return {**record, "error": error}
    record_consent(platform, number, theirs, opt_status, source="Api", coverage=coverage)
    return None


def find_own_number(platform: Platform, call: Call, phone: object) -> Number | None:
    if not isinstance(phone, str) or not E164.fullmatch(phone):
        raise invalid("records.from")
    number = platform.state.numbers.get(phone)
    return number if number is not None and number.account_id == call.user.account_id else None


def describe_consent(consent: Consent) -> dict[str, Any]:
    return {
        "from": consent.from_,
        "to": consent.to,
        "optStatus": consent.opt_status,
        "coverage": consent.coverage,
        "source": consent.source,
        "lastModifiedTime": timestamp(consent.modified_at),
    }


def read_numbers(query: dict[str, Any], name: str) -> list[str] | None:
    numbers = query.get(name)
    if numbers is None:
        return None
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= SEARCHED_NUMBERS:
        raise invalid(name)
    if not all(isinstance(number, str) and E164.fullmatch(number) for number in numbers):
        raise invalid(name)
    return numbers


def page_token(start: int) -> str:
    return base64.urlsafe_b64encode(f"F:{start}".encode()).decode().rstrip("=")


def read_page_token(value: object) -> int:
    if value is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(f"{value}==").decode()
        return int(text.removeprefix("F:"))
    except ValueError as error:
        raise invalid("pageToken") from error

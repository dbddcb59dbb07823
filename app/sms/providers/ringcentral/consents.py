"""RingCentral's own list of who has opted out of which number.

Source: "SMS consent management" of the RingCentral developer guide and the consents operations of its OpenAPI
description (account level, scope SMS). The update answers 200 and names the records it did not take.
"""

from typing import Any

from app.sms.contract import Access, ConsentRecord, VendorFault
from app.sms.providers.ringcentral.client import Client, fields_of
from app.sms.providers.ringcentral.errors import Answer
from app.sms.providers.ringcentral.inbound import consent_records

CONSENTS = "/restapi/v2/accounts/~/sms/consents"
PER_PAGE = 1000
MOST_PAGES = 100


async def record(client: Client, access: Access, *, sender: str, recipient: str, opted_out: bool) -> None:
    entry = {
        "from": sender,
        "to": recipient,
        "optStatus": "OptOut" if opted_out else "OptIn",
        "coverage": "PhoneNumber",
        "source": "Api",
    }
    answer = await client.call(access, "PATCH", CONSENTS, json={"records": [entry]})
    failed = answer.body.get("failedRecords") if isinstance(answer.body, dict) else None
    if failed:
        raise VendorFault("RingCentral did not take the change into its consent list.", code=_failure_code(failed))


def _failure_code(failed: object) -> str:
    first = failed[0] if isinstance(failed, list) else None
    error = first.get("error") if isinstance(first, dict) else None
    code = Answer(200, {}, error).code
    return "CONSENT-NOT-TAKEN" if code.startswith("HTTP-") else code


async def search(
    client: Client, access: Access, *, sender: str, recipient: str | None, opted_out: bool
) -> list[ConsentRecord]:
    query: dict[str, Any] = {"from": [sender], "optStatus": "OptOut" if opted_out else "OptIn", "perPage": PER_PAGE}
    if recipient is not None:
        query["to"] = [recipient]
    records: list[ConsentRecord] = []
    for _ in range(MOST_PAGES):
        fields = fields_of(await client.call(access, "POST", f"{CONSENTS}/search", json=query))
        records += consent_records(fields)
        paging = fields.get("paging")
        following = paging.get("nextPageToken") if isinstance(paging, dict) else None
        if not following:
            break
        query["pageToken"] = following
    return records

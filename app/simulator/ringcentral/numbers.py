"""The account, the user's numbers, what is registered for them, and the user's permissions.

Source: RingCentral developer guide, "SMS requirements", and the published answers of the account, phone number,
sms-configuration and authz-profile calls. Whether a number can text is said by its features, not by its being visible.
"""

from typing import Any

from starlette.responses import JSONResponse, Response

from app.simulator.ringcentral.errors import fault, invalid
from app.simulator.ringcentral.paging import page_of, read_paging
from app.simulator.ringcentral.platform import Call, Platform
from app.simulator.ringcentral.state import Number

BRAND_IDS = {
    "RingCentral": "1210",
    "Unify Office by RingCentral": "2020",
    "Frontier + RingCentral": "4910",
    "RingCentral for Symphony": "4810",
    "RingCentral mit 1&1 Connected Calls": "4710",
    "RingCentral mit ecotel": "4210",
    "AT&T Office@Hand": "3420",
}
PERMISSIONS = ("OutboundSMS", "ReadMessages", "ReadUserPhoneNumbers")


async def show_account(platform: Platform, call: Call) -> Response:
    user = call.user
    own = [n.phone for n in platform.state.numbers.values() if n.account_id == user.account_id]
    body = {
        "uri": f"{platform.url}/restapi/v1.0/account/{user.account_id}",
        "id": int(user.account_id),
        "mainNumber": own[0].removeprefix("+") if own else None,
        "status": "Confirmed",
        "setupWizardState": "Completed",
        "serviceInfo": {
            "uri": f"{platform.url}/restapi/v1.0/account/{user.account_id}/service-info",
            "brand": {"id": BRAND_IDS.get(user.brand, "1210"), "name": user.brand},
        },
    }
    return JSONResponse({name: value for name, value in body.items() if value is not None})


async def show_extension(platform: Platform, call: Call) -> Response:
    user = call.user
    body = {
        "uri": platform.extension_uri(user),
        "id": int(user.owner_id),
        "extensionNumber": user.extension_number,
        "name": user.name,
        "type": "User",
        "status": "Enabled",
    }
    return JSONResponse(body)


async def check_permission(platform: Platform, call: Call) -> Response:
    permission = call.request.query_params.get("permissionId", "")
    if permission not in PERMISSIONS:
        raise invalid("permissionId")
    granted = permission in call.user.permissions
    body: dict[str, Any] = {
        "uri": f"{platform.extension_uri(call.user)}/authz-profile/check?permissionId={permission}",
        "successful": granted,
    }
    if granted:
        body["details"] = {"permission": {"id": permission, "assignable": True}, "scopes": ["Self"]}
    return JSONResponse(body)


async def list_numbers(platform: Platform, call: Call) -> Response:
    page, per_page = read_paging(call.request, most=1000)
    records = [describe(platform, call, number) for number in platform.numbers_of(call.user)]
    uri = f"{platform.extension_uri(call.user)}/phone-number"
    return JSONResponse(page_of(records, page, per_page, uri, totals=True))


async def show_sms_configuration(platform: Platform, call: Call) -> Response:
    number_id = call.request.path_params["number_id"]
    for number in platform.numbers_of(call.user):
        if str(number.id) == number_id:
            return JSONResponse(configuration_of(number))
    raise fault("CMN-102", f"Resource for parameter [phoneNumberId] is not found [{number_id}]")


def configuration_of(number: Number) -> dict[str, Any]:
    body: dict[str, Any] = {"phoneNumberId": str(number.id), "phoneNumber": number.phone}
    if number.campaign_status is None or number.payment_type == "TollFree":
        return body
    body["smsCampaignInfo"] = {
        "id": "2008",
        "externalId": "C8VLZXY",
        "status": number.campaign_status,
        "registrationTier": number.registration_tier,
        "useCases": list(number.use_cases),
    }
    coverage = {"optIn": "PhoneNumber"}
    if number.stop_handled_by != "app":
        coverage["optOut"] = "PhoneNumber"
    body["smsCampaignInfo"]["consentSettings"] = {
        "optInRequired": number.opt_in_required,
        "coverage": coverage,
        "automaticConsentCollecting": {"enabled": False},
    }
    body["smsBrandInfo"] = {"id": "1008", "status": "Verified", "externalId": "BG3LNOP"}
    return body


def describe(platform: Platform, call: Call, number: Number) -> dict[str, Any]:
    assigned_here = number.owner_id == call.user.owner_id
    owner = platform.state.users[number.owner_id]
    calling_code = "44" if number.phone.startswith("+44") else "1"
    return {
        "uri": f"{platform.extension_uri(call.user)}/phone-number/{number.id}",
        "id": number.id,
        "phoneNumber": number.phone,
        "paymentType": number.payment_type,
        "type": number.type,
        "usageType": number.usage_type,
        "status": number.status,
        "primary": number.primary and assigned_here,
        "features": list(number.features) if assigned_here else ["CallerId"],
        "country": {
            "uri": f"{platform.url}/restapi/v1.0/dictionary/country/{'224' if calling_code == '44' else '1'}",
            "id": "224" if calling_code == "44" else "1",
            "name": "United Kingdom" if calling_code == "44" else "United States",
            "isoCode": "GB" if calling_code == "44" else "US",
            "callingCode": calling_code,
        },
        "extension": {
            "uri": platform.extension_uri(owner),
            "id": int(owner.owner_id),
            "extensionNumber": owner.extension_number,
        },
    }

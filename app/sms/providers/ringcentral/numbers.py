"""Which numbers can send, how they are registered, and whether the login is good for the whole job.

Source: "SMS requirements", "List extension phone numbers" and "SMS configuration info" of the RingCentral developer
guide. Being visible in the list says nothing: only the feature `SmsSender` on a number with status `Normal` sends, and
`A2PSmsSender`, which excludes the other, sends by High Volume SMS where the login has the scope for it. The
checks beyond the list are advice, so one that cannot be made is a warning; only a pause (429) and a dead token end the
whole look, because the caller has to act on these.
"""

from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

from app.sms.contract import (
    Access,
    Finding,
    Level,
    Number,
    NumberFacts,
    SmsError,
    Throttled,
    TokenRejected,
    Transport,
)
from app.sms.providers.ringcentral.client import ME, Client, clean_text, fields_of, id_text, records_of, text_or_none

PER_PAGE = 100
MOST_PAGES = 50

A2P_SCOPE = "A2PSMS"
WITHOUT_A2P_SCOPE = (
    "This is a High Volume SMS number, and the RingCentral app registration lacks the permission A2PSMS for it; "
    "add it there and connect again, or choose a number with standard SMS."
)
NEEDED_SCOPES = {
    "SMS": "The RingCentral app registration does not allow texts; add the permission SMS there, then connect again.",
    "ReadAccounts": "The RingCentral app registration does not allow a look at your numbers; "
    "add the permission ReadAccounts there, then connect again.",
    "SubscriptionWebhook": "The RingCentral app registration does not let the app be told about replies; "
    "add the permission SubscriptionWebhook there, then connect again.",
}
"""What is said where one is missing."""
NEEDED_PERMISSIONS = {
    "OutboundSMS": (
        "The RingCentral user may send texts.",
        "The RingCentral user may not send texts; "
        "have an administrator grant it (permission OutboundSMS), then connect again.",
        "Whether the RingCentral user may send texts could not be checked; texts may still work.",
    ),
    "ReadMessages": (
        "The RingCentral user may read replies such as STOP.",
        "The RingCentral user may not read replies such as STOP; "
        "have an administrator grant it (permission ReadMessages), then connect again.",
        "Whether the RingCentral user may read replies could not be checked; texts may still work.",
    ),
}
"""What is said of each: when the user has it, when not, and when RingCentral did not say."""
BRAND_UNKNOWN = "Whether your RingCentral account comes with texts could not be checked; texts may still work."
BRANDS_WITHOUT_SMS = {"2020": "Unify Office", "6010": "Avaya Cloud Office", "7710": "BT Cloud Work", "2110": "Rainbow"}
FITTING_USE_CASES = frozenset({"DeliveryNotification", "AccountNotification", "CustomerCare", "Mixed"})
_WAITS = (
    "The number's campaign still waits for approval. Carriers refuse its texts until then; check again in a few days."
)
_NOT_SUBMITTED = (
    "The number's campaign was not submitted yet; submit it in RingCentral. Carriers refuse its texts until then."
)
_REFUSED = "The number's campaign was refused. Look in RingCentral why, correct it there and submit it again."
CAMPAIGN_NOT_CONFIRMED = {
    "Submitted": _WAITS,
    "Unconfirmed": _WAITS,
    "UpdateRequested": "A change of the number's campaign waits for approval. Carriers may refuse its texts until "
    "then; check again in a few days.",
    "Created": _NOT_SUBMITTED,
    "Draft": _NOT_SUBMITTED,
    "SubmitFailed": _REFUSED,
    "PreVetFailed": _REFUSED,
    "CampaignSuspended": "The number's campaign is suspended, so carriers refuse its texts; ask RingCentral why.",
    "CampaignExpired": "The number's campaign has expired, so carriers refuse its texts; renew it in RingCentral.",
    "DeleteRequested": "The number's campaign is being deleted; assign the number to another one in RingCentral.",
}
"""What each of RingCentral's words for a campaign means to whoever wants to text."""
CAMPAIGN_COUNTRIES = frozenset({"US", "CA"})


# --- The list ---------------------------------------------------------------------------------------------------------


async def list_numbers(client: Client, access: Access) -> list[Number]:
    numbers = []
    for page in range(1, MOST_PAGES + 1):
        answer = await client.get(access, f"{ME}/phone-number", {"page": page, "perPage": PER_PAGE})
        fields = fields_of(answer)
        numbers += [number for record in records_of(fields) if (number := _number(record, access.scopes))]
        if not has_next_page(fields, page):
            break
    return sorted(numbers, key=lambda number: (not number.usable, not number.primary, number.phone_number))


def has_next_page(fields: dict[str, Any], page: int) -> bool:
    """Totals are missing from some answers, the link to the next page is not; the link itself is never followed."""
    navigation, paging = fields.get("navigation"), fields.get("paging")
    if isinstance(navigation, dict) and navigation.get("nextPage"):
        return True
    total = paging.get("totalPages") if isinstance(paging, dict) else None
    return isinstance(total, int) and page < total


def _number(record: dict[str, Any], scopes: frozenset[str] | None) -> Number | None:
    """None for a record without a number, and for a queue's number: its replies go to the queue, not to the user."""
    number_id, phone_number = id_text(record.get("id")), text_or_none(record.get("phoneNumber"))
    if number_id is None or phone_number is None or _part(record, "extension").get("type") == "Department":
        return None
    listed = record.get("features")
    features = frozenset(clean_text(feature) for feature in listed) if isinstance(listed, list) else frozenset()
    reason = _why_unusable(record, features, scopes)
    return Number(
        id=number_id,
        phone_number=phone_number,
        features=features,
        usable=reason is None,
        reason=reason,
        label=text_or_none(record.get("label")),
        payment_type=text_or_none(record.get("paymentType")),
        usage_type=text_or_none(record.get("usageType")),
        country=text_or_none(_part(record, "country").get("isoCode")),
        primary=record.get("primary") is True,
        transport=_transport(features),
    )


def _transport(features: frozenset[str]) -> Transport | None:
    if "SmsSender" in features:
        return Transport.SMS
    return Transport.A2P if "A2PSmsSender" in features else None


def _why_unusable(record: dict[str, Any], features: frozenset[str], scopes: frozenset[str] | None) -> str | None:
    if record.get("status") != "Normal":
        return "RingCentral has not finished setting up this number; wait until the transfer is complete."
    if record.get("type") == "FaxOnly":
        return "This number is for fax only; choose another one."
    if "SmsSender" in features:
        return None
    if "A2PSmsSender" in features:
        return None if scopes is None or A2P_SCOPE in scopes else WITHOUT_A2P_SCOPE
    if record.get("usageType") in {"MainCompanyNumber", "CompanyNumber", "AdditionalCompanyNumber"}:
        return "SMS of this company number is not assigned to this user; an administrator can assign it."
    return "SMS is not switched on for this number; an administrator can switch it on, or choose another number."


# --- The login --------------------------------------------------------------------------------------------------------


async def inspect(client: Client, access: Access, scopes: frozenset[str]) -> list[Finding]:
    findings = _scope_findings(scopes)
    for permission, (granted, missing, unknown) in NEEDED_PERMISSIONS.items():
        check = _permission_finding(client, access, permission, (granted, missing))
        findings.append(await _or_warning(check, permission, unknown))
    brand = await _or_warning(_brand_finding(client, access), "account_brand", BRAND_UNKNOWN)
    return findings + ([brand] if brand.level is not Level.OK else [])


def _scope_findings(scopes: frozenset[str]) -> list[Finding]:
    missing = [
        Finding(f"scopes.{scope}", Level.PROBLEM, sentence)
        for scope, sentence in NEEDED_SCOPES.items()
        if scope not in scopes
    ]
    return missing or [Finding("scopes", Level.OK, "The app has the RingCentral permissions it needs.")]


async def _permission_finding(client: Client, access: Access, permission: str, told: tuple[str, str]) -> Finding:
    answer = await client.get(access, f"{ME}/authz-profile/check", {"permissionId": permission})
    granted, missing = told
    if fields_of(answer).get("successful") is True:
        return Finding(f"permission.{permission}", Level.OK, granted)
    return Finding(f"permission.{permission}", Level.PROBLEM, missing)


async def _brand_finding(client: Client, access: Access) -> Finding:
    answer = await client.get(access, "/restapi/v1.0/account/~")
    brand_id = id_text(_part(_part(fields_of(answer), "serviceInfo"), "brand").get("id"))
    if brand_id not in BRANDS_WITHOUT_SMS:
        return Finding("brand", Level.OK, "The account's brand offers SMS.")
    return Finding(
        "brand",
        Level.WARNING,
        f"{BRANDS_WITHOUT_SMS[brand_id]} does not offer texts to public numbers; ask your provider about SMS.",
    )


async def _or_warning(check: Awaitable[Finding], subject: str, unknown: str) -> Finding:
    try:
        return await check
    except (Throttled, TokenRejected):
        raise
    except SmsError:
        return Finding(f"unchecked.{subject}", Level.WARNING, unknown)


# --- The number's registration ----------------------------------------------------------------------------------------


async def inspect_number(client: Client, access: Access, number: Number) -> tuple[NumberFacts, list[Finding]]:
    path = f"{ME}/phone-number/{quote(number.id, safe='')}/sms-configuration"
    try:
        configuration = fields_of(await client.get(access, path))
    except (Throttled, TokenRejected):
        raise
    except SmsError as error:
        return _unchecked(number, error.code)
    facts = _facts(number, configuration)
    return facts, [*_campaign_findings(number, facts), _stop_finding(facts)]


def _unchecked(number: Number, code: str) -> tuple[NumberFacts, list[Finding]]:
    facts = NumberFacts(checked=False, stop_confirmed_by_provider=_provider_confirms_stop(number, {}))
    sentence = f"The number's SMS registration could not be checked (code {code}); texts may still work."
    return facts, [Finding("unchecked.campaign", Level.WARNING, sentence), _stop_finding(facts)]


def _facts(number: Number, configuration: dict[str, Any]) -> NumberFacts:
    campaign = _part(configuration, "smsCampaignInfo")
    consent = _part(campaign, "consentSettings") or _part(configuration, "consentSettings")
    use_cases = campaign.get("useCases")
    return NumberFacts(
        checked=True,
        stop_confirmed_by_provider=_provider_confirms_stop(number, consent),
        campaign_status=text_or_none(campaign.get("status")),
        registration_tier=text_or_none(campaign.get("registrationTier")),
        use_cases=tuple(clean_text(case) for case in use_cases) if isinstance(use_cases, list) else (),
        opt_in_required=consent.get("optInRequired") is True,
        opt_out_coverage=text_or_none(_part(consent, "coverage").get("optOut")),
    )


def _provider_confirms_stop(number: Number, consent: dict[str, Any]) -> bool:
    """On standard SMS RingCentral blocks after STOP and texts the campaign's confirmation itself; a second text of ours
    would be blocked or a duplicate. High Volume leaves the confirmation to the application. Consent settings that
    name a coverage of opt-ins but none of opt-outs are those of a campaign whose opt-outs RingCentral does not keep."""
    if "SmsSender" not in number.features:
        return False
    coverage = _part(consent, "coverage")
    return not coverage or bool(coverage.get("optOut"))


def _stop_finding(facts: NumberFacts) -> Finding:
    who = "RingCentral" if facts.stop_confirmed_by_provider else "This app"
    return Finding("stop_confirmation", Level.OK, f"{who} confirms STOP to your customers.")


def _campaign_findings(number: Number, facts: NumberFacts) -> list[Finding]:
    findings = [_status_finding(number, facts)]
    if facts.registration_tier == "LowVolume":
        sentence = (
            "The campaign is registered for low volume: at most 6,000 texts a day to US mobiles, over all numbers."
        )
        findings.append(Finding("campaign.tier", Level.OK, sentence))
    if facts.use_cases and not FITTING_USE_CASES & set(facts.use_cases):
        sentence = (
            "The campaign is not registered for order texts; add Delivery Notification, Account Notification or "
            "Customer Care to its use cases in RingCentral, or carriers may block the texts."
        )
        findings.append(Finding("campaign.use_cases", Level.WARNING, sentence))
    if facts.opt_in_required:
        sentence = "The campaign demands that RingCentral knows of each opt-in before the first text."
        findings.append(Finding("campaign.opt_in_required", Level.WARNING, sentence))
    return findings


def _status_finding(number: Number, facts: NumberFacts) -> Finding:
    status = facts.campaign_status
    if status == "Confirmed":
        return Finding("campaign.status", Level.OK, "The number's campaign is confirmed.")
    if status in CAMPAIGN_NOT_CONFIRMED:
        return Finding("campaign.status", Level.PROBLEM, CAMPAIGN_NOT_CONFIRMED[status])
    if status is not None:
        sentence = f"The number's campaign is not confirmed (RingCentral says {status}); finish it in RingCentral."
        return Finding("campaign.status", Level.PROBLEM, sentence)
    if number.transport is Transport.A2P:
        return Finding("campaign.status", Level.OK, "RingCentral registers High Volume numbers when it sets them up.")
    if number.payment_type == "TollFree":
        sentence = (
            "Toll-free numbers need a verification, which cannot be read here; make sure RingCentral confirmed it."
        )
        return Finding("campaign.status", Level.WARNING, sentence)
    if number.country is None or number.country in CAMPAIGN_COUNTRIES:
        sentence = (
            "The number is not linked to a registered campaign, so US and Canadian carriers block its texts; "
            "register it in RingCentral (this can take 25 days)."
        )
        return Finding("campaign.status", Level.PROBLEM, sentence)
    return Finding("campaign.status", Level.OK, "Numbers of this country need no campaign.")


def _part(record: dict[str, Any], name: str) -> dict[str, Any]:
    part = record.get(name)
    return part if isinstance(part, dict) else {}

"""What the row of a sender keeps of RingCentral's answers: the numbers in reach, the chosen one, what was found."""

from typing import Any

import msgspec

from app.shops.models import Sender, SenderState
from app.sms.contract import Finding, Level, Number, NumberFacts, Transport

LOW_VOLUME_A_DAY = 6000
"""Texts to US mobiles over all numbers of a campaign that is registered for low volume."""


def forget_credentials(sender: Sender) -> None:
    sender.state = SenderState.DISCONNECTED
    sender.credentials_encrypted = None
    forget_problem(sender)


def forget_problem(sender: Sender) -> None:
    sender.problem_code = sender.problem = sender.problem_of = None


def keep_number(sender: Sender, number: Number, facts: NumberFacts, findings: list[Finding]) -> None:
    remember_number(sender, number.phone_number)
    sender.phone_number = number.phone_number
    sender.transport = number.transport or Transport.SMS
    keep_registration(sender, number, facts, findings)
    sender.state = SenderState.READY
    forget_problem(sender)


def keep_registration(sender: Sender, number: Number, facts: NumberFacts, findings: list[Finding]) -> None:
    about_login = [each for each in sender.findings if each.get("about") != "number"]
    sender.provider_confirms_stop = facts.stop_confirmed_by_provider
    sender.findings = about_login + [finding_row(each, about="number") for each in findings]
    sender.numbers = [
        each | {"registration": _registration(facts)} if each.get("phone_number") == number.phone_number else each
        for each in sender.numbers
    ]


def _registration(facts: NumberFacts) -> dict[str, Any]:
    return {
        "checked": facts.checked,
        "campaign_status": facts.campaign_status,
        "tier": facts.registration_tier,
        "use_cases": list(facts.use_cases),
        "daily_limit": LOW_VOLUME_A_DAY if facts.registration_tier == "LowVolume" else None,
    }


def remember_number(sender: Sender, following: str | None) -> None:
    """Customers may answer to the number that *following* replaces."""
    former = sender.phone_number
    if former is not None and former != following and former not in sender.former_numbers:
        sender.former_numbers = [*sender.former_numbers, former]


def known_numbers(sender: Sender) -> list[Number]:
    return [msgspec.convert(each, Number) for each in sender.numbers]


def number_row(number: Number) -> dict[str, Any]:
    return {
        "id": number.id,
        "phone_number": number.phone_number,
        "features": sorted(number.features),
        "usable": number.usable,
        "reason": number.reason,
        "label": number.label,
        "payment_type": number.payment_type,
        "usage_type": number.usage_type,
        "country": number.country,
        "primary": number.primary,
        "transport": number.transport,
    }


def finding_row(finding: Finding, about: str = "login") -> dict[str, str]:
    return {"code": finding.code, "level": str(Level(finding.level)), "sentence": finding.sentence, "about": about}

"""One number: may it be texted and why, what its history is, and its evidence file."""

from typing import Any

from starlette.responses import Response

from app.admin.evidence import evidence_page
from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.consent.log import activity_of_phone
from app.core.errors import Invalid
from app.messages.compose import recipient_of
from app.messages.conversations import has_conversation, key_of
from app.messages.evidence import evidence_of
from app.messages.export import make_export_link
from app.messages.standing import standing_of

FORMATS = ("html", "json")


@page
async def show_number(visit: Visit) -> Response:
    """Without a number that can be read, the form again with what is wrong."""
    typed = visit.request.query_params.get("phone", "")
    try:
        phone = recipient_of({"phone": typed}, "phone")
    except Invalid as wrong:
        return render(visit, "consent_number", phone="", typed=typed[:40], wrong=wrong.errors["phone"], standing=None)
    standing = await standing_of(visit.deps, visit.shop, phone)
    async with visit.deps.db.transaction() as session:
        history = await activity_of_phone(visit.deps, session, visit.shop.id, phone)
        phone_hash = visit.deps.vault.fingerprint(phone)
        talked = await has_conversation(session, visit.shop.id, phone_hash)
    return render(
        visit,
        "consent_number",
        phone=phone,
        typed=phone,
        wrong=None,
        standing=standing,
        checked_at=visit.deps.clock().isoformat(),
        history=history,
        conversation=key_of(phone_hash) if talked else None,
    )


async def read_standing(visit: Visit) -> dict[str, Any]:
    return await standing_of(visit.deps, visit.shop, _asked(visit))


async def read_evidence(visit: Visit) -> dict[str, Any] | Response:
    """One phone's evidence: JSON, or with `format=html` a page to print."""
    phone = _asked(visit)
    if visit.request.query_params.get("format") == "html":
        return evidence_page(visit.deps, visit.shop, phone)
    async with visit.deps.db.transaction() as session:
        return await evidence_of(visit.deps, session, visit.shop, phone)


async def link_evidence(visit: Visit) -> dict[str, Any]:
    """An address that gives the file once within a minute, because a browser's download carries no session token."""
    form = await read_object(visit.request)
    phone, wanted = recipient_of(form, "phone"), form.get("format") or "html"
    if wanted not in FORMATS:
        raise Invalid({"format": "Choose html or json."})
    async with visit.deps.db.transaction() as session:
        asked = {"evidence_of": phone, "format": wanted}
        token = await make_export_link(visit.deps, session, visit.shop.id, asked)
    return {"url": f"/exports/{token}"}


def _asked(visit: Visit) -> str:
    return recipient_of({"phone": visit.request.query_params.get("phone")}, "phone")

"""Renders a page of the hosted Connect page, in the reader's language, and sets the headers it needs.

No page may be framed, because a click on it grants or ends something, and none loads anything that is not ours. An
opener keeps its hold on the window (no `Cross-Origin-Opener-Policy`): it is told of a grant by `postMessage`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.connect.moments import zone_of
from app.connect.notices import brand_of
from app.core.language import Language, language, language_of
from app.core.static_files import WEB, static_files
from app.shops.models import Shop

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Language",
}


@dataclass(frozen=True, slots=True)
class Moments:
    """Times as people in the shop's zone read them: today's by the clock, others with their day."""

    zone: ZoneInfo
    now: datetime
    language: Language

    def short(self, moment: str | datetime) -> str:
        given = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        local, now = given.astimezone(self.zone), self.now.astimezone(self.zone)
        if local.date() == now.date():
            return self.language.clock(local)
        if local.year == now.year:
            return f"{self.language.day(local.date())}, {self.language.clock(local)}"
        return self.language.day_and_year(local.date())

    def day(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone).date()
        near = local.year == self.now.astimezone(self.zone).year
        return self.language.day(local) if near else self.language.day_and_year(local)


def render(request: Request, shop: Shop, template: str, *, status: int = 200, **values: Any) -> Response:
    """`web/templates/hosted/<template>.html`. *values* may hold `session`, the token of the visit."""
    reader = language_of(request)
    html = (
        _templates(reader.code)
        .get_template(f"hosted/{template}.html")
        .render(
            **{
                "page": template,
                "brand": brand_of(shop),
                "base": f"/c/{request.path_params['organisation']}",
                "static": static_files().prefix,
                "language": reader,
                "moments": Moments(zone_of(shop), request.state.deps.clock(), reader),
                "session": None,
                "account": None,
                "told": None,
                "flash": None,
                "resume": None,
                "site": None,
                "forget": False,
                "errors": {},
                **values,
            }
        )
    )
    return HTMLResponse(html, status, HEADERS)


def show_nobody(request: Request) -> Response:
    """There is no such organisation."""
    reader = language_of(request)
    html = _templates(reader.code).get_template("hosted/nobody.html")
    return HTMLResponse(html.render(language=reader, static=static_files().prefix), 404, HEADERS)


@cache
def _templates(code: str) -> Environment:
    reader = language(code)
    templates = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # What the i18n extension adds at run time is unknown to the type checker.
    install: Any = templates.__getattribute__("install_gettext_callables")
    install(reader.gettext, reader.ngettext, newstyle=True)
    templates.globals["described"] = _described
    templates.filters.update(phone=_phone, unbroken=_unbroken, told=reader.told, number=reader.number)
    return templates


def _phone(e164: str | None) -> str:
    """As people write it: "+1 212-555-0123"."""
    try:
        number = phonenumbers.parse(e164 or "", None)
    except phonenumbers.NumberParseException:
        return e164 or ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _unbroken(text: str) -> Markup:
    return Markup('<span class="unbroken">{}</span>').format(text)


def _described(errors: Mapping[str, str], field: str) -> Markup:
    """What ties a field to the sentence about it."""
    if field not in errors:
        return Markup()
    return Markup(' aria-invalid="true" aria-describedby="fault-{}"').format(field)

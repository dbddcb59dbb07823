"""Renders a page of the hosted Connect page, in the reader's language, and sets the headers it needs.

No page may be framed, because a click on it grants or ends something, and none loads anything that is not ours. An
opener keeps its hold on the window (no `Cross-Origin-Opener-Policy`): it is told of a grant by `postMessage`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.connect.notices import brand_of
from app.core.language import language, language_of
from app.core.pages import Moments, environment
from app.core.static_files import static_files
from app.shops.models import Shop
from app.shops.zone import zone_of

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Language",
}


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
    templates = environment(language(code), unbroken=_unbroken)
    templates.globals["described"] = _described
    return templates


def _unbroken(text: str) -> Markup:
    return Markup('<span class="unbroken">{}</span>').format(text)


def _described(errors: Mapping[str, str], field: str) -> Markup:
    """What ties a field to the sentence about it."""
    if field not in errors:
        return Markup()
    return Markup(' aria-invalid="true" aria-describedby="fault-{}"').format(field)

"""Renders a page, the whole document or only its content for the page before it, and sets the headers it needs.

Source: Shopify, "Set up iframe protection" (frame-ancestors names this one shop, never a wildcard) and "App Bridge".
Styles need 'unsafe-inline' because App Bridge hides its own elements by a <style> in their shadow; scripts need no
inline code and no nonce, which would keep the scripts of a page written by the bounce page from running.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.admin.scripts import scripts_of
from app.admin.session import (
    FETCH_NEW_TOKEN,
    OPEN_FROM_ADMIN,
    NoSession,
    OtherShop,
    Visit,
    bounce,
    document_token,
    fetched,
    is_own_path,
    open_visit,
)
from app.admin.wording import Wording
from app.config import Settings
from app.core import pages
from app.core.errors import AppError
from app.core.language import SOURCE, language, language_of
from app.core.log import get_logger
from app.core.phone import readable
from app.core.static_files import static_files
from app.core.streamed import Streamed
from app.deps import Deps
from app.shopify.shop_domain import clean_shop_domain
from app.shops.models import Shop
from app.shops.zone import zone_of

log = get_logger(__name__)

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC")
WINDOW = re.compile(r"\b(\d\d:\d\d)–(\d\d:\d\d)\b")  # a range of times
CLOCK = re.compile(r"(\d\d:\d\d:\d\d) UTC")
NUMBER = re.compile(r"\+\d{8,15}\b")
LINK = re.compile(r"https?://[^\s<>\"]+")
E164 = re.compile(r"\+[1-9]\d{7,14}\b")
UNSEEN = "There is no such page."


def page(show: Callable[[Visit], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Make a route of a function that shows a page to a signed-in member of staff."""

    async def answer(request: Request) -> Response:
        deps: Deps = request.state.deps
        try:
            visit = await open_visit(request, document_token(request))
        except NoSession:
            return _ask_again(request, deps.settings)
        except OtherShop:
            return _error(request, deps.settings, None, 401, "This page belongs to another shop. " + OPEN_FROM_ADMIN)
        except AppError as error:
            return _error(request, deps.settings, None, error.status, error.sentence)
        try:
            return await show(visit)
        except AppError as error:
            return _error(request, deps.settings, visit.shop, error.status, error.sentence)

    return answer


def render(visit: Visit, name: str, **values: Any) -> Response:
    """The page `web/templates/admin/<name>.html`."""
    moments = Moments.of(visit)
    return _respond(
        visit.request,
        visit.deps.settings,
        visit.shop.domain,
        f"admin/{name}.html",
        {"page": name, "shop": visit.shop, "shopify_away": visit.shopify_away, "moments": moments, **values},
    )


def render_piece(template: str, **values: Any) -> str:
    """Of a document of its own, in English like the record it shows: see `stream_document`."""
    return _templates(SOURCE).get_template(template).render(**values)


def stream_document(pieces: AsyncGenerator[str, None]) -> Streamed:
    """A document to be printed or kept, without frame and scripts, shown as far as it is made."""
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Accel-Buffering": "no",
    }
    return Streamed(pieces, media_type="text/html", headers=headers)


@page
async def show_no_such_page(visit: Visit) -> Response:
    return _error(visit.request, visit.deps.settings, visit.shop, 404, UNSEEN)


async def show_bounce(request: Request) -> Response:
    """Nothing but App Bridge, which fetches *shopify-reload* with a token and writes it over this page."""
    settings: Settings = request.state.deps.settings
    shop_domain = clean_shop_domain(request.query_params.get("shop"))
    if not is_own_path(request.query_params.get("shopify-reload", "")):
        return _error(request, settings, None, 400, "This address leads nowhere. " + OPEN_FROM_ADMIN)
    reader = language_of(request)
    html = _templates(reader.code).get_template("admin/bounce.html").render(settings=settings, language=reader)
    return HTMLResponse(html, headers=_headers(settings, shop_domain))


@dataclass(frozen=True, slots=True)
class Moments(pages.Moments):
    """Also those within a sentence; by the clock of the shop's settings."""

    @classmethod
    def of(cls, visit: Visit) -> "Moments":
        return cls(zone_of(visit.shop), visit.deps.clock(), language_of(visit.request))

    def within(self, sentence: str, near: str) -> str:
        """A check's sentence as a person reads it: its moments by the shop's clock, its numbers as people write them.

        *near*: when the check was made, because some moments are told without their day.
        """
        sentence = MOMENT.sub(lambda found: self.short(f"{found[1]}T{found[2]}+00:00"), sentence)
        sentence = CLOCK.sub(lambda found: self.short(f"{near[:10]}T{found[1]}+00:00"), sentence)
        sentence = WINDOW.sub(lambda found: " – ".join(map(self.language.time, found.groups())), sentence)
        return NUMBER.sub(lambda found: readable(found[0]), sentence)


def _ask_again(request: Request, settings: Settings) -> Response:
    if not fetched(request):
        return bounce(request)
    refused = _error(request, settings, None, 401, "Your session has ended. " + OPEN_FROM_ADMIN)
    refused.headers.update(FETCH_NEW_TOKEN)
    return refused


def _error(request: Request, settings: Settings, shop: Shop | None, status: int, sentence: str) -> Response:
    # Only a verified shop may frame it; an address is no proof.
    shop_domain = shop.domain if shop is not None else None
    values = {"page": "error", "shop": shop, "status": status, "sentence": sentence, "shopify_away": False}
    response = _respond(request, settings, shop_domain, "admin/error.html", values)
    response.status_code = status
    return response


def _respond(
    request: Request, settings: Settings, shop_domain: str | None, template: str, values: dict[str, Any]
) -> Response:
    layout = "admin/fragment.html" if request.headers.get("x-fragment") == "1" else "admin/base.html"
    reader = language_of(request)
    html = (
        _templates(reader.code)
        .get_template(template)
        .render(
            layout=layout,
            settings=settings,
            static=static_files().prefix,
            language=reader,
            wording=Wording(reader),
            **values,
        )
    )
    headers = _headers(settings, shop_domain)
    if layout == "admin/base.html":
        headers["Link"] += "".join(f", <{script}>; rel=modulepreload" for script in scripts_of(html))
    return HTMLResponse(html, headers=headers)


def _headers(settings: Settings, shop_domain: str | None) -> dict[str, str]:
    scripts = (settings.app_bridge_src, settings.polaris_src)
    return {
        "Content-Security-Policy": _policy(settings, shop_domain),
        "Cache-Control": "no-store",
        "Vary": "X-Fragment, Authorization, Accept-Language",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Link": ", ".join(f"<{source}>; rel=preload; as=script" for source in scripts),
    }


def _policy(settings: Settings, shop_domain: str | None) -> str:
    cdn = settings.shopify_cdn_origin
    ancestors = ["'none'"]
    if shop_domain is not None:
        ancestors = [f"https://{shop_domain}", "https://admin.shopify.com"]
        if settings.shopify_simulator_origin is not None:
            ancestors.append(settings.shopify_simulator_origin)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {cdn}",
            f"style-src 'self' 'unsafe-inline' {cdn}",
            f"font-src 'self' {cdn}",
            f"img-src 'self' data: {cdn}",
            f"connect-src 'self' {cdn}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors " + " ".join(ancestors),
        )
    )


@cache
def _templates(code: str) -> Environment:
    reader = language(code)
    return pages.environment(
        reader,
        with_phones=with_phones,
        worst_state=_worst_state,
        with_links=_with_links,
        map_known=_map_known,
        nice_top=_nice_top,
        percent=reader.percent,
        money=reader.money,
    )


def _worst_state(states: Iterable[str]) -> str | None:
    """Of several numbers, what a person should know first; None without any."""
    given = set(states)
    return next((state for state in ("broken", "number_needed", "ready", "paused") if state in given), None)


def with_phones(sentence: str) -> str:
    """The numbers in a sentence, written as people write them."""
    return E164.sub(lambda found: readable(found.group()), sentence)


def _with_links(text: str) -> Markup:
    """Addresses look like links, as on a telephone, and lead nowhere."""
    pieces: list[Markup] = []
    end = 0
    for found in LINK.finditer(text):
        pieces += [escape(text[end : found.start()]), Markup('<span class="link">{}</span>').format(found.group())]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _nice_top(most: int) -> int:
    """Where the scale of a chart ends: a round number that its half is readable beside."""
    digits = int(10 ** (len(str(max(most, 1))) - 1))
    return next(each * digits for each in (1, 2, 4, 6, 8, 10, 20) if each * digits >= most)


def _map_known(names: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """The names in *known*, translated and in its order; the others are left out."""
    given = set(names)
    return [label for name, label in known.items() if name in given]

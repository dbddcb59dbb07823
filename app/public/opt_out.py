"""The public opt-out page of a shop: by the sealed link in a text, or by a number and the code texted to it.

Opening it changes nothing, because phones and mail programs open links to preview them; a button does. Whether a number
is known is never told: the answer to asking for a code is always the same, and only numbers the shop has had to do with
get one. No script, no cookie, and no referrer that could carry the link away.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.consent.opt_out import Evidence
from app.consent.opt_out_link import read_token
from app.consent.queries import count_public_use, find_suppression
from app.core.phone import mask, to_e164
from app.core.rate_limit import caller_of
from app.deps import Deps
from app.messages.kinds import OPT_OUT_CODE
from app.messages.opt_out import stop_texting
from app.messages.queue import queue_text
from app.public.queries import add_code, codes_since, is_known, try_code
from app.public.wording import CODE_TEXT, WORDS, language_of
from app.shopify.shop_domain import clean_shop_domain
from app.shops.models import Shop
from app.shops.queries import find_sender, find_shop

WEB = Path(__file__).resolve().parents[2] / "web" / "templates"
LONGEST_FORM = 4096
WINDOW = timedelta(minutes=10)
MOST_REQUESTS = 20
MOST_CODES_A_PHONE = 3
MOST_CODES_A_SHOP = 60
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Guest:
    """One request from somebody we do not know."""

    request: Request
    deps: Deps
    shop: Shop
    language: str

    @property
    def brand(self) -> str:
        return self.shop.name or self.shop.domain.removesuffix(".myshopify.com")

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client is not None else "unknown"

    def say(self, name: str, **values: str) -> str:
        return WORDS[self.language][name].format(shop=self.brand, **values)


async def show_form(request: Request) -> Response:
    guest = await _guest(request)
    if guest is None:
        return _nobody(request)
    token = request.query_params.get("t")
    if token is None:
        return _ask_phone(guest)
    phone = _phone_of(guest, token)
    return _ask_phone(guest, problem="bad_link") if phone is None else _ask_to_stop(guest, token, phone)


async def answer_form(request: Request) -> Response:
    guest = await _guest(request)
    if guest is None:
        return _nobody(request)
    form = await _read_form(request)
    if await _is_too_fast(guest):
        return _ask_phone(guest, problem="too_many", status=429)
    if "t" in form:
        phone = _phone_of(guest, form["t"])
        return _ask_phone(guest, problem="bad_link", status=422) if phone is None else await _stop_by_link(guest, phone)
    phone = to_e164(form.get("phone"), guest.shop.country or "US")
    if phone is None:
        return _ask_phone(guest, problem="bad_phone", typed=form.get("phone", ""), status=422)
    if "code" in form:
        return await _stop_by_code(guest, phone, form["code"])
    await _send_code(guest, phone)
    return _ask_code(guest, phone)


# --- what a request leads to ---


async def _stop_by_link(guest: Guest, phone: str) -> Response:
    # The wording outlives an erasure, so the number is not in it.
    shown = f"{guest.say('title')} / {guest.say('lead_link', phone='•••')} / {guest.say('stop')}"
    async with guest.deps.db.transaction() as session:
        await stop_texting(guest.deps, session, guest.shop.id, phone, _evidence(guest, "link", shown))
    return _done(guest, phone)


async def _stop_by_code(guest: Guest, phone: str, typed: str) -> Response:
    deps, code = guest.deps, "".join(char for char in typed if char.isdecimal())
    phone_hash = deps.vault.fingerprint(phone)
    async with deps.db.transaction() as session:
        stored = await try_code(session, guest.shop.id, phone_hash, deps.clock())
        right = stored is not None and hmac.compare_digest(stored.code_hash, _code_hash(guest, phone, code))
        if stored is not None and right:
            stored.used_at = deps.clock()
            shown = f"{guest.say('title')} / {guest.say('stop')}"
            await stop_texting(deps, session, guest.shop.id, phone, _evidence(guest, "code", shown))
    return _done(guest, phone) if right else _ask_code(guest, phone, problem="bad_code", status=422)


async def _send_code(guest: Guest, phone: str) -> None:
    """To numbers that may be texted by this shop at all, and not so often that it becomes a nuisance."""
    deps, shop, now = guest.deps, guest.shop, guest.deps.clock()
    phone_hash = deps.vault.fingerprint(phone)
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop.id)
        suppression = await find_suppression(session, shop.id, phone_hash)
        stopped = suppression is not None and not suppression.held
        if sender is None or stopped or not await is_known(session, shop.id, phone_hash):
            return
        if await codes_since(session, shop.id, now - HOUR, phone_hash=phone_hash) >= MOST_CODES_A_PHONE:
            return
        if await codes_since(session, shop.id, now - HOUR) >= MOST_CODES_A_SHOP:
            return
        code = f"{secrets.randbelow(1_000_000):06d}"
        code_id = await add_code(session, shop.id, phone_hash, _code_hash(guest, phone, code), now)
        text = CODE_TEXT[guest.language].format(shop=guest.brand, code=code)
        await queue_text(
            deps,
            session,
            shop.id,
            sender.id,
            OPT_OUT_CODE,
            subject=str(code_id),
            phone=phone,
            text=text,
            locale=guest.language,
        )


def _evidence(guest: Guest, method: str, shown: str) -> Evidence:
    return Evidence(
        source="public_page",
        actor="customer",
        method=method,
        wording=shown,
        address=guest.address,
        confirmation="the page",
    )


async def _is_too_fast(guest: Guest) -> bool:
    caller = caller_of(guest.request.scope.get("client"))
    address_hash = guest.deps.vault.fingerprint(f"address/{caller}")
    async with guest.deps.db.transaction() as session:
        used = await count_public_use(session, guest.shop.id, address_hash, now=guest.deps.clock(), window=WINDOW)
    return used > MOST_REQUESTS


def _phone_of(guest: Guest, token: str) -> str | None:
    read = read_token(guest.deps.vault, token)
    return read[1] if read is not None and read[0] == guest.shop.id else None


def _code_hash(guest: Guest, phone: str, code: str) -> bytes:
    return guest.deps.vault.fingerprint(f"opt-out-code/{guest.shop.id}/{phone}/{code}")


# --- who asks, and what is shown ---


async def _guest(request: Request) -> Guest | None:
    deps: Deps = request.state.deps
    domain = clean_shop_domain(f"{request.path_params['organisation']}.myshopify.com")
    if domain is None:
        return None
    async with deps.db.transaction() as session:
        shop = await find_shop(session, domain)
    if shop is None or not shop.installed:
        return None
    return Guest(request, deps, shop, language_of(request.headers.get("accept-language", "")))


async def _read_form(request: Request) -> dict[str, str]:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LONGEST_FORM:
            return {}
    try:
        fields = parse_qs(raw.decode("ascii"), max_num_fields=10, keep_blank_values=True)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: values[0].replace("\0", "") for name, values in fields.items()}


def _ask_phone(guest: Guest, *, problem: str | None = None, typed: str = "", status: int = 200) -> Response:
    return _page(guest, "phone", status, lead=guest.say("lead_phone"), problem=problem, typed=typed[:40])


def _ask_to_stop(guest: Guest, token: str, phone: str) -> Response:
    return _page(guest, "link", 200, lead=guest.say("lead_link", phone=mask(phone)), token=token)


def _ask_code(guest: Guest, phone: str, *, problem: str | None = None, status: int = 200) -> Response:
    lead = guest.say("lead_code", phone=phone)
    return _page(guest, "code", status, lead=lead, problem=problem, typed=phone)


def _done(guest: Guest, phone: str) -> Response:
    return _page(guest, "done", 200, title=guest.say("done_title"), lead=guest.say("done", phone=mask(phone)))


def _page(
    guest: Guest,
    step: str,
    status: int,
    *,
    lead: str,
    title: str | None = None,
    problem: str | None = None,
    typed: str = "",
    token: str = "",
) -> Response:
    html = (
        _templates()
        .get_template("opt_out.html")
        .render(
            language=guest.language,
            css=_css(),
            brand=guest.brand,
            title=title or guest.say("title"),
            lead=lead,
            step=step,
            words=WORDS[guest.language],
            problem=guest.say(problem) if problem is not None else None,
            typed=typed,
            token=token,
            action=f"/c/{guest.request.path_params['organisation']}/opt-out",
        )
    )
    return HTMLResponse(html, status, _headers())


def _nobody(request: Request) -> Response:
    words = WORDS[language_of(request.headers.get("accept-language", ""))]
    html = _templates().get_template("nobody.html").render(css=_css(), sentence=words["nobody"])
    return HTMLResponse(html, 404, _headers())


def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_css().encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


@cache
def _css() -> Markup:
    return Markup((WEB / "public" / "public.css").read_text(encoding="utf-8"))  # noqa: S704  # a file of our own


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(WEB / "public"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

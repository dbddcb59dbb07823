"""What a merchant can set: an overview, a page for each section, and the JSON it is saved through, whole or in part."""

from collections import Counter
from functools import partial
from typing import Any

from starlette.responses import Response

from app.admin import wording
from app.admin.diagnostics import diagnose_all
from app.admin.json_body import read_object
from app.admin.page import UNSEEN, page, render
from app.admin.session import Visit
from app.compliance.data_request import list_requests
from app.core.errors import NotFound
from app.core.language import AVAILABLE, Language, language_of
from app.messages.compose import help_replies
from app.messages.queries import look_again
from app.notifications.registration import request_registration
from app.shops.connection_view import describe_connection
from app.shops.models import Shop
from app.shops.queries import get_shop_locked
from app.shops.settings import read_settings_of, refuse_undoing, save_settings

CAPS = (1, 2, 3, 5, 10)
DELIVERIES = (1, 3, 7, 14, 30)


@page
async def show_settings(visit: Visit) -> Response:
    """Every section with what it is set to, in one line."""
    saved, reader = read_settings_of(visit.shop), language_of(visit.request)
    async with visit.deps.db.transaction() as session:
        connection = await describe_connection(session, visit.shop.id)
        findings = await diagnose_all(visit.deps, session, visit.shop)
        requests = await list_requests(session, visit.shop.id)
    words = wording.Wording(reader)
    return render(
        visit,
        "settings",
        saved=saved,
        connection=connection,
        levels=Counter(each["level"] for each in findings),
        requests=sum(each["available"] and not each["downloaded_at"] for each in requests),
        hours=f"{reader.time(saved.quiet_hours.start)} – {reader.time(saved.quiet_hours.end)}",  # a range of times
        age=dict(_ages(words, saved.confirmation_max_age_minutes))[saved.confirmation_max_age_minutes],
        countries=[words.country(code) for code in saved.countries],
        kept=[dict(_keep(words, days))[days] for days in (saved.retention.texts_days, saved.retention.phones_days)],
    )


@page
async def show_section(visit: Visit) -> Response:
    """One section under the save bar."""
    section = str(visit.request.path_params["section"])
    if section not in wording.SETTINGS:
        raise NotFound(UNSEEN)
    saved, reader = read_settings_of(visit.shop), language_of(visit.request)
    async with visit.deps.db.transaction() as session:
        help_texts = await help_replies(session, visit.shop, reader.code) if section == "keywords" else {}
    zones = list(dict.fromkeys((*wording.TIME_ZONES, *([saved.time_zone] if saved.time_zone else ()))))
    words = wording.Wording(reader)
    return render(
        visit,
        "settings_section",
        section=section,
        saved=saved,
        stored=saved.model_dump(mode="json"),
        mails=visit.deps.settings.smtp_url is not None,
        help_texts=help_texts,
        languages=[(code, words.language(code)) for code in AVAILABLE],
        keep=partial(_keep, words),
        keep_deliveries=[(days, words.days(days)) for days in _with(saved.retention.deliveries_days, DELIVERIES)],
        caps=_with(saved.daily_cap, CAPS),
        zones=[(zone, reader.zone(zone)) for zone in zones],
        hours=_hours(reader, saved.quiet_hours.start, saved.quiet_hours.end),
        ages=_ages(words, saved.confirmation_max_age_minutes),
        countries={code: words.country(code) for code in (*wording.COUNTRIES, *saved.countries)},
    )


async def read_settings(visit: Visit) -> dict[str, Any]:
    return read_settings_of(visit.shop).model_dump(mode="json")


async def update_settings(visit: Visit) -> dict[str, Any]:
    """*was*, if given: what the fields that are saved now were when the page opened, by dotted name."""
    patch = await read_object(visit.request)
    was = patch.pop("was", {})
    async with visit.deps.db.transaction() as session:
        # Read again under a lock: two people saving different parts must not undo each other.
        shop = await get_shop_locked(session, visit.shop.id)
        if isinstance(was, dict):
            refuse_undoing(shop, was)
        saved = await save_settings(session, shop, patch | _language_of_mails(visit, shop, patch))
        await request_registration(session, visit.shop.id)
        # What a setting held back is checked again under the new ones.
        await look_again(session, visit.shop.id, visit.deps.clock())
    return saved.model_dump(mode="json")


def _language_of_mails(visit: Visit, shop: Shop, patch: dict[str, Any]) -> dict[str, str]:
    """Whoever first names somebody to be told is taken to share their language."""
    named = any(patch.get(name) for name in ("alert_email", "reply_email", "reply_phone"))
    if not named or "mail_language" in patch or read_settings_of(shop).mail_language is not None:
        return {}
    return {"mail_language": language_of(visit.request).code}


def _keep(words: wording.Wording, days: int) -> list[tuple[int, str]]:
    """For how long something may be kept; a number saved through the API stands among them."""
    usual: dict[int, str] = words.KEEP
    return sorted(({days: words.days(days)} | usual).items())


def _with(saved: int | None, usual: tuple[int, ...]) -> list[int]:
    """A number saved through the API stands among the usual ones."""
    return sorted({*usual, *(() if saved is None else (saved,))})


def _ages(words: wording.Wording, minutes: int) -> list[tuple[int, str]]:
    known: dict[int, str] = words.AGES
    return sorted(({minutes: words.minutes(minutes)} | known).items())


def _hours(reader: Language, *times: str) -> list[tuple[str, str]]:
    """A time saved through the API need not stand on the half hour."""
    known = sorted({*wording.HOURS, *times})
    return [(each, reader.time(each)) for each in known]

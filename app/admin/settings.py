"""The page of what a merchant can set, and the JSON it is saved through: whole or in part."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.responses import Response

from app.admin import wording
from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.core.language import Language, language_of
from app.messages.compose import help_replies
from app.messages.queries import look_again
from app.notifications.registration import request_registration
from app.shops.connection_view import describe_connection
from app.shops.queries import get_shop_locked
from app.shops.settings import read_settings_of, refuse_undoing, save_settings

CAPS = (1, 2, 3, 5, 10)
DELIVERIES = (1, 3, 7, 14, 30)


@page
async def show_settings(visit: Visit) -> Response:
    saved, reader = read_settings_of(visit.shop), language_of(visit.request)
    async with visit.deps.db.transaction() as session:
        connection = await describe_connection(session, visit.shop.id)
        help_texts = await help_replies(session, visit.shop, reader.code)
    zones = list(dict.fromkeys((*wording.TIME_ZONES, *([saved.time_zone] if saved.time_zone else ()))))
    words = wording.Wording(reader)
    return render(
        visit,
        "settings",
        saved=saved,
        stored=saved.model_dump(mode="json"),
        mails=visit.deps.settings.smtp_url is not None,
        connection=connection,
        help_texts=help_texts,
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
        saved = await save_settings(session, shop, patch)
        await request_registration(session, visit.shop.id)
        # What a setting held back is checked again under the new ones.
        await look_again(session, visit.shop.id, visit.deps.clock())
    return saved.model_dump(mode="json")


def _keep(words: wording.Wording, days: int) -> list[tuple[int, str]]:
    """For how long something may be kept; a number saved through the API stands among them."""
    usual: dict[int, str] = words.KEEP
    return sorted(({days: words.days(days)} | usual).items())


def _with(saved: int | None, usual: tuple[int, ...]) -> list[int]:
    """A number saved through the API stands among the usual ones."""
    return sorted({*usual, *(() if saved is None else (saved,))})


def _ages(words: wording.Wording, minutes: int) -> list[tuple[int, str]]:
    known: dict[int, str] = words.AGES
    return sorted(({minutes: f"{minutes} min"} | known).items())


def _hours(reader: Language, *times: str) -> list[tuple[str, str]]:
    """A time saved through the API need not stand on the half hour."""
    known = sorted({*wording.HOURS, *(each for each in times if each != "24:00")})
    return [(each, reader.clock(datetime.strptime(each, "%H:%M").replace(tzinfo=UTC))) for each in known]

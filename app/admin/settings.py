"""The page of what a merchant can set, and the JSON it is saved through: whole or in part."""

from typing import Any

from starlette.responses import Response

from app.admin import wording
from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.messages.queries import look_again
from app.notifications.registration import request_registration
from app.shops.connection import describe_connection
from app.shops.queries import get_shop_locked
from app.shops.settings import read_settings_of, save_settings


@page
async def show_settings(visit: Visit) -> Response:
    saved = read_settings_of(visit.shop)
    async with visit.deps.db.transaction() as session:
        connection = await describe_connection(session, visit.shop.id)
    zones = wording.TIME_ZONES
    if saved.time_zone is not None and saved.time_zone not in zones:
        zones = zones | {saved.time_zone: saved.time_zone}
    return render(
        visit,
        "settings",
        saved=saved,
        connection=connection,
        zones=zones,
        hours=_with(wording.HOURS, saved.quiet_hours.start, saved.quiet_hours.end),
        keep=_keep,
        ages=_ages(saved.confirmation_max_age_minutes),
        countries=wording.COUNTRIES | {code: code for code in saved.countries if code not in wording.COUNTRIES},
    )


async def read_settings(visit: Visit) -> dict[str, Any]:
    return read_settings_of(visit.shop).model_dump(mode="json")


async def update_settings(visit: Visit) -> dict[str, Any]:
    patch = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        # Read again under a lock: two people saving different parts must not undo each other.
        saved = await save_settings(session, await get_shop_locked(session, visit.shop.id), patch)
        await request_registration(session, visit.shop.id)
        # What a setting held back is checked again under the new ones.
        await look_again(session, visit.shop.id, visit.deps.clock())
    return saved.model_dump(mode="json")


def _keep(days: int) -> list[tuple[int, str]]:
    """For how long something may be kept; a number saved through the API stands among them."""
    usual = {30: "30 days", 90: "90 days", 180: "180 days", 365: "1 year", 730: "2 years"}
    return sorted(({days: f"{days} days"} | usual).items())


def _ages(minutes: int) -> list[tuple[int, str]]:
    return sorted(({minutes: f"{minutes} minutes"} | wording.AGES).items())


def _with(hours: tuple[tuple[str, str], ...], *times: str) -> list[tuple[str, str]]:
    """A time saved through the API need not stand on the half hour."""
    known = dict(hours)
    return sorted((known | {time: time for time in times if time not in known}).items())

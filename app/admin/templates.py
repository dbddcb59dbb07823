"""The list of texts a shop sends, the editor of one of them, and what the editor saves, previews and tests through."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from app.admin import wording
from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.core.errors import NotFound
from app.notifications.catalogue import (
    list_notifications,
    preview_notification,
    queue_test,
    save_notification,
)
from app.shops.connection import describe_connection

KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")


@page
async def show_templates(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        notifications = await list_notifications(session, visit.shop.id)
        connection = await describe_connection(session, visit.shop.id)
    return render(visit, "templates", notifications=notifications, connected=connection["connected"])


@page
async def show_template(visit: Visit) -> Response:
    deps, shop = visit.deps, visit.shop
    async with deps.db.transaction() as session:
        notifications = await list_notifications(session, shop.id)
        chosen = _find(notifications, _kind_of(visit))
        locales = _locales(chosen)
        locale = visit.request.query_params.get("language", locales[0])
        locale = locale if locale in locales else locales[0]
        texts = {each: chosen["templates"].get(each) or chosen["defaults"].get(each, "") for each in locales}
        body = {"template": texts[locale], "locale": locale}
        preview = await preview_notification(deps, session, shop, chosen["kind"], body)
        connection = await describe_connection(session, shop.id)
    return render(
        visit,
        "template_edit",
        chosen=chosen,
        locale=locale,
        locales=[(each, wording.language(each)) for each in locales],
        texts=texts,
        preview=preview,
        number=connection["phone_number"],
        connected=connection["connected"],
    )


async def read_notifications(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"notifications": await list_notifications(session, visit.shop.id)}


async def save_template(visit: Visit) -> dict[str, Any]:
    kind, patch = _kind_of(visit), await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await save_notification(visit.deps, session, visit.shop, kind, patch, actor=visit.actor)


async def preview_template(visit: Visit) -> dict[str, Any]:
    kind, body = _kind_of(visit), await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await preview_notification(visit.deps, session, visit.shop, kind, body)


async def send_test(visit: Visit) -> dict[str, Any]:
    kind, body = _kind_of(visit), await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        return await queue_test(visit.deps, session, visit.shop, kind, body, actor=visit.actor)


def _kind_of(visit: Visit) -> str:
    kind = str(visit.request.path_params["kind"])
    if not KIND.fullmatch(kind):
        raise NotFound("There is no such kind of text.")
    return kind


def _find(notifications: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    for each in notifications:
        if each["kind"] == kind:
            return each
    raise NotFound("There is no such kind of text.")


def _locales(notification: Mapping[str, Any]) -> list[str]:
    """English first: it is what a customer without a known language gets."""
    known = {*notification["defaults"], *notification["templates"]}
    return sorted(known, key=lambda locale: (locale != "en", wording.language(locale)))

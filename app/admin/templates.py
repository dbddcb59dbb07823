"""The list of texts a shop sends, the editor of one of them, and what the editor saves, previews and tests through."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit, bearer_token
from app.core.errors import Conflict, NotFound
from app.core.language import language_of
from app.message_templates.difference import difference
from app.message_templates.segments import PLAIN
from app.messages.analytics import week_by_kind
from app.messages.kinds import kinds
from app.messages.recent_orders import recent_orders
from app.notifications.catalogue import (
    describe_notification,
    get_kind,
    history_of,
    list_notifications,
    preview_languages,
    preview_notification,
    queue_test,
    save_notification,
    values_of_order,
)
from app.shopify.oauth import SubjectTokenRejected
from app.shops.connection_view import describe_connection
from app.shops.settings import read_settings_of
from app.shops.tokens import covers

KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")
ORDER = re.compile(r"[0-9]{1,20}")
LONGEST_TEXT = 4000


@page
async def show_templates(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        notifications = await list_notifications(session, visit.shop.id)
        connection = await describe_connection(session, visit.shop.id)
        week = await week_by_kind(visit.deps, session, visit.shop)
    return render(visit, "templates", notifications=notifications, connected=connection["connected"], week=week)


@page
async def show_template(visit: Visit) -> Response:
    deps, shop = visit.deps, visit.shop
    async with deps.db.transaction() as session:
        notifications = await list_notifications(session, shop.id)
        chosen = _find([*notifications, *await _of_connect(session, shop.id)], _kind_of(visit))
        locales = _locales(chosen)
        locale = language_in_address(visit, locales)
        texts = {each: chosen["templates"].get(each) or chosen["defaults"].get(each, "") for each in locales}
        body = {"template": texts[locale], "locale": locale}
        connection = await describe_connection(session, shop.id)
    preview = await preview_notification(deps, shop, chosen["kind"], body)
    others = await preview_languages(deps, shop, chosen["kind"], texts)
    return render(
        visit,
        "template_edit",
        chosen=chosen,
        locale=locale,
        locales=locales,
        texts=texts,
        preview=preview,
        sides=others["languages"],
        samples=others["samples"],
        plain=PLAIN,
        number=connection["phone_number"],
        connected=connection["connected"],
        price=read_settings_of(shop).price_per_segment,
        test_phone=read_settings_of(shop).test_phone,
    )


@page
async def show_history(visit: Visit) -> Response:
    async with visit.deps.db.transaction() as session:
        chosen = _find(await list_notifications(session, visit.shop.id), _kind_of(visit))
        locales = _locales(chosen)
        locale = language_in_address(visit, locales)
        versions = await history_of(session, visit.shop, chosen["kind"], locale)
    return render(visit, "template_history", chosen=chosen, locale=locale, locales=locales, versions=versions)


async def read_notifications(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return {"notifications": await list_notifications(session, visit.shop.id)}


async def save_template(visit: Visit) -> dict[str, Any]:
    kind, patch = _kind_of(visit), await read_object(visit.request)
    await _look_for_permission(visit, kind, patch)
    async with visit.deps.db.transaction() as session:
        return await save_notification(visit.deps, session, visit.shop, kind, patch, actor=visit.actor)


async def preview_template(visit: Visit) -> dict[str, Any]:
    kind, body = _kind_of(visit), await read_object(visit.request)
    return told(visit, await preview_notification(visit.deps, visit.shop, kind, body))


async def read_orders(visit: Visit) -> dict[str, Any]:
    return {"orders": await recent_orders(visit.deps, visit.shop.id)}


async def read_order_values(visit: Visit) -> dict[str, Any]:
    """What this text would be filled with for one order."""
    order_id, locale = order_in_address(visit)
    return {"values": await values_of_order(visit.deps, visit.shop, _kind_of(visit), order_id, locale)}


async def compare_with_default(visit: Visit) -> dict[str, Any]:
    """What going back to the default text would change."""
    body = await read_object(visit.request)
    async with visit.deps.db.transaction() as session:
        chosen = _find(await list_notifications(session, visit.shop.id), _kind_of(visit))
    default = chosen["defaults"].get(str(body.get("locale")), "")
    return {"pieces": difference(str(body.get("template", ""))[:LONGEST_TEXT], default)}


async def send_test(visit: Visit) -> dict[str, Any]:
    kind, body = _kind_of(visit), await read_object(visit.request)
    return await queue_test(visit.deps, visit.shop, kind, body, actor=visit.actor)


async def _look_for_permission(visit: Visit, kind_name: str, patch: dict[str, Any]) -> None:
    """The page has just asked the merchant; Shopify's own notice of what was granted may still be on its way."""
    scope = get_kind(kind_name).optional_scope
    if scope is None or patch.get("enabled") is not True or covers(visit.shop.scopes, [scope]):
        return
    try:
        await visit.deps.tokens.scope_granted(visit.shop.id, bearer_token(visit.request.headers) or "", scope)
    except SubjectTokenRejected:
        raise Conflict("Reload the page, then switch it on again.") from None


def told(visit: Visit, preview: dict[str, Any]) -> dict[str, Any]:
    """The linter's sentences in the reader's language."""
    in_words = language_of(visit.request).told
    return preview | {"findings": [each | {"sentence": in_words(each["sentence"])} for each in preview["findings"]]}


def order_in_address(visit: Visit) -> tuple[str, str]:
    """(order's id, language). Raises `NotFound`."""
    order_id = str(visit.request.path_params["order_id"])
    if not ORDER.fullmatch(order_id):
        raise NotFound("There is no such order.")
    return order_id, visit.request.query_params.get("language", "en")[:12]


def language_in_address(visit: Visit, locales: list[str]) -> str:
    named = visit.request.query_params.get("language", "")
    return named if named in locales else locales[0]


def _kind_of(visit: Visit) -> str:
    kind = str(visit.request.path_params["kind"])
    if not KIND.fullmatch(kind):
        raise NotFound("There is no such kind of text.")
    return kind


async def _of_connect(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    """The organisation's wording for its connected accounts; shown in the Connect section, edited as all others."""
    unlisted = (kind for kind in kinds.kinds.values() if kind.about_order and not kind.listed)
    return [await describe_notification(session, shop_id, kind) for kind in unlisted]


def _find(notifications: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    for each in notifications:
        if each["kind"] == kind:
            return each
    raise NotFound("There is no such kind of text.")


def _locales(notification: Mapping[str, Any]) -> list[str]:
    """English first: it is what a customer without a known language gets."""
    known = {*notification["defaults"], *notification["templates"]}
    return sorted(known, key=lambda locale: (locale != "en", locale))

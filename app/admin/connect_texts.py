"""The editor of a connected account's own text in the merchant's hands: what it shows, previews, compares and saves."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.admin.connect import NO_ACCOUNT
from app.admin.in_address import path_id
from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.admin.templates import LONGEST_TEXT, language_in_address, order_in_address, told
from app.connect.accounts import read_account
from app.connect.own_texts import describe_own_text, save_own_texts, values_of_account
from app.connect.queries.accounts import get_account
from app.message_templates.difference import difference
from app.message_templates.segments import PLAIN
from app.message_templates.variables import Values, editor_chips
from app.notifications.catalogue import preview_languages, preview_notification, values_of_order
from app.shops.settings import read_settings_of


@page
async def show_account_text(visit: Visit) -> Response:
    """One text of an account in all its languages, as the merchant's own texts are edited."""
    deps, shop = visit.deps, visit.shop
    async with deps.db.transaction() as session:
        account = await read_account(deps, session, shop, path_id(visit, NO_ACCOUNT))
        text, always = await _text_of(visit, session)
    texts, kind = text["texts"], text["kind"]
    locales = list(texts)
    locale = language_in_address(visit, locales)
    body = {"template": texts[locale], "locale": locale}
    others = await preview_languages(deps, shop, kind, texts, always=always)
    return render(
        visit,
        "connect_account_text",
        account=account,
        chosen=text | {"defaults": text["shared"], "variables": editor_chips(kind)},
        locale=locale,
        locales=locales,
        texts=texts,
        preview=await preview_notification(deps, shop, kind, body, always=always),
        sides=others["languages"],
        samples=others["samples"],
        plain=PLAIN,
        number=account["phone_number"],
        price=read_settings_of(shop).price_per_segment,
    )


async def preview_account_text(visit: Visit) -> dict[str, Any]:
    """Of an empty text: what the organisation's words read like, because they count then."""
    body = await read_object(visit.request)
    async with visit.deps.db.reading() as session:
        text, always = await _text_of(visit, session)
    if not str(body.get("template") or "").strip():
        body["template"] = text["shared"].get(str(body.get("locale")), "")
    return told(visit, await preview_notification(visit.deps, visit.shop, text["kind"], body, always=always))


async def compare_with_shared(visit: Visit) -> dict[str, Any]:
    """What going back to the organisation's words would change."""
    body = await read_object(visit.request)
    async with visit.deps.db.reading() as session:
        text, _ = await _text_of(visit, session)
    shared = text["shared"].get(str(body.get("locale")), "")
    return {"pieces": difference(str(body.get("template", ""))[:LONGEST_TEXT], shared)}


async def read_order_values(visit: Visit) -> dict[str, Any]:
    """What this text would be filled with for one order, were it this account's."""
    order_id, locale = order_in_address(visit)
    async with visit.deps.db.reading() as session:
        text, always = await _text_of(visit, session)
    values = await values_of_order(visit.deps, visit.shop, text["kind"], order_id, locale, always=always)
    return {"values": values}


async def save_account_text(visit: Visit) -> dict[str, Any]:
    """`templates` by language; an empty one: the organisation's words again."""
    form, account_id = await read_object(visit.request), path_id(visit, NO_ACCOUNT)
    kind = str(visit.request.path_params["kind"])
    async with visit.deps.db.transaction() as session:
        account = await get_account(session, visit.shop.id, account_id, lock=True)
        return await save_own_texts(visit.deps, session, visit.shop, account, kind, form, actor=visit.actor)


async def _text_of(visit: Visit, session: AsyncSession) -> tuple[dict[str, Any], Values]:
    """(the text of the address, what is the same in every text of its account). Raises `NotFound`."""
    account = await get_account(session, visit.shop.id, path_id(visit, NO_ACCOUNT))
    text = await describe_own_text(session, visit.shop, account, str(visit.request.path_params["kind"]))
    return text, await values_of_account(visit.deps, session, visit.shop, account)

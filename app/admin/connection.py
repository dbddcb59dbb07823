"""The page where a merchant connects RingCentral, chooses a number, and sees whether texts can leave."""

from typing import Any
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.admin.steps import answer_in_steps
from app.core.db import after_commit
from app.core.errors import NotFound
from app.core.whole_number import whole_number
from app.messages.numbers import describe_numbers
from app.notifications.catalogue import list_notifications
from app.shops.connection import check_again, choose_number, connect
from app.shops.connection_view import describe_connection
from app.shops.credentials_form import PARTNER_SERVERS
from app.shops.disconnecting import disconnect, disconnect_own
from app.shops.pausing import pause_sender, resume_sender
from app.shops.progress import Tell
from app.shops.settings import read_settings_of

NEW_JWT = "https://developers.ringcentral.com/console/my-credentials/create"
ALL_JWTS = "https://developers.ringcentral.com/console/my-credentials"


@page
async def show_connection(visit: Visit) -> Response:
    settings = visit.deps.settings
    async with visit.deps.db.transaction() as session:
        connection = await _describe(visit, session)
        notifications = await list_notifications(session, visit.shop.id)
    client_id = settings.ringcentral_client_id
    return render(
        visit,
        "connection",
        connection=connection,
        new_jwt=f"{NEW_JWT}?{urlencode({'client_id': client_id})}" if client_id else ALL_JWTS,
        own_app_needed=not client_id,
        servers=dict.fromkeys((settings.ringcentral_server_url, *PARTNER_SERVERS)),
        test_kind=notifications[0]["kind"] if notifications else None,
        test_phone=read_settings_of(visit.shop).test_phone,
    )


async def read_connection(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await _describe(visit, session)


async def save_connection(visit: Visit) -> dict[str, Any] | Response:
    form = await read_object(visit.request)
    chosen = await _own_sender(visit, form.get("sender_id"))

    async def work(tell: Tell) -> dict[str, Any]:
        await connect(visit.deps, visit.shop, form, actor=visit.actor, sender_id=chosen, tell=tell)
        return await read_connection(visit)

    return await answer_in_steps(visit, work)


async def save_number(visit: Visit) -> dict[str, Any] | Response:
    form = await read_object(visit.request)
    chosen = await _own_sender(visit, form.get("sender_id"))

    async def work(tell: Tell) -> dict[str, Any]:
        await choose_number(visit.deps, visit.shop, form, actor=visit.actor, sender_id=chosen, tell=tell)
        return await read_connection(visit)

    return await answer_in_steps(visit, work)


async def check_connection(visit: Visit) -> dict[str, Any] | Response:
    async def work(tell: Tell) -> dict[str, Any]:
        await check_again(visit.deps, visit.shop, tell=tell)
        return await read_connection(visit)

    return await answer_in_steps(visit, work)


async def end_connection(visit: Visit) -> dict[str, Any]:
    await disconnect_own(visit.deps, visit.shop.id)
    return await read_connection(visit)


async def remove_sender(visit: Visit) -> dict[str, Any]:
    await disconnect(visit.deps, visit.shop.id, sender_id=await _sender_of(visit))
    return await read_connection(visit)


async def pause_sending(visit: Visit) -> dict[str, Any]:
    chosen = await _sender_of(visit)
    async with visit.deps.db.transaction() as session:
        await pause_sender(visit.deps, session, visit.shop, actor=visit.actor, sender_id=chosen)
    return await read_connection(visit)


async def resume_sending(visit: Visit) -> dict[str, Any]:
    chosen = await _sender_of(visit)
    async with visit.deps.db.transaction() as session:
        await resume_sender(visit.deps, session, visit.shop, actor=visit.actor, sender_id=chosen)
        after_commit(session, visit.deps.outbox_changed.set)
    return await read_connection(visit)


async def _describe(visit: Visit, session: AsyncSession) -> dict[str, Any]:
    connection = await describe_connection(session, visit.shop.id)
    return connection | {"senders": await describe_numbers(visit.deps, session, visit.shop)}


async def _sender_of(visit: Visit) -> int | None:
    """The one that the address names; None where it names none."""
    return await _own_sender(visit, visit.request.path_params.get("id"))


async def _own_sender(visit: Visit, given: object) -> int | None:
    """*given* as the id of one of the shop's own numbers, or None for None. Raises `NotFound`."""
    if given is None:
        return None
    sender_id = whole_number(str(given))
    async with visit.deps.db.transaction() as session:
        known = {each["id"] for each in await describe_numbers(visit.deps, session, visit.shop)}
    if sender_id is not None and sender_id in known:
        return sender_id
    raise NotFound("This number is not one of yours.")

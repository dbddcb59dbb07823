"""The page where a merchant connects RingCentral, sees what was checked, chooses the number and disconnects again.

Source: RingCentral, "JWT for public apps": the console makes a JWT for this app's client id behind one address.
"""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from app.admin.json_body import read_object
from app.admin.page import page, render
from app.admin.session import Visit
from app.core.db import after_commit
from app.notifications.catalogue import list_notifications
from app.shops.connection import PARTNER_SERVERS, choose_number, connect, describe_connection, disconnect
from app.shops.pausing import pause_sender, resume_sender
from app.sms.contract import SmsError, Throttled

NEW_JWT = "https://developers.ringcentral.com/console/my-credentials/create"
ALL_JWTS = "https://developers.ringcentral.com/console/my-credentials"


@page
async def show_connection(visit: Visit) -> Response:
    settings = visit.deps.settings
    async with visit.deps.db.transaction() as session:
        connection = await describe_connection(session, visit.shop.id)
        notifications = await list_notifications(session, visit.shop.id)
    client_id = settings.ringcentral_client_id
    return render(
        visit,
        "connection",
        connection=connection,
        suggested=next((each["phone_number"] for each in connection["numbers"] if each["usable"]), None),
        new_jwt=f"{NEW_JWT}?{urlencode({'client_id': client_id})}" if client_id else ALL_JWTS,
        own_app_needed=not client_id,
        servers=dict.fromkeys((settings.ringcentral_server_url, *PARTNER_SERVERS)),
        test_kind=notifications[0]["kind"] if notifications else None,
    )


async def read_connection(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        return await describe_connection(session, visit.shop.id)


async def save_connection(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    await connect(visit.deps, visit.shop, form, actor=visit.actor)
    return await read_connection(visit)


async def save_number(visit: Visit) -> dict[str, Any]:
    form = await read_object(visit.request)
    await choose_number(visit.deps, visit.shop, form, actor=visit.actor)
    return await read_connection(visit)


async def end_connection(visit: Visit) -> dict[str, Any]:
    await disconnect(visit.deps, visit.shop.id)
    return await read_connection(visit)


async def pause_sending(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        await pause_sender(visit.deps, session, visit.shop, actor=visit.actor)
    return await read_connection(visit)


async def resume_sending(visit: Visit) -> dict[str, Any]:
    async with visit.deps.db.transaction() as session:
        await resume_sender(visit.deps, session, visit.shop, actor=visit.actor)
        after_commit(session, visit.deps.outbox_changed.set)
    return await read_connection(visit)


def pause_of(error: SmsError) -> dict[str, str]:
    """How long RingCentral asked us to wait, for whoever calls next."""
    return {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, Throttled) else {}

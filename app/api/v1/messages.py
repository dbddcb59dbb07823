"""`/api/v1/messages/…`: from the organisation to its connected accounts."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.v1.call import Answer, Call
from app.connect.notices import send_broadcast, send_notification


async def notify(call: Call) -> Answer:
    body = call.object()

    async def work(session: AsyncSession) -> Answer:
        return Answer(await send_notification(call.deps, session, call.shop, body), 201)

    return await call.once(work)


async def broadcast(call: Call) -> Answer:
    body = call.object()

    async def work(session: AsyncSession) -> Answer:
        return Answer(await send_broadcast(call.deps, session, call.shop, body), 201)

    return await call.once(work)

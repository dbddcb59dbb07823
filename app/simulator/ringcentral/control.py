"""What the trial's pages and other processes may ask of the simulator over HTTP, under `/_simulator`.

Nothing here exists at RingCentral. Pages on any loopback port may call it from the browser; the simulated API itself
sends no CORS headers, as the real one is not for browsers either.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from app.simulator.ringcentral.faults import Trouble
from app.simulator.ringcentral.handsets import deliver_text
from app.simulator.ringcentral.platform import Platform, timestamp
from app.simulator.ringcentral.sms import E164
from app.simulator.ringcentral.status import status_of

LOOPBACK_ORIGIN = r"http://(localhost|127\.0\.0\.1)(:\d+)?"
SHOWN = 200
Endpoint = Callable[[Platform, Request], Awaitable[Response]]


class TextOrder(msgspec.Struct, forbid_unknown_fields=True):
    to: str
    text: str


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """*kind* None: only the switches are set."""

    kind: str | None = None
    path: str = "/sms"
    times: int = 1
    after_accepting: bool = False
    status: int = 503
    code: str | None = None
    retry_after: int | None = None
    seconds: float = 0
    clear: bool = False
    limits: dict[str, float] | None = None
    duplicate_webhooks: bool | None = None
    lose_webhooks: bool | None = None
    delivery_outcomes: dict[str, str] | None = None
    refusals: dict[str, str] | None = None
    rejections: dict[str, str] | None = None


def build_control(platform: Platform) -> Mount:
    def bind(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(platform, request)
            except msgspec.DecodeError as error:
                return json({"error": str(error)}, 400)

        return answer

    cors = Middleware(
        CORSMiddleware,
        allow_origin_regex=LOOPBACK_ORIGIN,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type"],
    )
    routes = [
        Route("/state", bind(show_state)),
        Route("/phones/{phone}", bind(show_phone)),
        Route("/phones/{phone}/texts", bind(send_text), methods=["POST"]),
        Route("/faults", bind(order_faults), methods=["POST"]),
    ]
    return Mount("/_simulator", routes=routes, middleware=[cors])


async def show_state(platform: Platform, request: Request) -> Response:
    state = platform.state
    both = {**state.messages, **state.a2p_messages}.values()
    messages = sorted(both, key=lambda message: message.created_at)[-SHOWN:]
    return json(
        {
            "now": timestamp(platform.clock()),
            "users": list(state.users.values()),
            "numbers": list(state.numbers.values()),
            "subscriptions": [
                {"id": s.id, "owner_id": s.owner_id, "address": s.address, "blacklisted": s.blacklisted_at is not None}
                for s in state.subscriptions.values()
            ],
            "messages": [
                {
                    "id": str(m.id),
                    "direction": m.direction,
                    "from": m.from_,
                    "to": m.to,
                    "text": m.text,
                    "status": status_of(platform, m).word,
                    "at": timestamp(m.created_at),
                }
                for m in messages
            ],
            "group_messages": state.group_messages,
            "consents": list(state.consents.values()),
            "phones": sorted(state.handsets),
            "requests": platform.requests[-SHOWN:],
            "webhooks": platform.webhooks[-SHOWN:],
        }
    )


async def show_phone(platform: Platform, request: Request) -> Response:
    phone = request.path_params["phone"]
    if not E164.fullmatch(phone):
        return json({"error": "The telephone number is not written as +15551234567."}, 400)
    return json({"phone": phone, "texts": texts_of(platform, phone), "numbers": numbers_for(platform, phone)})


async def send_text(platform: Platform, request: Request) -> Response:
    phone = request.path_params["phone"]
    if not E164.fullmatch(phone):
        return json({"error": "The telephone number is not written as +15551234567."}, 400)
    order = msgspec.json.decode(await request.body(), type=TextOrder)
    try:
        await deliver_text(platform, phone, order.to, order.text)
    except LookupError as error:
        return json({"error": str(error)}, 404)
    return json({"phone": phone, "texts": texts_of(platform, phone), "numbers": numbers_for(platform, phone)})


async def order_faults(platform: Platform, request: Request) -> Response:
    order = msgspec.json.decode(await request.body(), type=FaultOrder)
    if order.clear:
        platform.troubles.clear()
    if order.kind in ("fail", "hang", "drop"):
        platform.troubles.order(
            Trouble(
                kind=order.kind,
                path=order.path,
                times=order.times,
                after_accepting=order.after_accepting,
                status=order.status,
                code=order.code,
                retry_after=order.retry_after,
                seconds=order.seconds,
            )
        )
    elif order.kind is not None:
        return json({"error": "kind is one of fail, hang and drop."}, 400)
    return set_switches(platform, order)


def set_switches(platform: Platform, order: FaultOrder) -> Response:
    if order.limits is not None:
        try:
            platform.limits.use(**order.limits)  # type: ignore[arg-type]
        except TypeError:
            return json({"error": "limits are auth, heavy, medium, light, window and penalty."}, 400)
    for name in ("duplicate_webhooks", "lose_webhooks", "delivery_outcomes", "refusals", "rejections"):
        value = getattr(order, name)
        if value is not None:
            setattr(platform, name, value)
    return json({"ok": True})


def texts_of(platform: Platform, phone: str) -> list[dict[str, str]]:
    """Everything a handset saw, oldest first."""
    return [
        {"direction": t.direction, "from": t.from_, "to": t.to, "text": t.text, "at": timestamp(t.at)}
        for t in platform.state.handsets.get(phone, [])
    ]


def numbers_for(platform: Platform, phone: str) -> list[str]:
    """The numbers a handset can answer to: the last to text it first, then all others that take texts."""
    texts = reversed(platform.state.handsets.get(phone, []))
    known = [t.from_ if t.direction == "in" else t.to for t in texts]
    others = [n.phone for n in platform.state.numbers.values() if "SmsSender" in n.features or n.is_high_volume]
    return list(dict.fromkeys(known + others))


def json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")

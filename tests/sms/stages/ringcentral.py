"""RingCentral's two transports in front of the simulated RingCentral, whose calls are all written down."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.clock import HeldClock
from app.core.http import Http
from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.ringcentral.state import A2P_FEATURES, SMS_FEATURES
from app.sms.contract import Access, Credentials, Line, Transport
from app.sms.providers.ringcentral import PROVIDERS
from tests.sms.recorder import Recorder
from tests.sms.stages import Stage
from tests.sms.stub import serve

DEADLINE = 0.5
NUMBERS = {Transport.SMS: "+16505550100", Transport.A2P: "+16505550103"}
FEATURES = {Transport.SMS: SMS_FEATURES, Transport.A2P: A2P_FEATURES}
SEND = {Transport.SMS: "/sms", Transport.A2P: "/a2p-sms/batches"}
OUTCOMES = {
    "opted out": ("+14155550113", "SMS-RC-413"),
    "landline": ("+14155550111", "SMS-CAR-411"),
    "invalid number": ("+14155550110", "SMS-RC-410"),
    "unreachable": ("+14155550112", "SMS-CAR-412"),
    "spam": ("+14155550130", "SMS-CAR-430"),
    "campaign cap": ("+14155550150", "SMS-CAR-450"),
    "no receipt": ("+14155550199", "SMS-CAR-199"),
}


@asynccontextmanager
async def open_stage(transport: Transport, clock: HeldClock, http: Http) -> AsyncIterator[Stage]:
    async with open_recorded(transport, clock, http) as (stage, _):
        yield stage


@asynccontextmanager
async def open_recorded(transport: Transport, clock: HeldClock, http: Http) -> AsyncIterator[tuple[Stage, Recorder]]:
    simulator, heard = RingCentralSimulator(clock=clock), list[bytes]()
    simulator.scopes = (*simulator.scopes, "A2PSMS")
    simulator.delivery_outcomes = dict(OUTCOMES.values())
    recorder = Recorder(simulator.app)
    hook = Starlette(routes=[Route("/hook", partial(receive, heard), methods=["POST"])])
    async with serve(recorder) as simulator.url, serve(hook) as hook_url:
        [kind] = [each for each in PROVIDERS if each.transport is transport]
        provider = kind(http, clock=clock, server_url=simulator.url, deadline=DEADLINE)
        user = simulator.add_user()
        number = simulator.add_number(user, NUMBERS[transport], features=FEATURES[transport])
        jwt = simulator.issue_jwt(user)
        credentials = Credentials(simulator.client_id, simulator.client_secret, jwt, simulator.url)
        token = await provider.log_in(credentials)
        yield (
            Stage(
                provider=provider,
                clock=clock,
                credentials=credentials,
                access=Access(simulator.url, token.access_token, token.scopes),
                line=Line(number.phone, transport),
                outcomes={name: phone for name, (phone, _) in OUTCOMES.items()},
                trouble=lambda name: troubles(simulator, SEND[transport])[name](),
                number_of_sent=lambda: len(simulator.sent) + len(simulator.group_messages),
                number_of_calls=lambda: len(recorder.exchanges),
                handset=lambda phone: [t["text"] for t in simulator.texts_of(phone) if t["direction"] == "in"],
                customer_texts=lambda phone, text: simulator.customer_texts(phone, number.phone, text),
                deliver_events=simulator.deliver_status_events,
                hook=f"{hook_url}/hook",
                heard=heard,
            ),
            recorder,
        )


def troubles(simulator: RingCentralSimulator, path: str) -> dict[str, Callable[[], object]]:
    fail = partial(simulator.fail_next, path=path)
    return {
        "throttled with a time": partial(fail, 429, retry_after=30),
        "throttled without a time": partial(fail, 429),
        "the last call of the minute": partial(simulator.use_limits, medium=1, light=1),
        "token rejected": partial(end_sessions, simulator),
        "token expired": partial(fail, 401, code="OAU-128"),
        "opted out at once": partial(fail, 403, code="SMS-RC-413"),
        "recipient blocked": partial(fail, 400, code="MSG-243"),
        "sender gone": partial(fail, 403, code="MSG-304"),
        "account limit": partial(fail, 403, code="MSG-384"),
        "scope missing": partial(fail, 403, code="CMN-401"),
        "unknown refusal": partial(fail, 400, code="XYZ-999"),
        "busy": partial(fail, 503),
        "500 before": partial(fail, 500),
        "500 after": partial(fail, 500, after_accepting=True),
        "504 after": partial(fail, 504, after_accepting=True),
        "hang before": partial(simulator.hang_next, 30, path=path),
        "hang after": partial(simulator.hang_next, 30, path=path, after_accepting=True),
        "dropped before": partial(simulator.drop_next, path=path),
        "dropped after": partial(simulator.drop_next, path=path, after_accepting=True),
    }


def end_sessions(simulator: RingCentralSimulator) -> None:
    for user in simulator.state.users.values():
        simulator.end_sessions(user)


async def receive(heard: list[bytes], request: Request) -> Response:
    """Our side of the webhook: shakes hands and keeps what it is told."""
    if body := await request.body():
        heard.append(body)
    token = request.headers.get("validation-token")
    headers = {"content-type": "application/json"} | ({"validation-token": token} if token else {})
    return Response(status_code=200, headers=headers)

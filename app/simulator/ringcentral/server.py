"""The HTTP surface: which calls exist, what each demands, and the order in which RingCentral refuses.

Source: RingCentral OpenAPI (paths, usage plan groups, scopes, user permissions). A call is identified first, then
counted against its group, then checked for scope and permission, and only then carried out; every answer to an
identified caller carries the rate headers. Further APIs are further lines of the table.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan, Receive, Scope, Send

from app.simulator.ringcentral import a2p, a2p_reading, auth, consents, message_store, numbers, sms, subscriptions
from app.simulator.ringcentral.errors import Fault, TokenFault, default_fault, fault, lacks_permission, lacks_scope
from app.simulator.ringcentral.faults import CONNECTION, NoAnswer, Trouble, outlast
from app.simulator.ringcentral.platform import Call, Platform, RecordedRequest
from app.simulator.ringcentral.state import Session, User

Handler = Callable[[Platform, Call], Awaitable[Response]]
TokenHandler = Callable[[Platform, Request, bytes], Awaitable[Response]]
ACCOUNT = "/restapi/v1.0/account/{account}"
EXTENSION = f"{ACCOUNT}/extension/{{extension}}"
CONSENTS = "/restapi/v2/accounts/{account}/sms/consents"
SUBSCRIPTION = "/restapi/v1.0/subscription"
A2P = f"{ACCOUNT}/a2p-sms"


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    group: str
    handler: Handler
    scope: str
    permission: str | None = None


OPERATIONS = (
    Operation("GET", ACCOUNT, "light", numbers.show_account, "ReadAccounts"),
    Operation("GET", EXTENSION, "light", numbers.show_extension, "ReadAccounts"),
    Operation("GET", f"{EXTENSION}/authz-profile/check", "light", numbers.check_permission, "ReadAccounts"),
    Operation(
        "GET", f"{EXTENSION}/phone-number", "light", numbers.list_numbers, "ReadAccounts", "ReadUserPhoneNumbers"
    ),
    Operation(
        "GET",
        f"{EXTENSION}/phone-number/{{number_id}}/sms-configuration",
        "light",
        numbers.show_sms_configuration,
        "ReadAccounts",
        "ReadUserPhoneNumbers",
    ),
    Operation("POST", f"{EXTENSION}/sms", "medium", sms.send_sms, "SMS", "OutboundSMS"),
    Operation(
        "GET", f"{EXTENSION}/message-store", "light", message_store.list_messages, "ReadMessages", "ReadMessages"
    ),
    Operation(
        "GET",
        f"{EXTENSION}/message-store/{{message_ids}}",
        "light",
        message_store.read_messages,
        "ReadMessages",
        "ReadMessages",
    ),
    Operation("GET", f"{EXTENSION}/message-sync", "light", message_store.sync_messages, "ReadMessages", "ReadMessages"),
    Operation("POST", f"{CONSENTS}/search", "light", consents.search_consents, "SMS"),
    Operation("PATCH", CONSENTS, "light", consents.edit_consents, "SMS"),
    Operation("POST", f"{A2P}/batches", "light", a2p.send_batch, "A2PSMS"),
    Operation("GET", f"{A2P}/batches", "light", a2p_reading.list_batches, "A2PSMS"),
    Operation("GET", f"{A2P}/batches/{{batch_id}}", "light", a2p_reading.show_batch, "A2PSMS"),
    Operation("GET", f"{A2P}/messages", "light", a2p_reading.list_messages, "A2PSMS"),
    Operation("GET", f"{A2P}/messages/{{message_id}}", "light", a2p_reading.show_message, "A2PSMS"),
    Operation("GET", f"{A2P}/statuses", "light", a2p_reading.count_statuses, "A2PSMS"),
    Operation("GET", f"{A2P}/opt-outs", "light", a2p_reading.list_opt_outs, "A2PSMS"),
    Operation("POST", f"{A2P}/opt-outs/bulk-assign", "light", a2p.assign_opt_outs, "A2PSMS"),
    Operation("POST", SUBSCRIPTION, "medium", subscriptions.create_subscription, "SubscriptionWebhook"),
    Operation("GET", SUBSCRIPTION, "light", subscriptions.list_subscriptions, "SubscriptionWebhook"),
    Operation(
        "GET", f"{SUBSCRIPTION}/{{subscription_id}}", "light", subscriptions.show_subscription, "SubscriptionWebhook"
    ),
    Operation(
        "PUT", f"{SUBSCRIPTION}/{{subscription_id}}", "medium", subscriptions.update_subscription, "SubscriptionWebhook"
    ),
    Operation(
        "DELETE",
        f"{SUBSCRIPTION}/{{subscription_id}}",
        "medium",
        subscriptions.delete_subscription,
        "SubscriptionWebhook",
    ),
    Operation(
        "POST",
        f"{SUBSCRIPTION}/{{subscription_id}}/renew",
        "light",
        subscriptions.renew_subscription,
        "SubscriptionWebhook",
    ),
)
TOKEN_OPERATIONS: dict[str, TokenHandler] = {
    "/restapi/oauth/token": auth.issue_token,
    "/restapi/oauth/revoke": auth.revoke_token,
}


class SimulatedServer(Starlette):
    """Remembers the socket of each request, so that it can be cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[CONNECTION] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


def build_server(platform: Platform, *, control: BaseRoute, lifespan: Lifespan[Starlette]) -> Starlette:
    routes: list[BaseRoute] = [control]
    routes += [
        Route(path, token_endpoint(platform, handler), methods=["POST"]) for path, handler in TOKEN_OPERATIONS.items()
    ]
    routes += [Route(one.path, endpoint(platform, one), methods=[one.method]) for one in OPERATIONS]
    handlers = {404: recorded(platform, "CMN-102"), 405: recorded(platform, "CMN-102")}
    return SimulatedServer(routes=routes, exception_handlers=handlers, lifespan=lifespan)


def endpoint(platform: Platform, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        async def carry_out(body: bytes) -> Response:
            return await perform(platform, operation, request, body)

        return await with_trouble(platform, request, operation.group, carry_out)

    return answer


def token_endpoint(platform: Platform, handler: TokenHandler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        async def carry_out(body: bytes) -> Response:
            try:
                return await handler(platform, request, body)
            except (Fault, TokenFault) as refusal:
                return refusal.response()

        return await with_trouble(platform, request, "auth", carry_out)

    return answer


async def perform(platform: Platform, operation: Operation, request: Request, body: bytes) -> Response:
    headers: dict[str, str] = {"RCRequestId": str(uuid.uuid4())}
    try:
        user, session = auth.identify(platform, request)
        headers |= platform.limits.take(caller_of(session), operation.group)
        check_access(operation, request, user, session)
        response = await operation.handler(platform, Call(request, body, user, session.client_id))
    except Fault as refusal:
        response = refusal.response()
    response.headers.update(headers)
    if request.method != "GET":
        platform.save()
    return response


def check_access(operation: Operation, request: Request, user: User, session: Session) -> None:
    if request.path_params.get("account", "~") not in ("~", user.account_id):
        raise fault("CMN-102", "Resource for parameter [accountId] is not found")
    if request.path_params.get("extension", "~") not in ("~", user.owner_id):
        raise fault("CMN-102", "Resource for parameter [extensionId] is not found")
    if operation.scope not in session.scope.split():
        raise lacks_scope(operation.scope)
    if operation.permission is not None and operation.permission not in user.permissions:
        raise lacks_permission(operation.permission)


async def with_trouble(
    platform: Platform, request: Request, group: str, carry_out: Callable[[bytes], Awaitable[Response]]
) -> Response:
    """Carries the call out, unless a trouble was ordered for it, and writes down how it was answered."""
    body = await request.body()
    session = find_session(platform, request)
    penalty_age = platform.limits.penalty_age(caller_of(session), group) if session is not None else None
    trouble = platform.troubles.meet(request.url.path)
    if trouble is None:
        response = await carry_out(body)
        await asyncio.sleep(platform.latency)
    elif trouble.after_accepting:
        response = await suffer(platform, request, group, trouble, await carry_out(body))
    elif trouble.kind == "hang" and await outlast(request, trouble.seconds):
        response = await carry_out(body)
    else:
        response = await suffer(platform, request, group, trouble, NoAnswer())
    platform.record(
        RecordedRequest(
            method=request.method,
            path=request.url.path,
            status=0 if isinstance(response, NoAnswer) else response.status_code,
            at=platform.clock(),
            owner_id=session.owner_id if session is not None else None,
            penalty_age=penalty_age,
        )
    )
    return response


async def suffer(platform: Platform, request: Request, group: str, trouble: Trouble, response: Response) -> Response:
    """What the caller gets to see; *response* is what it would have been."""
    match trouble.kind:
        case "fail":
            return refuse(platform, request, group, trouble)
        case "hang" if trouble.after_accepting and await outlast(request, trouble.seconds):
            return response
        case _:
            return NoAnswer()


def refuse(platform: Platform, request: Request, group: str, trouble: Trouble) -> Response:
    """A 429 starts a penalty like any other."""
    session = find_session(platform, request)
    if trouble.status == 429 and session is not None:
        seconds = platform.limits.penalty if trouble.retry_after is None else trouble.retry_after
        platform.limits.penalise(caller_of(session), group, seconds)
    response = default_fault(trouble.status, trouble.code).response()
    if trouble.retry_after is not None:
        response.headers["Retry-After"] = str(trouble.retry_after)
    return response


def find_session(platform: Platform, request: Request) -> Session | None:
    return platform.state.sessions.get(request.headers.get("authorization", "").partition(" ")[2].strip())


def caller_of(session: Session) -> str:
    return f"{session.client_id}/{session.owner_id}"


def recorded(platform: Platform, code: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The answer to what does not exist, which is written down as well: it is a mistake of the client."""

    async def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        platform.record(RecordedRequest(request.method, request.url.path, status, platform.clock()))
        return fault(code, f"Resource [{request.method} {request.url.path}] is not found", status=status).response()

    return answer

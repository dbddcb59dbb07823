"""Every address of the embedded app, and the one place where its errors become JSON."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from app.admin import connect, connect_pages, connect_texts
from app.admin.analytics import show_analytics
from app.admin.connection import (
    check_connection,
    end_connection,
    pause_sending,
    read_connection,
    remove_sender,
    resume_sending,
    save_connection,
    save_number,
    show_connection,
)
from app.admin.consent import (
    confirm_doubtful,
    read_doubtful,
    read_drift,
    read_policy,
    read_quiet_rules,
    record_opt_in,
    record_opt_out,
    release_doubtful,
    settle,
    show_consent,
    show_quiet_rules,
    update_policy,
)
from app.admin.consent_number import link_evidence, read_evidence, read_standing, show_number
from app.admin.conversations import (
    answer_conversation,
    read_conversation,
    show_conversation,
    show_conversations,
)
from app.admin.diagnostics import read_diagnostics, run_diagnostics, show_diagnostics
from app.admin.explain import explain
from app.admin.exports import download_export, make_export, make_opt_outs_export
from app.admin.home import show_home
from app.admin.messages import cancel, read_message, read_messages, resend, show_message, show_messages
from app.admin.page import show_bounce, show_no_such_page
from app.admin.privacy import download_data_request, link_data_request, read_data_requests, show_privacy
from app.admin.session import NoSession, OtherShop, Visit, bearer_token, open_visit, refuse_fetch
from app.admin.settings import read_settings, show_section, show_settings, update_settings
from app.admin.templates import (
    compare_with_default,
    preview_template,
    read_notifications,
    read_order_values,
    read_orders,
    save_template,
    send_test,
    show_history,
    show_template,
    show_templates,
)
from app.admin.vitals import note_vitals
from app.core.errors import AppError
from app.core.static_files import serve_static_file

Handle = Callable[[Visit], Awaitable[dict[str, Any] | Response]]
NO_STORE = {"Cache-Control": "no-store"}


def admin_routes() -> list[BaseRoute]:
    return [
        Route("/", show_home),
        Route("/templates", show_templates),
        Route("/templates/{kind}", show_template),
        Route("/templates/{kind}/history", show_history),
        Route("/messages", show_messages),
        Route("/messages/conversations", show_conversations),
        Route("/messages/conversations/{key}", show_conversation),
        Route("/messages/{id}", show_message),
        Route("/consent", show_consent),
        Route("/consent/number", show_number),
        Route("/consent/rules", show_quiet_rules),
        Route("/analytics", show_analytics),
        Route("/settings", show_settings),
        Route("/settings/connection", show_connection),
        Route("/settings/diagnostics", show_diagnostics),
        Route("/settings/privacy", show_privacy),
        Route("/settings/{section}", show_section),
        Route("/data-requests/{link}", download_data_request),
        *connect_pages.routes(),
        *(Route(f"/{part}{{rest:path}}", show_no_such_page) for part in ("connect/", "settings/")),
        Route("/exports/{token}", download_export),
        Route("/auth/bounce", show_bounce),
        Route("/static/{build}/{path:path}", serve_static_file),
        Mount("/api/admin", Router(_api_routes(), default=_no_such_address), middleware=[_errors_as_json()]),
    ]


def _api_routes() -> list[BaseRoute]:
    return [
        _api("/connection", GET=read_connection, PUT=save_connection, DELETE=end_connection),
        _api("/connection/number", PUT=save_number),
        _api("/connection/pause", POST=pause_sending),
        _api("/connection/resume", POST=resume_sending),
        _api("/connection/check", POST=check_connection),
        _api("/connection/senders/{id}", DELETE=remove_sender),
        _api("/connection/senders/{id}/pause", POST=pause_sending),
        _api("/connection/senders/{id}/resume", POST=resume_sending),
        _api("/settings", GET=read_settings, PUT=update_settings),
        _api("/notifications", GET=read_notifications),
        _api("/notifications/{kind}", PUT=save_template),
        _api("/notifications/{kind}/preview", POST=preview_template),
        _api("/notifications/{kind}/test", POST=send_test),
        _api("/notifications/{kind}/difference", POST=compare_with_default),
        _api("/notifications/{kind}/orders/{order_id}", GET=read_order_values),
        _api("/orders", GET=read_orders),
        _api("/messages", GET=read_messages),
        _api("/messages/{id}", GET=read_message),
        _api("/messages/{id}/resend", POST=resend),
        _api("/messages/{id}/cancel", POST=cancel),
        _api("/conversations/{key}", GET=read_conversation),
        _api("/conversations/{key}/replies", created=True, POST=answer_conversation),
        _api("/exports", created=True, POST=make_export),
        _api("/opt-outs", created=True, POST=record_opt_out),
        _api("/opt-outs/export", created=True, POST=make_opt_outs_export),
        _api("/opt-ins", created=True, POST=record_opt_in),
        _api("/consent/drift", GET=read_drift),
        _api("/consent/drift/{id}/settle", POST=settle),
        _api("/consent/doubtful", GET=read_doubtful),
        _api("/consent/doubtful/{id}/release", POST=release_doubtful),
        _api("/consent/doubtful/{id}/confirm", POST=confirm_doubtful),
        _api("/consent/policy", GET=read_policy, PUT=update_policy),
        _api("/consent/quiet-rules", GET=read_quiet_rules),
        _api("/consent/check", GET=read_standing),
        _api("/consent/evidence", GET=read_evidence),
        _api("/consent/evidence/link", created=True, POST=link_evidence),
        _api("/diagnostics", GET=read_diagnostics, POST=run_diagnostics),
        _api("/vitals", POST=note_vitals),
        _api("/data-requests", GET=read_data_requests),
        _api("/data-requests/{id}/link", POST=link_data_request),
        *_connect_routes(),
    ]


def _connect_routes() -> list[BaseRoute]:
    return [
        _api("/api-keys", created=True, GET=connect.read_keys, POST=connect.make_key),
        _api("/api-keys/{id}", DELETE=connect.end_key),
        _api("/api-requests", GET=connect.read_request_log),
        _api("/connect/accounts", created=True, GET=connect.read_accounts, POST=connect.invite),
        _api("/connect/accounts/import", POST=connect.invite_from_file),
        _api("/connect/accounts/{id}/templates/{kind}", PUT=connect_texts.save_account_text),
        _api("/connect/accounts/{id}/templates/{kind}/preview", POST=connect_texts.preview_account_text),
        _api("/connect/accounts/{id}/templates/{kind}/difference", POST=connect_texts.compare_with_shared),
        _api("/connect/accounts/{id}/templates/{kind}/orders/{order_id}", GET=connect_texts.read_order_values),
        _api(
            "/connect/accounts/{id}",
            GET=connect.read_one_account,
            PUT=connect.save_account,
            DELETE=connect.remove_account,
        ),
        _api("/connect/hosted-page", GET=connect.read_hosted_page),
        _api("/connect/hosted-page/secret", POST=connect.renew_page_secret),
        _api("/connect/attribution", GET=connect.read_attribution, PUT=connect.save_attribution),
        _api("/connect/attribution/try", POST=connect.try_attribution),
        _api("/connect/imports", created=True, GET=connect.read_imports, POST=connect.make_import),
        _api("/connect/imports/{id}", GET=connect.read_one_import),
        _api("/connect/imports/{id}/pause", POST=connect.pause_one_import),
        _api("/connect/imports/{id}/resume", POST=connect.resume_one_import),
        _api("/connect/imports/{id}/stop", POST=connect.stop_one_import),
        _api("/connect/webhooks", created=True, GET=connect.read_webhooks, POST=connect.make_webhook),
        _api("/connect/webhooks/{id}", DELETE=connect.remove_webhook),
        _api("/connect/webhooks/{id}/secret", POST=connect.renew_webhook_secret),
        _api("/connect/webhook-calls", GET=connect.read_webhook_calls),
        _api("/connect/webhook-calls/{id}/replay", created=True, POST=connect.replay_webhook_call),
    ]


def _api(path: str, *, created: bool = False, **handles: Handle) -> Route:
    async def answer(request: Request) -> Response:
        handle = handles["GET" if request.method == "HEAD" else request.method]
        try:
            # Only a header: a token in an address ends up in logs, and a link could carry it.
            visit = await open_visit(request, bearer_token(request.headers))
        except NoSession:
            return refuse_fetch()
        except OtherShop:
            return JSONResponse({"error": "The address names another shop than your session."}, 401, NO_STORE)
        answered = await handle(visit)
        if isinstance(answered, Response):
            return answered
        made = created and request.method == "POST"
        return JSONResponse(answered, 201 if made else 200, NO_STORE)

    return Route(path, answer, methods=list(handles))


def _errors_as_json() -> Middleware:
    return Middleware(ExceptionMiddleware, handlers={HTTPException: _refuse, AppError: _explain})


async def _no_such_address(scope: Any, receive: Any, send: Any) -> None:
    raise HTTPException(404)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentences = {404: "There is nothing at this address.", 405: "This address does not take this method."}
    body = {"error": sentences.get(error.status_code, error.detail)}
    return JSONResponse(body, error.status_code, {**NO_STORE, **(error.headers or {})})


async def _explain(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    status, body, headers = explain(request, error)
    return JSONResponse(body, status, {**NO_STORE, **headers})

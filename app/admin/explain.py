"""What a refusal looks like as JSON: a sentence for each field or one for the whole, in the reader's language."""

from typing import Any, TypeGuard

from starlette.requests import Request

from app.admin.page import E164
from app.core.errors import AppError, Invalid, Overtaken
from app.core.language import language_of
from app.core.log import get_logger
from app.core.phone import readable
from app.sms.contract import CredentialsRefused, SmsError, Throttled

log = get_logger(__name__)


def explain(request: Request, error: AppError) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers. `shown`: the numbers in `now` as people write them, for whoever has to compare."""
    told = language_of(request).told
    if isinstance(error, CredentialsRefused):
        return 422, {"errors": {error.field: told(error.sentence)}}, {}
    if error.status >= 500:
        log.warning("api.failed", error=type(error).__name__, status=error.status)
    body: dict[str, Any] = error.body()
    if isinstance(error, Overtaken):
        body["shown"] = {name: readable(value) for name, value in error.now.items() if _is_phone(value)}
    if isinstance(error, Invalid):
        body = {"errors": {field: told(sentence) for field, sentence in error.errors.items()}}
    elif "error" in body:
        body = body | {"error": told(error.sentence)}
    return error.status, body, pause_of(error) if isinstance(error, SmsError) else {}


def _is_phone(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and E164.fullmatch(value) is not None


def pause_of(error: SmsError) -> dict[str, str]:
    """How long RingCentral asked us to wait, for whoever calls next."""
    return {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, Throttled) else {}

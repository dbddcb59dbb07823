"""One HTTP call to RingCentral with an access token: its deadline, and what a missing answer means.

Source: "API rate limits" and "Error handling" of the RingCentral developer guide. There is no idempotency key: once a
send has left us, a lost answer means that the outcome is unknown. Nothing is retried here. httpx2's errors hold the
request and with it the bearer token, so they end here: the contract's error is raised outside the `except`, without
cause and without context.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2

from app.core.http import Http
from app.sms.contract import Access, CallGroup, ProviderUnavailable, SmsError
from app.sms.providers.ringcentral.errors import Answer, Call, error_from, outcome_unknown
from app.sms.providers.ringcentral.refusals import unavailable

TIMEOUT = httpx2.Timeout(connect=5.0, read=15.0, write=15.0, pool=30.0)
DEADLINE_SECONDS = 60.0
"""Above the sum of the single timeouts: catches a server that drips its answer."""

ME = "/restapi/v1.0/account/~/extension/~"
SUBSCRIPTIONS = "/restapi/v1.0/subscription"
NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
    httpx2.LocalProtocolError,
)


class Client:
    def __init__(self, http: Http, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._http = http
        self._deadline = deadline

    async def get(self, access: Access, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return await self.call(access, "GET", path, params=params)

    async def call(
        self,
        access: Access,
        method: str,
        path: str,
        *,
        call: Call = Call.OTHER,
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
        accept: str = "application/json",
    ) -> Answer:
        """The answer of a call that succeeded; every other end is one of the contract's errors."""
        answer = await self.exchange(access, method, path, call=call, params=params, json=json, accept=accept)
        if not 200 <= answer.status < 300:
            raise error_from(answer, call)
        return answer

    async def exchange(
        self,
        access: Access,
        method: str,
        path: str,
        *,
        call: Call = Call.OTHER,
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
        accept: str = "application/json",
    ) -> Answer:
        """Whatever was answered. Raises only when no answer came, or when the user's pace allows no call."""
        if access.pay is not None:
            await access.pay(_group_of(method, path))
        outcome = await self._attempt(access, method, path, call, params, json, accept)
        if isinstance(outcome, SmsError):
            raise outcome
        return outcome

    async def _attempt(
        self,
        access: Access,
        method: str,
        path: str,
        call: Call,
        params: Mapping[str, Any] | None,
        json: Mapping[str, Any] | None,
        accept: str,
    ) -> Answer | SmsError:
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._http.request(
                    method,
                    access.server.rstrip("/") + path,
                    shard=access.access_token,
                    params=params,
                    json=json,
                    headers={"Authorization": f"Bearer {access.access_token}", "Accept": accept},
                    timeout=TIMEOUT,
                )
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            return _lost(error, call)
        return Answer.parse(response.status_code, response.headers, response.content)

    async def revoke(self, server: str, client_id: str, client_secret: str, access_token: str) -> SmsError | None:
        """End a session. Answers the failure instead of raising it, because nothing depends on it."""
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._http.request(
                    "POST",
                    server.rstrip("/") + "/restapi/oauth/revoke",
                    shard=access_token,
                    auth=(client_id, client_secret),
                    data={"token": access_token},
                    headers={"Accept": "application/json"},
                    timeout=TIMEOUT,
                )
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            return _lost(error, Call.OTHER)
        if response.is_success:
            return None
        return error_from(Answer.parse(response.status_code, response.headers, response.content), Call.LOGIN)


def _group_of(method: str, path: str) -> CallGroup:
    """Texts of the message store and changes of subscriptions are medium; what this app does besides is light."""
    changes_subscription = method != "GET" and path.startswith(SUBSCRIPTIONS) and not path.endswith("/renew")
    return CallGroup.MEDIUM if path == f"{ME}/sms" or changes_subscription else CallGroup.LIGHT


def _lost(error: Exception, call: Call) -> SmsError:
    """No answer. Only what surely never left us may be done again without a look."""
    code = f"NETWORK-{type(error).__name__}"
    if call is Call.SEND and not isinstance(error, NEVER_SENT):
        return outcome_unknown(code)
    return unavailable(code)


# --- Reading answers --------------------------------------------------------------------------------------------------


def fields_of(answer: Answer) -> dict[str, Any]:
    """The object of an answer. Raises `ProviderUnavailable` when there is none (a proxy's page, a cut answer)."""
    if not isinstance(answer.body, dict):
        raise unreadable()
    return answer.body


def records_of(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of a list; what is not an object is left out."""
    records = fields.get("records")
    return [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []


def unreadable() -> ProviderUnavailable:
    return ProviderUnavailable(
        "RingCentral's answer could not be read; the app tries again by itself.", code="UNREADABLE-ANSWER"
    )


def id_text(value: object) -> str | None:
    """Ids are numbers in REST answers and strings in events, some beyond 2^53: text everywhere."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return clean_text(str(value)).strip() or None


def clean_text(value: object) -> str:
    """Text that a database accepts: half an emoji and NUL, which JSON can carry, are replaced."""
    if not isinstance(value, str):
        return ""
    whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")


def text_or_none(value: object) -> str | None:
    return clean_text(value) or None


def moment_of(value: object) -> datetime | None:
    """An ISO 8601 time as aware UTC; RingCentral gives up to nine decimals and, in places, no zone."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def as_iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

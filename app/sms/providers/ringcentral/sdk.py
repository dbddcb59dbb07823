"""The one use of RingCentral's own SDK: asking for a token.

Source: SDK `ringcentral` 0.9. It blocks, has no timeouts, follows redirects, and puts the request headers (client
secret and token) into the text of its exceptions and into the errors below them. So it runs in a thread under a
deadline, with a client that bounds each call, and no exception of its leaves the thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from ringcentral.http.api_exception import ApiException
from ringcentral.http.api_response import ApiResponse
from ringcentral.http.client import Client as SdkClient
from ringcentral.platform.platform import Platform

from app.sms.contract import Credentials

APP_NAME, APP_VERSION = "SMS for Ecommerce", "1"
CONNECT_AND_READ_SECONDS = (5.0, 15.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the token endpoint answered, freed from the SDK's objects."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


def ask_for_token(credentials: Credentials) -> Reply | None:
    """None when no answer came."""
    platform = Platform(
        BoundedClient(),
        credentials.client_id.strip(),
        credentials.client_secret.strip(),
        credentials.server.rstrip("/"),
        APP_NAME,
        APP_VERSION,
    )
    try:
        response = platform.login(jwt=credentials.jwt.strip()).response()
    except ApiException as error:
        response = error.api_response().response()
    except Exception:  # noqa: BLE001  # the SDK raises bare Exception, and whatever it raises here holds the secret
        return None
    if response is None:
        return None
    return Reply(response.status_code, dict(response.headers), response.content)


class BoundedClient(SdkClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client with timeouts, and without following a redirect that would carry the JWT elsewhere."""

    def load_response(self, request: requests.PreparedRequest) -> Any:
        with requests.Session() as session:
            response = session.send(request, timeout=CONNECT_AND_READ_SECONDS, allow_redirects=False)
        return ApiResponse(request, response)

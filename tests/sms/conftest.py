from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.core.clock import HeldClock
from app.core.http import Http
from app.sms.contract import Access
from app.sms.providers.ringcentral import RingCentral
from tests.sms.stub import Stub, serving

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOON)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http(shards=1) as http:
        yield http


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with serving(Stub()) as stub:
        yield stub


@pytest.fixture
def provider(http: Http, clock: HeldClock, stub: Stub) -> RingCentral:
    return RingCentral(http, clock=clock, server_url=stub.url)


@pytest.fixture
def access(stub: Stub) -> Access:
    return Access(server=stub.url, access_token="access-token-of-the-user")

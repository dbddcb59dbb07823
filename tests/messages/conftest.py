from collections.abc import AsyncIterator

import pytest

from tests.messages.engine import Engine, open_engine


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    async with open_engine(database_url) as engine:
        yield engine

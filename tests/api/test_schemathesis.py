"""The API by an independent reader of its description: Schemathesis makes the requests and judges the answers.

`test_openapi.py` knows this API and goes deeper; this one knows nothing but the published document.
"""

from collections.abc import Callable
from typing import Any

import anyio
import schemathesis
from anyio import from_thread
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.checks import not_a_server_error as no_fault
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.client import NEW_ORDER
from tests.connect.stage import agreed, api_key, client_of, jane_texts
from tests.world import World

REQUESTS = 12
"""For each operation, each kind of request: some that fit the description, some that do not."""
CHECKS: list[CheckFunction] = [
    no_fault,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


async def test_schemathesis_finds_nothing(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    client = await client_of(world)
    await client.create_order(agreed(NEW_ORDER, reference_id="r"), X_Connect_ID="jane-1")
    document = (await world.http.get(f"{world.url}/api/v1/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    headers = {"Authorization": f"Bearer {await api_key(world)}"}
    tried = 0
    for operation in schema.get_all_operations():
        found: Any = operation
        send = sender(found.ok(), f"{world.url}/api/v1", headers, world)
        tried += await anyio.to_thread.run_sync(send)
    assert tried > len(document["paths"]) * REQUESTS
    # Found by it: a line break fits no route at all, and was answered in the framework's own words.
    broken = await world.http.get(f"{world.url}/api/v1/orders/%0Ax", headers=headers)
    assert (broken.status_code, broken.json()["error"]["code"]) == (404, "not_found")
    await world.workers_run()


def sender(operation: Any, base_url: str, headers: dict[str, str], world: World) -> Callable[[], int]:
    """Sends and judges the requests of one operation from a thread, since Schemathesis is not asynchronous."""

    def send() -> int:
        tried = 0

        @settings(
            max_examples=REQUESTS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def each(case: Any) -> None:
            nonlocal tried
            tried += 1
            from_thread.run(world.rows, "UPDATE api_keys SET window_calls = 0")
            try:
                case.call_and_validate(base_url=base_url, headers=headers, checks=CHECKS)
            except FailureGroup as found:
                raise AssertionError(str(found)) from None  # it is no Exception, and would end pytest itself

        each()
        return tried

    return send

"""The API's reference as this installation serves it: its examples run as they are shown."""

import asyncio
import html
import os
import re
import shutil

import pytest

from app.api.v1.openapi import document
from app.api.v1.reference_page import EXAMPLES
from tests.connect.stage import api_key, jane_texts
from tests.world import World

SHOWN = re.compile(r"<pre[^>]*>(.*?)</pre>", re.DOTALL)


def test_every_operation_has_an_example() -> None:
    described = {(method, path) for path, methods in document("")["paths"].items() for method in methods}
    assert set(EXAMPLES) == described


@pytest.mark.skipif(shutil.which("curl") is None, reason="There is no curl on this machine.")
async def test_the_examples_on_the_page_run(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    page = await world.http.get(f"{world.url}/api/v1/docs")
    assert page.status_code == 200
    environment = {**os.environ, "API_KEY": await api_key(world), "no_proxy": "127.0.0.1"}
    examples = [html.unescape(each) for each in SHOWN.findall(page.text)]
    assert len(examples) == len(EXAMPLES)
    # Deleting comes last: the others are about the same order.
    for example in sorted(examples, key=lambda each: ("--request DELETE" in each, "--data" not in each, "PUT" in each)):
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", example, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, (example, output.decode())

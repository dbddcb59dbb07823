"""The examples of docs/connect-api.md do what they say, in their order, against the running app."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.connect.stage import JANE_MOBILE, JANET, api_key, jane_texts
from tests.world import World

DOCUMENT = Path(__file__).parents[2] / "docs" / "connect-api.md"
EXAMPLE = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="There is no curl on this machine.")
async def test_the_examples_of_the_documentation_run(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    environment = {**os.environ, "BASE_URL": world.url, "API_KEY": await api_key(world), "no_proxy": "127.0.0.1"}
    examples = EXAMPLE.findall(DOCUMENT.read_text())
    assert {language for language, _ in examples} == {"sh", "python"}
    for language, example in examples:
        command = ["sh", "-c", example] if language == "sh" else [sys.executable, "-c", example]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, (example, output.decode(), errors.decode())
        await world.workers_run()
    # The order is deleted before its second text has left.
    assert len(world.texts_on(JANET)) == 1
    assert len(world.texts_on(JANE_MOBILE)) == 2
    assert await world.rows("SELECT count(*) FROM connect_orders WHERE dont_trigger_auto_actions") == [(2,)]

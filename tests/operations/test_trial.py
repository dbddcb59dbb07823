"""The trial as a newcomer meets it: whole, in processes of its own, on ports of its own."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from app.core.embedded_postgres import erase_embedded
from app.simulator.children import end_leftovers
from app.simulator.keepsakes import Secrets, TrialRunning, exclusive, start_over
from app.simulator.ports import Ports, PortTaken, listen
from tests.ports import free_ports

START_SECONDS = 90.0
END_SECONDS = 20.0


@pytest.fixture
def root() -> Iterator[Path]:
    """DATA_DIR of a trial; whatever still runs on it at the end of a test is ended."""
    with tempfile.TemporaryDirectory(prefix="sms-trial-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        root.chmod(0o755)  # as root the database runs as a user of its own and has to reach its data
        yield root
        for process in at_work(root):
            process.kill()
        for folder in root.iterdir():
            erase_embedded(folder)


@pytest.fixture
def trial(root: Path) -> Callable[..., subprocess.Popen[str]]:
    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "-m", "app.simulator", *arguments]
        surroundings = {**os.environ, "DATA_DIR": str(root)}
        return subprocess.Popen(
            command,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def at_work(root: Path) -> list[psutil.Process]:
    """Every living process that was given *root* as its DATA_DIR, and every database below it."""
    found = []
    for process in psutil.process_iter():
        try:
            about_root = process.environ().get("DATA_DIR", "").startswith(str(root)) or str(root) in process.cwd()
            if about_root and process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, f"the trial ended without saying {words!r}:\n{said}"
        said += line
    return said


def wait_until_nothing_is_left(root: Path) -> None:
    deadline = time.monotonic() + END_SECONDS
    while left := at_work(root):
        assert time.monotonic() < deadline, f"still running: {[process.cmdline() for process in left]}"
        time.sleep(0.1)


@pytest.mark.slow
def test_once_walks_the_whole_road_and_leaves_nothing_behind(
    trial: Callable[..., subprocess.Popen[str]], root: Path
) -> None:
    process = trial("--once")
    transcript, _ = process.communicate(timeout=START_SECONDS * 2)
    assert process.returncode == 0, transcript
    assert "All 9 steps happened." in transcript
    assert "Reply STOP to opt-out.”" in transcript
    assert "Ada's SMS consent in Shopify: UNSUBSCRIBED" in transcript
    wait_until_nothing_is_left(root)


@pytest.mark.slow
def test_after_kill_9_nothing_stays_and_the_next_start_has_what_was_there_and_ends_on_request(
    trial: Callable[..., subprocess.Popen[str]], root: Path
) -> None:
    first_port = free_ports().app
    secrets = root / f"trial-{first_port}" / "secrets.json"
    process = trial("--port", str(first_port))
    assert f"Open http://localhost:{first_port + 1}/" in read_until(process, "Ctrl-C")
    assert httpx2.get(f"http://127.0.0.1:{first_port}/readyz").status_code == 200
    assert len(at_work(root)) >= 4
    kept = json.loads(secrets.read_text())
    process.kill()
    process.communicate()
    wait_until_nothing_is_left(root)

    again = trial("--port", str(first_port))
    read_until(again, "Ctrl-C")
    assert json.loads(secrets.read_text()) == kept
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=END_SECONDS)
    assert again.returncode == 0
    wait_until_nothing_is_left(root)


@pytest.mark.slow
def test_a_taken_port_is_named_with_the_way_out(trial: Callable[..., subprocess.Popen[str]]) -> None:
    first_port = free_ports().app
    with socket.create_server(("127.0.0.1", first_port + 1)):
        process = trial("--port", str(first_port))
        said, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 1
    assert f"Port {first_port + 1} cannot be used" in said
    assert 'make trial ARGS="--port 9000"' in said
    assert "Traceback" not in said


def test_a_port_is_taken_on_both_loopback_addresses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken):
        listen(other.getsockname()[1])
    ports = Ports.free()
    assert len({ports.app, ports.shopify, ports.ringcentral}) == 3
    for taken in listen(ports.shopify):
        taken.close()


def test_the_frame_and_the_app_are_two_sites() -> None:
    ports = Ports.following(8000)
    assert (ports.shopify_url, ports.app_url) == ("http://localhost:8001", "http://127.0.0.1:8000")


def test_one_trial_at_a_time_uses_a_folder(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "trial"),
        pytest.raises(TrialRunning, match="is running already"),
        exclusive(tmp_path / "trial"),
    ):
        pass
    with exclusive(tmp_path / "trial"):
        pass


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = Secrets(tmp_path)
    first.jwt = "a.b.c"
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    second = Secrets(tmp_path)
    assert second.environment() == first.environment()
    assert second.jwt == "a.b.c"
    assert set(second.environment()) == {"SHOPIFY_API_KEY", "SHOPIFY_API_SECRET", "ENCRYPTION_KEYS", "OPERATOR_TOKEN"}


def test_starting_over_forgets_everything(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        Secrets(tmp_path)
        (tmp_path / "logs").mkdir()
        start_over(tmp_path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["trial.lock"]


def test_leftovers_are_ended_and_strangers_with_the_same_number_are_not(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record = tmp_path / "processes.json"
    started = psutil.Process(left.pid).create_time()
    known = {"web": {"pid": left.pid, "started": started}, "worker": {"pid": stranger.pid, "started": started - 100}}
    record.write_text(json.dumps(known))
    try:
        assert end_leftovers(record) == 1
        assert left.poll() is not None
        assert stranger.poll() is None
        assert not record.exists()
        assert end_leftovers(record) == 0
    finally:
        stranger.kill()
        stranger.wait()

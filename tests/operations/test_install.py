"""Installing on a bare machine: lock files that name bytes and no addresses, a sentence for whatever can fail."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCKS = sorted((PROJECT / "requirements").glob("*.lock"))
INSTALL = ("requirements/install", "pyproject.toml", "requirements/build.lock", "requirements/trial.lock")


def pinned(lock: Path) -> dict[str, str]:
    """Name to version, as locked."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(), flags=re.MULTILINE))


def normalised(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[><=!~; ]", requirement)[0]).lower()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the installation reads, in a folder of its own."""
    for name in INSTALL:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def install(checkout: Path, **surroundings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["requirements/install", "trial"], cwd=checkout, env=surroundings, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_file_pins_every_package_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all(re.match(r"[a-z0-9.-]+==\S+ ", entry) and "--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|\.(org|com|io|net)\b|index-url|find-links", text)


def test_all_lock_files_agree_and_the_development_one_holds_everything() -> None:
    everything = pinned(PROJECT / "requirements/dev.lock")
    for lock in LOCKS:
        assert pinned(lock).items() <= everything.items(), lock.name


def test_the_lock_files_hold_what_the_project_asks_for_and_production_no_trial() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    production = pinned(PROJECT / "requirements/production.lock")
    trial = pinned(PROJECT / "requirements/trial.lock")
    assert {normalised(each) for each in project["project"]["dependencies"]} <= production.keys()
    only_trial = {normalised(each) for each in project["project"]["optional-dependencies"]["trial"]}
    assert only_trial <= trial.keys()
    assert not only_trial & production.keys()
    development = pinned(PROJECT / "requirements/dev.lock")
    assert {normalised(each) for each in project["dependency-groups"]["dev"]} <= development.keys()


def test_plain_make_says_what_there_is() -> None:
    listed = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for target in ("trial", "test", "check", "bench", "toml", "migration", "setup", "lock", "format", "clean"):
        assert f"make {target} " in listed


def test_an_old_python_is_named_with_what_is_needed(checkout: Path) -> None:
    programs = checkout / "programs"
    programs.mkdir()
    old = programs / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac\n')
    old.chmod(0o755)
    for name in ("sh", "dirname", "cat", "rm"):
        (programs / name).symlink_to(shutil.which(name) or name)
    done = install(checkout, PATH=str(programs))
    assert done.returncode == 1
    assert "Python 3.11 or later is needed; found only python3 (3.9)." in done.stderr


def test_a_python_without_venv_is_named_with_the_package_to_install(checkout: Path) -> None:
    programs = checkout / "programs"
    programs.mkdir()
    bare = programs / "python3"
    bare.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.11 ;; *ensurepip*) exit 1 ;; *) exit 0 ;; esac\n')
    bare.chmod(0o755)
    for name in ("sh", "dirname", "cat", "rm"):
        (programs / name).symlink_to(shutil.which(name) or name)
    done = install(checkout, PATH=str(programs))
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr


@pytest.mark.slow
def test_without_a_network_the_first_installation_says_so_in_one_sentence(checkout: Path) -> None:
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    done = install(checkout, PATH=os.environ["PATH"], PYTHON=sys.executable, HOME=str(checkout), **nowhere)
    assert done.returncode == 1
    assert "The packages could not be fetched: this first installation needs the network" in done.stderr
    assert not (checkout / ".venv/.installed").exists()

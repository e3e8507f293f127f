"""The one place that knows where tests find PostgreSQL and Redis: what the machine runs, else private servers.

PostgreSQL is the one that GIGAMOST_TEST_POSTGRES names (a URL whose user may create databases), else the one of this
machine, else one that is made for this test run from the system's binaries. Redis is always private: tests harm it.
A missing binary fails the tests with the command that installs it; nothing is skipped.
"""

import asyncio
import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import asyncpg
import pytest

HERE = "postgresql://postgres@127.0.0.1:5432/postgres"
RUN = "GIGAMOST_TEST_RUN"  # the folder that all processes of one test run share
_URL, _LOCK, _CLUSTER = "postgres-url", "lock", "cluster"
# A database of tests may be lost with the machine: it is made anew each time.
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400", "shared_buffers=64MB")


@cache
def postgres() -> str:
    """The URL of a server, in its database `postgres`."""
    named = os.environ.get("GIGAMOST_TEST_POSTGRES")
    if named is not None:
        return named
    return HERE if answers(HERE) else _shared_postgres(run_folder())


def tell(statement: str, url: str = "") -> None:
    """In a thread of its own, because the test may have an event loop that is at work."""

    async def execute() -> None:
        connection = await asyncpg.connect(url or postgres(), timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(lambda: asyncio.run(execute())).result()


def answers(url: str) -> bool:
    try:
        tell("SELECT 1", url)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    return True


def program(name: str, package: str, *, path: str | None = None) -> str:
    """Where it is; Debian keeps PostgreSQL's servers out of the path."""
    found = shutil.which(name, path=path)
    if found is None and path is None:
        versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
        found = str(max(versions, key=lambda file: int(file.parts[4]), default="")) or None
    return found or _missing(name, package)


def _missing(name: str, package: str) -> NoReturn:
    pytest.fail(f"{name} is missing. Install it and try again:  sudo apt-get install -y {package}", pytrace=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(fact: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def run_folder() -> Path:
    """Made by the process that the others were started by; without one, by this process."""
    if RUN not in os.environ:
        os.environ[RUN] = tempfile.mkdtemp(prefix="gigamost-tests-")
        Path(os.environ[RUN]).chmod(0o711)  # PostgreSQL may run as another user, who has to come through
    return Path(os.environ[RUN])


def end_run() -> None:
    """Stops what was started for this run, and deletes its folder."""
    named = os.environ.pop(RUN, None)
    if named is None:
        return
    PostgresServer(Path(named) / _CLUSTER).end()
    shutil.rmtree(named, ignore_errors=True)
    postgres.cache_clear()


def _shared_postgres(folder: Path) -> str:
    """Whichever process comes first starts it; the others wait for the lock, and find its URL."""
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = folder / _URL
        if not said.exists():
            server = PostgresServer(folder / _CLUSTER)
            server.start()
            said.write_text(server.url)
        return said.read_text()


class PostgresServer:
    """One of the tests' own in `folder`, which `start` makes: it can be stopped as a crash does, and started again."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.port = free_port()
        self._folder = folder
        self._settings = (*_SETTINGS, *(() if durable else _QUICK))

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        if not self._folder.exists():
            self._make()
        options = " ".join(f"-c {setting}" for setting in (f"port={self.port}", *self._settings))
        log = str(self._folder / "server.log")
        self._run("pg_ctl", "-D", str(self._folder), "-w", "-t", "60", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """At once, without a word to those who are connected."""
        self._run("pg_ctl", "-D", str(self._folder), "-m", "immediate", "stop")

    def end(self) -> None:
        """Whether it runs or not."""
        if (self._folder / "postmaster.pid").exists():
            self.stop()

    def _make(self) -> None:
        self._folder.mkdir(mode=0o700)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", str(self._folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def _user(self) -> str:
        names = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    def _run(self, name: str, *arguments: str) -> None:
        user = self._user if os.geteuid() == 0 else None
        done = subprocess.run(
            [program(name, "postgresql"), *arguments],
            user=user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            check=False,
        )
        if done.returncode and name == "initdb":
            shutil.rmtree(self._folder, ignore_errors=True)
        assert done.returncode == 0, f"{name}: {done.stderr.decode()}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

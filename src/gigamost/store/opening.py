"""The door to what is kept: nothing is opened, made or even imported before it is needed."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.ports import History
from gigamost.store.memory import MemoryHistory

if TYPE_CHECKING:
    from gigamost.store.engine import Database

log = logging.getLogger(__name__)

FILE_NAME: Final = "gigamost.db"
_SCHEMES: Final = ("sqlite://", "sqlite+aiosqlite://")
_FIRST_SWEEP: Final = 60.0  # seconds after the start, when a database is there already


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL (`sqlite:///relative`, `sqlite:////absolute`), None for one in memory (`sqlite://`).

    Raises ValueError for any other URL.
    """
    scheme = next((each for each in _SCHEMES if url.startswith(each)), None)
    if scheme is None:
        raise ValueError("this is no SQLite URL: sqlite:///path/to/file.db")
    path = url.removeprefix(scheme)
    if path in ("", "/", "/:memory:"):
        return None
    if not path.startswith("/") or "?" in path:
        raise ValueError("a SQLite URL has three slashes before a path, and no options: sqlite:///path/to/file.db")
    return Path(unquote(path[1:]))


class Opening:
    """`core.ports.OpenHistory`. `file` None: in memory. `sweep` is the time between two sweeps, in seconds."""

    def __init__(self, file: Path | None, *, sweep: float, now: Callable[[], float] = time) -> None:
        self._file = file
        self._every = sweep
        self._now = now
        self._history: History | None = None
        self._database: Database | None = None
        self._opening = asyncio.Lock()
        self._sweeper: asyncio.Task[None] | None = None

    async def __call__(self) -> History:
        if self._history is None:
            async with self._opening:
                if self._history is None:
                    self._history = await self._open()
                    self._sweep_from(0)
        return self._history

    def start(self) -> None:
        """What is on the disk from earlier is swept even when nobody asks for it."""
        if self._file is not None and self._file.exists():
            self._sweep_from(_FIRST_SWEEP)

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        if self._database is not None:
            await self._database.close()

    async def _open(self) -> History:
        if self._file is None:
            return MemoryHistory()
        # In a thread: the import alone takes a third of a second, in which a live stream must not stand still.
        self._database, history = await asyncio.to_thread(_prepare, self._file)
        return history

    def _sweep_from(self, delay: float) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep(delay))

    async def _sweep(self, delay: float) -> None:
        await asyncio.sleep(delay)
        while True:
            try:
                gone = await (await self()).sweep(int(self._now()))
            except GatewayError as error:
                log.warning("what has expired could not be deleted: %s", error.problem.detail)
            else:
                log.log(logging.INFO if gone else logging.DEBUG, "%d kept answers have expired and were deleted", gone)
            await asyncio.sleep(self._every)


def _prepare(file: Path) -> "tuple[Database, History]":
    """Loads what is needed, makes the file for nobody else's eyes, and brings its schema up to date."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise GatewayError(
            Kind.UNAVAILABLE, "Nothing can be kept now.", retry_after=1, detail=f"{file}: {error.strerror}"
        ) from error
    from gigamost.store.engine import Database, url_of
    from gigamost.store.schema import upgrade
    from gigamost.store.sql import SqlHistory

    upgrade(url_of(file))
    database = Database(url_of(file))
    return database, SqlHistory(database)

"""The door to what is kept: nothing is opened, made or even imported before it is needed."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Final

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.ports import History
from gigamost.store.memory import MemoryHistory
from gigamost.store.place import Place, Postgres

if TYPE_CHECKING:
    from gigamost.store.engine import Database

log = logging.getLogger(__name__)

_FIRST_SWEEP: Final = 60.0  # seconds after the start, when a database is there already


class Opening:
    """`core.ports.OpenHistory`. `sweep` is the time between two sweeps, in seconds."""

    def __init__(self, place: Place, *, sweep: float, now: Callable[[], float] = time) -> None:
        self._place = place
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
        if isinstance(self._place, Postgres) or (self._place is not None and self._place.exists()):
            self._sweep_from(_FIRST_SWEEP)

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        if self._database is not None:
            await self._database.close()

    async def _open(self) -> History:
        if self._place is None:
            return MemoryHistory()
        if self._database is None:
            self._database = await open_database(self._place)
        from gigamost.store.sql import SqlHistory

        return SqlHistory(self._database)

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


async def open_database(place: Path | Postgres) -> "Database":
    """With the newest schema. Raises GatewayError: (503), or (500) for a PostgreSQL that must be upgraded first."""
    # In a thread: the import alone takes a third of a second, in which a live stream must not stand still.
    database = await asyncio.to_thread(_prepare, place)
    if isinstance(place, Postgres):
        from gigamost.store.schema import check

        try:
            await check(database)
        except GatewayError:
            await database.close()
            raise
    return database


def make_file(file: Path) -> None:
    """For nobody else's eyes. Raises GatewayError (503)."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise GatewayError(
            Kind.UNAVAILABLE, "Nothing can be kept now.", retry_after=1, detail=f"{file}: {error.strerror}"
        ) from error


def _prepare(place: Path | Postgres) -> "Database":
    """Loads what is needed; a SQLite file is made, and its schema brought up to date."""
    from gigamost.store.engine import Database
    from gigamost.store.schema import upgrade

    if isinstance(place, Path):
        make_file(place)
        upgrade(place)
    return Database(place)

"""The door to a database: nothing is opened, made or even imported before it is needed, and then once for everybody."""

import asyncio
import os
from contextlib import suppress
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING

from gigamost.core.errors import GatewayError, Kind
from gigamost.store.fresh import is_current
from gigamost.store.place import Place, Postgres

if TYPE_CHECKING:
    from gigamost.store.engine import Database


class Door:
    """Every part of a process that keeps something goes through one door. `place` None: there is no database, each part
    keeps its own in memory. `is_shared`: other processes change things there too. `close` when nobody needs it any
    more."""

    def __init__(self, place: Place, *, is_shared: bool = False) -> None:
        self.place = place
        self.is_shared = is_shared or isinstance(place, Postgres)
        self._database: Database | None = None
        self._opening = asyncio.Lock()

    async def database(self) -> "Database":
        """With the newest schema. Raises GatewayError: (503), or (500) for a PostgreSQL that must be upgraded first;
        RuntimeError where everything is in memory."""
        async with self._opening:
            if self._database is None:
                self._database = await self._open()
        return self._database

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()

    async def _open(self) -> "Database":
        if self.place is None:
            raise RuntimeError("what is in memory has no database")
        # In a thread: the import alone takes a third of a second, in which a live stream must not stand still.
        database = await asyncio.to_thread(_prepare, self.place)
        if isinstance(self.place, Postgres):
            from gigamost.store.schema import check

            try:
                await check(database)
            except GatewayError:
                await database.close()
                raise
        return database


def make_file(file: Path) -> None:
    """For nobody else's eyes; one that is there is left alone. Raises GatewayError (503).

    To open and close a file takes away all locks that this process has on it (fcntl(2)): SQLite's connections would
    lose theirs, and whoever closes the file elsewhere would take himself for the last one and delete its log.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if file.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
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
        if not is_current(place):
            upgrade(place)
    return Database(place)

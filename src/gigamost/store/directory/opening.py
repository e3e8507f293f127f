"""The door to keys and tenants: reading what there is opens no more than it must, the first change opens the rest."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gigamost.core.directory import Directory
from gigamost.core.tenancy import Roll
from gigamost.store.directory.memory import MemoryDirectory
from gigamost.store.directory.rolls import SqliteRolls
from gigamost.store.opening import open_database
from gigamost.store.place import Place, Postgres

if TYPE_CHECKING:
    from gigamost.store.engine import Database

_POOL: Final = 3  # connections to PostgreSQL: one that looks, and some for administrators


class DirectoryOpening:
    """`core.directory.OpenDirectory`, and `core.directory.Rolls` for a watch."""

    def __init__(self, place: Place) -> None:
        self._place = msgspec.structs.replace(place, pool=_POOL) if isinstance(place, Postgres) else place
        self._rolls = SqliteRolls(place) if isinstance(place, Path) else None
        self._directory: Directory | None = None
        self._database: Database | None = None
        self._opening = asyncio.Lock()

    async def __call__(self) -> Directory:
        if self._directory is None:
            async with self._opening:
                if self._directory is None:
                    self._directory = await self._open()
        return self._directory

    async def revision(self) -> int:
        return await (self._rolls or await self()).revision()

    async def roll(self) -> Roll:
        return await (self._rolls or await self()).roll()

    async def close(self) -> None:
        if self._rolls is not None:
            self._rolls.close()
        if self._database is not None:
            await self._database.close()

    async def _open(self) -> Directory:
        if self._place is None:
            return MemoryDirectory()
        self._database = await open_database(self._place)
        from gigamost.store.directory.sql import SqlDirectory

        return SqlDirectory(self._database)

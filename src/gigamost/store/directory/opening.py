"""The door to keys and tenants: reading what there is opens no more than it must, the first change opens the rest."""

import asyncio
from pathlib import Path

from gigamost.core.directory import Directory
from gigamost.core.tenancy import Roll
from gigamost.store.directory.memory import MemoryDirectory
from gigamost.store.directory.rolls import SqliteRolls
from gigamost.store.door import Door


class DirectoryOpening:
    """`core.directory.OpenDirectory`, and `core.directory.Rolls` for a watch."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._rolls = SqliteRolls(door.place) if isinstance(door.place, Path) else None
        self._directory: Directory | None = None
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

    def close(self) -> None:
        if self._rolls is not None:
            self._rolls.close()

    async def _open(self) -> Directory:
        if self._door.place is None:
            return MemoryDirectory()
        database = await self._door.database()
        from gigamost.store.directory.sql import SqlDirectory

        return SqlDirectory(database)

"""The door to jobs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import time

from gigamost.core.job_ports import JobStore
from gigamost.store.door import Door
from gigamost.store.place import Postgres


class OpeningJobs:
    """`core.ports.OpenJobs`. `now` is the clock where the database has none of its own."""

    def __init__(self, door: Door, *, now: Callable[[], float] = time) -> None:
        self._door = door
        self._now = now
        self._store: JobStore | None = None
        self._opening = asyncio.Lock()

    async def __call__(self) -> JobStore:
        if self._store is None:
            async with self._opening:
                if self._store is None:
                    self._store = await self._open()
        return self._store

    def may_be_busy(self) -> bool:
        """Whether there may be jobs from earlier. A SQLite file is asked without loading what opens it."""
        place = self._door.place
        if not isinstance(place, Path):
            return isinstance(place, Postgres)
        if not place.exists():
            return False
        import sqlite3

        try:
            connection = sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True)
            try:
                return connection.execute("SELECT 1 FROM jobs WHERE state <> 'ended' LIMIT 1").fetchone() is not None
            finally:
                connection.close()
        except sqlite3.Error:  # of an earlier version, or none of ours: then there are no jobs in it
            return False

    async def _open(self) -> JobStore:
        place = self._door.place
        if place is None:
            from gigamost.store.jobs.memory import MemoryJobs

            return MemoryJobs(self._now)
        database = await self._door.database()
        from gigamost.store.jobs.sql import SqlJobs

        return SqlJobs(database, None if isinstance(place, Postgres) else self._now)

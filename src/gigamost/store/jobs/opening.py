"""The door to jobs: nothing is opened, made or even imported before it is needed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from gigamost.core.job_ports import JobStore
from gigamost.store.opening import open_database
from gigamost.store.place import Place, Postgres

if TYPE_CHECKING:
    from gigamost.store.engine import Database


class OpeningJobs:
    """`core.ports.OpenJobs`. `now` is the clock where the database has none of its own."""

    def __init__(self, place: Place, *, now: Callable[[], float] = time) -> None:
        self._place = place
        self._now = now
        self._store: JobStore | None = None
        self._database: Database | None = None
        self._opening = asyncio.Lock()

    async def __call__(self) -> JobStore:
        if self._store is None:
            async with self._opening:
                if self._store is None:
                    self._store = await self._open()
        return self._store

    def may_be_busy(self) -> bool:
        """Whether there may be jobs from earlier. A SQLite file is asked without loading what opens it."""
        if not isinstance(self._place, Path):
            return isinstance(self._place, Postgres)
        if not self._place.exists():
            return False
        import sqlite3

        try:
            connection = sqlite3.connect(f"{self._place.resolve().as_uri()}?mode=ro", uri=True)
            try:
                return connection.execute("SELECT 1 FROM jobs WHERE state <> 'ended' LIMIT 1").fetchone() is not None
            finally:
                connection.close()
        except sqlite3.Error:  # of an earlier version, or none of ours: then there are no jobs in it
            return False

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()

    async def _open(self) -> JobStore:
        if self._place is None:
            from gigamost.store.jobs.memory import MemoryJobs

            return MemoryJobs(self._now)
        if self._database is None:
            self._database = await open_database(self._place)
        from gigamost.store.jobs.sql import SqlJobs

        return SqlJobs(self._database, None if isinstance(self._place, Postgres) else self._now)

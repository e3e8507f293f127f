"""`core.ports.JobStore` in a database: rows are the truth, and all that a job is. Several processes may share them."""

from collections.abc import AsyncIterator, Callable

from sqlalchemy import delete, select

from gigamost.store.clock import Clock
from gigamost.store.engine import Database
from gigamost.store.jobs.batches import Batches
from gigamost.store.jobs.files import Files
from gigamost.store.jobs.items import Events, Items
from gigamost.store.jobs.queue import Queue
from gigamost.store.jobs.rows import AT_ONCE
from gigamost.store.jobs.steps import Shown, Steps, remove
from gigamost.store.tables.jobs import JOBS, KEPT_CHUNKS, KEPT_FILES


class SqlJobs:
    """`now` None: the database's own clock (PostgreSQL)."""

    def __init__(self, database: Database, now: Callable[[], float] | None) -> None:
        clock = Clock(now)
        self._database = database
        self.jobs = Shown(database, clock)
        self.batches = Batches(database)
        self.items = Items(database)
        self.steps = Steps(database, clock)
        self.queue = Queue(database, clock)
        self.events = Events(database)
        self.files = Files(database)

    def read(self, file: str) -> AsyncIterator[bytes]:
        return self.files.read(file)

    async def is_busy(self) -> bool:
        async with self._database.read() as connection:
            return await connection.scalar(select(JOBS.c.id).where(JOBS.c.state != "ended").limit(1)) is not None

    async def sweep(self, before: int) -> int:
        old_jobs = select(JOBS.c.id).where(JOBS.c.state == "ended", JOBS.c.created < before).limit(AT_ONCE)
        old_files = select(KEPT_FILES.c.id).where(KEPT_FILES.c.job == "", KEPT_FILES.c.created < before)
        gone = 0
        while True:
            async with self._database.write() as connection:
                jobs = (await connection.scalars(old_jobs)).all()
                files = (await connection.scalars(old_files.limit(AT_ONCE))).all()
                await connection.execute(delete(JOBS).where(JOBS.c.id.in_(jobs)))
                await remove(connection, jobs)
                await connection.execute(delete(KEPT_FILES).where(KEPT_FILES.c.id.in_(files)))
                await connection.execute(delete(KEPT_CHUNKS).where(KEPT_CHUNKS.c.file.in_(files)))
            if not jobs and not files:
                break
            gone += len(jobs) + len(files)
        if gone:
            await self._database.forget()
        return gone

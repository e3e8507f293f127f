"""Jobs as their clients see them (`core.ports.Jobs`), and how they go on (`core.ports.JobSteps`).

Whoever locks both locks items before their job: a worker does so as well when it takes items.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, delete, exists, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.jobs import Job, JobOutcome, JobPage, JobWindow, KeptFile, Kind, NewItem
from gigamost.store.clock import Clock
from gigamost.store.engine import Database
from gigamost.store.jobs.files import row_of_file
from gigamost.store.jobs.items import put
from gigamost.store.jobs.rows import UNDONE, counted, own
from gigamost.store.tables.jobs import JOB_EVENTS, JOB_ITEMS, JOBS, KEPT_FILES

_ITEM = JOB_ITEMS.c


class Shown:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, tenant: str, job: str) -> Job | None:
        async with self._database.read() as connection:
            return await _one(connection, tenant, job)

    async def page(self, tenant: str, kind: Kind, window: JobWindow) -> JobPage | None:
        age = tuple_(JOBS.c.created, JOBS.c.id)
        query = select(JOBS).where(JOBS.c.tenant == tenant, JOBS.c.kind == kind)
        edge = window.after or window.before
        async with self._database.read() as connection:
            if edge:
                query_edge = select(JOBS.c.created, JOBS.c.id).where(*own(tenant, edge), JOBS.c.kind == kind)
                row = (await connection.execute(query_edge)).first()
                if row is None:
                    return None
                there = tuple_(row.created, row.id)
                query = query.where(age < there if window.after else age > there)
            is_backward = bool(window.before and not window.after)
            ordered = (JOBS.c.created, JOBS.c.id) if is_backward else (JOBS.c.created.desc(), JOBS.c.id.desc())
            rows = (await connection.execute(query.order_by(*ordered).limit(window.limit + 1))).all()
            jobs = await counted(connection, rows[: window.limit])
        return JobPage(tuple(reversed(jobs) if is_backward else jobs), len(rows) > window.limit)

    async def cancel(self, tenant: str, job: str) -> Job | None:
        waiting = and_(_ITEM.job == job, _ITEM.state == "waiting")
        mine = exists().where(*own(tenant, job), JOBS.c.state != "ended")
        first = and_(*own(tenant, job), JOBS.c.state != "ended", JOBS.c.cancelling.is_(None))
        async with self._database.write() as connection:
            now = int(await self._clock.read(connection))
            await connection.execute(update(JOB_ITEMS).where(waiting, mine).values(state="cancelled", body=b""))
            await connection.execute(update(JOBS).where(first).values(cancelling=now))
            return await _one(connection, tenant, job)

    async def delete(self, tenant: str, job: str) -> bool:
        async with self._database.write() as connection:
            done = await connection.execute(delete(JOBS).where(*own(tenant, job)))
            if done.rowcount:
                await remove(connection, [job])
        if done.rowcount:
            await self._database.forget()
        return bool(done.rowcount)


class Steps:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, job: Job, items: Sequence[NewItem] = ()) -> None:
        row = {
            "id": job.id,
            "tenant": job.tenant,
            "kind": job.kind,
            "state": "running" if items else "validating",
            "created": job.created,
            "expires": job.expires,
            "started": job.created if items else None,
            "turn": 0.0,
            "worker": "",
            "lease": 0.0,
            "plan": msgspec.json.encode(job.plan),
            "errors": b"",
        }
        async with self._database.write() as connection:
            await connection.execute(insert(JOBS), row)
            await put(connection, job.id, items, 0)

    async def run(self, job: str) -> None:
        async with self._database.write() as connection:
            now = int(await self._clock.read(connection))
            values = {"state": "running", "started": now, "worker": "", "lease": 0.0}
            await connection.execute(update(JOBS).where(JOBS.c.id == job, JOBS.c.state == "validating").values(values))

    async def take(self, worker: str, lease: float) -> Job | None:
        async with self._database.write() as connection:
            now = await self._clock.read(connection)
            await _close_late(connection, now)
            is_open = exists().where(_ITEM.job == JOBS.c.id, _ITEM.state.in_(UNDONE))
            due = or_(JOBS.c.state == "validating", and_(JOBS.c.state == "running", ~is_open))
            query = select(JOBS).where(JOBS.c.state != "ended", due, JOBS.c.lease < now).order_by(JOBS.c.created)
            rows = (await connection.execute(query.limit(1).with_for_update(skip_locked=True))).all()
            for row in rows:
                values = {"worker": worker, "lease": now + lease}
                await connection.execute(update(JOBS).where(JOBS.c.id == row.id).values(values))
            return next(iter(await counted(connection, rows)), None)

    async def end(self, job: str, outcome: JobOutcome, files: Sequence[KeptFile] = (), errors: bytes = b"") -> None:
        async with self._database.write() as connection:
            now = int(await self._clock.read(connection))
            values = {"state": "ended", "outcome": outcome, "ended": now, "errors": errors, "worker": "", "lease": 0.0}
            unended = and_(JOBS.c.id == job, JOBS.c.state != "ended")
            done = await connection.execute(update(JOBS).where(unended).values(values))
            if done.rowcount and files:
                tenant = (await connection.execute(select(JOBS.c.tenant).where(JOBS.c.id == job))).scalar_one()
                await connection.execute(insert(KEPT_FILES), [row_of_file(tenant, file) for file in files])


async def remove(connection: AsyncConnection, jobs: Sequence[str]) -> None:
    """Everything that belongs to jobs, without their own rows."""
    await connection.execute(delete(JOB_ITEMS).where(_ITEM.job.in_(jobs)))
    await connection.execute(delete(JOB_EVENTS).where(JOB_EVENTS.c.job.in_(jobs)))
    await connection.execute(delete(KEPT_FILES).where(KEPT_FILES.c.job.in_(jobs)))


async def _one(connection: AsyncConnection, tenant: str, job: str) -> Job | None:
    rows = (await connection.execute(select(JOBS).where(*own(tenant, job)))).all()
    return next(iter(await counted(connection, rows)), None)


async def _close_late(connection: AsyncConnection, now: float) -> None:
    """What waits in a job that is too late has expired; in a cancelled one an item may have come back to wait."""
    cancelled = and_(JOBS.c.state == "running", JOBS.c.cancelling.is_not(None))
    late = and_(JOBS.c.state == "running", JOBS.c.expires <= now)
    for these, state in ((cancelled, "cancelled"), (late, "expired")):
        jobs: Sequence[Any] = (await connection.scalars(select(JOBS.c.id).where(these))).all()
        if jobs:
            waiting = and_(_ITEM.job.in_(jobs), _ITEM.state == "waiting")
            await connection.execute(update(JOB_ITEMS).where(waiting).values(state=state, body=b""))

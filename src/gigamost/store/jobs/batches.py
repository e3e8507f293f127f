"""Batches of every tenant, for administrators (`core.job_ports.AllBatches`)."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, literal_column, select, tuple_

from gigamost.core.jobs import BatchQuestion, Job, JobPage
from gigamost.store.engine import Database
from gigamost.store.jobs.rows import counted
from gigamost.store.tables.jobs import BATCHES, JOBS


class Batches:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, batch: str) -> Job | None:
        async with self._database.read() as connection:
            rows = (await connection.execute(select(JOBS).where(JOBS.c.id == batch, JOBS.c.kind != "response"))).all()
            return next(iter(await counted(connection, rows)), None)

    async def page(self, question: BatchQuestion) -> JobPage:
        query = select(JOBS).where(literal_column(BATCHES), *_conditions(question))
        ordered = query.order_by(JOBS.c.created.desc(), JOBS.c.id.desc()).limit(question.limit + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(ordered)).all()
            jobs = await counted(connection, rows[: question.limit])
        return JobPage(tuple(jobs), len(rows) > question.limit)


def _conditions(question: BatchQuestion) -> Iterator[ColumnElement[bool]]:
    if question.tenant:
        yield JOBS.c.tenant == question.tenant
    match question.standing:
        case None:
            pass
        case "validating" | "running":
            yield JOBS.c.state == question.standing
            yield JOBS.c.cancelling.is_(None)
        case "cancelling":
            yield JOBS.c.state != "ended"
            yield JOBS.c.cancelling.is_not(None)
        case outcome:
            yield JOBS.c.state == "ended"
            yield JOBS.c.outcome == outcome
    if question.after is not None:
        yield tuple_(JOBS.c.created, JOBS.c.id) < question.after

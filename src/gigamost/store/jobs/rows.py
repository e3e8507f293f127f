"""What the statements about jobs share: rows to values, and how far a job has come."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.jobs import Job, Plan, Tally
from gigamost.core.usage import Usage
from gigamost.store.tables.jobs import JOB_ITEMS, JOBS

AT_ONCE: Final = 500  # rows in one statement
read_plan: Final = msgspec.json.Decoder(Plan).decode
# The states in which a worker has an item, and all in which it is not at its end.
HELD: Final = ("claimed", "sent")
UNDONE: Final = ("waiting", *HELD)
_COUNTS: Final[Mapping[str, str]] = {"claimed": "running", "sent": "running"}


def own(tenant: str, job: str) -> tuple[ColumnElement[bool], ...]:
    return JOBS.c.id == job, JOBS.c.tenant == tenant


def job_of(row: Row[Any], tally: Tally = Tally()) -> Job:  # noqa: B008 - a frozen value
    return Job(
        id=row.id,
        kind=row.kind,
        tenant=row.tenant,
        plan=read_plan(row.plan),
        created=row.created,
        expires=row.expires,
        state=row.state,
        outcome=row.outcome,
        started=row.started,
        cancelling=row.cancelling,
        ended=row.ended,
        errors=row.errors,
        tally=tally,
    )


async def counted(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Job]:
    """The jobs of these rows with their tallies."""
    tallies = await _tallies(connection, [row.id for row in rows])
    return [job_of(row, tallies.get(row.id, Tally())) for row in rows]


async def _tallies(connection: AsyncConnection, jobs: Sequence[str]) -> dict[str, Tally]:
    if not jobs:
        return {}
    counts: dict[str, dict[str, int]] = {job: {} for job in jobs}
    usage: dict[str, Usage] = dict.fromkeys(jobs, Usage())
    for row in await connection.execute(_counting(jobs)):
        of_job, name = counts[row.job], _COUNTS.get(row.state, row.state)
        of_job[name] = of_job.get(name, 0) + row.items
        usage[row.job] += Usage(int(row.input), int(row.output), int(row.cached), int(row.reasoning))
    return {job: Tally(**counts[job], usage=usage[job]) for job in jobs}


def _counting(jobs: Sequence[str]) -> Select[Any]:
    items = JOB_ITEMS.c
    return (
        select(
            items.job,
            items.state,
            func.count().label("items"),
            func.sum(items.input_tokens).label("input"),
            func.sum(items.output_tokens).label("output"),
            func.sum(items.cached_tokens).label("cached"),
            func.sum(items.reasoning_tokens).label("reasoning"),
        )
        .where(items.job.in_(jobs))
        .group_by(items.job, items.state)
    )

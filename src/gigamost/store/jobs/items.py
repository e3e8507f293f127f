"""The requests of a job and their results (`core.ports.JobItems`), and the stream of an answer in the background
(`core.ports.JobEvents`)."""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.jobs import NewItem, Result
from gigamost.store.engine import Database
from gigamost.store.jobs.rows import AT_ONCE
from gigamost.store.tables.jobs import JOB_EVENTS, JOB_ITEMS

_ITEM = JOB_ITEMS.c
_EVENT = JOB_EVENTS.c
_NEW = {
    "state": "waiting",
    "due": 0.0,
    "worker": "",
    "lease": 0.0,
    "attempts": 0,
    "status": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "cached_tokens": 0,
    "reasoning_tokens": 0,
    "request_id": "",
    "result": b"",
}


class Items:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, job: str, items: Sequence[NewItem]) -> None:
        async with self._database.write() as connection:
            last = await connection.scalar(select(func.max(_ITEM.position)).where(_ITEM.job == job))
            await put(connection, job, items, 0 if last is None else last + 1)

    async def clear(self, job: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(JOB_ITEMS).where(_ITEM.job == job))

    async def results(self, job: str, after: int, limit: int) -> Sequence[Result]:
        columns = (_ITEM.position, _ITEM.name, _ITEM.state, _ITEM.status, _ITEM.result, _ITEM.request_id)
        query = select(*columns).where(_ITEM.job == job, _ITEM.position > after).order_by(_ITEM.position).limit(limit)
        async with self._database.read() as connection:
            return [Result(*row) for row in (await connection.execute(query)).all()]


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, job: str, first: int, frames: Sequence[bytes]) -> None:
        rows = [{"job": job, "number": number, "frame": frame} for number, frame in enumerate(frames, first)]
        async with self._database.write() as connection:
            await connection.execute(insert(JOB_EVENTS), rows)

    async def read(self, job: str, first: int, limit: int) -> Sequence[tuple[int, bytes]]:
        query = select(_EVENT.number, _EVENT.frame).where(_EVENT.job == job, _EVENT.number >= first)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(_EVENT.number).limit(limit))).all()
        return [(row.number, row.frame) for row in rows]


async def put(connection: AsyncConnection, job: str, items: Sequence[NewItem], first: int) -> None:
    for start in range(0, len(items), AT_ONCE):
        some = items[start : start + AT_ONCE]
        rows = [
            {**_NEW, "job": job, "position": first + start + at, "name": item.name, "body": item.body}
            for at, item in enumerate(some)
        ]
        await connection.execute(insert(JOB_ITEMS), rows)

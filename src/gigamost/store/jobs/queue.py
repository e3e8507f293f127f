"""What workers do with items (`core.ports.JobQueue`). Each step is one short transaction; on PostgreSQL workers skip
what another one is just taking, on SQLite they take turns."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.jobs import Again, Claimed, Outcome
from gigamost.store.clock import Clock
from gigamost.store.engine import Database
from gigamost.store.jobs.rows import HELD, job_of
from gigamost.store.tables.jobs import JOB_ITEMS, JOBS

_ITEM = JOB_ITEMS.c


class Queue:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, worker: str, lease: float, limit: int) -> Sequence[Claimed]:
        async with self._database.write() as connection:
            now = await self._clock.read(connection)
            await _free(connection, now)
            claimed = await _orphans(connection, now, limit)
            claimed += await _next(connection, now, limit - len(claimed))
            for item in claimed:
                await connection.execute(
                    update(JOB_ITEMS)
                    .where(_ITEM.job == item.job.id, _ITEM.position == item.position)
                    .values(
                        state="sent" if item.was_sent else "claimed",
                        worker=worker,
                        lease=now + lease,
                        attempts=item.attempts,
                    )
                )
        return claimed

    async def renew(self, worker: str, lease: float) -> Sequence[str]:
        mine = and_(_ITEM.state.in_(HELD), _ITEM.worker == worker)
        cancelled = select(JOBS.c.id).where(JOBS.c.state == "running", JOBS.c.cancelling.is_not(None))
        async with self._database.write() as connection:
            now = await self._clock.read(connection)
            await connection.execute(update(JOB_ITEMS).where(mine).values(lease=now + lease))
            attended = and_(JOBS.c.state != "ended", JOBS.c.worker == worker)
            await connection.execute(update(JOBS).where(attended).values(lease=now + lease))
            held = select(_ITEM.job).where(mine).distinct()
            return (await connection.scalars(cancelled.where(JOBS.c.id.in_(held)))).all()

    async def mark_sent(self, worker: str, item: Claimed) -> bool:
        this = _held(worker, item)
        async with self._database.write() as connection:
            # The lock makes this and a cancellation take turns.
            lock = select(JOBS.c.cancelling).where(JOBS.c.id == item.job.id).with_for_update()
            row = (await connection.execute(lock)).first()
            if row is None or row.cancelling is not None:
                await connection.execute(update(JOB_ITEMS).where(this).values(state="cancelled", body=b"", worker=""))
                return False
            done = await connection.execute(update(JOB_ITEMS).where(this).values(state="sent"))
        return bool(done.rowcount)

    async def settle(self, worker: str, item: Claimed, outcome: Outcome | Again) -> bool:
        async with self._database.write() as connection:
            if isinstance(outcome, Again):
                now = await self._clock.read(connection)
                is_cancelled = select(JOBS.c.cancelling).where(JOBS.c.id == item.job.id).with_for_update()
                values: dict[str, Any] = {"state": "waiting", "due": now + outcome.after}
                if await connection.scalar(is_cancelled) is not None:
                    values = {"state": "cancelled", "body": b""}
            else:
                values = _written(outcome)
            done = await connection.execute(update(JOB_ITEMS).where(_held(worker, item)).values(worker="", **values))
        return bool(done.rowcount)


def _held(worker: str, item: Claimed) -> Any:
    """The item, as long as it is this worker's by this very claim."""
    return and_(
        _ITEM.job == item.job.id,
        _ITEM.position == item.position,
        _ITEM.worker == worker,
        _ITEM.attempts == item.attempts,
        _ITEM.state.in_(HELD),
    )


def _written(outcome: Outcome) -> dict[str, Any]:
    """What was asked is not needed any more."""
    usage = outcome.usage
    return {
        "state": outcome.state,
        "status": outcome.status,
        "result": outcome.body,
        "request_id": outcome.request_id,
        "body": b"",
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


async def _free(connection: AsyncConnection, now: float) -> None:
    """What a dead worker had claimed and not sent waits again, or is cancelled with its job."""
    dead = and_(_ITEM.state == "claimed", _ITEM.lease < now)
    if await connection.scalar(select(_ITEM.job).where(dead).limit(1)) is None:
        return
    cancelled = select(JOBS.c.id).where(JOBS.c.cancelling.is_not(None), JOBS.c.id == _ITEM.job).exists()
    await connection.execute(update(JOB_ITEMS).where(dead, cancelled).values(state="cancelled", body=b"", worker=""))
    await connection.execute(update(JOB_ITEMS).where(dead).values(state="waiting", worker=""))


async def _orphans(connection: AsyncConnection, now: float, limit: int) -> list[Claimed]:
    """What a dead worker had sent."""
    query = _items(and_(_ITEM.state == "sent", _ITEM.lease < now)).limit(limit).with_for_update(skip_locked=True)
    rows = (await connection.execute(query)).all()
    owners = select(JOBS).where(JOBS.c.id.in_([row.job for row in rows]))
    jobs = {row.id: row for row in await connection.execute(owners)} if rows else {}
    return [_claimed(jobs[row.job], row, was_sent=True) for row in rows]


async def _next(connection: AsyncConnection, now: float, limit: int) -> list[Claimed]:
    """Urgent jobs are those that somebody waits for: answers in the background."""
    running = and_(JOBS.c.state == "running", JOBS.c.cancelling.is_(None), JOBS.c.expires > now)
    ready = select(_ITEM.job).where(_ITEM.job == JOBS.c.id, _ITEM.state == "waiting", _ITEM.due <= now).exists()
    in_turn = select(JOBS).where(running, ready).order_by(JOBS.c.kind != "response", JOBS.c.turn, JOBS.c.id)
    claimed: list[Claimed] = []
    jobs = (await connection.execute(in_turn.limit(limit))).all() if limit > 0 else ()
    for job in jobs:
        waiting = _items(and_(_ITEM.job == job.id, _ITEM.state == "waiting", _ITEM.due <= now))
        query = waiting.order_by(_ITEM.position).limit(limit // len(jobs)).with_for_update(skip_locked=True)
        rows = (await connection.execute(query)).all()
        claimed += [_claimed(job, row) for row in rows]
        if rows:
            await connection.execute(update(JOBS).where(JOBS.c.id == job.id).values(turn=now))
    return claimed


def _items(these: Any) -> Select[Any]:
    return select(_ITEM.job, _ITEM.position, _ITEM.name, _ITEM.body, _ITEM.attempts).where(these)


def _claimed(job: Row[Any], row: Row[Any], *, was_sent: bool = False) -> Claimed:
    attempts = row.attempts + 1
    return Claimed(job_of(job), row.position, row.name, row.body, attempts, was_sent)

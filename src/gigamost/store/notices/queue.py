"""Deliveries (`core.notice_ports.Deliveries`): each step is one short transaction. On PostgreSQL workers skip what
another one is just taking, on SQLite they take turns."""

from collections.abc import Sequence

from sqlalchemy import and_, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.notices import Claimed, Delivery, Outcome
from gigamost.notices.retries import LONGEST_PROBLEM
from gigamost.store.clock import Clock
from gigamost.store.engine import Database
from gigamost.store.notices.rows import delivery_of, notice_of, webhook_of
from gigamost.store.notices.seal import SecretSeal
from gigamost.store.tables.notices import DELIVERIES, NOTICES, WEBHOOKS

_DELIVERY = DELIVERIES.c
_WAITING = _DELIVERY.state == "waiting"


class Deliveries:
    def __init__(self, database: Database, seal: SecretSeal, clock: Clock) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock

    async def claim(self, worker: str, lease: float, limit: int) -> Sequence[Claimed]:
        async with self._database.write() as connection:
            now = await self._clock.read(connection)
            found = []
            for webhook in await _free(connection, now, limit):
                claimed = await self._claim(connection, webhook, worker, now, lease)
                found += [claimed] if claimed is not None else []
        return found

    async def settle(self, worker: str, claimed: Claimed, outcome: Outcome) -> bool:
        attempt = outcome.attempt
        mine = and_(
            _DELIVERY.webhook == claimed.webhook.id,
            _DELIVERY.notice == claimed.notice.id,
            _DELIVERY.worker == worker,
            _DELIVERY.attempts == claimed.attempts,
            _WAITING,
        )
        async with self._database.write() as connection:
            now = await self._clock.read(connection)
            values = {
                "state": outcome.state,
                "due": now + max(outcome.due - attempt.at, 0.0),  # the worker's clock may be another
                "worker": "",
                "lease": 0.0,
                "attempted": now,
                "status": attempt.status,
                "problem": attempt.problem[:LONGEST_PROBLEM],
            }
            done = await connection.execute(update(DELIVERIES).where(mine).values(values))
            if done.rowcount and outcome.disables:
                this = WEBHOOKS.c.id == claimed.webhook.id
                await connection.execute(update(WEBHOOKS).where(this).values(disabled="gone"))
                await give_up(connection, claimed.webhook.id)
        return bool(done.rowcount)

    async def page(self, webhook: str, before: str, limit: int) -> Sequence[Delivery]:
        columns = (*DELIVERIES.c, NOTICES.c.kind)
        query = select(*columns).join(NOTICES, NOTICES.c.id == _DELIVERY.notice).where(_DELIVERY.webhook == webhook)
        if before:
            query = query.where(_DELIVERY.notice < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(_DELIVERY.notice.desc()).limit(limit))).all()
        return [delivery_of(row) for row in rows]

    async def waiting(self) -> int:
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(DELIVERIES).where(_WAITING)) or 0

    async def _claim(
        self, connection: AsyncConnection, webhook: str, worker: str, now: float, lease: float
    ) -> Claimed | None:
        due = (
            select(_DELIVERY.notice, _DELIVERY.attempts, _DELIVERY.began)
            .where(_DELIVERY.webhook == webhook, _WAITING, _DELIVERY.due <= now, _DELIVERY.lease < now)
            .order_by(_DELIVERY.due, _DELIVERY.notice)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = (await connection.execute(due)).first()
        hook = (await connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.id == webhook))).first()
        if row is None or hook is None:
            return None
        this = and_(_DELIVERY.webhook == webhook, _DELIVERY.notice == row.notice)
        values = {"worker": worker, "lease": now + lease, "attempts": row.attempts + 1}
        await connection.execute(update(DELIVERIES).where(this).values(values))
        told = (await connection.execute(select(NOTICES).where(NOTICES.c.id == row.notice))).one()
        return Claimed(webhook_of(hook, self._seal), notice_of(told), row.attempts + 1, row.began)


async def give_up(connection: AsyncConnection, webhook: str) -> None:
    """What waits for a webhook that wants nothing any more."""
    values = {"state": "failed", "problem": "the webhook is disabled", "worker": "", "lease": 0.0}
    await connection.execute(update(DELIVERIES).where(_DELIVERY.webhook == webhook, _WAITING).values(values))


async def _free(connection: AsyncConnection, now: float, limit: int) -> Sequence[str]:
    """The webhooks that something is due for and nobody sends to, the most overdue first."""
    other = DELIVERIES.alias("other")
    busy = exists().where(other.c.webhook == _DELIVERY.webhook, other.c.state == "waiting", other.c.lease >= now)
    ready = and_(_WAITING, _DELIVERY.due <= now, _DELIVERY.lease < now, ~busy)
    query = select(_DELIVERY.webhook).where(ready).group_by(_DELIVERY.webhook).order_by(func.min(_DELIVERY.due))
    return (await connection.scalars(query.limit(limit))).all()

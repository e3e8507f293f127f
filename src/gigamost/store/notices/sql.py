"""`core.notice_ports.NoticeStore` in a database: webhooks, and what is told. How deliveries go is in `queue`."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Insert, and_, delete, exists, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.notices import Notice, Told, Webhook
from gigamost.notices.retries import KEPT, MOST_WAITING
from gigamost.notices.wishes import wants
from gigamost.store.clock import Clock
from gigamost.store.engine import Database
from gigamost.store.notices.queue import Deliveries, give_up
from gigamost.store.notices.rows import row_of_notice, row_of_webhook, webhook_of
from gigamost.store.notices.seal import SecretSeal
from gigamost.store.tables.notices import DELIVERIES, NOTICES, WEBHOOKS

_DELIVERY = DELIVERIES.c


class SqlNotices:
    """`now` None: the database's own clock (PostgreSQL)."""

    def __init__(self, database: Database, seal: SecretSeal, now: Callable[[], float] | None) -> None:
        clock = Clock(now)
        self._database = database
        self._seal = seal
        self.webhooks = _Webhooks(database, seal)
        self.outbox = _Outbox(database, seal, clock)
        self.deliveries = Deliveries(database, seal, clock)

    async def adopt(self, configured: Sequence[Webhook]) -> None:
        wanted = {each.id: each for each in configured}
        async with self._database.write() as connection:
            rows = await connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.configured).with_for_update())
            known = {row.id: webhook_of(row, self._seal) for row in rows}
            for id_ in known.keys() - wanted.keys():
                await _remove(connection, id_)
            for id_, webhook in wanted.items():
                found = known.get(id_)
                if found is None:
                    row = row_of_webhook(webhook, self._seal)
                    await connection.execute(_unless_there(connection, insert_into=WEBHOOKS).values(row))
                elif (found.url, found.events, found.secret) != (webhook.url, webhook.events, webhook.secret):
                    row = row_of_webhook(webhook, self._seal)
                    await connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == id_).values(row))

    async def sweep(self, now: float) -> int:
        old = and_(_DELIVERY.state != "waiting", _DELIVERY.began < now - KEPT)
        sent = exists().where(_DELIVERY.notice == NOTICES.c.id)
        nobodys = and_(~NOTICES.c.lasts, NOTICES.c.keep < now, NOTICES.c.at < now - KEPT, ~sent)
        async with self._database.write() as connection:
            gone = (await connection.execute(delete(DELIVERIES).where(old))).rowcount
            gone += (await connection.execute(delete(NOTICES).where(nobodys))).rowcount
            await self._renew(connection)
        return gone

    async def _renew(self, connection: AsyncConnection) -> None:
        """The secrets that were sealed under a former root secret."""
        for row in (await connection.execute(select(WEBHOOKS).with_for_update())).all():
            if self._seal.is_outdated(row.id, row.secret):
                values = row_of_webhook(webhook_of(row, self._seal), self._seal)
                await connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == row.id).values(values))


class _Webhooks:
    def __init__(self, database: Database, seal: SecretSeal) -> None:
        self._database = database
        self._seal = seal

    async def add(self, webhook: Webhook) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(WEBHOOKS), row_of_webhook(webhook, self._seal))

    async def get(self, webhook: str) -> Webhook | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.id == webhook))).first()
        return None if row is None else webhook_of(row, self._seal)

    async def edit(self, webhook: str, edit: Callable[[Webhook], Webhook | None]) -> Webhook | None:
        this = WEBHOOKS.c.id == webhook
        async with self._database.write() as connection:
            row = (await connection.execute(select(WEBHOOKS).where(this).with_for_update())).first()
            if row is None:
                return None
            edited = edit(webhook_of(row, self._seal))
            if edited is None:
                await _remove(connection, webhook)
                return None
            await connection.execute(update(WEBHOOKS).where(this).values(row_of_webhook(edited, self._seal)))
            if edited.disabled:
                await give_up(connection, webhook)
        return edited

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Webhook]:
        query = select(WEBHOOKS).order_by(WEBHOOKS.c.id.desc()).limit(limit)
        if tenant is not None:
            query = query.where(WEBHOOKS.c.tenant == tenant)
        if before:
            query = query.where(WEBHOOKS.c.id < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [webhook_of(row, self._seal) for row in rows]


class _Outbox:
    def __init__(self, database: Database, seal: SecretSeal, clock: Clock) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock

    async def tell(self, notice: Notice, *, after: float = 0.0) -> Told:
        async with self._database.write() as connection:
            return await self._tell(connection, notice, after)

    async def end(self, key: str, notice: Notice | None = None) -> bool:
        this = and_(NOTICES.c.key == key, NOTICES.c.lasts)
        async with self._database.write() as connection:
            keep = await self._clock.read(connection)
            freed = {"key": NOTICES.c.key + literal(":") + NOTICES.c.id, "lasts": False, "keep": keep}
            done = await connection.execute(update(NOTICES).where(this).values(freed))
            if done.rowcount and notice is not None:
                await self._tell(connection, notice, 0.0)
        return bool(done.rowcount)

    async def lasting(self) -> Sequence[str]:
        async with self._database.read() as connection:
            return (await connection.scalars(select(NOTICES.c.key).where(NOTICES.c.lasts))).all()

    async def _tell(self, connection: AsyncConnection, notice: Notice, after: float) -> Told:
        first = _unless_there(connection, insert_into=NOTICES).values(row_of_notice(notice)).returning(NOTICES.c.id)
        if (await connection.execute(first)).first() is None:
            return Told(is_new=False)
        now = await self._clock.read(connection)
        hooks = [webhook_of(row, self._seal) for row in await connection.execute(select(WEBHOOKS))]
        chosen = [hook.id for hook in hooks if wants(hook, notice)]
        dropped = 0
        for webhook in chosen:
            row = {
                "webhook": webhook,
                "notice": notice.id,
                "state": "waiting",
                "began": now,
                "due": now + after,
                "worker": "",
                "lease": 0.0,
                "attempts": 0,
                "problem": "",
            }
            await connection.execute(insert(DELIVERIES), row)
            dropped += await _drop(connection, webhook)
        return Told(is_new=True, dropped=dropped)


async def _drop(connection: AsyncConnection, webhook: str) -> int:
    """The oldest ones that are too many."""
    waiting = and_(_DELIVERY.webhook == webhook, _DELIVERY.state == "waiting")
    count = await connection.scalar(select(func.count()).select_from(DELIVERIES).where(waiting)) or 0
    if count <= MOST_WAITING:
        return 0
    oldest = select(_DELIVERY.notice).where(waiting).order_by(_DELIVERY.notice).limit(count - MOST_WAITING)
    notices = (await connection.scalars(oldest)).all()
    values = {"state": "dropped", "worker": "", "lease": 0.0}
    await connection.execute(update(DELIVERIES).where(waiting, _DELIVERY.notice.in_(notices)).values(values))
    return len(notices)


async def _remove(connection: AsyncConnection, webhook: str) -> None:
    await connection.execute(delete(WEBHOOKS).where(WEBHOOKS.c.id == webhook))
    await connection.execute(delete(DELIVERIES).where(_DELIVERY.webhook == webhook))


def _unless_there(connection: AsyncConnection, *, insert_into: Any) -> Any:
    """An insert that does nothing where another gateway was first: each dialect of SQLAlchemy has its own."""
    made: Insert
    if connection.dialect.name == "postgresql":
        made = postgresql.insert(insert_into).on_conflict_do_nothing()
    else:
        made = sqlite.insert(insert_into).on_conflict_do_nothing()
    return made

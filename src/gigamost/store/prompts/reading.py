"""`core.prompts.PromptShelf` in a database. Questions of administrators have connections of their own and so much time:
they never hold up those who write."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.prompts import Said, Sought, Talk
from gigamost.store.engine import Database
from gigamost.store.prompts.rows import said_in
from gigamost.store.prompts.search import Search
from gigamost.store.tables.prompts import EXCHANGES

LIMIT: Final = 10.0  # seconds for one question
_EVERY: Final = 20_000  # steps of SQLite between two looks at the clock


class SqlShelf:
    def __init__(self, database: Database, search: Search, *, is_sqlite: bool, limit: float = LIMIT) -> None:
        self._database = database
        self._search = search
        self._is_sqlite = is_sqlite
        self._limit = limit

    async def talks(self, sought: Sought, before: int | None, limit: int) -> Sequence[Talk]:
        rows, newer = EXCHANGES, EXCHANGES.alias("newer")
        matching = select(EXCHANGES.c.number).where(self._search.matching(sought.words)) if sought.words else None
        of_row, of_newer = [*_conditions(rows, sought)], [*_conditions(newer, sought)]
        if matching is not None:
            of_row.append(rows.c.number.in_(matching))
            of_newer.append(newer.c.number.in_(matching))
        if before is not None:
            of_row.append(rows.c.number < before)
        # One row for each conversation: the newest of its exchanges that are asked for.
        is_newer = and_(newer.c.talk == rows.c.talk, newer.c.number > rows.c.number, *of_newer)
        query = select(rows).where(*of_row, ~select(newer.c.number).where(is_newer).exists())
        async with self._reading() as connection:
            found = (await connection.execute(query.order_by(rows.c.number.desc()).limit(limit))).all()
            sums = await connection.execute(_sums([row.talk for row in found]))
            whole = {(row.talk, row.tenant): row for row in sums}
        return [
            Talk(
                id=row.talk,
                tenant=row.tenant,
                key_id=row.key_id,
                subject=row.subject,
                face=row.face,
                model=row.model,
                number=row.number,
                started=whole[row.talk, row.tenant].started,
                finished=whole[row.talk, row.tenant].finished,
                exchanges=whole[row.talk, row.tenant].exchanges,
                input_tokens=int(whole[row.talk, row.tenant].input_tokens),
                output_tokens=int(whole[row.talk, row.tenant].output_tokens),
            )
            for row in found
        ]

    async def exchanges(self, sought: Sought, after: int, limit: int) -> Sequence[Said]:
        query = select(EXCHANGES).where(EXCHANGES.c.number > after, *_conditions(EXCHANGES, sought))
        if sought.words:
            query = query.where(self._search.matching(sought.words))
        async with self._reading() as connection:
            rows = (await connection.execute(query.order_by(EXCHANGES.c.number).limit(limit))).all()
        return [said_in(row) for row in rows]

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        began = monotonic()
        try:
            async with self._database.read() as connection:
                await self._limit_time(connection, began + self._limit)
                yield connection
        except GatewayError as error:
            if monotonic() - began < self._limit:
                raise
            message = f"This takes longer than {self._limit:g} s: ask for less, by tenant, key, user or time."
            raise GatewayError(Kind.UNAVAILABLE, message, code="too_slow", detail=error.problem.detail) from error

    async def _limit_time(self, connection: AsyncConnection, until: float) -> None:
        if not self._is_sqlite:
            await connection.execute(text(f"SET LOCAL statement_timeout = {int(self._limit * 1000)}"))
            return
        raw = (await connection.get_raw_connection()).driver_connection
        if raw is not None:
            await raw.set_progress_handler(lambda: monotonic() > until, _EVERY)


def _conditions(table: FromClause, sought: Sought) -> Iterator[ColumnElement[bool]]:
    """All but the words."""
    column = table.c
    if sought.tenant:
        yield column.tenant == sought.tenant
    if sought.key_id:
        yield column.key_id == sought.key_id
    if sought.subjects:
        yield column.subject.in_(sought.subjects)
        yield literal_column(f"{table.description}.subject <> ''")  # the words of the partial index
    if sought.talk:
        yield column.talk == sought.talk
    if sought.model:
        yield column.model == sought.model
    if sought.face:
        yield column.face == sought.face
    if sought.since is not None:
        yield column.started >= sought.since
    if sought.until is not None:
        yield column.started < sought.until


def _sums(talks: Sequence[str]) -> Any:  # a statement of these columns
    column = EXCHANGES.c
    return (
        select(
            column.talk,
            column.tenant,
            func.min(column.started).label("started"),
            func.max(column.finished).label("finished"),
            func.count().label("exchanges"),
            func.sum(column.input_tokens).label("input_tokens"),
            func.sum(column.output_tokens).label("output_tokens"),
        )
        .where(column.talk.in_(talks))
        .group_by(column.talk, column.tenant)
    )

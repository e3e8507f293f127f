"""`core.prompts.Prompts` in a database: what was said is written, and forgotten."""

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, insert, literal_column, select

from gigamost.core.prompts import Entry, Tip
from gigamost.store.engine import Database
from gigamost.store.prompts.rows import row_of
from gigamost.store.prompts.search import Search
from gigamost.store.tables.history import NAMED
from gigamost.store.tables.prompts import EXCHANGES

_E: Final = EXCHANGES.c
_AT_ONCE: Final = 500  # values in one statement
_PORTION: Final = 100  # exchanges that are forgotten in one transaction


class SqlPrompts:
    """`pause`: the seconds that others have for their writing between two portions of what is forgotten."""

    def __init__(self, database: Database, search: Search, pause: float = 0.02) -> None:
        self._database = database
        self._search = search
        self._pause = pause

    async def tips(self, tips: Sequence[bytes]) -> Sequence[Tip]:
        found: list[Tip] = []
        query = select(_E.tip, _E.id, _E.talk, _E.answer, _E.system).order_by(_E.number)
        async with self._database.read() as connection:
            for start in range(0, len(tips), _AT_ONCE):
                rows = await connection.execute(query.where(_E.tip.in_(tips[start : start + _AT_ONCE])))
                found += (Tip(*row) for row in rows)
        return found

    async def add(self, entries: Sequence[Entry]) -> None:
        rows = {entry.said.id: row_of(entry) for entry in entries}
        words = {entry.said.id: entry.words for entry in entries}
        async with self._database.write() as connection:
            # A transaction that seemed to fail may have been made.
            for known in await connection.scalars(select(_E.id).where(_E.id.in_([*rows]))):
                del rows[known]
            if not rows:
                return
            await connection.execute(insert(EXCHANGES), [*rows.values()])
            numbers = await connection.execute(select(_E.number, _E.id).where(_E.id.in_([*rows])))
            await self._search.add(connection, [(row.number, words[row.id]) for row in numbers])

    async def delete(self, talk: str, tenant: str = "") -> int:
        return await self._forget(_E.talk == talk, *([_E.tenant == tenant] if tenant else []))

    async def erase(self, tenant: str, subjects: Sequence[str]) -> int:
        return await self._forget(_E.subject.in_(subjects), literal_column(NAMED), _E.tenant == tenant)

    async def sweep(self, before: float) -> int:
        return await self._forget(_E.started < before)

    async def _forget(self, *which: ColumnElement[bool]) -> int:
        gone = 0
        while True:
            async with self._database.write() as connection:
                numbers = (await connection.scalars(select(_E.number).where(*which).limit(_PORTION))).all()
                if numbers:
                    await self._search.drop(connection, numbers)
                    await connection.execute(delete(EXCHANGES).where(_E.number.in_(numbers)))
            gone += len(numbers)
            if len(numbers) < _PORTION:
                break
            await asyncio.sleep(self._pause)
        if gone:
            await self._search.purge(self._database)
            await self._database.forget()
        return gone

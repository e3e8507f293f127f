"""The words of exchanges in the database's own search: FTS5 of SQLite, tsvector of PostgreSQL.

Words are runs of letters and digits (`history.words`), so none of them can be syntax here; what is made of them goes to
the database as a parameter all the same.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from sqlalchemy import ColumnElement, bindparam, column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.errors import GatewayError, Kind
from gigamost.store.engine import Database
from gigamost.store.tables.prompts import EXCHANGES, SEARCH

_PAGES: Final = 64  # of the index, that one step of a merge writes
_STEPS: Final = 100_000


class Search(Protocol):
    async def add(self, connection: AsyncConnection, words: Sequence[tuple[int, tuple[str, ...]]]) -> None:
        """For exchanges, by their numbers."""
        ...

    async def drop(self, connection: AsyncConnection, numbers: Sequence[int]) -> None: ...

    def matching(self, words: Sequence[str]) -> ColumnElement[bool]:
        """Exchanges that have, for each of these, a word that begins with it."""
        ...

    async def purge(self, database: Database) -> None:
        """Leaves nothing of the words that were dropped."""
        ...


class Fts5:
    """A deletion only marks a word of the index as gone; it is gone when the parts of the index are merged into one,
    which is done in small steps, so that whoever waits to write gets its turn."""

    _ADD = text(f"INSERT INTO {SEARCH} (rowid, words) VALUES (:number, :words)")  # noqa: S608 - a constant
    _DROP = text(f"DELETE FROM {SEARCH} WHERE rowid IN :numbers")  # noqa: S608 - a constant
    _MERGE = text(f"INSERT INTO {SEARCH} ({SEARCH}, rank) VALUES ('merge', :pages)")  # noqa: S608 - a constant

    async def add(self, connection: AsyncConnection, words: Sequence[tuple[int, tuple[str, ...]]]) -> None:
        await connection.execute(self._ADD, [{"number": number, "words": " ".join(each)} for number, each in words])

    async def drop(self, connection: AsyncConnection, numbers: Sequence[int]) -> None:
        await connection.execute(self._DROP.bindparams(bindparam("numbers", expanding=True)), {"numbers": [*numbers]})

    def matching(self, words: Sequence[str]) -> ColumnElement[bool]:
        query = " ".join(f'"{word}"*' for word in words)
        where = text(f"{SEARCH} MATCH :words").bindparams(words=query)
        return EXCHANGES.c.number.in_(select(column("rowid")).select_from(text(SEARCH)).where(where))

    async def purge(self, database: Database) -> None:
        pages = -_PAGES  # the first step makes all parts ready to be merged
        for _ in range(_STEPS):
            async with database.write() as connection:
                before = await connection.scalar(text("SELECT total_changes()"))
                await connection.execute(self._MERGE, {"pages": pages})
                changed = (await connection.scalar(text("SELECT total_changes()")) or 0) - (before or 0)
            if pages > 0 and changed < 2:  # SQLite's documentation of FTS5, "The 'merge' Command"
                break
            pages = _PAGES


class Tsvector:
    """PostgreSQL itself clears what was deleted, when it vacuums the table."""

    _ADD = text(
        f"INSERT INTO {SEARCH} (number, words) VALUES (:number, array_to_tsvector(CAST(:words AS text[])))"  # noqa: S608 - a constant
    )
    _DROP = text(f"DELETE FROM {SEARCH} WHERE number IN :numbers")  # noqa: S608 - a constant

    async def add(self, connection: AsyncConnection, words: Sequence[tuple[int, tuple[str, ...]]]) -> None:
        await connection.execute(self._ADD, [{"number": number, "words": [*each]} for number, each in words])

    async def drop(self, connection: AsyncConnection, numbers: Sequence[int]) -> None:
        await connection.execute(self._DROP.bindparams(bindparam("numbers", expanding=True)), {"numbers": [*numbers]})

    def matching(self, words: Sequence[str]) -> ColumnElement[bool]:
        query = " & ".join(f"'{word}':*" for word in words)
        where = text("words @@ CAST(CAST(:words AS text) AS tsquery)").bindparams(words=query)
        return EXCHANGES.c.number.in_(select(column("number")).select_from(text(SEARCH)).where(where))

    async def purge(self, database: Database) -> None:
        """Not ours to do."""


class NoSearch:
    """A SQLite file that was made where FTS5 is missing."""

    async def add(self, connection: AsyncConnection, words: Sequence[tuple[int, tuple[str, ...]]]) -> None: ...

    async def drop(self, connection: AsyncConnection, numbers: Sequence[int]) -> None: ...

    def matching(self, words: Sequence[str]) -> ColumnElement[bool]:
        message = (
            "q: this database cannot be searched, because the SQLite that made it has no FTS5. Use the other filters, "
            "a Python whose SQLite has FTS5 with a new file, or PostgreSQL."
        )
        raise GatewayError(Kind.UNSUPPORTED, message, param="q", code="no_search")

    async def purge(self, database: Database) -> None: ...


async def search_in(database: Database, *, is_sqlite: bool) -> Search:
    """Raises GatewayError (503)."""
    if not is_sqlite:
        return Tsvector()
    there = text("SELECT 1 FROM sqlite_master WHERE name = :name")
    async with database.read() as connection:
        found = await connection.scalar(there, {"name": SEARCH})
    return Fts5() if found else NoSearch()

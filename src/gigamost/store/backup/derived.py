"""What a database works out from its rows, and an archive therefore does not have: words of exchanges, and numbers that
PostgreSQL gives out by itself."""

from typing import Final

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.history.turns import words_in
from gigamost.store.prompts.rows import said_in
from gigamost.store.prompts.search import Fts5, Tsvector
from gigamost.store.tables import METADATA
from gigamost.store.tables.prompts import EXCHANGES, SEARCH

_AT_ONCE: Final = 100  # exchanges


def has_search(connection: Connection) -> bool:
    """Not where the SQLite that made the file has no FTS5."""
    return inspect(connection).has_table(SEARCH)


async def index_words(connection: AsyncConnection, *, is_sqlite: bool) -> None:
    """Into an index that is empty."""
    if not await connection.run_sync(has_search):
        return
    search, last = Fts5() if is_sqlite else Tsvector(), -1
    number = EXCHANGES.c.number
    while True:
        some = select(EXCHANGES).where(number > last).order_by(number).limit(_AT_ONCE)
        rows = (await connection.execute(some)).all()
        if not rows:
            return
        await search.add(connection, [(row.number, words_in(said_in(row))) for row in rows])
        last = rows[-1].number


async def go_on_counting(connection: AsyncConnection) -> None:
    """PostgreSQL's sequences give out what comes after the highest number that is there."""
    for table in METADATA.tables.values():
        column = table.autoincrement_column
        if column is not None:
            await connection.execute(
                text(
                    f"SELECT setval(sequence, (SELECT max({column.name}) FROM {table.name}))"  # noqa: S608 - constants
                    " FROM pg_get_serial_sequence(:table, :column) AS sequence WHERE sequence IS NOT NULL"
                ),
                {"table": table.name, "column": column.name},
            )

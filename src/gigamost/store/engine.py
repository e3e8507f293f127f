"""SQLAlchemy's engine for a database URL, and how SQLite must be spoken to so that several processes share one file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gigamost.core.errors import GatewayError, Kind

# Each connection of SQLite is a thread; its one writer needs no more than a few readers beside it.
_CONNECTIONS: Final = 4
_BEGIN: Final = "gigamost_begin"  # the execution option that says how a transaction begins
_PRAGMAS: Final = (
    "journal_mode = WAL",  # readers and the writer do not wait for each other
    "synchronous = NORMAL",  # survives the death of the process; a loss of power may cost the last moments
    "busy_timeout = 10000",  # milliseconds to wait for another process
    "secure_delete = ON",  # what is deleted is overwritten
    "cache_size = -1024",  # KiB
)


def url_of(file: Path) -> URL:
    return URL.create("sqlite+aiosqlite", database=str(file))


class Database:
    """Transactions, with every error of the database as a GatewayError (503)."""

    def __init__(self, url: URL) -> None:
        """`hide_parameters`: an error must not show what people wrote."""
        self._engine: AsyncEngine = create_async_engine(
            url, hide_parameters=True, pool_size=_CONNECTIONS, max_overflow=0, query_cache_size=100
        )
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        if self._is_sqlite:
            event.listen(self._engine.sync_engine, "connect", _prepare)
            event.listen(self._engine.sync_engine, "begin", _begin)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Sees one state of the database throughout."""
        with_plain_begin = {_BEGIN: "BEGIN"}
        try:
            async with self._engine.connect() as connection:
                yield await connection.execution_options(**with_plain_begin)
        except (SQLAlchemyError, OSError) as error:
            raise unusable(error) from error

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """All of it or nothing, one writer after the other on SQLite."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise unusable(error) from error

    async def forget(self) -> None:
        """After a deletion: SQLite's log still holds what was deleted until it is written back and cut."""
        if not self._is_sqlite:
            return
        outside_of_transactions = {_BEGIN: ""}
        try:
            async with self._engine.connect() as connection:
                bare = await connection.execution_options(**outside_of_transactions)
                await bare.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except (SQLAlchemyError, OSError) as error:
            raise unusable(error) from error

    async def close(self) -> None:
        await self._engine.dispose()


def unusable(error: Exception) -> GatewayError:
    return GatewayError(
        Kind.UNAVAILABLE, "What is kept cannot be reached now: try again.", retry_after=1, detail=f"database: {error}"
    )


def _prepare(connection: Any, record: object) -> None:  # SQLAlchemy's adapter of the driver's connection
    connection.isolation_level = None  # the driver must not begin transactions by itself: it would begin them too late
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """A writer takes its turn before it reads: one that turns from a reader into a writer is refused at once."""
    begin = connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE")
    if begin:
        connection.exec_driver_sql(begin)

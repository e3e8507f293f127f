"""SQLAlchemy's engine for a place, and how SQLite must be spoken to so that several processes share one file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.store.place import Postgres

# Each connection of SQLite is a thread; its one writer needs no more than a few readers beside it.
_CONNECTIONS: Final = 4
_CONNECT: Final = 5.0  # seconds
_COMMAND: Final = 30.0  # seconds for one statement on PostgreSQL
_NO_TEXT: Final = "22021"  # the SQLSTATE of a text with a NUL
_BEGIN: Final = "gigamost_begin"  # the execution option that says how a transaction begins
_SQLITE_READS: Final[dict[str, Any]] = {_BEGIN: "BEGIN"}
_POSTGRES_READS: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_PRAGMAS: Final = (
    "journal_mode = WAL",  # readers and the writer do not wait for each other
    "synchronous = NORMAL",  # survives the death of the process; a loss of power may cost the last moments
    "busy_timeout = 10000",  # milliseconds to wait for another process
    "secure_delete = ON",  # what is deleted is overwritten
    "cache_size = -1024",  # KiB
)


class Database:
    """Transactions, with every error of the database as a GatewayError (503). `command`: seconds for one statement on
    PostgreSQL, None for as many as it takes."""

    def __init__(self, place: Path | Postgres, *, command: float | None = _COMMAND) -> None:
        self._engine = _of_postgres(place, command) if isinstance(place, Postgres) else _of_sqlite(place)
        self._is_sqlite = isinstance(place, Path)
        self._reading: dict[str, Any] = (
            {_BEGIN: "BEGIN"}
            if self._is_sqlite
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Sees one state of the database throughout."""
        try:
            async with self._engine.connect() as connection:
                yield await connection.execution_options(**self._reading)
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
    """A text that PostgreSQL cannot hold is the fault of whoever wrote it."""
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _NO_TEXT:
        return invalid("A text of this request has a character that cannot be kept: U+0000.")
    return GatewayError(
        Kind.UNAVAILABLE, "What is kept cannot be reached now: try again.", retry_after=1, detail=f"database: {error}"
    )


def _of_sqlite(file: Path) -> AsyncEngine:
    """`hide_parameters`: an error must not show what people wrote."""
    url = URL.create("sqlite+aiosqlite", database=str(file))
    engine = create_async_engine(
        url, hide_parameters=True, pool_size=_CONNECTIONS, max_overflow=0, query_cache_size=100
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _of_postgres(place: Postgres, command: float | None) -> AsyncEngine:
    """asyncpg reads the URL by itself, with all the options that libpq's URLs have. A connection that broke while it
    was idle is replaced before it is used."""
    import asyncpg

    async def connect() -> Any:  # asyncpg's connection, for SQLAlchemy's adapter
        return await asyncpg.connect(place.url.reveal(), timeout=_CONNECT, command_timeout=command)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        hide_parameters=True,
        pool_size=place.pool,
        max_overflow=0,
        pool_pre_ping=True,
        query_cache_size=100,
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

"""`core.directory.Rolls` of a SQLite file with the standard library alone: a gateway that only reads its keys needs no
SQLAlchemy and, before there is a first key, no file."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar
from urllib.parse import quote

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Roll
from gigamost.store.directory.rows import KEY_COLUMNS, TENANT_COLUMNS, key_of, tenant_of

Result = TypeVar("Result")
_BUSY: Final = 5.0  # seconds to wait for another process
_REVISION: Final = "SELECT number FROM revisions WHERE name = 'access'"
_KEYS: Final = f"SELECT {', '.join(KEY_COLUMNS)} FROM keys"  # noqa: S608 - constants
_TENANTS: Final = f"SELECT {', '.join(TENANT_COLUMNS)} FROM tenants"  # noqa: S608 - constants


class SqliteRolls:
    """The file may come later; without it, and in a file of an older version, there is nobody at revision 0. Every
    method raises GatewayError (503). Not for two callers at the same time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._in_use = Lock()  # a reader that was cancelled goes on in its thread

    async def revision(self) -> int:
        if self._connection is None and not self._file.exists():
            return 0
        return await self._read(_revision)

    async def roll(self) -> Roll:
        if self._connection is None and not self._file.exists():
            return Roll(0)
        return await self._read(_roll)

    def close(self) -> None:
        with self._in_use:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    async def _read(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        """In a thread: another process may hold the file."""

        def reading() -> Result:
            with self._in_use:
                return read(self._connected())

        try:
            return await asyncio.to_thread(reading)
        except sqlite3.Error as error:
            self.close()
            message = "Keys cannot be read now: try again."
            raise GatewayError(Kind.UNAVAILABLE, message, retry_after=1, detail=f"{self._file}: {error}") from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            # Not "ro": a reader of a write-ahead log has to make its index when there is none yet.
            self._connection = sqlite3.connect(
                f"file:{quote(str(self._file))}?mode=rw",
                uri=True,
                timeout=_BUSY,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection.execute("PRAGMA query_only = ON")
            self._connection.execute("PRAGMA cache_size = -256")
        return self._connection


def _revision(connection: sqlite3.Connection) -> int:
    if not _has_keys(connection):
        return 0
    row = connection.execute(_REVISION).fetchone()
    return int(row[0]) if row is not None else 0


def _roll(connection: sqlite3.Connection) -> Roll:
    connection.execute("BEGIN")
    try:
        if not _has_keys(connection):
            return Roll(0)
        keys = tuple(key_of(row) for row in connection.execute(_KEYS))
        tenants = tuple(tenant_of(row) for row in connection.execute(_TENANTS))
        return Roll(_revision(connection), keys, tenants)
    finally:
        connection.execute("COMMIT")


def _has_keys(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'revisions'").fetchone() is not None

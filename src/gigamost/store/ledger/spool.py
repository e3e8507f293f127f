"""What could not be written to a database that is away: on the disk of this machine, in the order in which it came.

One file for all gateways of a state folder. Whoever reaches the database first brings there what is in it; that this
may happen twice is no harm, because the ledger takes nothing twice.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from gigamost.core.accounting import Intent, Settlement

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS spool (seq INTEGER PRIMARY KEY AUTOINCREMENT, is_intent INTEGER NOT NULL,"
    " body BLOB NOT NULL)"
)
_encode = msgspec.msgpack.Encoder().encode
_intent = msgspec.msgpack.Decoder(Intent).decode
_settlement = msgspec.msgpack.Decoder(Settlement).decode


class Spooled(msgspec.Struct, frozen=True):
    """Some of it, the oldest; `last` is where it ends, 0 when there is nothing."""

    last: int
    intents: Sequence[Intent]
    settlements: Sequence[Settlement]


class Spool:
    """Every method works on the disk, and belongs into some thread. Raises sqlite3.Error and OSError."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    def exists(self) -> bool:
        return self._file.exists()

    def append(self, intents: Iterable[Intent], settlements: Iterable[Settlement]) -> None:
        """Durable when it returns, loss of power included. Both in one transaction."""
        rows = [(True, _encode(intent)) for intent in intents]
        rows += [(False, _encode(settlement)) for settlement in settlements]
        with self._lock, self._connected() as connection:
            connection.executemany("INSERT INTO spool (is_intent, body) VALUES (?, ?)", rows)

    def first(self, count: int) -> Spooled:
        query = "SELECT seq, is_intent, body FROM spool ORDER BY seq LIMIT ?"
        with self._lock:
            rows = self._connected().execute(query, (count,)).fetchall()
        intents = [_intent(body) for _, is_intent, body in rows if is_intent]
        settlements = [_settlement(body) for _, is_intent, body in rows if not is_intent]
        return Spooled(rows[-1][0] if rows else 0, intents, settlements)

    def forget(self, last: int) -> None:
        """Everything up to `last`."""
        with self._lock, self._connected() as connection:
            connection.execute("DELETE FROM spool WHERE seq <= ?", (last,))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch(0o600)
            connection = sqlite3.connect(self._file, check_same_thread=False)
            for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", _TABLE):
                connection.execute(statement)
            self._connection = connection
        return self._connection

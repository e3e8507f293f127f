"""The ledger in a SQLite file: prepared statements on one connection, in the thread of `writer`."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from time import time
from typing import Final, Literal

import msgspec

from gigamost.core.accounting import Backlog, Intent, Refusal, Settlement
from gigamost.store.ledger.group import Account, Balance, Group, Row, accounts
from gigamost.store.ledger.rows import COLUMNS, intent_values, read_row, settlement_values
from gigamost.store.ledger.writer import Writer

log = logging.getLogger(__name__)

Sync = Literal["normal", "full"]
_CHECKPOINT: Final = 1.0  # seconds between two of them
_AT_ONCE: Final = 500  # rows that are swept or forgotten between two groups
# A checkpoint waits for the disk, and whoever opens then would wait for it. Another thread makes them, so that the
# writer has little left to do when its log has become long.
_PRAGMAS: Final = (
    "journal_mode = WAL",
    "busy_timeout = 10000",
    "cache_size = -8192",
    "wal_autocheckpoint = 8000",
)

_INSERT: Final = (
    "INSERT INTO requests (id, client_request_id, replica, started, key_id, tenant, face, model, upstream, state,"
    " input_tokens, output_tokens, cached_tokens, reasoning_tokens, estimated, cost, reserved, holds, attempts)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 'open', ?, ?, ?, ?, 1, 0, ?, ?, 0)"
)
_ROW: Final = " ".join(("SELECT", COLUMNS, "FROM requests WHERE id = ?"))
_SETTLE: Final = (
    "UPDATE requests SET finished = ?, state = ?, status = ?, input_tokens = ?, output_tokens = ?, cached_tokens = ?,"
    " reasoning_tokens = ?, estimated = ?, cost = ?, upstream = ?, attempts = ?, ttft_ms = ?, duration_ms = ?"
    " WHERE id = ?"
)
_SETTLE_OPEN: Final = f"{_SETTLE} AND state = 'open'"
_ABORT: Final = "UPDATE requests SET finished = ?, state = 'aborted', cost = reserved WHERE id = ?"
_BALANCE: Final = "SELECT spent, reserved FROM budget_periods WHERE owner = ? AND period = ? AND began = ?"
_NEW_BALANCE: Final = "INSERT INTO budget_periods (owner, period, began, spent, reserved) VALUES (?, ?, ?, ?, 0)"
_MOVE: Final = (
    "UPDATE budget_periods SET spent = spent + ?, reserved = reserved + ? WHERE owner = ? AND period = ? AND began = ?"
)
_SPENT: Final = {
    "key": "SELECT COALESCE(SUM(cost), 0) FROM rollups WHERE key_id = ? AND day >= ?",
    "tenant": "SELECT COALESCE(SUM(cost), 0) FROM rollups WHERE tenant = ? AND day >= ?",
}
_TALLY: Final = (
    "INSERT INTO rollups (day, key_id, tenant, model, requests, failed, input_tokens, output_tokens, cached_tokens,"
    " reasoning_tokens, cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (day, key_id, tenant, model) DO UPDATE SET requests = requests + excluded.requests,"
    " failed = failed + excluded.failed, input_tokens = input_tokens + excluded.input_tokens,"
    " output_tokens = output_tokens + excluded.output_tokens, cached_tokens = cached_tokens + excluded.cached_tokens,"
    " reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, cost = cost + excluded.cost"
)
_BEAT: Final = "INSERT INTO replicas (id, seen) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seen = excluded.seen"
_ORPHANS: Final = (
    "SELECT id FROM requests INDEXED BY ix_requests_open WHERE state = 'open' AND replica <> ?"
    " AND replica NOT IN (SELECT id FROM replicas WHERE seen > ?) LIMIT ?"
)
_GONE: Final = (
    "DELETE FROM replicas WHERE seen <= ? AND id <> ? AND id NOT IN (SELECT replica FROM requests WHERE state = 'open')"
)
_LEAVE: Final = "DELETE FROM replicas WHERE id = ?"
_FORGET: Final = (
    "DELETE FROM requests WHERE rowid IN (SELECT rowid FROM requests WHERE started < ? AND state <> 'open' LIMIT ?)"
)


class SqliteLedger:
    """`core.ports.Ledger` and `Upkeep`, for the gateway that is called `replica`. The file's schema is there already.

    `sync`: "normal" survives the death of the process, "full" a loss of power too, at the price of a flush of the disk
    for every group.
    """

    def __init__(self, file: Path, replica: str, *, sync: Sync = "normal", now: Callable[[], float] = time) -> None:
        self._file = file
        self._replica = replica
        self._sync = sync
        self.now = now
        self._open: dict[str, Row] = {}  # of the writer's thread: what it opened need not be read to be settled
        self._writer = Writer(self.connect, self._apply, now)
        self.open = self._writer.open
        self.settle = self._writer.settle
        self.drain = self._writer.drain
        self._is_written = False  # since the last checkpoint
        self._checkpoints: asyncio.Task[None] | None = None

    def backlog(self) -> Backlog:
        return Backlog(self._writer.waiting)

    async def start(self) -> None:
        await self.beat()
        self._checkpoints = asyncio.get_running_loop().create_task(self._checkpoint_for_ever())

    async def close(self) -> None:
        await self._writer.close()
        if self._checkpoints is not None:
            self._checkpoints.cancel()
            await asyncio.gather(self._checkpoints, return_exceptions=True)

    async def beat(self) -> None:
        await self._writer.run(lambda connection: connection.execute(_BEAT, (self._replica, self.now())).rowcount)

    async def sweep(self, silent: float) -> int:
        swept = 0
        while True:
            some: int = await self._writer.run(lambda connection: self._sweep(connection, silent))
            swept += some
            if some < _AT_ONCE:
                return swept

    async def forget(self, before: float) -> int:
        forgotten = 0
        while True:
            some: int = await self._writer.run(
                lambda connection: connection.execute(_FORGET, (before, _AT_ONCE)).rowcount
            )
            forgotten += some
            if some < _AT_ONCE:
                return forgotten

    async def leave(self) -> None:
        await self._writer.run(lambda connection: connection.execute(_LEAVE, (self._replica,)).rowcount)

    def connect(self) -> sqlite3.Connection:
        # Autocommit: transactions begin where this file says so. The thread that connects is the only one to use it.
        connection = sqlite3.connect(self._file, isolation_level=None, cached_statements=64)
        for pragma in (*_PRAGMAS, f"synchronous = {self._sync}"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    async def _checkpoint_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT)
            if self._is_written:
                self._is_written = False
                await asyncio.to_thread(self._checkpoint)

    def _checkpoint(self) -> None:
        """As far as that is possible without anybody waiting for it."""
        try:
            with closing(sqlite3.connect(self._file)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            log.debug("no checkpoint was made: %s", error)

    def _apply(
        self, connection: sqlite3.Connection, intents: Sequence[Intent], settlements: Sequence[Settlement]
    ) -> Sequence[Refusal | None]:
        """All of it in one transaction. Raises sqlite3.Error."""
        self._is_written = True
        try:
            return self._write(connection, intents, settlements)
        except (sqlite3.IntegrityError, _NotAsKnownError):
            # Something was said already, by us or by who swept: so rare that it is not asked first.
            return self._write(connection, intents, settlements, is_careful=True)

    def _write(
        self,
        connection: sqlite3.Connection,
        intents: Sequence[Intent],
        settlements: Sequence[Settlement],
        *,
        is_careful: bool = False,
    ) -> Sequence[Refusal | None]:
        known: dict[str, Row] = {}
        if not is_careful:
            known = {each.id: row for each in settlements if (row := self._open.pop(each.id, None)) is not None}
        unknown = [each.id for each in settlements if each.id not in known]
        if is_careful:
            unknown += [intent.id for intent in intents]
        with _Transaction(connection):
            rows = known | _rows(connection, unknown)
            touched = accounts(intents, rows.values())
            group = Group(rows, _balances(connection, touched) if touched else {})
            outcomes = [group.open(intent) for intent in intents]
            for settlement in settlements:
                group.settle(settlement)
            _save(connection, group, known)
        for intent in group.inserted:
            row = rows[intent.id]
            if row.state == "open":
                self._open[intent.id] = row
        return outcomes

    def _sweep(self, connection: sqlite3.Connection, silent: float) -> int:
        now = self.now()
        with _Transaction(connection):
            found = connection.execute(_ORPHANS, (self._replica, now - silent, _AT_ONCE)).fetchall()
            rows = _rows(connection, (id_ for (id_,) in found))
            group = Group(rows, _balances(connection, accounts((), rows.values())))
            for row in list(rows.values()):
                group.abort(row)
            _save(connection, group, (), now)
            connection.execute(_GONE, (now - silent, self._replica))
        return len(group.aborted)


class _NotAsKnownError(Exception):
    """A row that was open when it was heard of last is not any more."""


class _Transaction:
    """A writer takes its turn before it reads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _rows(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for id_ in ids:
        values = connection.execute(_ROW, (id_,)).fetchone()
        if values is not None:
            found[id_] = read_row(values)
    return found


def _balances(connection: sqlite3.Connection, known: Iterable[Account]) -> dict[Account, Balance]:
    """A new one begins with what was spent in its period before it had a budget."""
    found: dict[Account, Balance] = {}
    for account in known:
        values = connection.execute(_BALANCE, account).fetchone()
        if values is None:
            kind, _, name = account[0].partition(":")
            query = _SPENT.get(kind)
            (spent,) = connection.execute(query, (name, account[2])).fetchone() if query else (0,)
            connection.execute(_NEW_BALANCE, (*account, spent))
            values = (spent, 0)
        found[account] = Balance(*values)
    return found


def _save(connection: sqlite3.Connection, group: Group, known: Collection[str], now: float = 0.0) -> None:
    """`known` are the rows that are open as far as this process knows. Raises _NotAsKnownError when one is not."""
    if group.inserted:
        connection.executemany(_INSERT, map(intent_values, group.inserted))
    if group.settled:
        done = connection.executemany(
            _SETTLE_OPEN, [settlement_values(each) for each in group.settled if each.id in known]
        )
        if done.rowcount not in (-1, len(known)):
            raise _NotAsKnownError
        connection.executemany(_SETTLE, [settlement_values(each) for each in group.settled if each.id not in known])
    if group.aborted:
        connection.executemany(_ABORT, [(now, row.id) for row in group.aborted])
    if group.moved:
        connection.executemany(_MOVE, [(by.spent, by.reserved, *account) for account, by in group.moved.items()])
    if group.tallies:
        connection.executemany(
            _TALLY,
            [(*line, *msgspec.structs.astuple(tally)) for line, tally in group.tallies.items()],
        )

"""The door to the ledger: opens it where things are kept, and looks after it for as long as the gateway lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import time
from typing import Final, Protocol

from gigamost.core.accounting import Backlog, Entries, Question, Spending, Standing, Wanted
from gigamost.core.errors import GatewayError
from gigamost.core.ports import Books, Ledger, Upkeep
from gigamost.store.door import Door, make_file
from gigamost.store.fresh import is_current
from gigamost.store.ledger.group import DAY
from gigamost.store.ledger.memory import MemoryLedger
from gigamost.store.ledger.sqlite import SqliteLedger, Sync
from gigamost.store.place import Place, Postgres

log = logging.getLogger(__name__)

SPOOL: Final = "ledger-spool.db"
BEAT: Final = 5.0  # seconds between two signs of life
SILENT: Final = 30.0  # seconds without one, after which a gateway is taken for dead
SWEEP: Final = 10.0  # seconds between two looks for dead ones
DRAIN: Final = 10.0  # seconds at the end for what was settled
FORGET: Final = 3600.0  # seconds between two looks for rows that are too old


class _Kept(Ledger, Upkeep, Protocol):
    """What a store of the ledger is to this module."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def backlog(self) -> Backlog: ...


class LedgerOpening:
    """`ledger` and `books` are there at once, and can be used from `start` on.

    `replica` names this gateway among those on the same database. Rows are kept for `retention` days, None: for ever;
    what they came to is kept anyway; it may be changed. `state_dir` holds what could not be written to a PostgreSQL
    that is away.
    """

    def __init__(
        self,
        place: Place,
        replica: str,
        state_dir: Path,
        *,
        sync: Sync = "normal",
        retention: int | None = None,
        now: Callable[[], float] = time,
    ) -> None:
        self._place = place
        self.retention = retention
        self._caretaker: asyncio.Task[None] | None = None
        self._kept: _Kept
        self.books: Books
        if place is None:
            self._kept = self.books = MemoryLedger(replica, now)
        elif isinstance(place, Postgres):
            from gigamost.store.ledger.postgres import PostgresLedger

            self._kept = PostgresLedger(place, replica, state_dir / SPOOL, now=now)
            self.books = _Books(place)
        else:
            self._kept = SqliteLedger(place, replica, sync=sync, now=now)
            self.books = _Books(place)
        self.ledger: Ledger = self._kept
        self.upkeep: Upkeep = self._kept
        self.backlog = self._kept.backlog

    async def start(self) -> None:
        """Raises GatewayError: (503) for a file that cannot be used, (500) for a PostgreSQL with an old schema. One
        that is away is waited for in the background."""
        if isinstance(self._place, Path) and not await asyncio.to_thread(_is_current, self._place):
            door = Door(self._place)
            await door.database()
            await door.close()
        await self._kept.start()
        self._caretaker = asyncio.get_running_loop().create_task(self._care())

    async def close(self) -> None:
        """Everything that was settled is written first."""
        if self._caretaker is not None:
            self._caretaker.cancel()
            await asyncio.gather(self._caretaker, return_exceptions=True)
            try:
                async with asyncio.timeout(DRAIN):
                    await self._kept.drain()
                await self._kept.leave()
            except (GatewayError, TimeoutError):
                log.exception("not everything that was settled could be written: another gateway will close it")
        await self._kept.close()
        if isinstance(self.books, _Books):
            await self.books.close()

    async def _care(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_repeat(BEAT, self._kept.beat))
            tasks.create_task(_repeat(SWEEP, self._sweep))
            tasks.create_task(_repeat(FORGET, self._forget, first=SWEEP))

    async def _sweep(self) -> None:
        swept = await self._kept.sweep(SILENT)
        if swept:
            log.warning("%d requests of a gateway that is gone were closed as aborted", swept)

    async def _forget(self) -> None:
        if self.retention is not None:
            gone = await self._kept.forget(self.ledger.now() - self.retention * DAY)
            log.log(logging.INFO if gone else logging.DEBUG, "%d rows of the ledger were old and are deleted", gone)


async def _repeat(seconds: float, call: Callable[[], Awaitable[None]], *, first: float | None = None) -> None:
    await asyncio.sleep(seconds if first is None else first)
    while True:
        try:
            await call()
        except GatewayError as error:
            log.warning("the ledger cannot be looked after: %s", error.problem.detail)
        except Exception:  # whatever it is: without its beat this gateway would be taken for dead
            log.exception("the ledger cannot be looked after")
        await asyncio.sleep(seconds)


class _Books:
    """`core.ports.Books`, with a door of its own: long questions of administrators must not hold requests up."""

    def __init__(self, place: Path | Postgres) -> None:
        self._door = Door(place)

    async def requests(self, wanted: Wanted) -> Entries:
        return await (await self._books()).requests(wanted)

    async def usage(self, question: Question) -> Sequence[Spending]:
        return await (await self._books()).usage(question)

    async def standings(self, owners: Sequence[str], since: int = 0) -> Sequence[Standing]:
        return await (await self._books()).standings(owners, since)

    async def close(self) -> None:
        await self._door.close()

    async def _books(self) -> Books:
        database = await self._door.database()
        from gigamost.store.ledger.reading import SqlBooks

        return SqlBooks(database)


def _is_current(file: Path) -> bool:
    """Without SQLAlchemy: a gateway needs it for nothing else. Raises GatewayError (503)."""
    make_file(file)
    return is_current(file)

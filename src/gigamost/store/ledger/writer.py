"""One thread that writes to one SQLite file: whatever has come while it wrote is the next group, and one commit.

openings ──┐                                    ┌── one wake-up of the event loop for all their outcomes
jobs     ──┼── group ── transaction ── commit ──┤
settlements (they wake nobody: they ride along, or wait for some milliseconds)
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from gigamost.core.accounting import Intent, Refusal, Settlement
from gigamost.core.errors import GatewayError, Kind
from gigamost.store.ledger.group import withdrawn
from gigamost.store.ledger.rows import countable, storable

log = logging.getLogger(__name__)

Apply = Callable[[sqlite3.Connection, Sequence[Intent], Sequence[Settlement]], Sequence[Refusal | None]]
Job = Callable[[sqlite3.Connection], Any]  # whatever it gives is handed to whoever asked for it
_Asked = tuple[Intent, asyncio.Future[Any]]
_LINGER: Final = 0.02  # seconds that a settlement waits for company
_RETRY: Final = 1.0  # seconds between two tries to write what was settled
_UNFIT: Final = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


class Writer:
    """`apply` writes a group in a transaction of its own, and says what became of the openings. It begins with the
    first call, in the event loop of which everything else has to be called too; `now` is for what is withdrawn."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], apply: Apply, now: Callable[[], float]) -> None:
        self._connect = connect
        self._apply = apply
        self._now = now
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._queue: SimpleQueue[tuple[Intent | Job, asyncio.Future[Any]] | None] = SimpleQueue()
        self._settlements: deque[Settlement] = deque()
        self._is_nudged = False
        self._is_closing = False
        # Of the thread alone:
        self._connection: sqlite3.Connection | None = None
        self._unwritten: list[Settlement] = []

    @property
    def waiting(self) -> int:
        """What is not written yet."""
        return self._queue.qsize() + len(self._settlements) + len(self._unwritten)

    async def open(self, intent: Intent) -> Refusal | None:
        future = self._running().create_future()
        self._queue.put((storable(intent), future))
        try:
            outcome: Refusal | None = await future
        except asyncio.CancelledError:
            self.settle(withdrawn(intent, self._now()))
            raise
        return outcome

    def settle(self, settlement: Settlement) -> None:
        self._settlements.append(countable(settlement))
        if not self._is_nudged:
            self._is_nudged = True
            self._running().call_later(_LINGER, self._nudge)

    async def run(self, job: Job) -> Any:
        """In the thread, after everything that was asked for before, between two groups."""
        future = self._running().create_future()
        self._queue.put((job, future))
        return await future

    async def drain(self) -> None:
        while self._thread is not None:
            left: int = await self.run(lambda _: len(self._unwritten))
            if not left:
                return
            await asyncio.sleep(_RETRY)

    async def close(self) -> None:
        """Writes what is left. What cannot be written now is lost to this process, and swept by another one."""
        if self._thread is not None:
            await self.run(lambda _: None)
            self._is_closing = True
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._is_closing = False
            self._thread = Thread(target=self._work, name="ledger", daemon=True)
            self._thread.start()
        return self._loop

    def _nudge(self) -> None:
        self._is_nudged = False
        if self._settlements:
            self._queue.put(None)

    def _work(self) -> None:
        while not self._is_closing:
            try:
                items = [self._queue.get(timeout=_RETRY if self._unwritten else None)]
            except Empty:
                items = []
            # Settlements first: the opening of each one of them is in the queue already, or was there before.
            settlements = self._take_settlements()
            while not self._queue.empty():
                items.append(self._queue.get())
            asked = [item for item in items if item is not None]
            self._unwritten = self._write(
                [(intent, future) for intent, future in asked if isinstance(intent, Intent)], settlements
            )
            for job, future in asked:
                if not isinstance(job, Intent):
                    self._do(job, future)
        self._disconnect()

    def _take_settlements(self) -> list[Settlement]:
        return self._unwritten + [self._settlements.popleft() for _ in range(len(self._settlements))]

    def _write(self, asked: list[_Asked], settlements: list[Settlement]) -> list[Settlement]:
        """Which settlements are left to be written later."""
        if not asked and not settlements:
            return []
        try:
            outcomes = self._apply(self._connected(), [intent for intent, _ in asked], settlements)
        except _UNFIT as error:
            return self._write_singly(asked, settlements, error)
        except (sqlite3.Error, OSError) as error:
            log.warning("the ledger could not be written: %s", error)
            self._disconnect()
            self._answer([(future, _unusable(error)) for _, future in asked])
            return settlements
        except Exception as error:  # whatever it is, those who wait must hear of it
            log.exception("a group of the ledger cannot be written")
            return self._write_singly(asked, settlements, error)
        self._answer(list(zip((future for _, future in asked), outcomes, strict=True)))
        return []

    def _write_singly(self, asked: list[_Asked], settlements: list[Settlement], error: Exception) -> list[Settlement]:
        """One of them is nothing that a database could hold: the others must not wait for it for ever."""
        if len(asked) + len(settlements) == 1:
            log.error("a row of the ledger cannot be written", exc_info=error)
            self._answer([(future, _unusable(error)) for _, future in asked])
            return []
        for each in asked:
            self._write([each], [])
        return [left for settlement in settlements for left in self._write([], [settlement])]

    def _do(self, job: Job, future: asyncio.Future[Any]) -> None:
        try:
            outcome = job(self._connected())
        except (sqlite3.Error, OSError) as error:
            outcome = _unusable(error)
        except Exception as error:  # as above
            log.exception("the ledger cannot be looked after")
            outcome = _unusable(error)
        self._answer([(future, outcome)])

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _disconnect(self) -> None:
        """With whatever was begun on it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _answer(self, outcomes: list[tuple[asyncio.Future[Any], Any]]) -> None:
        if outcomes and self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(_hand_out, outcomes)
            except RuntimeError:
                return  # the loop was closed: nobody is left who asked


def _hand_out(outcomes: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in outcomes:
        if future.done():
            continue
        if isinstance(outcome, GatewayError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _unusable(error: Exception) -> GatewayError:
    return GatewayError(
        Kind.UNAVAILABLE, "The ledger cannot be written now: try again.", retry_after=1, detail=f"ledger: {error}"
    )

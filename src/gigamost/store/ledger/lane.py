"""One task that writes one group after the other, as `writer` does in a thread: what has come meanwhile is the next."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gigamost.core.accounting import Intent, Refusal, Settlement
from gigamost.core.errors import GatewayError, Kind
from gigamost.store.ledger.group import withdrawn
from gigamost.store.ledger.rows import countable, storable

log = logging.getLogger(__name__)

Outcome = Refusal | GatewayError | None
Apply = Callable[[Sequence[Intent], Sequence[Settlement]], Awaitable[Sequence[Outcome]]]
MOST: Final = 500  # openings in one group, and settlements
_LINGER: Final = 0.02  # seconds that a settlement waits for company
_RETRY: Final = 1.0  # seconds between two tries to write what was settled


class Lane:
    """`apply` writes a group and says what became of the openings; a GatewayError that it raises is that of all, and
    its settlements are tried again. It begins with the first call."""

    def __init__(self, apply: Apply, now: Callable[[], float]) -> None:
        self._apply = apply
        self._now = now
        self._asked: list[tuple[Intent, asyncio.Future[Refusal | None]]] = []
        self._settlements: list[Settlement] = []
        self._is_called = asyncio.Event()
        self._is_nudged = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """What is not written yet."""
        return len(self._asked) + len(self._settlements)

    async def open(self, intent: Intent) -> Refusal | None:
        future: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
        asked = storable(intent), future
        self._asked.append(asked)
        self._call()
        try:
            return await future
        except asyncio.CancelledError:
            if asked in self._asked:
                self._asked.remove(asked)
            else:
                self.settle(withdrawn(intent, self._now()))
            raise

    def settle(self, settlement: Settlement) -> None:
        self._settlements.append(countable(settlement))
        if not self._is_nudged:
            self._is_nudged = True
            self._is_idle.clear()
            asyncio.get_running_loop().call_later(_LINGER, self._nudge)

    async def drain(self) -> None:
        await self._is_idle.wait()

    async def close(self) -> None:
        await self.drain()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _nudge(self) -> None:
        self._is_nudged = False
        self._call()

    def _call(self) -> None:
        self._is_idle.clear()
        self._is_called.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while True:
            await self._is_called.wait()
            self._is_called.clear()
            while self._asked or self._settlements:
                await self._write()
            if not self._is_nudged:
                self._is_idle.set()

    async def _write(self) -> None:
        asked, self._asked = self._asked[:MOST], self._asked[MOST:]
        settlements, self._settlements = self._settlements[:MOST], self._settlements[MOST:]
        try:
            outcomes = await self._apply([intent for intent, _ in asked], settlements)
        except GatewayError as error:
            log.warning("the ledger could not be written: %s", error.problem.detail)
            _hand_out(asked, [error] * len(asked))
            self._settlements[:0] = settlements
            await asyncio.sleep(_RETRY)
            return
        except Exception as error:  # whatever it is, those who wait must hear of it
            log.exception("a group of the ledger cannot be written")
            outcomes = [GatewayError(Kind.INTERNAL, "The ledger failed.", detail=repr(error))] * len(asked)
        _hand_out(asked, outcomes)


def _hand_out(asked: list[tuple[Intent, asyncio.Future[Refusal | None]]], outcomes: Sequence[Outcome]) -> None:
    for (_, future), outcome in zip(asked, outcomes, strict=True):
        if future.done():
            continue
        if isinstance(outcome, GatewayError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

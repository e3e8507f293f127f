"""The door to what clients build on, and the sweeper of what has expired."""

import asyncio
import logging
from collections.abc import Callable
from time import time
from typing import Final

from gigamost.core.errors import GatewayError
from gigamost.core.ports import History
from gigamost.store.door import Door
from gigamost.store.history.memory import MemoryHistory
from gigamost.store.place import Postgres

log = logging.getLogger(__name__)

_FIRST_SWEEP: Final = 60.0  # seconds after the start, when a database is there already


class OpeningHistory:
    """`core.ports.OpenHistory`. `sweep` is the time between two sweeps, in seconds."""

    def __init__(self, door: Door, *, sweep: float, now: Callable[[], float] = time) -> None:
        self._door = door
        self._every = sweep
        self._now = now
        self._history: History | None = None
        self._opening = asyncio.Lock()
        self._sweeper: asyncio.Task[None] | None = None

    async def __call__(self) -> History:
        if self._history is None:
            async with self._opening:
                if self._history is None:
                    self._history = await self._open()
                    self._sweep_from(0)
        return self._history

    def start(self) -> None:
        """What is on the disk from earlier is swept even when nobody asks for it."""
        place = self._door.place
        if isinstance(place, Postgres) or (place is not None and place.exists()):
            self._sweep_from(_FIRST_SWEEP)

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)

    async def _open(self) -> History:
        if self._door.place is None:
            return MemoryHistory()
        database = await self._door.database()
        from gigamost.store.history.sql import SqlHistory

        return SqlHistory(database)

    def _sweep_from(self, delay: float) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep(delay))

    async def _sweep(self, delay: float) -> None:
        await asyncio.sleep(delay)
        while True:
            try:
                gone = await (await self()).sweep(int(self._now()))
            except GatewayError as error:
                log.warning("what has expired could not be deleted: %s", error.problem.detail)
            else:
                log.log(logging.INFO if gone else logging.DEBUG, "%d kept answers have expired and were deleted", gone)
            await asyncio.sleep(self._every)

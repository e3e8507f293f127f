"""The door to what was said: opened when the first exchange is written, read through another door of its own."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from time import time
from typing import Final

from gigamost.core.errors import GatewayError
from gigamost.core.prompts import Prompts, PromptShelf, Said, Sought, Talk
from gigamost.store.door import Door
from gigamost.store.place import Postgres
from gigamost.store.prompts.memory import MemoryPrompts

log = logging.getLogger(__name__)

DAY: Final = 86_400.0  # seconds
_FIRST_SWEEP: Final = 90.0  # seconds after the start
_EVERY: Final = 3600.0  # seconds between two sweeps
LIMIT: Final = 10.0  # seconds for one question of an administrator


class PromptsOpening:
    """Called, it gives what writes (`core.prompts.Prompts`); `shelf` reads. Exchanges are kept for `retention` days,
    None: until somebody deletes them."""

    def __init__(
        self,
        door: Door,
        retention: int | None,
        *,
        every: float = _EVERY,
        limit: float = LIMIT,
        now: Callable[[], float] = time,
    ) -> None:
        self._door = door
        self._retention = retention
        self._every = every
        self._now = now
        self._prompts: Prompts | None = None
        self._opening = asyncio.Lock()
        self._sweeper: asyncio.Task[None] | None = None
        self._memory = MemoryPrompts() if door.place is None else None
        self._own_shelf = _Shelf(door.place, limit) if door.place is not None else None
        self.shelf: PromptShelf = self._own_shelf or self._memory or MemoryPrompts()

    async def __call__(self) -> Prompts:
        if self._prompts is None:
            async with self._opening:
                if self._prompts is None:
                    self._prompts = await self._open()
                    self._sweep_from(0)
        return self._prompts

    def start(self) -> None:
        """What is on the disk from earlier is swept even when nobody records anything."""
        place = self._door.place
        if isinstance(place, Postgres) or (place is not None and place.exists()):
            self._sweep_from(_FIRST_SWEEP)

    def adopt(self, retention: int | None) -> None:
        """They are kept for so many days from now on; whoever set that by mistake has a moment to take it back."""
        if retention == self._retention:
            return
        self._retention = retention
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._prompts is not None:
            self._sweep_from(_FIRST_SWEEP)
        else:
            self.start()

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        if self._own_shelf is not None:
            await self._own_shelf.close()

    async def _open(self) -> Prompts:
        if self._memory is not None:
            return self._memory
        database = await self._door.database()
        from gigamost.store.prompts.search import search_in
        from gigamost.store.prompts.sql import SqlPrompts

        return SqlPrompts(database, await search_in(database, is_sqlite=isinstance(self._door.place, Path)))

    def _sweep_from(self, delay: float) -> None:
        if self._retention is None:
            return
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep(delay, self._retention * DAY))

    async def _sweep(self, delay: float, kept: float) -> None:
        await asyncio.sleep(delay)
        while True:
            try:
                gone = await (await self()).sweep(self._now() - kept)
            except GatewayError as error:
                log.warning("old exchanges of the history could not be deleted: %s", error.problem.detail)
            else:
                log.log(logging.INFO if gone else logging.DEBUG, "%d exchanges of the history were old", gone)
            await asyncio.sleep(self._every)


class _Shelf:
    """`core.prompts.PromptShelf`: long questions of administrators must not hold up what is written."""

    def __init__(self, place: Path | Postgres, limit: float) -> None:
        self._door = Door(place)
        self._limit = limit
        self._shelf: PromptShelf | None = None

    async def talks(self, sought: Sought, before: int | None, limit: int) -> Sequence[Talk]:
        return await (await self._open()).talks(sought, before, limit)

    async def exchanges(self, sought: Sought, after: int, limit: int) -> Sequence[Said]:
        return await (await self._open()).exchanges(sought, after, limit)

    async def close(self) -> None:
        await self._door.close()

    async def _open(self) -> PromptShelf:
        if self._shelf is None:
            database = await self._door.database()
            from gigamost.store.prompts.reading import SqlShelf
            from gigamost.store.prompts.search import search_in

            is_sqlite = isinstance(self._door.place, Path)
            search = await search_in(database, is_sqlite=is_sqlite)
            self._shelf = SqlShelf(database, search, is_sqlite=is_sqlite, limit=self._limit)
        return self._shelf

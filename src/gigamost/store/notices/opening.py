"""The door to webhooks and to what waits for them."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from time import time
from typing import Final

from gigamost.core.notice_ports import NoticeStore
from gigamost.store.door import Door
from gigamost.store.place import Postgres

_BUSY: Final = (
    "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'waiting') OR EXISTS (SELECT 1 FROM notices WHERE lasts)"
    " OR EXISTS (SELECT 1 FROM webhooks WHERE configured)"
)


class OpeningNotices:
    """`core.notice_ports.OpenNotices`. `keys` seal the secrets of webhooks (`seal.SecretSeal`); `now` is the clock
    where the database has none of its own."""

    def __init__(self, door: Door, keys: Sequence[bytes], *, now: Callable[[], float] = time) -> None:
        self._door = door
        self._keys = tuple(keys)
        self._now = now
        self._store: NoticeStore | None = None
        self._opening = asyncio.Lock()

    @property
    def is_shared(self) -> bool:
        """Whether other gateways may tell something."""
        return self._door.is_shared

    async def __call__(self) -> NoticeStore:
        if self._store is None:
            async with self._opening:
                if self._store is None:
                    self._store = await self._open()
        return self._store

    def may_be_busy(self) -> bool:
        """Whether there may be something from earlier. A SQLite file is asked without loading what opens it."""
        place = self._door.place
        if not isinstance(place, Path):
            return isinstance(place, Postgres)
        if not place.exists():
            return False
        import sqlite3

        try:
            connection = sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True)
            try:
                return bool(connection.execute(_BUSY).fetchone()[0])
            finally:
                connection.close()
        except sqlite3.Error:  # of an earlier version, or none of ours: then nothing waits in it
            return False

    async def _open(self) -> NoticeStore:
        place = self._door.place
        if place is None:
            from gigamost.store.notices.memory import MemoryNotices

            return MemoryNotices(self._now)
        database = await self._door.database()
        from gigamost.store.notices.seal import SecretSeal
        from gigamost.store.notices.sql import SqlNotices

        return SqlNotices(database, SecretSeal(self._keys), None if isinstance(place, Postgres) else self._now)

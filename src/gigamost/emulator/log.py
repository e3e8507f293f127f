"""What the emulator saw: one frozen record per request, bounded, and a way to wait for one."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

Ending = Literal["open", "finished", "disconnected", "hung_up"]


class Seen(msgspec.Struct, frozen=True):
    """One request. `headers` are lower-case and without Authorization; `client_id` says whose token came instead.

    `body` is the parsed JSON, None where there was none. `status` is 0 and `finished` None until the answer is out;
    `error` is the message of a refusal. Times are the event loop's seconds. `ending` says who ended it: we did
    properly, the client left, or a directive cut the connection.
    """

    serial: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    started: float
    client_id: str | None = None
    status: int = 0
    error: str = ""
    finished: float | None = None
    ending: Ending = "open"


class Log:
    """The newest `size` requests, oldest first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._serial = 0
        self._records: OrderedDict[int, Seen] = OrderedDict()
        self._changed = asyncio.Event()

    def open(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], started: float) -> int:
        self._serial += 1
        shown = {name: value for name, value in headers.items() if name != "authorization"}
        self._keep(Seen(self._serial, method, path, query, shown, None, started))
        if len(self._records) > self._size:
            self._records.popitem(last=False)
        return self._serial

    def change(self, serial: int, **values: object) -> None:
        """A record that has fallen out of the log stays out."""
        if serial in self._records:
            self._keep(msgspec.structs.replace(self._records[serial], **values))

    def _keep(self, seen: Seen) -> None:
        self._records[seen.serial] = seen
        self._changed.set()
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Seen]:
        return iter(tuple(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    @property
    def last(self) -> Seen:
        return next(reversed(self._records.values()))

    def at(self, path: str) -> list[Seen]:
        """The requests whose path ends so."""
        return [seen for seen in self if seen.path.endswith(path)]

    def clear(self) -> None:
        self._records.clear()

    async def until(self, fits: Callable[[Seen], bool], timeout: float = 5.0) -> Seen:
        """The first record that fits, now or as soon as there is one. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                changed = self._changed
                for seen in self:
                    if fits(seen):
                        return seen
                await changed.wait()

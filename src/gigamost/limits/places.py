"""Places for requests at the same time, in this process. A place that is given back goes straight to the next who
waits, so nobody can slip in between."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from gigamost.core.limiting import Crowd, Line
from gigamost.limits.waiting import Queue


class Held:
    """`core.ports.Place`, also by `with`."""

    __slots__ = ("_give_back",)

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back

    def release(self) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


# Settled once: True when a place was handed over, False when the time was up.
Waiter = asyncio.Future[bool]


class _Room:
    """What has places. Gone when nobody is in it."""

    __slots__ = ("in_flight", "limit", "queue")

    def __init__(self) -> None:
        self.limit = 0
        self.in_flight = 0
        self.queue: Queue[Waiter] = Queue()


class LocalPlaces:
    """`core.ports.Places`. `parts`: this process may use one part in so many of all places, at least one place."""

    def __init__(self, parts: int = 1) -> None:
        self._parts = parts
        self._rooms: dict[str, _Room] = {}

    async def hold(self, name: str, limit: int, line: Line, timeout: float) -> Held | None:
        limit = max(limit // self._parts, 1)
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = _Room()
        if limit != room.limit:
            self._resize(room, limit)
        if room.in_flight < limit:  # then nobody waits either: see _serve
            room.in_flight += 1
            return Held(lambda: self._release(name, room))
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        room.queue.join(waiter, line)
        alarm = loop.call_later(timeout, _expire, room, waiter, line)
        try:
            granted = await waiter
        except asyncio.CancelledError:
            room.queue.leave(waiter, line)
            if not waiter.cancelled() and waiter.result():
                self._release(name, room)  # the place was handed over in the instant of the cancellation
            raise
        finally:
            alarm.cancel()
        return Held(lambda: self._release(name, room)) if granted else None

    def crowd(self, name: str, limit: int) -> Crowd:
        room = self._rooms.get(name)
        return Crowd(limit, room.in_flight, len(room.queue)) if room is not None else Crowd(limit, 0, 0)

    def _resize(self, room: _Room, limit: int) -> None:
        room.limit = limit
        self._serve(room)

    def _release(self, name: str, room: _Room) -> None:
        room.in_flight -= 1
        self._serve(room)
        if not room.in_flight and self._rooms.get(name) is room:
            del self._rooms[name]

    def _serve(self, room: _Room) -> None:
        while room.queue and room.in_flight < room.limit:
            waiter = room.queue.next()
            if not waiter.done():  # else it was cancelled an instant ago
                room.in_flight += 1
                waiter.set_result(True)


def _expire(room: _Room, waiter: Waiter, line: Line) -> None:
    room.queue.leave(waiter, line)
    if not waiter.done():
        waiter.set_result(False)

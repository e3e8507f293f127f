"""Places that all gateways share through Redis; without it each has its own part of them.

What this gateway holds and who waits here is known here, and told to Redis every few seconds (`sync`): so lost
messages, a Redis that was away or that forgot everything, and gateways that died are all mended in the same way. A
gateway that gives no sign of life for 12 s holds nothing any more; the others find that out within 3 s.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Final

from gigamost.core.limiting import Crowd, Line
from gigamost.limits.places import Held, Waiter
from gigamost.limits.waiting import Queue
from gigamost.store.redis.link import Argument, Link, Pace, Reply, Script

PLACES: Final = Script("places")
LIFE: Final = Script("life")


class _Room:
    """What has places. A request has a number from when it asks until it gives its place back."""

    __slots__ = ("holding", "limit", "name", "queue", "waiting")

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.holding: set[int] = set()
        self.waiting: dict[int, tuple[Waiter, Line]] = {}
        self.queue: Queue[int] = Queue()  # those who wait, for the time without Redis

    def __bool__(self) -> bool:
        return bool(self.holding or self.waiting)


class SharedPlaces:
    """`core.ports.Places`. `gateway` is the name of this one, which no other has; `replicas` how many there are."""

    def __init__(self, link: Link, gateway: str, replicas: int, pace: Pace) -> None:
        self._link = link
        self._gateway = gateway
        self._replicas = replicas
        self._pace = pace
        self._next = 1
        self._rooms: dict[str, _Room] = {}
        self._asking: dict[int, _Room] = {}  # the rooms of those who wait
        self._beating: asyncio.Task[None] | None = None
        link.listen(f"granted:{gateway}", self._hear)
        link.watch(self._change)

    def start(self) -> None:
        self._beating = asyncio.create_task(self._live())

    async def close(self) -> None:
        """The link is closed after it."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)

    async def hold(self, name: str, limit: int, line: Line, timeout: float) -> Held | None:
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = _Room(name, limit)
        room.limit = limit
        number = self._next
        self._next += 1
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        room.waiting[number] = waiter, line
        room.queue.join(number, line)
        self._asking[number] = room
        alarm = loop.call_later(max(timeout, self._pace.deadline), self._expire, room, number)
        if self._link.is_up:
            arguments = self._about(room, "enter", number, line.priority, line.group)
            self._link.post(PLACES, self._keys(room), arguments, partial(self._entered, number))
        else:
            self._serve(room)
        try:
            granted = await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.result():
                self._release(room, number)  # the place was handed over in the instant of the cancellation
            else:
                self._expire(room, number)
            raise
        finally:
            alarm.cancel()
        return Held(partial(self._release, room, number)) if granted else None

    def crowd(self, name: str, limit: int) -> Crowd:
        room = self._rooms.get(name)
        return Crowd(limit, len(room.holding), len(room.waiting)) if room is not None else Crowd(limit, 0, 0)

    def _entered(self, number: int, reply: Reply | None) -> None:
        if reply is not None and reply[0]:
            self._grant(number)

    def _hear(self, message: bytes) -> None:
        self._grant(int(message))

    def _grant(self, number: int) -> None:
        """Redis gives it a place. One who has left meanwhile has told Redis so."""
        room = self._asking.get(number)
        if room is not None:
            self._hand_over(room, number)

    def _hand_over(self, room: _Room, number: int) -> None:
        waiter, line = room.waiting.pop(number)
        del self._asking[number]
        room.queue.leave(number, line)
        room.holding.add(number)
        if waiter.done():  # cancelled an instant ago, and it does not know of its place
            self._release(room, number)
        else:
            waiter.set_result(True)

    def _expire(self, room: _Room, number: int) -> None:
        if number not in room.waiting:
            return
        waiter, line = room.waiting.pop(number)
        del self._asking[number]
        room.queue.leave(number, line)
        if not waiter.done():
            waiter.set_result(False)
        self._leave(room, number)

    def _release(self, room: _Room, number: int) -> None:
        if number in room.holding:
            room.holding.remove(number)
            self._leave(room, number)

    def _leave(self, room: _Room, number: int) -> None:
        if self._link.is_up:
            self._link.post(PLACES, self._keys(room), self._about(room, "leave", number), _nothing)
        else:
            self._serve(room)
        if not room and self._rooms.get(room.name) is room:
            del self._rooms[room.name]

    def _serve(self, room: _Room) -> None:
        """Without Redis: this gateway's part of the places, in the same order."""
        while room.queue and len(room.holding) < self._part(room):
            self._hand_over(room, room.queue.next())

    def _change(self, is_up: bool) -> None:
        if is_up:
            self._sync()
        else:
            for room in tuple(self._rooms.values()):
                self._serve(room)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(self._pace.beat)
            self._sync()

    def _sync(self) -> None:
        """Signs that this gateway lives, and makes Redis know of it what it knows itself."""
        life = f"{self._link.prefix}life:{self._gateway}"
        self._link.post(LIFE, [life], [round(self._pace.lease * 1000)], _nothing)
        for room in self._rooms.values():
            about = self._about(room, "sync", self._next, len(room.holding), *room.holding, *_waiting(room))
            self._link.post(PLACES, self._keys(room), about, self._synced)

    def _synced(self, reply: Reply | None) -> None:
        for number in reply or ():
            self._grant(int(number))

    def _keys(self, room: _Room) -> list[str]:
        prefix = self._link.prefix
        return [f"{prefix}room:{room.name}:", f"{prefix}life:", f"{prefix}granted:", f"{prefix}born"]

    def _about(self, room: _Room, what: str, *rest: Argument) -> list[Argument]:
        return [what, room.limit, self._gateway, self._part(room), *rest]

    def _part(self, room: _Room) -> int:
        return max(room.limit // self._replicas, 1)


def _waiting(room: _Room) -> Iterator[Argument]:
    for number, (_, line) in room.waiting.items():
        yield from (number, line.priority, line.group)


def _nothing(reply: Reply | None) -> None:
    """What Redis did not hear of it hears with the next sync."""

"""What was used in the last seconds, exactly: the window slides, it does not jump.

Time goes in ticks of 1/10,000 of the window (6 ms of a minute, 9 s of a day): what is used within one tick is one
entry and counts until the whole window has passed since the tick's end. So the limit is never exceeded in any stretch
of time, and a window has at most 10,001 entries. `store/redis/windows.lua` says the same for all gateways.
"""

from collections import OrderedDict
from typing import Final

TICKS: Final = 10_000


class SlidingWindow:
    """`now` and `at` are microseconds of any clock that does not go back. Every step is O(1), on average."""

    __slots__ = ("_entries", "_grain", "used")

    def __init__(self, seconds: int) -> None:
        self._grain = seconds * 1_000_000 // TICKS
        self._entries: OrderedDict[int, int] = OrderedDict()  # by the tick at whose end it was used
        self.used = 0

    def slide(self, now: int) -> None:
        """Forgets what has left the window. Before anything else is asked."""
        gone, entries = now // self._grain - TICKS, self._entries
        while entries:
            tick = next(iter(entries))
            if tick > gone:
                return
            self.used -= entries.pop(tick)

    def add(self, now: int, amount: int) -> None:
        tick = self._tick(now)
        self._entries[tick] = self._entries.get(tick, 0) + amount
        self.used += amount

    def correct(self, at: int, more: int) -> None:
        """What was used at `at` was `more` than was said; nothing, if that has left the window."""
        tick = self._tick(at)
        if tick in self._entries:
            self._entries[tick] += more
            self.used += more

    def wait(self, now: int, amount: int) -> float:
        """Seconds until `amount` of what is used has left the window."""
        freed = 0
        for tick, used in self._entries.items():
            freed += used
            if freed >= amount:
                return self._left(tick, now)
        return 0.0

    def reset(self, now: int) -> float:
        """Seconds until all of it is free again."""
        return self._left(next(reversed(self._entries)), now) if self._entries else 0.0

    def _tick(self, moment: int) -> int:
        return -(-moment // self._grain)

    def _left(self, tick: int, now: int) -> float:
        return ((tick + TICKS) * self._grain - now) / 1_000_000

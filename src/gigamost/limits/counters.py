"""Windows counted in this process: exact among all its requests, without a lock and without a task."""

from collections.abc import Callable, Sequence
from typing import Final

from gigamost.core.limiting import Draw, Full, Grant, Measure
from gigamost.limits.sliding import SlidingWindow

_SWEEP: Final = 4096  # new windows after which those that nobody uses are looked for

_Name = tuple[str, Measure, int]


class LocalCounters:
    """`core.ports.Counters`. `parts`: this process may use one part in so many of each limit, at least 1. `clock` is
    nanoseconds and does not go back."""

    def __init__(self, clock: Callable[[], int], parts: int = 1) -> None:
        self._clock = clock
        self._parts = parts
        self._windows: dict[_Name, SlidingWindow] = {}
        self._sweep_at = _SWEEP

    async def take(self, draws: Sequence[Draw]) -> Grant | Full:
        return self.take_now(draws)

    def take_now(self, draws: Sequence[Draw]) -> Grant | Full:
        now, windows = self._clock() // 1000, []
        for draw in draws:
            window = self._window(draw)
            window.slide(now)
            limit = self._limit(draw)
            over = window.used + min(draw.amount, limit) - limit
            if over > 0:
                return Full(draw, window.wait(now, over), max(limit - window.used, 0), window.reset(now))
            windows.append(window)
        return self._add(draws, windows, now)

    async def look(self, draws: Sequence[Draw]) -> Grant:
        return self.look_now(draws)

    def look_now(self, draws: Sequence[Draw]) -> Grant:
        now, windows = self._clock() // 1000, [self._window(draw) for draw in draws]
        for window in windows:
            window.slide(now)
        return self._left(draws, windows, now)

    def record(self, draws: Sequence[Draw]) -> Grant:
        """What somebody else has allowed."""
        return self._add(draws, [self._window(draw) for draw in draws], self._clock() // 1000)

    def correct(self, grant: Grant, amount: int) -> None:
        for draw in grant.draws:
            self._window(draw).correct(grant.at, amount - draw.amount)

    def _add(self, draws: Sequence[Draw], windows: Sequence[SlidingWindow], now: int) -> Grant:
        for draw, window in zip(draws, windows, strict=True):
            window.add(now, draw.amount)
        return self._left(draws, windows, now)

    def _left(self, draws: Sequence[Draw], windows: Sequence[SlidingWindow], now: int) -> Grant:
        left = tuple(max(self._limit(draw) - window.used, 0) for draw, window in zip(draws, windows, strict=True))
        return Grant(tuple(draws), now, left, tuple(window.reset(now) for window in windows))

    def _limit(self, draw: Draw) -> int:
        return max(draw.limit // self._parts, 1)

    def _window(self, draw: Draw) -> SlidingWindow:
        name = draw.owner, draw.measure, draw.seconds
        window = self._windows.get(name)
        if window is None:
            if len(self._windows) >= self._sweep_at:
                self._sweep()
            window = self._windows[name] = SlidingWindow(draw.seconds)
        return window

    def _sweep(self) -> None:
        now = self._clock() // 1000
        for name, window in list(self._windows.items()):
            window.slide(now)
            if window.reset(now) == 0:
                del self._windows[name]
        self._sweep_at = max(_SWEEP, 2 * len(self._windows))

"""Windows that all gateways count in Redis; without it each counts its own part of every limit."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from gigamost.core.limiting import Draw, Full, Grant
from gigamost.limits.counters import LocalCounters
from gigamost.limits.sliding import TICKS
from gigamost.store.redis.link import Argument, AwayError, Link, Reply, Script

WINDOWS: Final = Script("windows")


class _Granted(Grant, frozen=True):
    """`own` is the same in this gateway's own windows. `is_shared`: Redis granted it."""

    own: Grant
    is_shared: bool


class SharedCounters:
    """`core.ports.Counters`. `replicas`: how many gateways there are. `clock`: see `LocalCounters`.

    What Redis grants is counted here as well, so that a gateway that is left alone knows what it has used already; what
    was granted without Redis is told to it when it is back.
    """

    def __init__(self, link: Link, clock: Callable[[], int], replicas: int) -> None:
        self._link = link
        self._own = LocalCounters(clock, replicas)
        self._untold: dict[Draw, int] = {}  # amounts, by draws of nothing
        link.watch(self._tell)

    async def take(self, draws: Sequence[Draw]) -> Grant | Full:
        if self._link.is_up:
            keys, arguments = self._call("take", 0, draws)
            try:
                reply = await self._link.call(WINDOWS, keys, arguments)
            except AwayError:
                pass
            else:
                return self._shared(draws, reply)
        outcome = self._own.take_now(draws)
        if isinstance(outcome, Full):
            return outcome
        self._note((draw, draw.amount) for draw in draws)
        return _Granted(outcome.draws, outcome.at, outcome.left, outcome.resets, outcome, is_shared=False)

    async def look(self, draws: Sequence[Draw]) -> Grant:
        if self._link.is_up:
            keys, arguments = self._call("look", 0, draws)
            try:
                _, now, *numbers = map(int, await self._link.call(WINDOWS, keys, arguments))
            except AwayError:
                pass
            else:
                return Grant(tuple(draws), now, *_left(draws, numbers, now))
        return self._own.look_now(draws)

    def correct(self, grant: Grant, amount: int) -> None:
        assert isinstance(grant, _Granted)
        self._own.correct(grant.own, amount)
        more = [msgspec.structs.replace(draw, amount=amount - draw.amount) for draw in grant.draws]
        if grant.is_shared:
            self._post("correct", grant.at, more)
        else:
            self._post("record", 0, more)

    def _shared(self, draws: Sequence[Draw], reply: Reply) -> Grant | Full:
        refused, now, *numbers = map(int, reply)
        if refused:
            draw, (wait, used, last) = draws[refused - 1], numbers
            return Full(draw, wait / 1e6, max(draw.limit - used, 0), _reset(draw, last, now))
        left, resets = _left(draws, numbers, now)
        return _Granted(tuple(draws), now, left, resets, self._own.record(draws), is_shared=True)

    def _post(self, what: str, moment: int, draws: Sequence[Draw]) -> None:
        def then(reply: Reply | None) -> None:
            if reply is None:
                self._note((draw, draw.amount) for draw in draws)

        keys, arguments = self._call(what, moment, draws)
        self._link.post(WINDOWS, keys, arguments, then)

    def _note(self, used: Iterable[tuple[Draw, int]]) -> None:
        for draw, amount in used:
            window = msgspec.structs.replace(draw, amount=0)
            self._untold[window] = self._untold.get(window, 0) + amount

    def _tell(self, is_up: bool) -> None:
        if is_up and self._untold:
            untold, self._untold = self._untold, {}
            for window, amount in untold.items():
                self._post("record", 0, [msgspec.structs.replace(window, amount=amount)])

    def _call(self, what: str, moment: int, draws: Sequence[Draw]) -> tuple[list[str], list[Argument]]:
        keys: list[str] = []
        arguments: list[Argument] = [what, moment]
        for draw in draws:
            name = f"{self._link.prefix}window:{draw.owner}:{draw.measure}:{draw.seconds}:"
            keys += (name + "ticks", name + "amounts")
            arguments += (draw.seconds, draw.limit, draw.amount)
        return keys, arguments


def _left(draws: Sequence[Draw], numbers: Sequence[int], now: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """What is left of each, and the seconds until all of it is free. `numbers`: for each what is used, and its last
    tick."""
    each = list(zip(draws, numbers[::2], numbers[1::2], strict=True))
    left = tuple(max(draw.limit - used, 0) for draw, used, _ in each)
    return left, tuple(_reset(draw, last, now) for draw, _, last in each)


def _reset(draw: Draw, last: int, now: int) -> float:
    """Seconds until the last tick has left the window too; `now` is microseconds."""
    return max((last + TICKS) * draw.seconds / TICKS - now / 1e6, 0.0)

"""What went through the desk, counted in memory: plain numbers on the path of a request, names for them at the scrape.

A series is a face, a model and a credential; what a client can make up (names of models) is never one of its names.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import Final, Literal

from gigamost.core.errors import Problem
from gigamost.core.usage import Usage

# The upper ends of the histograms' buckets, in seconds; the last bucket has none.
BOUNDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
OTHER: Final = "other"  # a model that nobody has
LEFT: Final = 1  # the place of those whose client left, among the first digits of statuses
_GONE: Final = 499

Name = tuple[str, str, str]  # face, model, credential; "" for none
Reason = Literal["rate", "concurrency", "key_budget", "tenant_budget"]

_REASONS: Final[Mapping[str, Reason]] = {"rate_limit_exceeded": "rate", "concurrency_limit": "concurrency"}


class Series:
    """`statuses` by the first digit, 0 for requests that ended without one. `cost` is micros."""

    __slots__ = (
        "breaks",
        "cached_tokens",
        "cost",
        "durations",
        "first",
        "first_seconds",
        "input_tokens",
        "output_tokens",
        "seconds",
        "statuses",
    )

    def __init__(self) -> None:
        self.statuses = [0] * 6
        self.input_tokens = 0
        self.output_tokens = 0
        self.cached_tokens = 0
        self.cost = 0
        self.breaks = 0
        self.durations = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.first = [0] * (len(BOUNDS) + 1)
        self.first_seconds = 0.0


class Meter:
    """`models` are the names that there are."""

    def __init__(self, models: Callable[[], Container[str]] = tuple) -> None:
        self._models = models
        self._series: dict[Name, Series] = {}
        self.refusals: Counter[Reason] = Counter()
        self.caches: Counter[Literal["hit", "miss"]] = Counter()

    def series(self) -> Mapping[Name, Series]:
        return self._series

    def count(
        self,
        name: Name,
        status: int,
        seconds: float,
        first: float | None = None,
        usage: Usage | None = None,
        cost: int = 0,
        *,
        broke: bool = False,
    ) -> None:
        """A request is over. `first` is the seconds until its first content. It takes a microsecond: see
        `benchmarks/metrics.py`."""
        series = self._series.get(name)
        if series is None:
            series = self._new(name)
        series.statuses[status // 100 if status != _GONE else LEFT] += 1
        series.durations[bisect_left(BOUNDS, seconds)] += 1
        series.seconds += seconds
        if first is not None:
            series.first[bisect_left(BOUNDS, first)] += 1
            series.first_seconds += first
        if usage is not None:
            series.input_tokens += usage.input_tokens
            series.output_tokens += usage.output_tokens
            series.cached_tokens += usage.cached_tokens
            series.cost += cost
        if broke:
            series.breaks += 1

    def refuse(self, problem: Problem) -> None:
        """For a limit of rates or places: other reasons are no refusals of this kind."""
        reason = _REASONS.get(problem.code or "")
        if reason is not None:
            self.refusals[reason] += 1

    def _new(self, name: Name) -> Series:
        face, model, credential = name
        if model and model not in self._models():
            name = (face, OTHER, credential)
        return self._series.setdefault(name, Series())

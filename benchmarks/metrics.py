"""What counting costs a request: `python -m benchmarks.metrics`; figures for docs/monitoring.md.

The gateway's own counters beside the same done with prometheus-client's, and what a scrape of many series takes.
"""

from collections.abc import Callable
from time import process_time_ns, time

from prometheus_client import CollectorRegistry, Counter, Histogram

from gigamost.core.limiting import Sharing
from gigamost.core.usage import Usage
from gigamost.pipeline.meter import BOUNDS, Meter
from gigamost.server.exposition import written
from gigamost.server.metrics import State

_TIMES = 100_000
_NAME = ("openai", "GigaChat-2-Max", "main")
_USAGE = Usage(100, 100, 10)


def microseconds(call: Callable[[], None], times: int = _TIMES) -> float:
    """Of CPU, each; the best of five."""
    best = float("inf")
    for _ in range(5):
        began = process_time_ns()
        for _ in range(times):
            call()
        best = min(best, (process_time_ns() - began) / times / 1000)
    return best


def own(meter: Meter) -> Callable[[], None]:
    return lambda: meter.count(_NAME, 200, 1.3, 0.3, _USAGE, 26_000)


def of_the_library() -> Callable[[], None]:
    registry = CollectorRegistry()
    names = ("face", "model", "credential")
    requests = Counter("requests", "-", (*names, "status"), registry=registry)
    tokens = Counter("tokens", "-", (*names, "kind"), registry=registry)
    cost = Counter("cost", "-", names, registry=registry)
    durations = Histogram("durations", "-", names, registry=registry, buckets=BOUNDS)
    first = Histogram("first", "-", names, registry=registry, buckets=BOUNDS)

    def count() -> None:
        requests.labels(*_NAME, "2xx").inc()
        for kind, amount in (("input", 100), ("output", 100), ("cached", 10)):
            tokens.labels(*_NAME, kind).inc(amount)
        cost.labels(*_NAME).inc(0.026)
        durations.labels(*_NAME).observe(1.3)
        first.labels(*_NAME).observe(0.3)

    return count


def scrape(series: int) -> Callable[[], None]:
    known = frozenset(f"model {at}" for at in range(series))
    meter = Meter(lambda: known)
    for model in known:
        meter.count(("openai", model, "main"), 200, 1.3, 0.3, _USAGE, 26_000)
    state = State("0", "r", "", 0, False, (), Sharing("alone", time()), 0, False)
    return lambda: written(meter, state, "") and None


def main() -> None:
    meter = Meter(lambda: (_NAME[1],))
    print(f"{microseconds(own(meter)):8.2f} us  a request, counted by the gateway")
    print(f"{microseconds(of_the_library(), 10_000):8.2f} us  a request, counted by prometheus-client")
    for series in (10, 100):
        print(f"{microseconds(scrape(series), 20) / 1000:8.2f} ms  a scrape of {series} series")


if __name__ == "__main__":
    main()

"""Prometheus' text: what the meter counted, and how the gateway stands at this moment.

No name of a tenant, a key or of anything else that a client can make up is a label.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, get_args

from prometheus_client import CollectorRegistry, GCCollector, Metric, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as TEXT
from prometheus_client.exposition import generate_latest as text_of
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_of

from gigamost.ledger.money import UNIT
from gigamost.pipeline.meter import BOUNDS, LEFT, Meter, Name
from gigamost.server.metrics import State
from gigamost.upstreams.fleet import Standing
from gigamost.upstreams.tokens import State as TokenState

_ENDS: Final = (*map(str, BOUNDS), "+Inf")
_SERIES: Final = ("face", "model", "credential")
_CLASSES: Final = {0: "none", LEFT: "gone", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}
_TOKENS: Final = get_args(TokenState)
_BREAKERS: Final = ("closed", "half_open", "open")
# Of a registry that nobody reads: else they would join the library's own.
_PROCESS: Final = tuple(
    collector(registry=CollectorRegistry()) for collector in (ProcessCollector, PlatformCollector, GCCollector)
)
_MODES: Final = ("alone", "shared", "apart")


class _Ours:
    """As a collector of the library. Where several processes answer in turn, each says which one it is."""

    def __init__(self, meter: Meter, state: State) -> None:
        self._meter = meter
        self._state = state

    def collect(self) -> Iterator[Metric]:
        everything = (
            *_counted(self._meter),
            *_credentials(self._state.credentials),
            *_standing(self._state),
            *(family for process in _PROCESS for family in process.collect()),
        )
        worker = self._state.worker
        for family in everything:
            if worker:
                family.samples = [each._replace(labels={**each.labels, "worker": worker}) for each in family.samples]
            yield family


def written(meter: Meter, state: State, accept: str) -> tuple[str, bytes]:
    """The content type that the `Accept` header asks for, and the text. For a thread: it takes some milliseconds. What
    is counted meanwhile may be in one number and not yet in another."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ours(meter, state))
    if "application/openmetrics-text" in accept:
        return OPENMETRICS, openmetrics_of(registry)  # type: ignore[no-untyped-call]  # the library says no types here
    return TEXT, text_of(registry)


def _counted(meter: Meter) -> Iterator[Metric]:
    series = list(meter.series().items())  # in one step, which the event loop cannot come into
    requests = CounterMetricFamily("gigamost_requests", "Requests that are over.", labels=(*_SERIES, "status"))
    tokens = CounterMetricFamily(
        "gigamost_tokens", "Tokens; those from a cache are input too.", labels=(*_SERIES, "kind")
    )
    cost = CounterMetricFamily("gigamost_cost_roubles", "What requests cost.", labels=_SERIES)
    breaks = CounterMetricFamily("gigamost_stream_breaks", "Streams that broke off.", labels=_SERIES)
    for name, each in series:
        for digit, status in _CLASSES.items():
            if each.statuses[digit]:
                requests.add_metric((*name, status), each.statuses[digit])
        for kind, count in (
            ("input", each.input_tokens),
            ("output", each.output_tokens),
            ("cached", each.cached_tokens),
        ):
            tokens.add_metric((*name, kind), count)
        cost.add_metric(name, each.cost / UNIT)
        breaks.add_metric(name, each.breaks)
    yield from (requests, tokens, cost, breaks)
    yield _histogram(
        "gigamost_request_duration_seconds",
        "From the request's admission to its end.",
        {name: (each.durations, each.seconds) for name, each in series},
    )
    yield _histogram(
        "gigamost_first_content_seconds",
        "From the request's admission to the first content of its answer.",
        {name: (each.first, each.first_seconds) for name, each in series},
    )
    refusals = CounterMetricFamily("gigamost_refusals", "Requests over a limit or a budget.", labels=("reason",))
    for reason, count in list(meter.refusals.items()):
        refusals.add_metric((reason,), count)
    caches = CounterMetricFamily("gigamost_cache_lookups", "Answers looked for in the cache.", labels=("result",))
    for result, count in list(meter.caches.items()):
        caches.add_metric((result,), count)
    yield from (refusals, caches)


def _histogram(name: str, help_: str, counted: Mapping[Name, tuple[Sequence[int], float]]) -> Metric:
    family = HistogramMetricFamily(name, help_, labels=_SERIES)
    for labels, (buckets, total) in counted.items():
        if any(buckets):
            family.add_metric(labels, list(zip(_ENDS, accumulate(buckets), strict=True)), total)
    return family


def _credentials(standings: Sequence[Standing]) -> Iterator[Metric]:
    labels = ("credential", "upstream")
    numbers: tuple[tuple[str, str, Callable[[Standing], float | None]], ...] = (
        ("in_flight", "Requests under way with a credential.", lambda each: each.in_flight),
        ("waiting", "Requests that wait for their turn with a credential.", lambda each: each.waiting),
        ("places", "Requests that a credential may have under way.", lambda each: each.limit),
        ("draining", "Whether a credential gets nothing new.", lambda each: each.is_draining),
        ("token_age_seconds", "Since the access token came.", lambda each: each.token_age),
        ("token_left_seconds", "Until the access token ends.", lambda each: each.token_left),
    )
    for name, help_, read in numbers:
        family = GaugeMetricFamily(f"gigamost_credential_{name}", help_, labels=labels)
        for each in standings:
            value = read(each)
            if value is not None:
                family.add_metric((each.name, each.upstream), value)
        yield family
    tokens = GaugeMetricFamily("gigamost_credential_token", "1 for its state.", labels=(*labels, "state"))
    breakers = GaugeMetricFamily("gigamost_credential_breaker", "1 for its state.", labels=(*labels, "state"))
    for each in standings:
        for token in _TOKENS:
            tokens.add_metric((each.name, each.upstream, token), each.token == token)
        for state in _BREAKERS:
            breakers.add_metric((each.name, each.upstream, state), each.breaker == state)
    yield from (tokens, breakers)


def _standing(state: State) -> Iterator[Metric]:
    yield InfoMetricFamily(
        "gigamost", "The gateway of this process.", {"version": state.version, "replica": state.replica}
    )
    yield GaugeMetricFamily("gigamost_in_flight", "Requests under way.", state.live)
    yield GaugeMetricFamily("gigamost_draining", "Whether the gateway is about to end.", state.is_draining)
    yield GaugeMetricFamily(
        "gigamost_ledger_unwritten", "Rows of the ledger that are not in its database yet.", state.unwritten
    )
    yield GaugeMetricFamily("gigamost_ledger_spooling", "Whether the ledger's database is away.", state.is_spooling)
    modes = GaugeMetricFamily("gigamost_limits_mode", "1 for how limits are counted.", labels=("mode",))
    for mode in _MODES:
        modes.add_metric((mode,), state.sharing.mode == mode)
    yield modes

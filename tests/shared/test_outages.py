"""Redis away: paused, killed, slow, full. A stated mode within a second, no request that waits long, and back again.

R9 of the reliability table, sampled: `benchmarks.sharing` holds each state for a minute and prints the times.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import quantiles
from time import monotonic, monotonic_ns

import pytest

from gigamost.core.limiting import Draw, Full, Grant, Line
from gigamost.store.redis.link import Pace
from gigamost.store.redis.sharing import Shared
from tests.shared.conftest import TOKEN_KEY, gateways, until
from tests.shared.server import RedisServer

STATED = 1.0  # seconds until the mode is stated, after which no request waits
HEALED = 5.0  # seconds until all count together again
NAME = "credential:c"


def requests(limit: int) -> Draw:
    return Draw("key:a", "requests", 60, limit, 1)


class Slow:
    """Passes everything on to Redis, and the answers `delay` seconds later."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self._port)
        for source, sink, is_answer in ((reader, forth, False), (back, writer, True)):
            task = asyncio.create_task(self._pump(source, sink, is_answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, is_answer: bool) -> None:
        try:
            while data := await source.read(65536):
                if is_answer:
                    await asyncio.sleep(self.delay)
                sink.write(data)
        finally:
            sink.close()

    async def close(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def slowed(server: RedisServer) -> AsyncIterator[tuple[RedisServer, Slow]]:
    slow = Slow(server.port)
    listener = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
    through = RedisServer.at(listener.sockets[0].getsockname()[1])
    try:
        yield through, slow
    finally:
        listener.close()
        await slow.close()


async def check_outage(first: Shared, second: Shared, break_it: Callable[[], None], mend: Callable[[], None]) -> None:
    """Both gateways keep admitting, by their halves, and no request waits once the mode is stated."""
    draw = requests(100)
    for _ in range(20):
        assert isinstance(await first.counters.take([draw]), Grant)
    held = await first.places.hold(NAME, 4, Line("t"), 5)
    assert held is not None
    break_it()
    began = monotonic()
    outcomes: dict[Shared, list[Grant | Full]] = {first: [], second: []}
    late: list[float] = []
    while monotonic() - began < 3:
        for gateway, seen in outcomes.items():
            asked = monotonic()
            seen.append(await gateway.counters.take([draw]))
            place = await gateway.places.hold(NAME, 4, Line("t"), 5)
            assert place is not None
            place.release()
            waited = monotonic() - asked
            assert waited < STATED
            if asked - began > STATED:
                late.append(waited)
        if monotonic() - began > STATED:
            assert {gateway.sharing().mode for gateway in outcomes} == {"apart"}
        await asyncio.sleep(0.01)
    assert quantiles(late, n=10)[-1] < 0.05  # not the longest: others use this machine too
    assert first.sharing().error
    granted = {gateway: sum(isinstance(each, Grant) for each in seen) for gateway, seen in outcomes.items()}
    assert granted == {first: 30, second: 50}  # its half, of which the first had used 20
    both = [await first.places.hold(NAME, 4, Line("t"), 0.1) for _ in range(2)]
    assert [place is not None for place in both] == [True, False]  # with the one that it held all along
    mend()
    await until(lambda: {gateway.sharing().mode for gateway in outcomes} == {"shared"}, HEALED)
    held.release()
    for place in both:
        if place is not None:
            place.release()


async def test_paused(frail: RedisServer) -> None:
    async with gateways(frail, 2, Pace()) as (first, second):
        await check_outage(first, second, frail.pause, frail.resume)
        await check_told(first, second)


async def test_killed(frail: RedisServer) -> None:
    async with gateways(frail, 2, Pace()) as (first, second):
        await check_outage(first, second, frail.kill, frail.start)


async def test_two_seconds_slow(redis: RedisServer) -> None:
    async with slowed(redis) as (through, slow), gateways(through, 2, Pace()) as (first, second):

        def slow_down(delay: float) -> None:
            slow.delay = delay

        await check_outage(first, second, lambda: slow_down(2.0), lambda: slow_down(0.0))
        await check_told(first, second)


async def test_out_of_memory(frail: RedisServer) -> None:
    def fill() -> None:
        assert frail.say("CONFIG", "SET", "maxmemory", "1").startswith(b"+OK")

    def empty() -> None:
        assert frail.say("CONFIG", "SET", "maxmemory", "0").startswith(b"+OK")

    async with gateways(frail, 2, Pace()) as (first, second):
        await check_outage(first, second, fill, empty)
        await check_told(first, second)


async def check_told(first: Shared, second: Shared) -> None:
    """What was admitted without Redis counts when it is back: 100 in all, so nothing is left."""
    await asyncio.sleep(0.2)
    for gateway in (first, second):
        outcome = await gateway.counters.take([requests(100)])
        assert isinstance(outcome, Full)


async def test_who_waits_when_redis_goes_is_served_without_it(frail: RedisServer) -> None:
    async with gateways(frail, 2, Pace()) as (first, second):
        held = [await first.places.hold(NAME, 2, Line("t"), 5) for _ in range(2)]
        waits = [asyncio.create_task(second.places.hold(NAME, 2, Line("t"), 20)) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in waits)
        frail.kill()
        done, _ = await asyncio.wait(waits, timeout=STATED, return_when=asyncio.FIRST_COMPLETED)
        (place,) = [task.result() for task in done]
        assert place is not None
        frail.start()
        await until(lambda: second.sharing().mode == "shared", HEALED)
        await asyncio.sleep(0.3)
        (still,) = [task for task in waits if task not in done]
        assert not still.done()  # two are held by the first, one by the second: it waits for all three
        for each in (*held, place):
            assert each is not None
            each.release()
        last = await asyncio.wait_for(still, 2)
        assert last is not None
        last.release()


async def test_gateway_starts_without_redis(frail: RedisServer) -> None:
    frail.kill()
    shared = Shared(frail.url, group="g", gateway="a", replicas=2, token_key=TOKEN_KEY, clock=monotonic_ns, pace=Pace())
    began = monotonic()
    await shared.start()
    try:
        assert monotonic() - began < 2
        assert shared.sharing().mode == "apart"
        assert isinstance(await shared.counters.take([requests(2)]), Grant)
        assert isinstance(await shared.counters.take([requests(2)]), Full)
        frail.start()
        await until(lambda: shared.sharing().mode == "shared", HEALED)
    finally:
        await shared.close()


async def test_flushed_scripts_are_loaded_again(redis: RedisServer) -> None:
    async with gateways(redis, 1) as (gateway,):
        redis.say("SCRIPT", "FLUSH")
        for _ in range(3):
            await gateway.counters.take([requests(10)])
        assert gateway.sharing().mode == "shared"
        outcome = await gateway.counters.take([requests(10)])
        assert isinstance(outcome, Grant)
        assert outcome.left == (6,)


def test_a_url_that_is_none() -> None:
    from gigamost.core.secret import Secret

    with pytest.raises(ValueError, match="scheme"):
        Shared(Secret("http://x"), group="g", gateway="a", replicas=1, token_key=TOKEN_KEY, clock=monotonic_ns)

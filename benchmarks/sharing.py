"""A hundred gateways that share one Redis, simulated: `python -m benchmarks.sharing`; figures for docs/scaling.md.

The gateways are all in this process and Redis is the only other one, so the times are those of a very busy machine and
say little; what counts are the counts, and the CPU time of Redis, which is what the gateways share. Linux only.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from itertools import count
from random import Random
from signal import SIGCONT, SIGSTOP
from statistics import quantiles

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from benchmarks.processes import BenchError, cpu_time, free_port
from gigamost.core.limiting import Draw, Grant, Line
from gigamost.core.secret import AccessToken, Secret
from gigamost.store.redis.link import Pace
from gigamost.store.redis.sharing import Shared

_PATIENT = Pace(deadline=20.0)  # one process for all gateways is late with everything


class Store(msgspec.Struct, frozen=True):
    """The Redis of the simulation."""

    process: subprocess.Popen[bytes]
    url: Secret

    def cpu_us(self) -> float:
        return cpu_time(self.process.pid) / 1000


class Figure(msgspec.Struct, frozen=True):
    name: str
    value: float
    unit: str


@contextmanager
def store() -> Iterator[Store]:
    program = shutil.which("redis-server")
    if program is None:
        raise BenchError("redis-server is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gigamost-sharing-") as folder:
        words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            with Redis(port=port) as asked:
                for _ in range(200):
                    with suppress(RedisError):
                        asked.ping()
                        break
                    time.sleep(0.02)
                else:
                    raise BenchError("redis-server does not answer")
            yield Store(process, Secret(f"redis://127.0.0.1:{port}/0"))
        finally:
            process.kill()
            process.wait()


@asynccontextmanager
async def gateways(redis: Store, number: int, pace: Pace = _PATIENT) -> AsyncIterator[list[Shared]]:
    made = [
        Shared(
            redis.url,
            group="simulation",
            gateway=f"gateway-{each}",
            replicas=number,
            token_key=bytes(64),
            clock=time.monotonic_ns,
            pace=pace,
        )
        for each in range(number)
    ]
    async with AsyncExitStack() as stack:
        for each in made:
            stack.push_async_callback(each.close)
        for each in made:
            await each.start()
        if any(each.sharing().mode != "shared" for each in made):
            raise BenchError(f"not all gateways share: {made[0].sharing().error}")
        yield made


async def windows(redis: Store, number: int) -> list[Figure]:
    """Fifty times as many requests as there are gateways, at once, for a limit of a fifth of them."""
    asked, limit = 50 * number, 10 * number
    figures = []
    async with gateways(redis, number) as all_gateways:
        for kinds in (1, 4):
            draws = [Draw(f"{kinds} {kind}", "requests", 60, limit, 1) for kind in range(kinds)]
            before, began = redis.cpu_us(), time.monotonic()
            outcomes = await asyncio.gather(*(all_gateways[at % number].counters.take(draws) for at in range(asked)))
            seconds, spent = time.monotonic() - began, redis.cpu_us() - before
            admitted = sum(isinstance(outcome, Grant) for outcome in outcomes)
            if admitted != limit:
                raise BenchError(f"{admitted} requests were admitted, {limit} are allowed")
            name = f"{asked} requests at once, {kinds} window(s) each"
            figures += [
                Figure(f"{name}: admitted (limit {limit})", admitted, ""),
                Figure(f"{name}: Redis CPU per request", spent / asked, "us"),
                Figure(f"{name}: all answered after", seconds, "s"),
            ]
    return figures


async def places(redis: Store, number: int) -> list[Figure]:
    """Ten requests of each gateway for ten places of one credential."""
    inside = most = 0
    rolls = Random(1)

    async def work(gateway: Shared, tenant: str) -> None:
        nonlocal inside, most
        place = await gateway.places.hold("credential:c", 10, Line(tenant), 120)
        if place is None:
            raise BenchError("a request waited for two minutes")
        with place:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(rolls.random() / 100)
            inside -= 1

    async with gateways(redis, number) as all_gateways:
        await work(all_gateways[0], "first")
        await asyncio.sleep(3)  # places.lua: for 2 s Redis is new
        before, began = redis.cpu_us(), time.monotonic()
        await asyncio.gather(*(work(all_gateways[at % number], f"tenant {at % 7}") for at in range(10 * number)))
        seconds, spent = time.monotonic() - began, redis.cpu_us() - before
        await asyncio.sleep(1)
        before = redis.cpu_us()
        await asyncio.sleep(9)
        idle = (redis.cpu_us() - before) / 9 / 10_000
    if most > 10:
        raise BenchError(f"{most} requests had one of 10 places")
    return [
        Figure(f"{10 * number} requests for 10 places: most at the same time", most, ""),
        Figure(f"{10 * number} requests for 10 places: Redis CPU per request", spent / 10 / number, "us"),
        Figure(f"{10 * number} requests for 10 places: all served after", seconds, "s"),
        Figure(f"signs of life of {number} gateways: Redis CPU", idle, "%"),
    ]


async def tokens(redis: Store, number: int) -> list[Figure]:
    """Every gateway wants a token, and later another one, because the first got a 401."""
    calls = count(1)
    asked = 0

    async def fetch() -> AccessToken:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.3)
        return AccessToken(Secret(f"token-{next(calls)}"), time.time() + 1800)

    async def wave(known: Secret | None) -> tuple[set[AccessToken], float]:
        began = time.monotonic()
        obtained = await asyncio.gather(
            *(each.tokens.obtain("credential", known, fetch, is_rejected=known is not None) for each in all_gateways)
        )
        return set(obtained), time.monotonic() - began

    async with gateways(redis, number) as all_gateways:
        first, seconds = await wave(None)
        second, again = await wave(next(iter(first)).value)
    if len(first) != 1 or len(second) != 1 or asked != 2:
        raise BenchError(f"{asked} OAuth calls, {len(first)} and {len(second)} tokens")
    return [
        Figure(f"{number} gateways without a token: OAuth calls", 1, ""),
        Figure(f"{number} gateways without a token: all have it after (the call itself takes 0.3 s)", seconds, "s"),
        Figure(f"{number} gateways after a 401: OAuth calls", asked - 1, ""),
        Figure(f"{number} gateways after a 401: all have a new one after", again, "s"),
    ]


async def outage(redis: Store, seconds: float) -> list[Figure]:
    """A gateway asks 100 times a second, for a window and a place, while Redis stands still."""
    draw, waits, work = Draw("key:o", "requests", 60, 10**6, 1), list[float](), set[asyncio.Task[None]]()
    async with gateways(redis, 1, Pace()) as (gateway,):

        async def ask() -> None:
            began = time.monotonic()
            await gateway.counters.take([draw])
            place = await gateway.places.hold("credential:o", 100, Line("t"), 10)
            if place is None:
                raise BenchError("no place was to be had")
            place.release()
            waits.append(time.monotonic() - began)

        async def load(length: float) -> None:
            end = time.monotonic() + length
            while time.monotonic() < end:
                task = asyncio.create_task(ask())
                work.add(task)
                task.add_done_callback(work.discard)
                await asyncio.sleep(0.01)
            await asyncio.gather(*work)

        async def seconds_until(mode: str) -> float:
            began = time.monotonic()
            while gateway.sharing().mode != mode:  # noqa: ASYNC110 (there is no event for it)
                await asyncio.sleep(0.001)
            return time.monotonic() - began

        await load(3)
        usual = _percentile(waits)
        waits.clear()
        redis.process.send_signal(SIGSTOP)
        try:
            stating = asyncio.create_task(seconds_until("apart"))
            await load(seconds)
        finally:
            redis.process.send_signal(SIGCONT)
        healed = await seconds_until("shared")
    return [
        Figure(f"Redis paused for {seconds:g} s: mode stated after", await stating, "s"),
        Figure(f"Redis paused for {seconds:g} s: p99 added", (_percentile(waits) - usual) * 1000, "ms"),
        Figure(f"Redis paused for {seconds:g} s: longest", max(waits) * 1000, "ms"),
        Figure(f"Redis paused for {seconds:g} s: healed after", healed, "s"),
    ]


def _percentile(waits: Sequence[float]) -> float:
    return quantiles(waits, n=100)[98]


async def simulate(number: int, paused: float) -> list[Figure]:
    figures = []
    parts: Sequence[Callable[[Store, int], Awaitable[list[Figure]]]] = (windows, places, tokens)
    for part in parts:
        with store() as redis:
            figures += await part(redis, number)
    with store() as redis:
        figures += await outage(redis, paused)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.sharing", description="Many gateways that share one Redis.")
    parser.add_argument("--gateways", type=int, default=100)
    parser.add_argument("--pause", type=float, default=60, help="seconds for which Redis stands still")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    try:
        figures = asyncio.run(simulate(arguments.gateways, arguments.pause))
    except BenchError as error:
        sys.exit(str(error))
    if arguments.json:
        print(json.dumps([msgspec.structs.asdict(figure) for figure in figures], indent=2))
        return
    for figure in figures:
        print(f"{figure.name:<80} {figure.value:>10.4g} {figure.unit}")


if __name__ == "__main__":
    main()

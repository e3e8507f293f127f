"""One Redis for ordinary tests, one for each test that harms it, and gateways that share one."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic_ns

import pytest

from gigamost.core.ports import Counters, Places
from gigamost.limits.counters import LocalCounters
from gigamost.limits.places import LocalPlaces
from gigamost.store.redis.link import Pace
from gigamost.store.redis.sharing import Shared
from tests.shared.server import RedisServer

TOKEN_KEY = bytes(range(64))
_GROUPS = itertools.count(1)


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that a test may harm."""
    with RedisServer(tmp_path_factory.mktemp("frail")) as server:
        yield server


@asynccontextmanager
async def gateways(
    server: RedisServer, count: int, pace: Pace | None = None, group: str = ""
) -> AsyncIterator[list[Shared]]:
    group = group or f"test {next(_GROUPS)}"
    await asyncio.to_thread(server.say, "SET", f"{{gigamost {group}}}:born", "0")  # what they hold is long known
    made = [
        Shared(
            server.url,
            group=group,
            gateway=f"gateway-{number}",
            replicas=count,
            token_key=TOKEN_KEY,
            clock=monotonic_ns,
            pace=pace or Pace(deadline=1.0),
        )
        for number in range(count)
    ]
    async with AsyncExitStack() as stack:
        for each in made:
            stack.push_async_callback(each.close)
        await asyncio.gather(*(each.start() for each in made))
        assert all(each.sharing().mode == "shared" for each in made)
        yield made


class Kind:
    """Counters and places of several gateways: in memory all are the same one."""

    def __init__(self, counters: list[Counters], places: list[Places]) -> None:
        self.counters = counters
        self.places = places


@pytest.fixture(params=["memory", "redis"])
async def several(request: pytest.FixtureRequest, redis: RedisServer) -> AsyncIterator[Kind]:
    if request.param == "memory":
        yield Kind([LocalCounters(monotonic_ns)] * 4, [LocalPlaces()] * 4)
        return
    async with gateways(redis, 4) as made:
        began = [each.sharing() for each in made]
        yield Kind([each.counters for each in made], [each.places for each in made])
        assert [each.sharing() for each in made] == began  # else it was not Redis that was tested


async def until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 (facts of the outside have no event)
            await asyncio.sleep(0.005)

"""R9: Redis paused, killed, slow, full, under whole gateways. They say so within a second, serve on, and come back."""

import asyncio
from collections.abc import Callable
from statistics import quantiles
from time import monotonic

import pytest

from tests.reliability.books import until
from tests.reliability.clients import Question, ask
from tests.reliability.processes import Site, tracebacks
from tests.reliability.sizes import Sizes
from tests.shared.server import RedisServer

STATED, HEALED = 1.0, 5.0  # seconds


async def modes(site: Site) -> set[str]:
    return {health["limits"] for health in await asyncio.gather(*(each.health() for each in site.gateways))}


def full(redis: RedisServer) -> None:
    assert redis.say("CONFIG", "SET", "maxmemory", "1").startswith(b"+OK")


def roomy(redis: RedisServer) -> None:
    assert redis.say("CONFIG", "SET", "maxmemory", "0").startswith(b"+OK")


ILLS: dict[str, tuple[Callable[[RedisServer], None], Callable[[RedisServer], None]]] = {
    "paused": (RedisServer.pause, RedisServer.resume),
    "killed": (RedisServer.kill, RedisServer.start),
    "full": (full, roomy),
}


@pytest.mark.parametrize("ill", ILLS)
async def test_gateways_serve_on_and_count_together_again(
    site: Site, redis: RedisServer, sizes: Sizes, ill: str
) -> None:
    await site.start(2)
    _, key = await site.key(limits={"rpm": 100_000, "concurrency": 50})
    assert await modes(site) == {"shared"}
    break_it, mend = ILLS[ill]
    before = await load(site, key, 1.0)
    break_it(redis)
    broken = monotonic()
    waiting = asyncio.create_task(load(site, key, sizes.redis_away if ill == "paused" else sizes.redis_ill))
    await until(lambda: are(site, "apart"), f"Redis {ill} is said")
    stated = monotonic() - broken
    during = await waiting
    assert await modes(site) == {"apart"}
    mend(redis)
    mended = monotonic()
    await until(lambda: are(site, "shared"), "together again")
    healed = monotonic() - mended
    print(
        f"{ill}: stated after {stated:.2f} s (promised {STATED:g}), healed after {healed:.2f} s (promised {HEALED:g}),"
        f" p99 {p99(before) * 1000:.0f} ms before, {p99(during) * 1000:.0f} ms meanwhile"
    )
    assert tracebacks(site.gateways) == []


async def are(site: Site, mode: str) -> bool:
    return await modes(site) == {mode}


async def load(site: Site, key: str, seconds: float) -> list[float]:
    """What each request took. All of them are answered."""
    took: list[float] = []
    end = monotonic() + seconds

    async def client(at: int) -> None:
        while monotonic() < end:
            began = monotonic()
            heard = await ask(Question(site.gateways[at % 2], "load", key))
            assert heard.is_whole, (heard.status, heard.body)
            took.append(monotonic() - began)
            await asyncio.sleep(0.05)

    await asyncio.gather(*map(client, range(4)))
    return took


def p99(took: list[float]) -> float:
    return quantiles(took, n=100)[-1]

"""The cache that gateways share: sealed, bounded, and nothing but a miss when Redis is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from redis.asyncio import Redis

from gigamost.store.cache import LARGEST
from gigamost.store.redis.cache import SharedCache
from tests.shared.server import RedisServer

KEY = bytes(range(32))
ROOM = 2**20
SOON = 0.1  # seconds: more than anybody waits for a Redis that is away
CANARY = b"a canary in the cache"


def digest(number: int) -> bytes:
    return number.to_bytes(32)


def raw_of(server: RedisServer) -> Any:
    """A client of Redis itself: what its commands return is not typed."""
    return Redis.from_url(server.url.reveal())


@asynccontextmanager
async def caches(server: RedisServer, group: str, *keys: bytes) -> AsyncIterator[list[SharedCache]]:
    made = [SharedCache(server.url, group=group, key=key, max_bytes=ROOM) for key in keys]
    async with AsyncExitStack() as stack:
        for each in made:
            stack.push_async_callback(each.close)
            await each.start()
        yield made


async def get(cache: SharedCache, *numbers: int) -> list[bytes | None]:
    return list(await cache.get([digest(number) for number in numbers]))


async def until_kept(cache: SharedCache, number: int, value: bytes) -> None:
    async with asyncio.timeout(10):
        while await get(cache, number) != [value]:
            cache.put(digest(number), value, 60)
            await asyncio.sleep(0.02)


async def test_what_one_keeps_the_other_has(redis: RedisServer) -> None:
    async with caches(redis, "share", KEY, KEY) as (one, other):
        one.put(digest(1), b"first", 60)
        one.put(digest(2), b"", 60)
        one.put(digest(1), b"one", 60)
        await until_kept(one, 3, b"three")
        assert await get(other, 1, 4, 2, 3) == [b"one", None, b"", b"three"]
        many = range(100, 350)
        for number in many:
            one.put(digest(number), b"%d" % number, 60)
        await until_kept(one, 3, b"three")
        assert await get(other, *many) == [b"%d" % number for number in many]


async def test_redis_has_nothing_in_clear_and_forgets_by_itself(redis: RedisServer) -> None:
    async with caches(redis, "sealed", KEY, b"o" * 32) as (cache, stranger), raw_of(redis) as raw:
        await until_kept(cache, 1, CANARY)
        assert await get(stranger, 1) == [None]
        names = [name async for name in raw.scan_iter("*gigamost sealed*cache:*")]
        assert len(names) == 1
        assert 0 < await raw.pttl(names[0]) <= 60_000
        assert CANARY not in await raw.get(names[0])
        moved = names[0].replace(digest(1).hex().encode(), digest(2).hex().encode())
        await raw.copy(names[0], moved)
        assert await get(cache, 2) == [None]  # bound to its digest
        await raw.set(names[0], b"short")
        assert await get(cache, 1) == [None]


async def test_all_of_it_has_a_bound(redis: RedisServer) -> None:
    async with caches(redis, "bound", KEY) as (cache,), raw_of(redis) as raw:
        value = bytes(50_000)
        for number in range(100):
            cache.put(digest(number), value, 60 + number)
            if number % 10 == 9:
                await until_kept(cache, 1000, b"a step")
        names = [name async for name in raw.scan_iter("*gigamost bound*cache:*")]
        sizes = [await raw.strlen(name) for name in names]
        assert 15 * 50_000 < sum(sizes) <= ROOM
        assert (await get(cache, 99, 0)) == [value, None]  # what ends soonest went first
        total = int(await raw.get("{gigamost bound}:cached bytes"))
        assert total == sum(sizes) + 300 * len(sizes)
        assert await raw.zcard("{gigamost bound}:cached ends") == len(names)


async def test_what_has_ended_makes_room(redis: RedisServer) -> None:
    async with caches(redis, "ends", KEY) as (cache,), raw_of(redis) as raw:
        for number in range(10):
            cache.put(digest(number), bytes(1000), 1)
        await until_kept(cache, 0, bytes(1000))
        async with asyncio.timeout(10):
            while int(await raw.get("{gigamost ends}:cached bytes")) > 2000:
                cache.put(digest(11), b"", 60)
                await asyncio.sleep(0.05)
        assert await raw.zcard("{gigamost ends}:cached ends") <= 2


async def test_what_is_too_large_or_too_much_at_once_is_not_kept(redis: RedisServer) -> None:
    async with caches(redis, "large", KEY) as (cache,):
        cache.put(digest(1), bytes(LARGEST + 1), 60)
        for number in range(100, 200):  # 25 MiB before anything of it could be sent
            cache.put(digest(number), bytes(LARGEST), 60)
        await until_kept(cache, 2, b"two")
        assert await get(cache, 1) == [None]
        assert await get(cache, 199) == [None]


async def test_without_redis_everything_is_a_miss_at_once(frail: RedisServer) -> None:
    async with caches(frail, "frail", KEY) as (cache,):
        await until_kept(cache, 1, b"one")
        frail.pause()
        for _ in range(20):
            began = monotonic()
            cache.put(digest(2), b"two", 60)
            assert await get(cache, 1) == [None]
            assert monotonic() - began < SOON
            await asyncio.sleep(0.02)
        frail.resume()
        await until_kept(cache, 2, b"again")
        frail.kill()
        for _ in range(20):
            began = monotonic()
            assert await get(cache, 1) == [None]
            assert monotonic() - began < SOON
            await asyncio.sleep(0.02)
        frail.start()
        await until_kept(cache, 1, b"anew")


async def test_a_redis_that_is_not_there_stops_nobody(frail: RedisServer) -> None:
    frail.kill()
    async with caches(frail, "absent", KEY) as (cache,):
        cache.put(digest(1), b"one", 60)
        assert await get(cache, 1) == [None]
    frail.start()


@pytest.mark.parametrize("lost", ["cached ends", "cached bytes"])
async def test_an_account_that_redis_has_dropped_is_begun_anew(redis: RedisServer, lost: str) -> None:
    group = f"dropped {lost}"
    async with caches(redis, group, KEY) as (cache,), raw_of(redis) as raw:
        await until_kept(cache, 1, b"one")
        await raw.delete(f"{{gigamost {group}}}:{lost}")
        await until_kept(cache, 2, b"two")
        assert await get(cache, 1, 2) == [b"one", b"two"]
        assert int(await raw.get(f"{{gigamost {group}}}:cached bytes")) >= 303

"""The cache in memory: it forgets in time, and never grows over what it may have."""

import pytest

from gigamost.store.cache import LARGEST, LocalCache

ONE, TWO, THREE = (bytes([number]) * 32 for number in range(3))
ROOM = 2**20


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> LocalCache:
    return LocalCache(ROOM, clock)


async def test_what_was_put_is_there(cache: LocalCache) -> None:
    cache.put(ONE, b"one", 60)
    cache.put(TWO, b"", 60)
    assert list(await cache.get((THREE, TWO, ONE))) == [None, b"", b"one"]
    cache.put(ONE, b"another", 60)
    assert list(await cache.get((ONE,))) == [b"another"]


async def test_it_ends_with_its_time(cache: LocalCache, clock: Clock) -> None:
    cache.put(ONE, b"one", 60)
    cache.put(TWO, b"two", 61)
    clock.now += 60
    assert list(await cache.get((ONE, TWO))) == [None, b"two"]
    clock.now += 1
    assert list(await cache.get((TWO,))) == [None]
    assert cache.size == 0


async def test_what_was_not_asked_for_the_longest_goes_first(cache: LocalCache) -> None:
    value = bytes(LARGEST)
    digests = [bytes([number]) * 32 for number in range(4)]
    for digest in digests[:3]:
        cache.put(digest, value, 60)
    await cache.get((digests[0],))
    cache.put(digests[3], value, 60)
    assert [found is not None for found in await cache.get(digests)] == [True, False, True, True]
    assert cache.size <= ROOM


async def test_it_never_grows_over_its_room(cache: LocalCache) -> None:
    for number in range(10_000):
        cache.put(number.to_bytes(32), bytes(number % 1000), 60)
        assert cache.size <= ROOM
    assert (await cache.get((number.to_bytes(32),)))[0] is not None


async def test_what_is_too_large_is_not_kept_and_neither_is_what_it_replaces(cache: LocalCache) -> None:
    cache.put(ONE, b"one", 60)
    cache.put(ONE, bytes(LARGEST + 1), 60)
    assert list(await cache.get((ONE,))) == [None]
    assert cache.size == 0

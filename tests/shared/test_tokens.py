"""One access token for all gateways: who asks, who waits, and what becomes of failures and of rejected tokens."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic, monotonic_ns, time

import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import AccessToken, Secret
from gigamost.store.redis.link import Pace
from gigamost.store.redis.sharing import Shared
from tests.shared.conftest import gateways
from tests.shared.server import RedisServer

CREDENTIAL = "digest of a credential"


class Upstream:
    """Gives token-1, token-2, ...; `problem` is raised instead, while `gate` is not set nobody is answered."""

    def __init__(self) -> None:
        self.calls = 0
        self.problem: GatewayError | None = None
        self.lifetime: float | None = 1800.0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> AccessToken:
        self.calls += 1
        number = self.calls
        await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        return AccessToken(Secret(f"token-{number}"), None if self.lifetime is None else time() + self.lifetime)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def pair(redis: RedisServer) -> AsyncIterator[tuple[Shared, Shared]]:
    async with gateways(redis, 2) as (first, second):
        yield first, second


async def test_token_is_the_same_everywhere(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    first, second = pair
    upstream.gate.clear()
    waiting = [asyncio.create_task(each.tokens.obtain(CREDENTIAL, None, upstream)) for each in (first, second, first)]
    await asyncio.sleep(0.1)
    upstream.gate.set()
    found = await asyncio.gather(*waiting)
    assert upstream.calls == 1
    assert len(set(found)) == 1
    assert await second.tokens.obtain("another", None, upstream) != found[0]


async def test_token_without_an_end(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    upstream.lifetime = None
    first, second = pair
    assert await first.tokens.obtain(CREDENTIAL, None, upstream) == AccessToken(Secret("token-1"), None)
    assert await second.tokens.obtain(CREDENTIAL, None, upstream) == AccessToken(Secret("token-1"), None)


async def test_expired_token_is_given_to_nobody(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    first, second = pair
    upstream.lifetime = 0.1
    await first.tokens.obtain(CREDENTIAL, None, upstream)
    await asyncio.sleep(0.15)
    assert (await second.tokens.obtain(CREDENTIAL, None, upstream)).value == Secret("token-2")


async def test_rejected_token_is_given_to_nobody(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    first, second = pair
    old = (await first.tokens.obtain(CREDENTIAL, None, upstream)).value
    upstream.gate.clear()
    renewing = asyncio.create_task(first.tokens.obtain(CREDENTIAL, old, upstream, is_rejected=True))
    await asyncio.sleep(0.05)
    newcomer = asyncio.create_task(second.tokens.obtain(CREDENTIAL, None, upstream))
    await asyncio.sleep(0.05)
    assert not newcomer.done()
    upstream.gate.set()
    assert {(await renewing).value, (await newcomer).value} == {Secret("token-2")}
    late = await second.tokens.obtain(CREDENTIAL, old, upstream, is_rejected=True)
    assert (late.value, upstream.calls) == (Secret("token-2"), 2)


async def test_token_serves_while_it_is_renewed(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    first, second = pair
    old = await first.tokens.obtain(CREDENTIAL, None, upstream)
    upstream.gate.clear()
    renewing = asyncio.create_task(first.tokens.obtain(CREDENTIAL, old.value, upstream))
    await asyncio.sleep(0.05)
    assert await second.tokens.obtain(CREDENTIAL, None, upstream) == old
    upstream.gate.set()
    assert await second.tokens.obtain(CREDENTIAL, old.value, upstream) == await renewing != old


async def test_failure_answers_for_a_second_everywhere(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    first, second = pair
    upstream.problem = GatewayError(Kind.UPSTREAM_FAILED, "No token.", code="key_refused", detail="HTTP 401")
    found = []
    for each in (first, second, first):
        with pytest.raises(GatewayError) as caught:
            await each.tokens.obtain(CREDENTIAL, None, upstream)
        found.append(caught.value.problem)
    assert found == [upstream.problem.problem] * 3
    assert upstream.calls == 1
    upstream.problem = None
    await asyncio.sleep(1.05)
    assert (await second.tokens.obtain(CREDENTIAL, None, upstream)).value == Secret("token-2")


async def test_who_gives_up_leaves_it_to_the_next(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    first, second = pair
    upstream.gate.clear()
    asking = asyncio.create_task(first.tokens.obtain(CREDENTIAL, None, upstream))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(second.tokens.obtain(CREDENTIAL, None, upstream))
    await asyncio.sleep(0.05)
    began = monotonic()
    asking.cancel()
    upstream.gate.set()
    assert (await waiting).value == Secret("token-2")
    assert monotonic() - began < 1


async def test_slow_upstream_is_asked_by_one_alone(pair: tuple[Shared, Shared], upstream: Upstream) -> None:
    """Longer than the one who asks may say nothing."""
    first, second = pair
    upstream.gate.clear()
    waiting = [asyncio.create_task(each.tokens.obtain(CREDENTIAL, None, upstream)) for each in (first, second)]
    await asyncio.sleep(4)
    upstream.gate.set()
    assert {token.value for token in await asyncio.gather(*waiting)} == {Secret("token-1")}
    assert upstream.calls == 1


async def test_token_of_another_root_secret_is_not_read(redis: RedisServer, upstream: Upstream) -> None:
    async with gateways(redis, 1, group="secrets") as (first,):
        await first.tokens.obtain(CREDENTIAL, None, upstream)
        other = Shared(redis.url, group="secrets", gateway="other", replicas=2, token_key=bytes(64), clock=monotonic_ns)
        await other.start()
        try:
            assert (await other.tokens.obtain(CREDENTIAL, None, upstream)).value == Secret("token-2")
        finally:
            await other.close()


async def test_each_asks_for_itself_when_redis_is_away(frail: RedisServer, upstream: Upstream) -> None:
    async with gateways(frail, 2, Pace()) as (first, second):
        frail.pause()
        found = await asyncio.gather(*(each.tokens.obtain(CREDENTIAL, None, upstream) for each in (first, second)))
        assert {token.value for token in found} == {Secret("token-1"), Secret("token-2")}
        frail.resume()

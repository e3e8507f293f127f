"""R12 and R13 of the reliability promises: what a failing upstream gets to see, and what clients do."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from gigamost.emulator import COMPANY, TRADER, EmulatorSettings
from gigamost.pipeline.recovery import MAX_POSTS
from tests.gateway.conftest import World, world_of
from tests.gateway.routing import ask, attempt, breaker, posts, two_worlds

BROKEN = "status=500"


def failures(world: World) -> int:
    return sum(seen.status >= 500 for seen in world.seen)


async def burst(world: World, count: int, **fields: Any) -> list[int]:
    """The statuses of so many requests, ten at a time."""
    free = asyncio.Semaphore(10)

    async def one(at: int) -> int:
        async with free:
            return await attempt(world, text=f"number {at}", **fields)

    return await asyncio.gather(*map(one, range(count)))


async def test_half_of_the_answers_fail(tmp_path: Path) -> None:
    """The breaker opens within ten failures, one request probes, and clients hardly notice."""
    async with two_worlds(tmp_path) as (near, far):
        near.script(*[BROKEN, ""] * 100)
        statuses: list[int] = []
        while breaker(near).state(monotonic()) == "closed":
            statuses.append(await attempt(near, text=f"number {len(statuses)}"))
        assert failures(near) <= 10

        near.gigachat.app.script._queue.clear()
        near.script(*[BROKEN] * 100)
        before, beside, began = posts(near), posts(far), monotonic()
        statuses += await burst(near, 100)
        assert sum(status == 200 for status in statuses) >= 0.99 * len(statuses)
        assert posts(near) - before <= monotonic() - began  # one probe a second, and then fewer
        assert posts(far) - beside == 100


async def test_one_request_probes_and_a_good_answer_closes(tmp_path: Path) -> None:
    async with two_worlds(tmp_path) as (near, far):
        near.script(*[BROKEN] * 30)
        while breaker(near).state(monotonic()) == "closed":
            assert await attempt(near) == 200
        assert failures(near) <= 10
        near.gigachat.app.script._queue.clear()

        await asyncio.sleep(breaker(near).rest(monotonic()))
        before, beside = posts(near), posts(far)
        near.script("stall_before=0.3")
        assert await burst(near, 10) == [200] * 10
        assert (posts(near) - before, posts(far) - beside) == (1, 9)
        assert breaker(near).state(monotonic()) == "closed"
        assert await burst(near, 5) == [200] * 5
        assert posts(near) - before == 6


async def test_a_probe_that_fails_is_one_post_and_goes_elsewhere(tmp_path: Path) -> None:
    async with two_worlds(tmp_path) as (near, far):
        near.script(*[BROKEN] * 30)
        while breaker(near).state(monotonic()) == "closed":
            await attempt(near)
        await asyncio.sleep(breaker(near).rest(monotonic()))
        before, beside = posts(near), posts(far)
        assert await attempt(near) == 200
        assert (posts(near) - before, posts(far) - beside) == (1, 1)
        assert breaker(near).rest(monotonic()) > 1.5  # the pause has doubled


async def test_a_lone_credential_is_asked_however_it_stands(tmp_path: Path) -> None:
    """Refusing would help nobody, and the first good answer is the end of it."""
    async with world_of(tmp_path) as world:
        world.script(*["status=504"] * 12)
        assert [await attempt(world) for _ in range(12)] == [504] * 12
        assert breaker(world).state(monotonic()) == "open"
        assert await attempt(world) == 200


async def test_a_failing_credential_is_left_for_another_one(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, TRADER) as world:
        bad = world.gateway.gateway.accounts.operator[0]
        for _ in range(7):
            bad.breaker.fail(monotonic())
        assert await burst(world, 20) == [200] * 20
        assert {seen.client_id for seen in world.seen} == {TRADER.client_id}


async def test_what_a_request_did_wrong_is_not_the_upstreams_fault(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.script(*["status=422"] * 20, *["status=429; retry_after=30"] * 20)
        await burst(world, 40)
        assert breaker(world).state(monotonic()) == "closed"


async def test_streams_that_break_off_count(tmp_path: Path) -> None:
    async with two_worlds(tmp_path) as (near, far):
        near.script(*["cut=900; long=200; delay=0.01"] * 20)
        for _ in range(7):
            with pytest.raises(Exception, match=r"broke off|closed"):
                await ask(near, stream=True)
        assert breaker(near).state(monotonic()) == "open"
        await ask(near, stream=True)
        assert posts(far) == 1


async def test_tokens_that_end_are_nobodys_fault(tmp_path: Path) -> None:
    async with two_worlds(tmp_path, emulator=EmulatorSettings(tokens_per_second=1000)) as (near, far):
        await ask(near)
        for _ in range(10):
            near.gigachat.app.state.tokens.revoke()
            assert await attempt(near) == 200
        assert breaker(near).state(monotonic()) == "closed"
        assert posts(far) == 0


@pytest.mark.parametrize("directive", ["status=429", "status=500", "status=503; retry_after=0"])
async def test_retries_stay_under_a_fifth_of_the_traffic(tmp_path: Path, directive: str) -> None:
    async with world_of(tmp_path) as world:
        world.script(*[directive] * 400)
        statuses = await burst(world, 100)
        assert 200 not in statuses
        assert posts(world) - 100 < 0.2 * 100


async def test_a_request_is_posted_three_times_at_most(tmp_path: Path) -> None:
    """To each of the two targets that it may see, and never after a possible generation."""
    async with two_worlds(tmp_path, COMPANY, TRADER) as (near, far):
        near.script(*[BROKEN] * 10)
        assert await attempt(near) == 502
        assert posts(near) == 2 * MAX_POSTS
        assert posts(far) == 0

"""Places for requests at the same time, in memory and in Redis: never too many, in the right order, none lost."""

import asyncio
import random

from gigamost.core.limiting import Crowd, Line
from gigamost.core.ports import Place, Places
from gigamost.store.redis.link import Pace
from tests.shared.conftest import Kind, gateways, until
from tests.shared.server import RedisServer

PATIENT = 30.0
NAME = "credential:c"
FAST = Pace(deadline=1.0, lease=0.6, beat=0.2)


async def test_never_more_than_the_limit(several: Kind) -> None:
    inside = most = 0

    async def work(places: Places, group: str) -> None:
        nonlocal inside, most
        place = await places.hold(NAME, 3, Line(group), PATIENT)
        assert place is not None
        with place:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(random.random() / 500)
            inside -= 1

    await asyncio.gather(*(work(several.places[at % 4], f"tenant {at % 7}") for at in range(200)))
    assert (inside, most) == (0, 3)
    assert all(places.crowd(NAME, 3) == Crowd(3, 0, 0) for places in several.places)


async def test_priority_then_turns_then_first_come(several: Kind) -> None:
    served: list[str] = []
    held = await several.places[0].hold(NAME, 1, Line("other"), PATIENT)
    assert held is not None

    async def work(places: Places, name: str, priority: int) -> None:
        place = await places.hold(NAME, 1, Line(name[0], priority), PATIENT)
        assert place is not None
        served.append(name)
        place.release()

    tasks = []
    arrivals = [("z1", -1), ("a1", 0), ("a2", 0), ("a3", 0), ("b1", 0), ("c1", 5), ("b2", 0), ("d1", 0), ("c2", 5)]
    for at, (name, priority) in enumerate(arrivals):
        places = several.places[at % 4]
        before = waiting(several)
        tasks.append(asyncio.create_task(work(places, name, priority)))
        await until(lambda before=before: waiting(several) > before)  # type: ignore[misc]  # a default is no annotation
        await asyncio.sleep(0.02)  # it waits in Redis too
    held.release()
    await asyncio.gather(*tasks)
    assert served == ["c1", "c2", "a1", "b1", "d1", "a2", "b2", "a3", "z1"]


def waiting(several: Kind) -> int:
    return sum(places.crowd(NAME, 1).waiting for places in {id(each): each for each in several.places}.values())


async def test_time_is_up(several: Kind) -> None:
    first, second = several.places[:2]
    held = await first.hold(NAME, 1, Line("a"), PATIENT)
    assert held is not None
    assert await second.hold(NAME, 1, Line("b"), 0.05) is None
    assert second.crowd(NAME, 1).waiting == 0
    held.release()
    held.release()
    again = await second.hold(NAME, 1, Line("b"), PATIENT)  # nobody stands in the way who has left
    assert again is not None
    assert await first.hold(NAME, 1, Line("a"), 0.05) is None  # the second release gave nothing back
    again.release()


async def test_cancelled_ones_leave_nothing(several: Kind) -> None:
    held = await several.places[0].hold(NAME, 1, Line("a"), PATIENT)
    assert held is not None
    tasks = [asyncio.create_task(several.places[at % 4].hold(NAME, 1, Line("b"), PATIENT)) for at in range(20)]
    await asyncio.sleep(0.05)
    for task in tasks[1:]:
        task.cancel()
    held.release()
    first = await tasks[0]
    assert first is not None
    first.release()
    last = await several.places[3].hold(NAME, 1, Line("c"), PATIENT)
    assert last is not None
    last.release()


async def test_cancellation_at_any_instant_loses_no_place(several: Kind) -> None:
    rolls = random.Random(1)
    got: list[Place] = []

    async def work(places: Places) -> None:
        place = await places.hold(NAME, 2, Line(str(rolls.randrange(3))), PATIENT)
        assert place is not None
        with place:
            await asyncio.sleep(rolls.random() / 1000)

    for _ in range(15):
        tasks = [asyncio.create_task(work(several.places[at % 4])) for at in range(12)]
        await asyncio.sleep(rolls.random() / 300)
        for task in rolls.sample(tasks, 8):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for _ in range(2):
        place = await several.places[0].hold(NAME, 2, Line("x"), 2.0)
        assert place is not None
        got.append(place)
    assert await several.places[1].hold(NAME, 2, Line("x"), 0.05) is None
    for place in got:
        place.release()


async def test_raised_limit_lets_those_in_who_wait(several: Kind) -> None:
    places = several.places[0]
    held = await places.hold(NAME, 1, Line("a"), PATIENT)
    waits = asyncio.create_task(places.hold(NAME, 1, Line("a"), PATIENT))
    await asyncio.sleep(0.02)
    third = asyncio.create_task(places.hold(NAME, 3, Line("a"), PATIENT))
    for place in (held, await waits, await third):
        assert place is not None
        place.release()


async def test_names_are_apart(several: Kind) -> None:
    first = await several.places[0].hold("key:a", 1, Line("a"), PATIENT)
    second = await several.places[1].hold("key:b", 1, Line("a"), PATIENT)
    assert first is not None
    assert second is not None
    first.release()
    second.release()


async def test_lost_message_is_mended_by_the_next_sign_of_life(redis: RedisServer) -> None:
    async with gateways(redis, 2, FAST) as (first, second):
        held = await first.places.hold(NAME, 1, Line("a"), PATIENT)
        waits = asyncio.create_task(second.places.hold(NAME, 1, Line("b"), PATIENT))
        await asyncio.sleep(0.05)
        assert held is not None
        second.places._asking, asking = {}, second.places._asking  # it hears nothing for a moment
        held.release()
        await asyncio.sleep(0.05)
        second.places._asking = asking
        place = await asyncio.wait_for(waits, 2)
        assert place is not None
        place.release()


async def test_redis_that_forgot_everything_is_told_again(redis: RedisServer) -> None:
    """Until it knows again who holds what, a gateway gets no more than its part: one of two."""
    async with gateways(redis, 2, FAST) as (first, second):
        held = [await first.places.hold(NAME, 2, Line("a"), PATIENT) for _ in range(2)]
        waits = [asyncio.create_task(second.places.hold(NAME, 2, Line("b"), PATIENT)) for _ in range(2)]
        await asyncio.sleep(0.05)
        redis.say("FLUSHDB")
        await asyncio.sleep(2.5)
        assert sum(task.done() for task in waits) <= 1
        assert second.places.crowd(NAME, 2).waiting >= 1
        for place in held:
            assert place is not None
            place.release()
        for place in await asyncio.wait_for(asyncio.gather(*waits), 2):
            assert place is not None
            place.release()


async def test_places_of_a_gateway_that_died_come_free(redis: RedisServer) -> None:
    async with gateways(redis, 2, FAST, group="mortal") as (first, second):
        assert await first.places.hold(NAME, 2, Line("a"), PATIENT) is not None
        assert await second.places.hold(NAME, 2, Line("a"), PATIENT) is not None
        dead = asyncio.create_task(first.places.hold(NAME, 2, Line("a"), PATIENT))
        await asyncio.sleep(0.05)
        waits = asyncio.create_task(second.places.hold(NAME, 2, Line("b"), PATIENT))
        await asyncio.sleep(0.05)
        await first.close()  # without giving back, as if killed
        place = await asyncio.wait_for(waits, 3)
        assert place is not None
        place.release()
        dead.cancel()

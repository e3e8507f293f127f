"""A request's way through the limits of its key and tenant: what is counted, what is refused, what is given back."""

import asyncio

import pytest

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.limiting import Crowd, Draw, Full
from gigamost.core.tenancy import Key, Rates, Tenant
from gigamost.limits import headers, refusals
from gigamost.limits.counters import LocalCounters
from gigamost.limits.headers import Allowance
from gigamost.limits.limiter import Limiter, Stay
from gigamost.limits.places import LocalPlaces
from gigamost.limits.refusals import LONGEST_GUESS

NONE = Rates()


def key(rates: Rates = NONE, name: str = "k") -> Key:
    return Key(id=name, name=name, tenant="t", digest=b"", prefix="", created=0, rates=rates)


def tenant(rates: Rates = NONE) -> Tenant:
    return Tenant(id="t", name="t", created=0, rates=rates)


def limiter(timeout: float = 5.0) -> Limiter:
    return Limiter(LocalCounters(lambda: 0), LocalPlaces(), timeout)  # all at one moment


async def problem_of(work: "asyncio.Future[Stay] | asyncio.Task[Stay]") -> Problem:
    with pytest.raises(GatewayError) as caught:
        await work
    return caught.value.problem


async def refused(desk: Limiter, of: Key, by: Tenant) -> Problem:
    return await problem_of(asyncio.ensure_future(desk.enter(of, by)))


async def test_no_limits_cost_nothing() -> None:
    desk = limiter()
    entering = desk.enter(key(), tenant())
    with pytest.raises(StopIteration) as done:  # it ends in its first step
        entering.send(None)
    stay: Stay = done.value.value
    await stay.reserve(10**9)
    stay.leave(10**9)
    assert stay.known == ()


async def test_requests_of_key_and_tenant() -> None:
    desk = limiter()
    owner, first, second = tenant(Rates(rpm=5)), key(Rates(rpm=3, rpd=4)), key(Rates(), "other")
    for _ in range(3):
        (await desk.enter(first, owner)).leave()
    problem = await refused(desk, first, owner)
    assert (problem.kind, problem.code) == (Kind.RATE_LIMITED, "rate_limit_exceeded")
    assert problem.message == "This key may use 3 requests a minute, and they are used up: try again in 60 s."
    assert problem.retry_after == 60
    for _ in range(2):  # the refused one did not count for the tenant
        (await desk.enter(second, owner)).leave()
    assert (await refused(desk, second, owner)).message.startswith("Your organisation may use 5 requests a minute")


async def test_a_day_is_told_in_hours() -> None:
    desk = limiter()
    await desk.enter(key(Rates(rpd=1)), tenant())
    problem = await refused(desk, key(Rates(rpd=1)), tenant())
    assert "1 requests a day, and they are used up: try again in 24 hours" in problem.message


async def test_tokens_are_reserved_and_corrected() -> None:
    desk, limited = limiter(), key(Rates(tpm=1000, rpm=10))
    stay = await desk.enter(limited, tenant())
    await stay.reserve(800)
    assert {(each.measure, each.left) for each in stay.known} == {("requests", 9), ("tokens", 200)}
    other = await desk.enter(limited, tenant())
    with pytest.raises(GatewayError) as caught:
        await other.reserve(300)
    assert "this request may need 300, 200 are left: lower max_tokens" in caught.value.problem.message
    other.leave()
    stay.leave(100)
    stay.leave(100)
    third = await desk.enter(limited, tenant())
    assert third.known[0].left == 8  # the second one did not count as a request
    await third.reserve(900)
    assert third.known[1].left == 0


async def test_withdrawn_as_if_it_had_never_come() -> None:
    desk, limited = limiter(), key(Rates(rpm=1, tpm=10, concurrency=1))
    for _ in range(3):
        stay = await desk.enter(limited, tenant())
        await stay.reserve(10)
        stay.withdraw()
        stay.leave(10)


async def test_concurrency_waits_and_is_given_back() -> None:
    desk, limited = limiter(), key(Rates(concurrency=1))
    first = await desk.enter(limited, tenant())
    waits = asyncio.create_task(desk.enter(limited, tenant()))
    await asyncio.sleep(0.01)
    assert not waits.done()
    first.leave()
    first.leave()
    (await waits).leave()
    (await desk.enter(limited, tenant())).leave()


async def test_queue_timeout_is_a_429_and_counts_nothing() -> None:
    desk, limited = limiter(0.02), key(Rates(rpm=2, concurrency=1))
    stay = await desk.enter(limited, tenant())
    problem = await refused(desk, limited, tenant())
    assert (problem.kind, problem.code, problem.retry_after) == (Kind.RATE_LIMITED, "concurrency_limit", 1)
    assert "This key may have 1 request(s) under way" in problem.message
    stay.leave()
    (await desk.enter(limited, tenant())).leave()


async def test_tenants_queue_timeout_gives_the_keys_place_back() -> None:
    desk, owner = limiter(0.02), tenant(Rates(concurrency=1))
    stay = await desk.enter(key(), owner)
    assert "Your organisation" in (await refused(desk, key(Rates(concurrency=1), "x"), owner)).message
    stay.leave()
    (await desk.enter(key(Rates(concurrency=1), "x"), owner)).leave()


async def test_cancelled_wait_counts_nothing() -> None:
    desk, limited = limiter(), key(Rates(rpm=2, concurrency=1))
    stay = await desk.enter(limited, tenant())
    waits = asyncio.create_task(desk.enter(limited, tenant()))
    await asyncio.sleep(0)
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    stay.leave()
    last = await desk.enter(limited, tenant())
    assert last.known[0].left == 0


async def test_priority_then_keys_in_turns() -> None:
    desk, owner, served = limiter(), tenant(Rates(concurrency=1)), []
    held = await desk.enter(key(), owner)

    async def work(name: str, priority: int) -> None:
        stay = await desk.enter(key(Rates(), name[0]), owner, priority)
        served.append(name)
        stay.leave()

    tasks = []
    for name, priority in [("a1", 0), ("a2", 0), ("b1", 0), ("c1", 1)]:
        tasks.append(asyncio.create_task(work(name, priority)))
        await asyncio.sleep(0)
    held.leave()
    await asyncio.gather(*tasks)
    assert served == ["c1", "a1", "b1", "a2"]


def test_headers_tell_the_tightest_window() -> None:
    known = (
        Allowance("requests", 60, 59, 1.0),
        Allowance("requests", 1000, 10, 86_000.0),
        Allowance("tokens", 5000, 4999, 0.0121),
    )
    assert headers.openai(known) == {
        "x-ratelimit-limit-requests": "1000",
        "x-ratelimit-remaining-requests": "10",
        "x-ratelimit-reset-requests": "23h53m20s",
        "x-ratelimit-limit-tokens": "5000",
        "x-ratelimit-remaining-tokens": "4999",
        "x-ratelimit-reset-tokens": "12ms",
    }
    assert headers.anthropic(known[:1], lambda: 1_700_000_000.0) == {
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "59",
        "anthropic-ratelimit-requests-reset": "2023-11-14T22:13:21Z",
    }
    assert headers.openai(()) == {}


@pytest.mark.parametrize(("seconds", "text"), [(360.0, "6m0s"), (59.6, "1m0s"), (1.0, "1s"), (0.0, "0ms")])
def test_durations_are_openais(seconds: float, text: str) -> None:
    found = headers.openai([Allowance("requests", 1, 0, seconds)])
    assert found["x-ratelimit-reset-requests"] == text


def test_refusal_that_is_free_in_an_instant_says_a_second() -> None:
    problem = refusals.full(Full(Draw("key:a", "requests", 60, 1, 1), 0.001, 0, 0.001)).problem
    assert problem.retry_after == 1


def test_guess_is_capped() -> None:
    assert refusals.guess(Crowd(1, 1, 10_000)) == LONGEST_GUESS
    assert refusals.guess(Crowd(10, 10, 25)) == 4

"""Sliding windows in memory and in Redis: the same rules, exact however many ask, across gateways."""

import asyncio

import pytest

from gigamost.core.limiting import Draw, Full, Grant
from tests.shared.conftest import Kind

MINUTE = 60


def requests(limit: int, owner: str = "key:a", seconds: int = MINUTE) -> Draw:
    return Draw(owner, "requests", seconds, limit, 1)


def tokens(limit: int, amount: int, owner: str = "key:a") -> Draw:
    return Draw(owner, "tokens", MINUTE, limit, amount)


async def test_500_at_once_get_100(several: Kind) -> None:
    draw = requests(100)
    outcomes = await asyncio.gather(*(several.counters[at % 4].take([draw]) for at in range(500)))
    granted = [outcome for outcome in outcomes if isinstance(outcome, Grant)]
    assert len(granted) == 100
    assert sorted(left for outcome in granted for left in outcome.left) == list(range(100))
    assert {outcome.draw for outcome in outcomes if isinstance(outcome, Full)} == {draw}


async def test_tokens_of_500_at_once_never_exceed_the_limit(several: Kind) -> None:
    outcomes = await asyncio.gather(*(several.counters[at % 4].take([tokens(1000, 7)]) for at in range(500)))
    assert sum(isinstance(outcome, Grant) for outcome in outcomes) == 1000 // 7


async def test_all_windows_or_none(several: Kind) -> None:
    counters = several.counters[0]
    for _ in range(2):
        assert isinstance(await counters.take([requests(5), requests(2, "tenant:t")]), Grant)
    refused = await counters.take([requests(5), requests(2, "tenant:t")])
    assert isinstance(refused, Full)
    assert (refused.draw.owner, refused.left) == ("tenant:t", 0)
    assert 58 < refused.wait <= 60.1
    granted = await counters.take([requests(5)])
    assert isinstance(granted, Grant)
    assert granted.left == (2,)  # the refused one took nothing of the key's


async def test_window_slides(several: Kind) -> None:
    counters, draw = several.counters[0], requests(2, seconds=1)
    assert isinstance(await counters.take([draw]), Grant)
    await asyncio.sleep(0.5)
    assert isinstance(await counters.take([draw]), Grant)
    refused = await counters.take([draw])
    assert isinstance(refused, Full)
    assert refused.wait < 0.6
    await asyncio.sleep(refused.wait)
    assert isinstance(await counters.take([draw]), Grant)
    refused = await counters.take([draw])
    assert isinstance(refused, Full)
    assert refused.wait < 0.6  # that of the second, not of the third
    await asyncio.sleep(1.02)
    again = await counters.take([draw])
    assert isinstance(again, Grant)
    assert again.left == (1,)


async def test_tokens_are_corrected(several: Kind) -> None:
    first, second = several.counters[:2]
    granted = await first.take([tokens(1000, 900), tokens(2000, 900, "tenant:t")])
    assert isinstance(granted, Grant)
    assert granted.left == (100, 1100)
    first.correct(granted, 50)
    again = await first.take([tokens(1000, 900)])
    assert isinstance(again, Grant)
    assert again.left == (50,)
    first.correct(again, 1200)  # more than was thought: nobody gets anything until that has left
    refused = await second.take([tokens(1000, 1)])
    assert isinstance(refused, Full)
    assert refused.left == 0
    assert 59 < refused.wait <= 60.1
    other = await second.take([tokens(2000, 1, "tenant:t")])
    assert isinstance(other, Grant)
    assert other.left == (1949,)


async def test_wait_is_until_enough_has_left(several: Kind) -> None:
    counters = several.counters[0]
    draw = Draw("key:a", "tokens", 1, 100, 40)
    assert isinstance(await counters.take([draw]), Grant)
    await asyncio.sleep(0.4)
    assert isinstance(await counters.take([draw]), Grant)
    small = await counters.take([Draw("key:a", "tokens", 1, 100, 60)])
    large = await counters.take([Draw("key:a", "tokens", 1, 100, 100)])
    assert isinstance(small, Full)
    assert isinstance(large, Full)
    assert small.wait <= 0.61
    assert large.wait == pytest.approx(small.wait + 0.4, abs=0.1)
    assert large.reset == pytest.approx(large.wait, abs=0.05)


async def test_more_than_the_limit_fits_an_empty_window(several: Kind) -> None:
    counters = several.counters[0]
    granted = await counters.take([tokens(100, 5000)])
    assert isinstance(granted, Grant)
    assert granted.left == (0,)
    assert isinstance(await counters.take([tokens(100, 1)]), Full)
    counters.correct(granted, 99)
    assert isinstance(await counters.take([tokens(100, 1)]), Grant)


async def test_owners_and_measures_are_apart(several: Kind) -> None:
    counters = several.counters[0]
    draws = [requests(1), requests(1, "key:b"), requests(1, seconds=86_400), tokens(1, 1)]
    for draw in draws:
        assert isinstance(await counters.take([draw]), Grant)
    assert all([isinstance(await counters.take([draw]), Full) for draw in draws])


async def test_lowered_limit_counts_at_once(several: Kind) -> None:
    counters = several.counters[0]
    for _ in range(5):
        await counters.take([requests(10)])
    assert isinstance(await counters.take([requests(5)]), Full)
    assert isinstance(await counters.take([requests(6)]), Grant)


async def test_looking_takes_nothing(several: Kind) -> None:
    first, second = several.counters[:2]
    draws = [requests(5), tokens(1000, 0)]
    untouched = await first.look(draws)
    assert (untouched.left, untouched.resets) == ((5, 1000), (0.0, 0.0))
    assert isinstance(await second.take([requests(5), tokens(1000, 300)]), Grant)
    for _ in range(3):
        seen = await first.look(draws)
        assert seen.left == (4, 700)
        assert all(59 < reset <= 60.1 for reset in seen.resets)

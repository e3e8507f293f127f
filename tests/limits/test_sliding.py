"""The sliding window beside its definition: what was used in the last seconds, added up."""

from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.limiting import Draw, Full, Grant
from gigamost.limits.counters import LocalCounters
from gigamost.limits.sliding import TICKS, SlidingWindow

SECOND = 1_000_000  # microseconds
MINUTE = 60
GRAIN = MINUTE * SECOND // TICKS


class Clock:
    """Nanoseconds, as `LocalCounters` wants them; set in microseconds."""

    def __init__(self, now: int = 0) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now * 1000


STEPS = st.lists(st.tuples(st.integers(0, 20 * SECOND), st.integers(1, 50)), max_size=80)


@given(STEPS, st.integers(1, 120))
def test_no_minute_has_more_than_the_limit_and_nobody_waits_longer_than_a_tick(
    steps: list[tuple[int, int]], limit: int
) -> None:
    clock = Clock(10**12)
    counters = LocalCounters(clock)
    granted: list[tuple[int, int]] = []
    for pause, amount in steps:
        clock.now += pause
        amount = min(amount, limit)
        outcome = counters.take_now([Draw("key:a", "tokens", MINUTE, limit, amount)])
        used = sum(each for at, each in granted if at > clock.now - MINUTE * SECOND)
        late = sum(each for at, each in granted if at > clock.now - MINUTE * SECOND - 2 * GRAIN)
        if isinstance(outcome, Grant):
            assert used + amount <= limit
            granted.append((clock.now, amount))
        else:
            assert late + amount > limit


@given(STEPS)
def test_after_the_wait_it_fits(steps: list[tuple[int, int]]) -> None:
    clock = Clock()
    counters = LocalCounters(clock)
    for pause, amount in steps:
        clock.now += pause
        draw = Draw("key:a", "tokens", MINUTE, 60, amount)
        outcome = counters.take_now([draw])
        if isinstance(outcome, Full):
            clock.now += round(outcome.wait * SECOND) - 1
            assert isinstance(counters.take_now([draw]), Full)
            clock.now += 1
            assert isinstance(counters.take_now([draw]), Grant)


@given(st.lists(st.tuples(st.integers(0, SECOND), st.integers(0, 50), st.integers(0, 50)), max_size=50))
def test_corrections_are_made_where_it_was_used(steps: list[tuple[int, int, int]]) -> None:
    """As if the right amount had been said in the first place."""
    corrected, right, now = SlidingWindow(MINUTE), SlidingWindow(MINUTE), 0
    moments = []
    for pause, said, used in steps:
        now += pause
        corrected.add(now, said)
        right.add(now, used)
        moments.append((now, used - said))
    for at, more in moments:
        corrected.correct(at, more)
    for later in range(0, 2 * MINUTE * SECOND, SECOND // 3):
        corrected.slide(now + later)
        right.slide(now + later)
        assert corrected.used == right.used
    corrected.correct(moments[0][0] if moments else 0, 5)  # long gone
    assert corrected.used == 0


def test_a_window_has_no_more_entries_than_ticks() -> None:
    window = SlidingWindow(MINUTE)
    for now in range(0, 130 * SECOND, 1000):
        window.slide(now)
        window.add(now, 1)
    assert len(window._entries) <= TICKS + 1
    assert 60_000 <= window.used <= 60_006


def test_windows_that_nobody_uses_are_forgotten() -> None:
    clock = Clock()
    counters = LocalCounters(clock)
    for number in range(20_000):
        clock.now += SECOND // 100
        counters.take_now([Draw(f"key:{number}", "requests", MINUTE, 1, 1)])
    assert len(counters._windows) < 13_000  # 6,000 are in use


def test_parts_of_a_limit() -> None:
    counters = LocalCounters(Clock(), parts=3)
    draw = Draw("key:a", "requests", MINUTE, 10, 1)
    assert sum(isinstance(counters.take_now([draw]), Grant) for _ in range(10)) == 3
    assert isinstance(counters.take_now([Draw("key:b", "requests", MINUTE, 1, 1)]), Grant)

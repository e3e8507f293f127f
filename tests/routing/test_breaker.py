"""The circuit breaker, against every order of answers and pauses."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gigamost.routing.breaker import FAILURES, FIRST_PAUSE, FORGET, LONGEST_PAUSE, Breaker

# Seconds that pass, then what happens: an answer, a failure, or a client that leaves.
STEPS = st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["ok", "fail", "gone"])), max_size=60)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.fail(now)
    return breaker


@given(st.lists(st.booleans(), max_size=15))
def test_it_opens_within_ten_failures_when_half_of_the_answers_fail(before: Sequence[bool]) -> None:
    """Whatever came before, as long as that did not open it."""
    breaker = Breaker()
    for is_failure in before:
        (breaker.fail if is_failure else breaker.succeed)(0.0)
    failures = 0
    while breaker.state(0.0) == "closed":
        breaker.fail(0.0)
        breaker.succeed(0.0)
        failures += 1
        assert failures <= 10
    assert breaker.state(0.0) == "open"


def test_one_failure_in_four_is_borne() -> None:
    breaker = Breaker()
    for at in range(1000):
        (breaker.fail if at % 4 == 0 else breaker.succeed)(0.0)
        assert breaker.state(0.0) == "closed"


def test_old_failures_are_forgotten() -> None:
    breaker = Breaker()
    for at in range(100):
        breaker.fail(at * (FORGET + 1))
        assert breaker.state(at * (FORGET + 1)) == "closed"


def test_one_probe_at_a_time_decides() -> None:
    breaker = opened()
    assert not breaker.allows(FIRST_PAUSE - 0.01)
    assert breaker.allows(FIRST_PAUSE)
    assert breaker.begin(FIRST_PAUSE)
    assert not breaker.allows(FIRST_PAUSE)
    assert not breaker.begin(FIRST_PAUSE)
    breaker.succeed(FIRST_PAUSE + 0.1)
    assert breaker.state(FIRST_PAUSE + 0.1) == "closed"
    assert breaker.allows(FIRST_PAUSE + 0.1)


def test_a_probe_whose_client_left_is_replaced() -> None:
    breaker = opened()
    assert breaker.begin(FIRST_PAUSE)
    breaker.abandon(probe=True)
    assert breaker.begin(FIRST_PAUSE)
    breaker.abandon(probe=False)
    assert not breaker.allows(FIRST_PAUSE)


def test_pauses_grow_to_a_cap_and_begin_anew() -> None:
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(8):
        rest = breaker.rest(now)
        pauses.append(rest)
        now += rest
        assert breaker.begin(now)
        breaker.fail(now)
    assert pauses[0] == FIRST_PAUSE
    assert all(later == min(earlier * 2, LONGEST_PAUSE) for earlier, later in pairwise(pauses))
    now += breaker.rest(now)
    breaker.begin(now)
    breaker.succeed(now)
    for _ in range(FAILURES):
        breaker.fail(now)
    assert breaker.rest(now) == FIRST_PAUSE


def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    breaker = opened()
    breaker.succeed(FIRST_PAUSE / 2)
    breaker.fail(FIRST_PAUSE / 2)
    assert breaker.rest(FIRST_PAUSE / 2) == FIRST_PAUSE / 2


@given(STEPS)
def test_whatever_happens_it_lets_somebody_through_in_time(steps: Sequence[tuple[float, str]]) -> None:
    """Never more than one probe, never a pause over the cap, never shut for good."""
    breaker, now = Breaker(), 0.0
    for seconds, outcome in steps:
        now += seconds
        assert breaker.rest(now) <= LONGEST_PAUSE
        assert breaker.state(now) != "closed" or breaker.allows(now)
        if not breaker.allows(now):
            assert breaker.state(now) == "open"
            continue
        is_probe = breaker.begin(now)
        assert is_probe == (breaker.state(now) == "half_open")
        assert not (is_probe and breaker.allows(now))
        if outcome == "gone":
            breaker.abandon(probe=is_probe)
        else:
            (breaker.succeed if outcome == "ok" else breaker.fail)(now)
            assert not is_probe or breaker.state(now) == ("closed" if outcome == "ok" else "open")
    assert breaker.allows(now + LONGEST_PAUSE)

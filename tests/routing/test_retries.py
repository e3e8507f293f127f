"""The retry budget: retries stay under a fifth of the traffic, and a quiet gateway may still retry."""

from hypothesis import given
from hypothesis import strategies as st

from gigamost.routing.retries import RESERVE, RetryBudget


@given(st.integers(60, 2000), st.integers(1, 10))
def test_under_load_retries_stay_under_a_fifth(requests: int, wanted: int) -> None:
    budget, retries = RetryBudget(), 0
    for _ in range(requests):
        budget.earn()
        for _ in range(wanted):
            retries += budget.spend(1.0)
    assert retries < 0.2 * requests


def test_a_request_after_a_pause_may_be_retried() -> None:
    budget = RetryBudget()
    assert sum(budget.spend(0.0) for _ in range(100)) == RESERVE
    assert not budget.spend(1.0)
    assert sum(budget.spend(1000.0) for _ in range(100)) == RESERVE


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=300))
def test_nothing_gives_more_than_was_earned(steps: list[tuple[float, bool]]) -> None:
    budget, now, retries, requests = RetryBudget(), 0.0, 0, 0
    for seconds, is_request in steps:
        now += seconds
        if is_request:
            requests += 1
            budget.earn()
        else:
            retries += budget.spend(now)
    assert retries <= RESERVE + requests * 0.1 + now * 0.2 + 1e-6

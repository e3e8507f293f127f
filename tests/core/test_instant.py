"""Moments as the standard library reads them."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from gigamost.core.instant import SECOND, rfc3339


@given(st.integers(min_value=0, max_value=253_402_300_799), st.integers(0, SECOND - 1))
@example(951_782_400, 0)  # 29 February 2000
@example(4_107_542_400, 1)  # 1 March 2100, after a February of 28 days
def test_a_moment(seconds: int, rest: int) -> None:
    whole = rfc3339(seconds * SECOND + rest, fraction=False)
    assert datetime.fromisoformat(whole) == datetime.fromtimestamp(seconds, UTC)
    assert rfc3339(seconds * SECOND + rest) == f"{whole[:-1]}.{rest:09}Z"

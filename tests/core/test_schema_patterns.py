"""Text against a regular expression as a whole, whatever the expression is."""

from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError
from gigamost.core.schema import check_pattern, match_whole


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("TKT-2023", r"[A-Z]{3}-\d{4}"),
        ("ab", "a|ab"),
        ("да", r"\w+"),
        ("да-x]", r"[\w\]-]+"),
        (r"a\w", r"a\\w"),
        ("a\nb", r"a\sb"),
        ("", "a*"),
    ],
)
def test_what_matches(text: str, pattern: str) -> None:
    assert match_whole(text, pattern) is None


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("TKT-2023\n", r"[A-Z]{3}-\d{4}"),
        ("a TKT-2023", r"[A-Z]{3}-\d{4}"),
        ("abc", "a|ab"),
        ("да.", r"\w+"),
        ("", "a+"),
    ],
)
def test_what_does_not(text: str, pattern: str) -> None:
    why = match_whole(text, pattern)
    assert why is not None
    assert pattern in why


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "(a{1000}){1000}", "*"])
def test_a_wrong_expression_is_the_clients_mistake(pattern: str) -> None:
    with pytest.raises(GatewayError) as caught:
        check_pattern(pattern, param="response_format")
    assert (caught.value.problem.status, caught.value.problem.param) == (400, "response_format")


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|aa)+", r"(?=a)(a+)+$", r"(a*)*\1b", "(.*a){20}"])
def test_a_hostile_expression_takes_no_time(pattern: str) -> None:
    started = monotonic()
    match_whole("a" * 20_000 + "!", pattern)
    assert monotonic() - started < 2


@given(st.text(max_size=20), st.text(max_size=20))
def test_anything_is_judged_or_refused(text: str, pattern: str) -> None:
    try:
        check_pattern(pattern)
    except GatewayError:
        return
    match_whole(text, pattern)

"""What a request builds on: the whole line of answers, or a refusal that says why."""

import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.history import Link, Refers
from gigamost.history import absent
from gigamost.history.chains import LIMIT, line, too_long
from gigamost.history.retention import ANSWERS, expires


def link(name: str, after: str = "", within: str = "") -> Link:
    return Link(name, Refers(after, within))


def test_the_oldest_is_said_first() -> None:
    assert line("c", [link("c", "b"), link("b", "a"), link("a")]) == ("a", "b", "c")
    assert line("a", [link("a")]) == ("a",)


@pytest.mark.parametrize(
    ("links", "words", "code"),
    [
        ([], "Previous response with id 'c' not found.", "previous_response_not_found"),
        ([link("c", "b"), link("b", "a")], "'a', which was deleted or has expired", "previous_response_not_found"),
        ([link("c", "b"), link("b", within="conv_1")], "belongs to the conversation 'conv_1'", "unsupported_value"),
    ],
)
def test_a_line_with_a_hole_is_refused(links: list[Link], words: str, code: str) -> None:
    with pytest.raises(GatewayError) as raised:
        line("c", links)
    problem = raised.value.problem
    assert words in problem.message
    assert (problem.kind, problem.param, problem.code) == (Kind.INVALID_REQUEST, "previous_response_id", code)


def test_a_long_id_of_a_client_is_not_repeated_whole() -> None:
    with pytest.raises(GatewayError) as raised:
        line("x" * 10_000, [])
    assert len(raised.value.problem.message) < 200
    for error in (absent.no_response, absent.no_conversation, absent.no_item, absent.no_reference):
        assert len(error("x" * 10_000).problem.message) < 300


def test_too_much_is_an_overflow_of_the_context() -> None:
    assert LIMIT == 128 * 2**20
    assert too_long().problem.kind is Kind.CONTEXT_OVERFLOW
    assert "128 MiB" in too_long().problem.message


def test_answers_are_kept_for_30_days() -> None:
    assert expires(1_700_000_000) == 1_700_000_000 + 30 * 24 * 3600
    assert ANSWERS == 2_592_000

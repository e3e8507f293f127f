"""The event stream's grammar, and that a whole answer is the folded stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start, is_content
from gigamost.core.fold import Content, Reply, fold, unfold
from gigamost.core.grammar import GrammarError, checked
from gigamost.core.messages import Inline, Media, Opaque, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage

PROBLEM = Problem(Kind.UPSTREAM_FAILED, "broken")

texts = st.text(min_size=1, max_size=20)
opaques = st.none() | st.builds(Opaque, st.just("gigachat"), texts)
contents: st.SearchStrategy[Content] = st.one_of(
    st.builds(Text, texts),
    st.builds(Reasoning, texts, opaques),
    st.builds(ToolCall, texts, texts, texts, opaques),
    st.builds(Media, st.just("image"), st.builds(Inline, st.binary(min_size=1, max_size=5)), st.just("image/png")),
)
replies = st.builds(
    Reply,
    st.lists(contents, max_size=5).map(tuple),
    st.sampled_from(["stop", "length", "tool_calls", "content_filter"]),
    st.builds(Usage, st.integers(0, 99), st.integers(0, 99)),
    texts,
)


@given(replies)
def test_fold_is_the_inverse_of_unfold(reply: Reply) -> None:
    assert fold(checked(unfold(reply))) == reply


@pytest.mark.parametrize(
    "events",
    [
        [PartStart("text")],
        [Start(), PartDelta("a")],
        [Start(), PartStart("text"), PartStart("text")],
        [Start(), PartStart("text"), Finish("stop")],
        [Start(), PartStart("text"), Failure(PROBLEM)],
        [Start(), Finish("stop"), Finish("stop")],
        [Start(), PartStart("text"), PartEnd()],
        [Start(), Start()],
        [],
    ],
)
def test_an_illegal_order_dies(events: list[Event]) -> None:
    with pytest.raises(GrammarError):
        list(checked(events))


@pytest.mark.parametrize(
    "events",
    [
        [Failure(PROBLEM)],
        [Start(), Failure(PROBLEM)],
        [Start(), PartStart("text"), PartDelta("a"), PartEnd(), Failure(PROBLEM)],
        [Start(), PartStart("tool_call", "f", "1"), PartDelta("{"), Failure(PROBLEM)],
    ],
)
def test_a_failure_may_end_it_and_is_raised_by_the_fold(events: list[Event]) -> None:
    with pytest.raises(GatewayError, match="broken"):
        fold(checked(events))


def test_a_fold_without_an_end_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="no end"):
        fold([Start()])


def test_what_counts_as_first_content() -> None:
    assert is_content(PartDelta("a"), "text")
    assert is_content(PartDelta("a"), "reasoning")
    assert not is_content(PartDelta(""), "text")
    assert not is_content(PartDelta('{"a"'), "tool_call")
    assert is_content(PartEnd(), "tool_call")
    assert is_content(PartStart("builtin", "web_search"), None)
    assert not is_content(Start(), None)
    assert not is_content(PartEnd(), "text")


def test_usage_adds_up() -> None:
    assert Usage(1, 2, 1) + Usage(3, 4, 0, 2, estimated=True) == Usage(4, 6, 1, 2, estimated=True)
    assert Usage(1, 2).total_tokens == 3

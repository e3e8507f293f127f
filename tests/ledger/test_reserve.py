"""A reservation is an upper bound: never less than what the request comes to."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.messages import Inline, Media, Message, Part, Text, ToolCall, ToolResult
from gigamost.core.models import Capabilities
from gigamost.core.request import AnyTool, ChatRequest, Function, JsonSchema
from gigamost.ledger.reserve import FOLLOW_UPS, most

MODEL = Capabilities(context=1000, max_output=100)
PICTURE = Media("image", Inline(b"x"))


def asked(*parts: Part, **more: object) -> ChatRequest:
    return msgspec.structs.replace(ChatRequest("m", (Message("user", parts),)), **more)


@given(st.text(max_size=200))
def test_a_prompt_has_at_most_as_many_tokens_as_bytes(text: str) -> None:
    used = most(asked(Text(text)), MODEL)
    assert len(text.encode("utf-8", "surrogatepass")) <= used.input_tokens <= MODEL.context


@pytest.mark.parametrize(("max_tokens", "expected"), [(None, 100), (30, 30), (5000, 100)])
def test_the_answer_is_bounded_by_the_request_and_the_model(max_tokens: int | None, expected: int) -> None:
    assert most(asked(Text("hi"), max_tokens=max_tokens), MODEL).output_tokens == expected


@pytest.mark.parametrize("part", [PICTURE, ToolResult("c", (PICTURE,))])
def test_media_may_fill_the_context(part: Part) -> None:
    assert most(asked(part), MODEL).input_tokens == MODEL.context


def test_calls_results_tools_and_schemas_count() -> None:
    bare = most(asked(Text("")), MODEL).input_tokens
    tool = Function("name", "description", {"type": "object"})
    schema = JsonSchema({"type": "object"})
    for request in (
        asked(ToolCall("c", "name", "x" * 20)),
        asked(ToolResult("c", (Text("x" * 20),))),
        asked(Text(""), tools=(tool,)),
    ):
        assert most(request, MODEL).input_tokens >= bare + 20
    assert most(asked(Text(""), format=schema), MODEL).input_tokens > bare


def test_follow_ups_are_reserved_where_they_may_come() -> None:
    plain = most(asked(Text("hi")), MODEL)
    judged = most(asked(Text("hi"), tool_choice=AnyTool()), MODEL)
    assert judged.output_tokens == (1 + FOLLOW_UPS) * plain.output_tokens

"""Chat Completions, client role: what is asked of an OpenAI-compatible upstream, and how its answers are read."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Reply, fold, unfold
from gigamost.core.grammar import checked
from gigamost.core.messages import FileRef, Inline, Media, Message, Reasoning, Text, ToolCall, ToolResult, Url
from gigamost.core.models import Capabilities, Model
from gigamost.core.request import AnyJson, AnyTool, Builtin, ChatRequest, Function, JsonSchema, NoTool, OneTool
from gigamost.core.usage import Usage
from gigamost.protocols.openai_chat import WIRE, Exchange

MODEL = Model("deepseek-chat", "openrouter", capabilities=Capabilities(max_output=1000))
HI = (Message("user", (Text("hi"),)),)
SCHEMA: Any = {"type": "object", "properties": {"x": {"type": "integer"}}}
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 7,
    "total_tokens": 27,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


def call_of(request: ChatRequest | None = None, model: Model = MODEL, **fields: Any) -> Any:
    return WIRE.encode(request or ChatRequest("asked", HI, **fields), model, frozenset())


def body(request: ChatRequest | None = None, model: Model = MODEL, **fields: Any) -> Any:
    return json.loads(call_of(request, model, **fields).body)


def test_the_least_request() -> None:
    made = call_of()
    assert made.body == b'{"model":"deepseek-chat","messages":[{"role":"user","content":"hi"}]}'
    assert (made.url("https://api.deepseek.com"), made.ignored) == ("https://api.deepseek.com/chat/completions", ())
    assert made.headers["Content-Type"] == "application/json"
    assert made.correct(Problem(Kind.INVALID_REQUEST, "x")) is None


def test_a_stream_asks_for_its_usage() -> None:
    sent = body(stream=True)
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


def test_sampling() -> None:
    sent = body(temperature=0.0, top_p=0.5, max_tokens=10, stop=("a",), user="ann", effort="high")
    assert {name: sent[name] for name in sent if name not in ("model", "messages")} == {
        "temperature": 0,
        "top_p": 0.5,
        "max_tokens": 10,
        "stop": ["a"],
        "user": "ann",
    }
    thinker = Model("o", "openrouter", capabilities=Capabilities(reasoning=True))
    assert body(effort="high", model=thinker)["reasoning_effort"] == "high"


def test_a_limit_over_the_models_is_clamped_and_listed_by_the_clients_word() -> None:
    made = call_of(max_tokens=5000, spelled={"max_tokens": "max_completion_tokens"})
    assert json.loads(made.body)["max_tokens"] == 1000
    assert made.ignored == ("max_completion_tokens",)


def test_tools() -> None:
    tools = (Function("a", "Does a", SCHEMA, strict=True), Function("b"))
    sent = body(tools=tools, tool_choice=OneTool("b"), parallel_tool_calls=False)
    assert sent["tools"] == [
        {"type": "function", "function": {"name": "a", "parameters": SCHEMA, "description": "Does a", "strict": True}},
        {"type": "function", "function": {"name": "b", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "b"}}
    assert sent["parallel_tool_calls"] is False
    assert body(tools=tools)["tool_choice"] == "auto"
    assert body(tools=tools, tool_choice=AnyTool())["tool_choice"] == "required"
    assert body(tools=tools, tool_choice=NoTool())["tool_choice"] == "none"
    assert "tool_choice" not in body(tool_choice=NoTool())


def test_formats() -> None:
    assert "response_format" not in body()
    assert body(format=AnyJson())["response_format"] == {"type": "json_object"}
    assert body(format=JsonSchema(SCHEMA, "p", strict=True))["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "p", "schema": SCHEMA, "strict": True},
    }


def test_a_conversation() -> None:
    talk = (
        Message("system", (Text("s"), Text("t"))),
        Message("user", (Text("a"), Text("\ud800"))),
        Message("assistant", (Reasoning("hm"), Text("b"), ToolCall("1", "f", '{"x":1}'), ToolCall("2", "g", ""))),
        Message("tool", (ToolResult("2", (Text("r2"),)), ToolResult("1", (Text("r"), Text("1"))))),
    )
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"id": "2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]
    assert body(ChatRequest("m", talk))["messages"] == [
        {"role": "system", "content": "s\nt"},
        {"role": "user", "content": "a\n\ufffd"},
        {"role": "assistant", "content": "b", "reasoning_content": "hm", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "2", "content": "r2"},
        {"role": "tool", "tool_call_id": "1", "content": "r\n1"},
    ]


def test_media_go_inline() -> None:
    encoded = base64.b64encode(b"x").decode()
    parts = (
        Text("See"),
        Media("image", Inline(b"x"), "image/png"),
        Media("image", Url("https://example.com/a")),
        Media("audio", Inline(b"x"), "audio/mp3"),
        Media("document", Inline(b"x"), "text/plain", "a.txt"),
    )
    assert body(ChatRequest("m", (Message("user", parts),)))["messages"][0]["content"] == [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a"}},
        {"type": "input_audio", "input_audio": {"data": encoded, "format": "mp3"}},
        {"type": "file", "file": {"filename": "a.txt", "file_data": f"data:text/plain;base64,{encoded}"}},
    ]


def test_pictures_of_results_follow_after_the_last_result() -> None:
    encoded = base64.b64encode(b"x").decode()
    picture = Media("image", Inline(b"x"), "image/png")
    talk = (
        Message("assistant", (ToolCall("1", "f", "{}"), ToolCall("2", "g", "{}"))),
        Message("tool", (ToolResult("1", (Text("r"), picture)),)),
        Message("tool", (ToolResult("2", (Text("s"),)),)),
        Message("user", (Text("so?"),)),
    )
    shown = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}]
    sent = body(ChatRequest("m", talk))["messages"]
    assert [message["role"] for message in sent] == ["assistant", "tool", "tool", "user", "user"]
    assert sent[3] == {"role": "user", "content": shown}
    assert body(ChatRequest("m", talk[:2]))["messages"][-1] == {"role": "user", "content": shown}


def test_what_cannot_be_said_is_listed_as_the_client_wrote_it() -> None:
    made = call_of(
        effort="high",
        spelled={"effort": "reasoning_effort"},
        builtins=(Builtin("web_search", "tools.web_search_preview"),),
        extra={"gigachat": {"profanity_check": False}},
    )
    assert made.ignored == ("reasoning_effort", "tools.web_search_preview", "profanity_check")


@pytest.mark.parametrize(
    "error",
    [
        {"message": "too long", "code": "context_length_exceeded"},
        {"message": "This model's maximum context length is 4096 tokens. However, you requested 5000.", "code": 400},
    ],
)
def test_a_prompt_that_is_too_long_is_known_by_code_or_words(error: Any) -> None:
    problem = WIRE.decode_error(400, {}, msgspec.json.encode({"error": error}))
    assert problem.kind is Kind.CONTEXT_OVERFLOW


@pytest.mark.parametrize("source", [FileRef("id"), Url("https://example.com/a")])
def test_what_lies_elsewhere_is_refused(source: Any) -> None:
    with pytest.raises(GatewayError, match="inline only"):
        call_of(ChatRequest("m", (Message("user", (Media("document", source),)),)))


# ---- answers


def events_of(answer: Any) -> list[Event]:
    return list(checked(call_of().decode(msgspec.json.encode(answer))))


def frames(*chunks: Any, done: bool = True) -> bytes:
    written = b"".join(b"data: %b\n\n" % msgspec.json.encode(chunk) for chunk in chunks)
    return written + (b"data: [DONE]\n\n" if done else b"")


def delta(_finish: str | None = None, **said: Any) -> dict[str, Any]:
    return {"model": "up", "choices": [{"index": 0, "delta": said, "finish_reason": _finish}]}


def read(stream: bytes, *cuts: int) -> list[Event]:
    """The events of a stream that comes in pieces, in an order that the grammar has."""
    decoder = call_of().decoder()
    ends = [*cuts, len(stream)]
    pieces = [stream[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    fed = [event for piece in pieces for event in decoder.feed(piece)]
    return list(checked([*fed, *decoder.close()]))


def failure(events: Sequence[Event]) -> Problem:
    last = events[-1]
    assert isinstance(last, Failure)
    return last.problem


WHOLE = Reply(
    (Reasoning("hm"), Text("Привет"), ToolCall("1", "f", '{"x":1}'), ToolCall("2", "g", "{}")),
    "tool_calls",
    Usage(20, 7, 5, 2),
    "up",
)
STREAM = frames(
    delta(role="assistant", content=""),
    delta(reasoning_content="hm"),
    delta(content="При"),
    delta(content="вет"),
    delta(tool_calls=[{"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}]),
    delta(tool_calls=[{"index": 0, "function": {"arguments": '{"x"'}}]),
    delta(tool_calls=[{"index": 1, "id": "2", "type": "function", "function": {"name": "g", "arguments": "{"}}]),
    delta(tool_calls=[{"index": 1, "function": {"arguments": "}"}}, {"index": 0, "function": {"arguments": ":1}"}}]),
    delta("tool_calls"),
    {"model": "up", "choices": [], "usage": USAGE},
)


def test_a_whole_answer() -> None:
    message = {
        "role": "assistant",
        "content": "Привет",
        "reasoning_content": "hm",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
            {"id": "2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    assert fold(events_of({"model": "up", "choices": [choice], "usage": USAGE})) == WHOLE


def test_a_stream_cut_anywhere() -> None:
    for at in range(len(STREAM)):
        assert fold(read(STREAM, at)) == WHOLE
    assert fold(read(STREAM, *range(1, len(STREAM)))) == WHOLE


def test_a_stream_that_breaks_off_is_a_failure_until_its_finish_has_come() -> None:
    finish = STREAM.index(b"\n\n", STREAM.index(b'"finish_reason":"tool_calls"')) + 2
    for at in range(len(STREAM)):
        events = read(STREAM[:at])
        if at < finish:
            assert failure(events).code == "upstream_cut"
        else:
            assert isinstance(events[-1], Finish)


def test_a_broken_stream_says_why_and_completes_no_call() -> None:
    decoder = call_of().decoder()
    cut = STREAM.index(b'{"index":1')
    why = Problem(Kind.UPSTREAM_TIMEOUT, "silent")
    events = list(checked([*decoder.feed(STREAM[:cut]), *decoder.close(why)]))
    assert events[-3:] == [PartStart("tool_call", "f", "1"), PartDelta('{"x"'), Failure(why)]
    assert list(decoder.close()) == []


def test_a_text_is_closed_before_a_failure() -> None:
    assert read(frames(delta(content="x"), done=False))[:-1] == [
        Start("up"),
        PartStart("text"),
        PartDelta("x"),
        PartEnd(),
    ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "Overloaded", "code": 502}, Kind.UPSTREAM_FAILED),
        ({"message": "Overloaded", "code": "rate_limit_exceeded"}, Kind.RATE_LIMITED),
        ({"message": "Overloaded", "code": 429}, Kind.RATE_LIMITED),
    ],
)
def test_an_error_inside_a_stream(error: Any, kind: Kind) -> None:
    problem = failure(read(frames(delta(content="x"), {"error": error}, delta("stop"))))
    assert (problem.kind, problem.message) == (kind, "Overloaded")
    assert failure(events_of({"error": error})) == problem


@pytest.mark.parametrize("word", ["reasoning_content", "reasoning"])
def test_thoughts_by_either_name(word: str) -> None:
    reply = fold(read(frames(delta(**{word: "h"}), delta(**{word: "m"}), delta("stop", content="x"))))
    assert reply.parts == (Reasoning("hm"), Text("x"))


def test_calls_written_at_the_same_time() -> None:
    """By index, in any order, with an id and a name that come late, and text between them."""
    stream = frames(
        delta(tool_calls=[{"index": 1, "function": {"name": "g", "arguments": "["}}, {"index": 0, "id": "1"}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": "{"}}]),
        delta(content="By the "),
        delta(tool_calls=[{"index": 1, "id": "2", "function": {"arguments": "]"}}]),
        delta(content="way"),
        delta("tool_calls", tool_calls=[{"index": 0, "function": {"name": "f", "arguments": "}"}}]),
    )
    reply = fold(read(stream))
    assert reply.parts == (ToolCall("", "g", "[]"), Text("By the way"), ToolCall("1", "f", "{}"))


def test_arguments_that_come_before_their_name() -> None:
    stream = frames(
        delta(tool_calls=[{"index": 0, "id": "1", "function": {"arguments": '{"x"'}}]),
        delta("tool_calls", tool_calls=[{"index": 0, "function": {"name": "f", "arguments": ":1}"}}]),
    )
    assert fold(read(stream)).parts == (ToolCall("1", "f", '{"x":1}'),)


def test_the_older_call_and_parsed_arguments() -> None:
    older = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": {"x": 1}}}
    reply = fold(events_of({"choices": [{"message": older, "finish_reason": "function_call"}]}))
    assert (reply.parts, reply.finish) == ((ToolCall("", "f", '{"x":1}'),), "tool_calls")


@pytest.mark.parametrize(
    ("said", "finish"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("eos", "stop"), (None, "stop")],
)
def test_finish_reasons(said: str | None, finish: str) -> None:
    reply = fold(events_of({"choices": [{"message": {"content": "x"}, "finish_reason": said}]}))
    assert reply.finish == finish
    assert reply.usage == Usage(estimated=True)


def test_a_call_is_no_stop() -> None:
    stream = frames(delta("stop", tool_calls=[{"index": 0, "function": {"name": "f"}}]))
    assert fold(read(stream)).finish == "tool_calls"


def test_a_refusal_is_text_and_other_choices_are_not_read() -> None:
    choices = [{"index": 1, "message": {"content": "b"}}, {"index": 0, "message": {"refusal": "no"}}]
    assert fold(events_of({"choices": choices})).parts == (Text("no"),)


@pytest.mark.parametrize("answer", [b"", b"<html>502</html>", b"[]", b"{}", b"\xff", b'{"choices":5}'])
def test_what_is_no_answer_is_a_failure(answer: bytes) -> None:
    problem = failure(list(checked(call_of().decode(answer))))
    assert (problem.kind, problem.code) == (Kind.UPSTREAM_FAILED, "upstream_unreadable")
    assert "html" not in problem.message


def test_a_frame_that_cannot_be_read_is_a_failure() -> None:
    assert failure(read(frames(delta(content="x"), done=False) + b"data: {oops\n\n")).code == "upstream_unreadable"


@pytest.mark.parametrize(
    ("status", "answer", "headers", "expected"),
    [
        (400, {"error": {"message": "Bad"}}, {}, (Kind.INVALID_REQUEST, "Bad", None)),
        (
            400,
            {"error": {"message": "Long", "code": "context_length_exceeded"}},
            {},
            (Kind.CONTEXT_OVERFLOW, "Long", None),
        ),
        (401, {"error": "No key"}, {}, (Kind.UNAUTHENTICATED, "No key", None)),
        (402, {"error": {"message": "Pay"}}, {}, (Kind.QUOTA_EXHAUSTED, "Pay", None)),
        (404, {"error": {"message": "No model"}}, {}, (Kind.MODEL_NOT_FOUND, "No model", None)),
        (429, {"error": {"message": "Slow"}}, {"retry-after": "7"}, (Kind.RATE_LIMITED, "Slow", 7.0)),
        (429, {"error": {"message": "Slow"}}, {"retry-after": "soon"}, (Kind.RATE_LIMITED, "Slow", -1.0)),
        (500, {"error": {"message": "Oops", "code": 1}}, {}, (Kind.UPSTREAM_FAILED, "Oops", None)),
        (504, {}, {}, (Kind.UPSTREAM_TIMEOUT, "The upstream answered with status 504 and no readable message.", None)),
    ],
)
def test_errors(status: int, answer: Any, headers: dict[str, str], expected: Any) -> None:
    problem = WIRE.decode_error(status, headers, msgspec.json.encode(answer))
    assert (problem.kind, problem.message, problem.retry_after) == expected


def test_a_page_of_html_is_for_the_operator() -> None:
    problem = WIRE.decode_error(502, {}, b"<html>nginx</html>")
    assert "html" not in problem.message
    assert "nginx" in problem.detail


# ---- both roles

STAMP = Stamp("abc", 1700000000, "m")
ASKED = Exchange(
    msgspec.json.encode(
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream_options": {"include_usage": True}}
    )
)
words = st.text(min_size=1, max_size=10)
counts = st.integers(0, 10**6)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Answers in the order that Chat Completions has: thoughts, text, calls."""
    thoughts = draw(st.lists(st.builds(Reasoning, words), max_size=1))
    texts = draw(st.lists(st.builds(Text, words), max_size=1))
    calls = draw(st.lists(st.builds(ToolCall, words, words, st.text(max_size=20)), max_size=3))
    usage = Usage(draw(counts), draw(counts), draw(counts), draw(counts))
    finish: Any = draw(st.sampled_from(["tool_calls", "length"] if calls else ["stop", "length", "content_filter"]))
    return Reply((*thoughts, *texts, *calls), finish, usage, STAMP.model)


@settings(max_examples=150, deadline=None)
@given(replies(), st.lists(st.integers(0, 2000), max_size=5))
def test_what_one_role_writes_the_other_reads_back(reply: Reply, cuts: list[int]) -> None:
    assert fold(checked(call_of().decode(ASKED.encode(reply, STAMP)))) == reply
    encoder = ASKED.encoder(STAMP)
    stream = b"".join(encoder.feed(event) for event in unfold(reply))
    assert fold(read(stream, *sorted(min(cut, len(stream)) for cut in cuts))) == reply


@settings(max_examples=100, deadline=None)
@given(replies())
def test_a_request_that_one_role_writes_the_other_reads_back(reply: Reply) -> None:
    """The parts of an answer come back as the history of the next request."""
    said = tuple(part for part in reply.parts if not isinstance(part, Reasoning))
    calls = [part for part in said if isinstance(part, ToolCall)]
    results = tuple(Message("tool", (ToolResult(call.id, (Text("r"),)),)) for call in calls)
    talk = (*HI, Message("assistant", said), *results)
    request = ChatRequest(MODEL.id, talk, (Function("f", "d", SCHEMA),), temperature=0.5, stop=("a",))
    read_back = Exchange(call_of(request).body).request
    wanted = msgspec.structs.replace(request, spelled=read_back.spelled)
    blank = [msgspec.structs.replace(each, arguments=each.arguments or "{}") for each in calls]
    texts = tuple(part for part in said if isinstance(part, Text))
    assert read_back == msgspec.structs.replace(
        wanted, messages=(*HI, Message("assistant", (*texts, *blank)), *results)
    )

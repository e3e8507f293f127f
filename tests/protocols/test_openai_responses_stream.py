"""Responses, server role: the bytes of streams, each event judged by the vendor's types and by its own accumulator."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from gigamost.core.codec import Stamp
from gigamost.core.errors import Kind, Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Content, Reply, fold, unfold
from gigamost.core.grammar import checked
from gigamost.core.messages import BuiltinCall, Citation, Inline, Media, Opaque, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.framing import sse
from gigamost.protocols.openai_responses import Exchange

STAMP = Stamp("abc", 1700000000, "gpt-5")
USAGE = Usage(20, 7, 5, 2)
BROKEN = Failure(Problem(Kind.UPSTREAM_FAILED, "The upstream broke off.", code="upstream_cut"))
PICTURE = Media("image", Inline(b"jpeg"), "image/jpeg")
TOOLS: Any = [
    {"type": "function", "name": "city"},
    {"type": "custom", "name": "note"},
    {"type": "namespace", "name": "crm", "description": "Customers", "tools": [{"type": "function", "name": "find"}]},
    {"type": "shell"},
]
_judge: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def asked(**fields: Any) -> Exchange:
    return Exchange(msgspec.json.encode({"model": "gpt-5", "input": "hi", "stream": True, "tools": TOOLS, **fields}))


def written(events: Iterable[Event], **fields: Any) -> bytes:
    encoder = asked(**fields).encoder(STAMP)
    return b"".join(map(encoder.feed, events))


def streamed(*events: Event, **fields: Any) -> list[Any]:
    """The events, each one a legal one of the vendor's, numbered without a gap, and [DONE] behind them."""
    frames = sse.Reader().feed(written(checked(events), **fields))
    assert frames[-1] == sse.Frame("", b"[DONE]")
    found = [json.loads(frame.data) for frame in frames[:-1]]
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    for frame, event in zip(frames, found, strict=False):
        assert frame.event == event["type"]
        _judge.validate_json(frame.data, strict=True)
    return found


def kinds(*events: Event, **fields: Any) -> list[str]:
    return [event["type"].removeprefix("response.") for event in streamed(*events, **fields)]


def part(kind: Any, *pieces: str, name: str = "", call_id: str = "", end: PartEnd | None = None) -> tuple[Event, ...]:
    return (PartStart(kind, name, call_id), *map(PartDelta, pieces), end or PartEnd())


def call(call_id: str, name: str, arguments: str) -> tuple[Event, ...]:
    return part("tool_call", arguments, name=name, call_id=call_id)


BEGIN = ["created", "in_progress"]
TEXT = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]
CALL = ["output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"]


def test_the_bytes_of_a_text() -> None:
    head = b'"item_id":"msg_abco0","output_index":0,"content_index":0'
    data = written([Start(), *part("text", "Да", '"\n'), Finish("stop", USAGE)]).split(b"\n\n")
    done = b'{"type":"output_text","text":"\xd0\x94\xd0\xb0\\"\\n","annotations":[],"logprobs":[]}'
    item = b'{"type":"message","id":"msg_abco0","status":"%b","role":"assistant","content":[%b]}'
    assert data[2:9] == [
        b'event: response.output_item.added\ndata: {"type":"response.output_item.added","output_index":0,"item":'
        + item % (b"in_progress", b"")
        + b',"sequence_number":2}',
        b'event: response.content_part.added\ndata: {"type":"response.content_part.added",'
        + head
        + b',"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]},"sequence_number":3}',
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
        + head
        + b',"logprobs":[],"delta":"\xd0\x94\xd0\xb0","sequence_number":4}',
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
        + head
        + b',"logprobs":[],"delta":"\\"\\n","sequence_number":5}',
        b'event: response.output_text.done\ndata: {"type":"response.output_text.done",'
        + head
        + b',"text":"\xd0\x94\xd0\xb0\\"\\n","logprobs":[],"sequence_number":6}',
        b'event: response.content_part.done\ndata: {"type":"response.content_part.done",'
        + head
        + b',"part":'
        + done
        + b',"sequence_number":7}',
        b'event: response.output_item.done\ndata: {"type":"response.output_item.done","output_index":0,"item":'
        + item % (b"completed", done)
        + b',"sequence_number":8}',
    ]


def test_a_text_and_parallel_calls() -> None:
    events = (*part("text", "Let me see"), *call("call1", "city", '{"a":1}'), *call("call2", "crm__find", "{}"))
    found = streamed(Start(), *events, Finish("tool_calls", USAGE))
    assert [event["type"].removeprefix("response.") for event in found] == [*BEGIN, *TEXT, *CALL, *CALL, "completed"]
    assert [event["output_index"] for event in found[2:-1]] == [0] * 6 + [1] * 4 + [2] * 4
    last = found[-2]["item"]
    assert (last["name"], last["namespace"], last["call_id"]) == ("find", "crm", "call2")
    assert found[-1]["response"]["usage"]["total_tokens"] == 27


def test_thoughts_as_a_summary_or_as_content() -> None:
    events = (Start(), *part("reasoning", "hm", "!"), *part("text", "a"), Finish("stop", USAGE))
    summary = ["reasoning_summary_text.delta"] * 2 + ["reasoning_summary_text.done", "reasoning_summary_part.done"]
    thought = ["output_item.added", "reasoning_summary_part.added", *summary, "output_item.done"]
    assert kinds(*events, reasoning={"summary": "auto"}) == [*BEGIN, *thought, *TEXT, "completed"]
    content = ["content_part.added", *["reasoning_text.delta"] * 2, "reasoning_text.done", "content_part.done"]
    assert kinds(*events) == [*BEGIN, "output_item.added", *content, "output_item.done", *TEXT, "completed"]


def test_citations_come_before_their_text_is_done() -> None:
    end = PartEnd(citations=(Citation("https://a.b", "A", 0, 1), Citation("https://c.d", "C", 1, 2)))
    found = streamed(Start(), *part("text", "ab", end=end), Finish("stop", USAGE))
    cited = [event for event in found if event["type"].endswith("annotation.added")]
    assert [(event["annotation_index"], event["annotation"]["url"]) for event in cited] == [
        (0, "https://a.b"),
        (1, "https://c.d"),
    ]
    assert found[-2]["item"]["content"][0]["annotations"] == [event["annotation"] for event in cited]


def test_a_custom_tool_gets_its_free_text_at_once() -> None:
    found = streamed(Start(), *call("call1", "note", '{"input":"a b"}'), Finish("tool_calls", USAGE))
    assert [(event["type"], event.get("delta") or event.get("input")) for event in found[3:5]] == [
        ("response.custom_tool_call_input.delta", "a b"),
        ("response.custom_tool_call_input.done", "a b"),
    ]


def test_a_shell_is_announced_when_its_commands_are_known() -> None:
    found = streamed(Start(), *call("call1", "shell", '{"commands":["ls"]}'), Finish("tool_calls", USAGE))
    assert [event["type"] for event in found[2:4]] == ["response.output_item.added", "response.output_item.done"]
    assert [event["item"]["status"] for event in found[2:4]] == ["in_progress", "completed"]


@pytest.mark.parametrize(
    ("name", "kind", "working"),
    [
        ("web_search", "web_search_call", "searching"),
        ("code_interpreter", "code_interpreter_call", "interpreting"),
        ("image_generation", "image_generation_call", "generating"),
    ],
)
def test_progress_of_built_in_tools(name: str, kind: str, working: str) -> None:
    events = (Start(), *part("builtin", "10 s left", name=name), *part("text", "a"), Finish("stop", USAGE))
    progress = ["output_item.added", f"{kind}.in_progress", f"{kind}.{working}", f"{kind}.completed"]
    assert kinds(*events) == [*BEGIN, *progress, "output_item.done", *TEXT, "completed"]
    failed = (Start(), *part("builtin", name=name, end=PartEnd(is_failed=True)), Finish("stop", USAGE))
    assert kinds(*failed) == [*BEGIN, *progress[:-1], "output_item.done", "completed"]


@pytest.mark.parametrize(
    "events",
    [
        (*part("builtin", name="image_generation"), *part("media", end=PartEnd((PICTURE,)))),
        part("builtin", name="image_generation", end=PartEnd((PICTURE,))),
        part("media", end=PartEnd((PICTURE,))),
    ],
)
def test_a_picture_is_the_result_of_its_generation(events: tuple[Event, ...]) -> None:
    found = streamed(Start(), *events, Finish("stop", USAGE))
    assert [event["item"]["result"] for event in found if "item" in event] == [None, "anBlZw=="]


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_ends_incomplete(finish: Any, reason: str) -> None:
    found = streamed(Start(), *part("text", "a"), Finish(finish, USAGE))
    assert found[-2]["item"]["status"] == "incomplete"
    assert found[-1]["type"] == "response.incomplete"
    assert found[-1]["response"]["incomplete_details"] == {"reason": reason}


def test_a_failure_closes_the_text_and_ends_in_failed() -> None:
    found = streamed(Start(), *part("text", "a"), BROKEN)
    assert [event["type"].removeprefix("response.") for event in found] == [*BEGIN, *TEXT, "failed"]
    response = found[-1]["response"]
    assert response["error"] == {"code": "server_error", "message": "The upstream broke off."}
    assert (response["status"], response["output"][0]["status"]) == ("failed", "incomplete")


@pytest.mark.parametrize("name", ["city", "note", "shell"])
def test_a_call_that_a_failure_cuts_is_never_completed(name: str) -> None:
    cut = (PartStart("tool_call", name, "call2"), PartDelta('{"inp'), BROKEN)
    found = streamed(Start(), *call("call1", "city", "{}"), *cut)
    done = [event["item"]["call_id"] for event in found if event["type"] == "response.output_item.done"]
    assert done == ["call1"]
    assert sum(event["type"].endswith("arguments.done") for event in found) == 1
    assert [item["call_id"] for item in found[-1]["response"]["output"]] == ["call1"]


def test_a_failure_may_come_first() -> None:
    assert kinds(BROKEN) == [*BEGIN, "failed"]


def test_the_gateway_may_break_inside_a_text_and_after_the_end() -> None:
    encoder = asked().encoder(STAMP)
    for event in (Start(), PartStart("text"), PartDelta("a")):
        encoder.feed(event)
    data = encoder.feed(BROKEN)
    assert [name for name in (b"output_text.done", b"output_item.done", b"response.failed") if name not in data] == []
    assert encoder.feed(BROKEN) == b""


def test_a_compaction_has_no_text() -> None:
    items = [{"role": "user", "content": "Long story"}, {"type": "compaction_trigger"}]
    events = (Start(), *part("text", "Sh", "ort"), Finish("stop", USAGE))
    assert kinds(*events, input=items) == [*BEGIN, "output_item.added", "output_item.done", "completed"]


def test_a_keepalive_is_a_comment() -> None:
    assert asked().encoder(STAMP).keepalive().startswith(b":")


# Whatever the answer: the stream, the whole answer and what is kept of either agree, and the SDK reads them.

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.sampled_from(["city", "note", "crm__find", "shell", "unknown"])
PARTS = st.one_of(
    st.builds(Text, TEXTS.filter(bool)),
    st.builds(Reasoning, TEXTS, st.none() | st.just(Opaque("gigachat", "t"))),
    st.builds(ToolCall, st.uuids().map(lambda uuid: f"call{uuid.hex}"), NAMES, TEXTS),
    st.builds(
        BuiltinCall,
        st.sampled_from(["web_search", "image_generation", "code_interpreter", "odd"]),
        is_failed=st.booleans(),
    ),
    st.just(PICTURE),
    st.just(Media("audio", Inline(b"mp3"), "audio/mpeg")),
)


def in_pieces(events: Iterable[Event], size: int) -> Iterator[Event]:
    for event in events:
        if isinstance(event, PartDelta):
            yield from (PartDelta(event.text[at : at + size]) for at in range(0, len(event.text), size))
        else:
            yield event


@settings(max_examples=300, deadline=None)
@given(
    st.lists(PARTS, max_size=5),
    st.sampled_from(["stop", "length", "content_filter", "tool_calls"]),
    st.integers(1, 5),
    st.sampled_from([{}, {"include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"}}]),
)
def test_stream_whole_and_kept_agree(parts: list[Content], finish: Any, size: int, fields: Any) -> None:
    events = list(in_pieces(unfold(Reply(tuple(parts), finish, USAGE)), size))
    exchange = asked(**fields)
    encoder = exchange.encoder(STAMP)
    frames = sse.Reader().feed(b"".join(map(encoder.feed, events)))
    found = [json.loads(frame.data) for frame in frames[:-1]]
    reply = fold(events)
    final = found[-1]["response"]
    assert final == json.loads(exchange.encode(reply, STAMP))
    assert final["output"] == [json.loads(item.body) for item in exchange.record(reply, STAMP).output]
    done = [event for event in found if event["type"] == "response.output_item.done"]
    added = [event["item"]["id"] for event in found if event["type"] == "response.output_item.added"]
    assert [event["item"] for event in done] == final["output"]
    assert added == [item["id"] for item in final["output"]]
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    for frame in frames[:-1]:
        state.handle_event(_judge.validate_json(frame.data, strict=True))
    if finish in ("stop", "tool_calls"):
        assert state._completed_response is not None
        texts = [
            part["text"] for item in final["output"] for part in item.get("content", ()) if item["type"] == "message"
        ]
        assert state._completed_response.output_text == "".join(texts)

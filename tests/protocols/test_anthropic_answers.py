"""Anthropic Messages, server role: answers, streams and errors, byte for byte, and read by the official client."""

import base64
import json
from collections.abc import Iterable
from typing import Any

import anthropic
import httpx2
import msgspec
import pytest
from anthropic.types import Message as Shown
from anthropic.types.beta import BetaMessage
from anthropic.types.shared import ErrorResponse
from pydantic import TypeAdapter

from gigamost.core.codec import Stamp
from gigamost.core.errors import Kind, Problem
from gigamost.core.estimate import input_tokens
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Content, Reply, unfold
from gigamost.core.messages import BuiltinCall, Citation, FileRef, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.protocols.anthropic_messages import Exchange, encode_error, error_headers
from gigamost.protocols.anthropic_messages.errors import TYPES
from gigamost.protocols.anthropic_messages.response import SIGNATURE

STAMP = Stamp("0abc", 1700000000, "claude-opus")
USAGE = Usage(20, 7, cached_tokens=5)
SHOWN_USAGE = '{"input_tokens":15,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":7}'
THINKING: Any = {"thinking": {"type": "adaptive"}}
PICTURE = Media("image", Inline(b"jpeg"), "image/jpeg", "")
MARKDOWN = f"![image](data:image/jpeg;base64,{base64.b64encode(b'jpeg').decode()})"
TOOLSET: Any = {"tools": [{"type": "computer_toolset_20260801"}]}


def asked(**fields: Any) -> Exchange:
    body = {"model": "claude-opus", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], **fields}
    return Exchange(msgspec.json.encode(body))


def whole(reply: Reply, **fields: Any) -> str:
    return asked(**fields).encode(reply, STAMP).decode()


def blocks(*parts: Content, **fields: Any) -> list[Any]:
    content: list[Any] = json.loads(whole(Reply(parts, "stop", USAGE), **fields))["content"]
    return content


def streamed(events: Iterable[Event], **fields: Any) -> str:
    encoder = asked(stream=True, **fields).encoder(STAMP)
    return b"".join(encoder.feed(event) for event in events).decode()


def event(name: str, fields: str = "") -> str:
    return f'event: {name}\ndata: {{"type":"{name}"{"," if fields else ""}{fields}}}\n\n'


def begun(tokens: int) -> str:
    usage = f'{{"input_tokens":{tokens},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}'
    return event(
        "message_start",
        '"message":{"id":"msg_0abc","type":"message","role":"assistant","model":"claude-opus","content":[],'
        f'"stop_reason":null,"stop_sequence":null,"usage":{usage}}}',
    ) + event("ping")


def block(index: int, started: str, *deltas: str, is_stopped: bool = True) -> str:
    head = event("content_block_start", f'"index":{index},"content_block":{started}')
    changes = "".join(event("content_block_delta", f'"index":{index},"delta":{delta}') for delta in deltas)
    return head + changes + (event("content_block_stop", f'"index":{index}') if is_stopped else "")


def ended(reason: str, sequence: str = "null") -> str:
    delta = f'"delta":{{"stop_reason":"{reason}","stop_sequence":{sequence}}},"usage":{SHOWN_USAGE}'
    return event("message_delta", delta) + event("message_stop")


def text_delta(text: str) -> str:
    return f'{{"type":"text_delta","text":{text}}}'


EMPTY_TEXT = '{"type":"text","text":""}'


def test_a_text() -> None:
    reply = Reply((Text('Привет, "мир"\n'),), "stop", USAGE, "GigaChat:1")
    assert whole(reply) == (
        '{"id":"msg_0abc","type":"message","role":"assistant","model":"claude-opus",'
        r'"content":[{"type":"text","text":"Привет, \"мир\"\n"}],'
        f'"stop_reason":"end_turn","stop_sequence":null,"usage":{SHOWN_USAGE}}}'
    )


def test_calls_have_ids_of_letters_and_digits_and_objects_for_input() -> None:
    assert blocks(ToolCall("call1x", "a b", '{"x":1}'), ToolCall("call2x", "c", "")) == [
        {"type": "tool_use", "id": "toolu1x", "name": "a b", "input": {"x": 1}},
        {"type": "tool_use", "id": "toolu2x", "name": "c", "input": {}},
    ]


@pytest.mark.parametrize(("arguments", "shown"), [("[1]", [1]), ("ls -l", "ls -l"), ('"ls"', "ls")])
def test_arguments_that_are_no_object_are_not_lost(arguments: str, shown: Any) -> None:
    assert blocks(ToolCall("call1", "a", arguments))[0]["input"] == {"input": shown}


def test_a_member_of_a_toolset_is_called_as_the_client_knows_it() -> None:
    call = ToolCall("call1", "computer_left_click", '{"coordinate":[1,2]}')
    shown = {"type": "tool_use", "id": "toolu1", "name": "left_click", "toolset_name": "computer"}
    assert blocks(call, **TOOLSET) == [{**shown, "input": {"coordinate": [1, 2]}}]
    stream = streamed((Start(), PartStart("tool_call", "computer_key", "call1"), PartEnd()), **TOOLSET)
    assert '"name":"key","toolset_name":"computer","input":{}' in stream
    assert blocks(call)[0]["name"] == "computer_left_click"


@pytest.mark.parametrize(
    ("thinking", "shown"),
    [
        (None, []),
        ({"type": "disabled"}, []),
        ({"type": "adaptive"}, ["hm"]),
        ({"type": "between_tools"}, ["hm"]),
        ({"type": "enabled", "budget_tokens": 1024, "display": "summarized"}, ["hm"]),
        ({"type": "adaptive", "display": "omitted"}, [""]),
    ],
)
def test_thinking_is_shown_as_it_was_asked_for(thinking: Any, shown: list[str]) -> None:
    expected = [{"type": "thinking", "thinking": text, "signature": SIGNATURE} for text in shown]
    assert blocks(Reasoning("hm"), thinking=thinking) == expected
    stream = read(streamed(unfold(Reply((Reasoning("hm"), Text("a")), "stop", USAGE)), thinking=thinking))
    assert [part.to_dict() for part in stream.content[:-1]] == expected


def test_pictures_are_texts_in_markdown() -> None:
    assert blocks(Text("See"), PICTURE, Media("video", FileRef("id"))) == [
        {"type": "text", "text": "See"},
        {"type": "text", "text": MARKDOWN},
        {"type": "text", "text": "[video]"},
    ]


def test_citations() -> None:
    text = Text("Омск велик", (Citation("https://x", "X", 0, 4), Citation("https://y")))
    cited = [
        {
            "type": "web_search_result_location",
            "cited_text": "Омск",
            "encrypted_index": "",
            "title": "X",
            "url": "https://x",
        },
        {
            "type": "web_search_result_location",
            "cited_text": "",
            "encrypted_index": "",
            "title": None,
            "url": "https://y",
        },
    ]
    assert blocks(text) == [{"type": "text", "text": "Омск велик", "citations": cited}]


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("web_search", "web_search", []),
        (
            "web_fetch",
            "web_fetch",
            {
                "type": "web_fetch_result",
                "url": "",
                "content": {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "log"},
                },
            },
        ),
        (
            "code_interpreter",
            "code_execution",
            {"type": "code_execution_result", "stdout": "log", "stderr": "", "return_code": 0, "content": []},
        ),
    ],
)
def test_a_tool_that_the_upstream_ran(kind: str, name: str, content: Any) -> None:
    def pair(content: Any) -> list[Any]:
        return [
            {"type": "server_tool_use", "id": "srvtoolua1", "name": name, "input": {}},
            {"type": f"{name}_tool_result", "tool_use_id": "srvtoolua1", "content": content},
        ]

    failed = {"type": f"{name}_tool_result_error", "error_code": "unavailable"}
    assert blocks(BuiltinCall(kind, "a_1", "log")) == pair(content)
    assert blocks(BuiltinCall(kind, "a_1", "log", is_failed=True)) == pair(failed)
    assert blocks(BuiltinCall("image_generation", "a_1", "log")) == []
    reply = json.loads(whole(Reply((BuiltinCall(kind, "a_1"), BuiltinCall(kind, "b")), "stop", USAGE)))
    counted = {"web_search_requests": 2 * (kind == "web_search"), "web_fetch_requests": 2 * (kind == "web_fetch")}
    assert reply["usage"].get("server_tool_use", counted) == counted


def test_a_stream_of_text() -> None:
    events = (
        Start("GigaChat:1", 20),
        PartStart("text"),
        PartDelta("При"),
        PartDelta('вет\n"'),
        PartEnd(),
        Finish("stop", USAGE),
    )
    assert streamed(events) == (
        begun(20) + block(0, EMPTY_TEXT, text_delta('"При"'), text_delta(r'"вет\n\""')) + ended("end_turn")
    )


def test_the_prompt_is_estimated_where_nobody_has_counted_it() -> None:
    assert streamed((Start(),)) == begun(input_tokens(asked().request))


def test_a_stream_of_thinking_text_and_calls() -> None:
    events = unfold(
        Reply(
            (Reasoning("hm"), Text("See"), ToolCall("call1", "a b", '{"x":1}'), ToolCall("call12", "c", "{}")),
            "tool_calls",
            USAGE,
        )
    )
    start, *rest = events
    assert streamed((msgspec.structs.replace(start, input_tokens=1), *rest), **THINKING) == (
        begun(1)
        + block(
            0,
            '{"type":"thinking","thinking":"","signature":""}',
            '{"type":"thinking_delta","thinking":"hm"}',
            f'{{"type":"signature_delta","signature":"{SIGNATURE}"}}',
        )
        + block(1, EMPTY_TEXT, text_delta('"See"'))
        + block(
            2,
            '{"type":"tool_use","id":"toolu1","name":"a b","input":{}}',
            r'{"type":"input_json_delta","partial_json":"{\"x\":1}"}',
        )
        + block(
            3,
            '{"type":"tool_use","id":"toolu12","name":"c","input":{}}',
            '{"type":"input_json_delta","partial_json":"{}"}',
        )
        + ended("tool_use")
    )


def read(stream: str) -> Shown:
    """What the official client makes of a stream."""
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, content=stream.encode()))
    http = httpx2.Client(transport=transport)
    client = anthropic.Anthropic(api_key="k", base_url="http://x", http_client=http, max_retries=0)
    messages: Any = [{"role": "user", "content": "x"}]
    with client.messages.stream(model="m", max_tokens=9, messages=messages) as found:
        return found.get_final_message()


def strictly(body: str) -> Shown:
    """A whole answer, every field of its type checked."""
    return TypeAdapter(Shown).validate_json(body, strict=True)


REPLIES = {
    "nothing": Reply((), "stop", USAGE),
    "text": Reply((Text("Hello"),), "stop", USAGE),
    "cut": Reply((Text("Hello"),), "length", USAGE),
    "refused": Reply((), "content_filter", USAGE),
    "stopped": Reply((Text("a"),), "stop", USAGE, stop_sequence="END"),
    "thinking": Reply((Reasoning("hm"), Text("a")), "stop", Usage(9, 5, 0, 3)),
    "calls": Reply((Text("a"), ToolCall("call1", "f", '{"x":[1]}'), ToolCall("call2", "g", "{}")), "tool_calls", USAGE),
    "cited": Reply((Text("Омск велик", (Citation("https://x", "X", 0, 4),)),), "stop", USAGE),
    "pictures": Reply((Text("a"), PICTURE, Text("b")), "stop", USAGE),
    "search": Reply((BuiltinCall("web_search", "a"), Text("a")), "stop", USAGE),
    "fetch": Reply(
        (BuiltinCall("web_fetch", "a", "log"), BuiltinCall("web_fetch", "b", is_failed=True)), "stop", USAGE
    ),
    "code": Reply((BuiltinCall("code_interpreter", "a", "log"), PICTURE), "stop", USAGE),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_stream_says_the_same_as_the_whole(name: str) -> None:
    reply = REPLIES[name]
    said = strictly(whole(reply, **THINKING))
    shown = read(streamed(unfold(reply), **THINKING))
    assert [part.to_dict() for part in shown.content] == [part.to_dict() for part in said.content]
    assert shown.usage.to_dict() == said.usage.to_dict()
    for field in ("id", "model", "role", "type", "stop_reason", "stop_sequence", "stop_details"):
        assert getattr(shown, field) == getattr(said, field), field


@pytest.mark.parametrize(
    ("reason", "sequence", "shown"),
    [
        ("stop", None, "end_turn"),
        ("stop", "END", "stop_sequence"),
        ("length", None, "max_tokens"),
        ("tool_calls", None, "tool_use"),
        ("content_filter", None, "refusal"),
    ],
)
def test_why_it_stopped(reason: FinishReason, sequence: str | None, shown: str) -> None:
    said = strictly(whole(Reply((), reason, USAGE, stop_sequence=sequence)))
    assert (said.stop_reason, said.stop_sequence) == (shown, sequence)
    assert (said.stop_details is not None) == (shown == "refusal")


def test_thinking_tokens_are_told() -> None:
    usage = json.loads(whole(Reply((), "stop", Usage(9, 5, 0, 3))))["usage"]
    assert usage["output_tokens_details"] == {"thinking_tokens": 3}


def test_a_failure_leaves_a_cut_call_open() -> None:
    problem = Problem(Kind.UPSTREAM_FAILED, "It broke.", code="upstream_cut", detail="secret")
    events = (Start("", 1), PartStart("tool_call", "a", "call1"), PartDelta('{"x":'), Failure(problem))
    error = event("error", '"error":{"type":"api_error","message":"It broke."}')
    call = '{"type":"tool_use","id":"toolu1","name":"a","input":{}}'
    delta = r'{"type":"input_json_delta","partial_json":"{\"x\":"}'
    assert streamed(events) == begun(1) + block(0, call, delta, is_stopped=False) + error
    assert streamed((Failure(problem),)) == error
    with pytest.raises(anthropic.APIStatusError, match="It broke"):
        read(streamed(events))


COMPACTION: Any = {"compaction": {"type": "summarize"}}


@pytest.mark.parametrize(
    ("finish", "shown", "content"),
    [("stop", "compaction", '"They talked."'), ("length", "max_tokens", "null"), ("content_filter", "refusal", "null")],
)
def test_a_compaction_is_one_block(finish: FinishReason, shown: str, content: str) -> None:
    reply = Reply((Reasoning("hm"), Text("They "), Text("talked.")), finish, USAGE)
    body = whole(reply, **COMPACTION)
    block_of = '{"type":"compaction","content":%s}'
    assert f'"content":[{block_of % content}],"stop_reason":"{shown}","stop_sequence":null' in body
    said = TypeAdapter(BetaMessage).validate_json(body, strict=True)
    assert said.stop_reason == shown
    start, *rest = unfold(reply)
    assert streamed((msgspec.structs.replace(start, input_tokens=1), *rest), **COMPACTION) == (
        begun(1) + block(0, block_of % "null", f'{{"type":"compaction_delta","content":{content}}}') + ended(shown)
    )


def test_a_compaction_that_fails_says_so() -> None:
    events = (
        Start("", 1),
        PartStart("text"),
        PartDelta("They"),
        PartEnd(),
        Failure(Problem(Kind.UPSTREAM_FAILED, "x")),
    )
    assert streamed(events, **COMPACTION).endswith(event("error", '"error":{"type":"api_error","message":"x"}'))


def test_a_keepalive_is_a_ping() -> None:
    encoder = asked(stream=True).encoder(STAMP)
    assert encoder.keepalive().decode() == event("ping")
    assert encoder.content_type == "text/event-stream"


@pytest.mark.parametrize("kind", Kind)
def test_an_error_of_every_kind(kind: Kind) -> None:
    body = encode_error(Problem(kind, "What to do.", None, "our_code", detail="secret"), "0a-1b")
    error = json.loads(body)
    message = "prompt is too long: What to do." if kind is Kind.CONTEXT_OVERFLOW else "What to do."
    assert error == {
        "type": "error",
        "error": {"type": TYPES[kind], "message": message},
        "request_id": "0a-1b",
    }
    if TYPES[kind] != "request_too_large":  # documented, but not in the client's types
        assert TypeAdapter(ErrorResponse).validate_json(body, strict=True).error.type == TYPES[kind]


def test_the_place_of_an_error_is_in_its_message() -> None:
    def told(message: str, param: str) -> str:
        said: str = json.loads(encode_error(Problem(Kind.INVALID_REQUEST, message, param), "r"))["error"]["message"]
        return said

    assert told("It is wrong.", "messages[0]") == "messages[0]: It is wrong."
    assert told("messages[0] is wrong.", "messages[0]") == "messages[0] is wrong."


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("GigaChat: Tokens limit exceeded: 140000 tokens (max 131072)", "140000 tokens > 131072 maximum"),
        ("GigaChat: max 131072, got 140000", "140000 tokens > 131072 maximum"),
        ("GigaChat: Tokens limit exceeded", "GigaChat: Tokens limit exceeded"),
    ],
)
def test_agents_are_told_to_compact_in_the_words_that_they_know(message: str, shown: str) -> None:
    error = json.loads(encode_error(Problem(Kind.CONTEXT_OVERFLOW, message), "r"))["error"]
    assert error == {"type": "invalid_request_error", "message": f"prompt is too long: {shown}"}


def test_what_is_not_served_is_not_tried_again() -> None:
    assert error_headers(Problem(Kind.UNSUPPORTED, "x")) == (("x-should-retry", "false"),)
    assert error_headers(Problem(Kind.UPSTREAM_FAILED, "x")) == ()

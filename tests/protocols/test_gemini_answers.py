"""Gemini: the bytes of answers, of streams in both forms and of errors."""

import json
from typing import Any

import msgspec
import pytest
from google.genai import types

from gigamost.core.codec import Stamp
from gigamost.core.errors import Kind, Problem
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.face import Incoming
from gigamost.core.fold import Content, Reply, unfold
from gigamost.core.messages import BuiltinCall, Citation, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.protocols.gemini import Exchange, encode_error, error_headers
from gigamost.protocols.gemini.errors import STATUSES

STAMP = Stamp("abc", 1700000000, "gemini-2.5-pro")
USAGE = Usage(20, 7, 5, 2)
SHOWN_USAGE = (
    '{"promptTokenCount":20,"candidatesTokenCount":5,"totalTokenCount":27,"cachedContentTokenCount":5,'
    '"thoughtsTokenCount":2}'
)
TAIL = '"modelVersion":"gemini-2.5-pro","responseId":"abc","createTime":"2023-11-14T22:13:20Z"}'
PICTURE = Media("image", Inline(b"jpeg"), "image/jpeg", "")
THOUGHTS: Any = {"thinkingConfig": {"includeThoughts": True}}
ENUM: Any = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a", "b"]}}
LIST: Any = {"responseMimeType": "application/json", "responseSchema": {"type": "ARRAY", "items": {"type": "INTEGER"}}}


def asked(config: Any = None, *, stream: bool = False, alt: str = "sse") -> Exchange:
    body = msgspec.json.encode({"contents": "x", "generationConfig": config})
    return Exchange(Incoming(body, {"model": "gemini-2.5-pro"}, {"alt": alt}, {}), stream=stream)


def whole(reply: Reply, config: Any = None) -> Any:
    data = asked(config).encode(reply, STAMP)
    types.GenerateContentResponse.model_validate_json(data)
    return json.loads(data)


def streamed(*events: Event, config: Any = None, alt: str = "sse") -> str:
    encoder = asked(config, stream=True, alt=alt).encoder(STAMP)
    return b"".join(encoder.feed(event) for event in events).decode()


def chunks(*events: Event, config: Any = None) -> list[Any]:
    """As Gemini CLI reads: nothing but `data:` lines with JSON."""
    blocks = streamed(*events, config=config).split("\n\n")
    assert blocks.pop() == ""
    assert all(block.startswith("data: {") for block in blocks)
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def parts(*given: Content, config: Any = None) -> Any:
    return whole(Reply(given, "stop", USAGE), config)["candidates"][0].get("content", {}).get("parts")


def text(*pieces: str, citations: tuple[Citation, ...] = ()) -> tuple[Event, ...]:
    return (PartStart("text"), *map(PartDelta, pieces), PartEnd(citations=citations))


def call(call_id: str, name: str, *pieces: str) -> tuple[Event, ...]:
    return (PartStart("tool_call", name, call_id), *map(PartDelta, pieces), PartEnd())


def test_a_text() -> None:
    reply = Reply((Text('Привет, "мир"\n'),), "stop", USAGE, "GigaChat:1")
    assert asked().encode(reply, STAMP).decode() == (
        '{"candidates":[{"index":0,"finishReason":"STOP",'
        r'"content":{"parts":[{"text":"Привет, \"мир\"\n"}],"role":"model"}}],'
        f'"usageMetadata":{SHOWN_USAGE},{TAIL}'
    )
    assert asked().content_type == "application/json"


def test_a_stream_of_text() -> None:
    def chunk(shown: str) -> str:
        content = f'{{"content":{{"parts":[{{"text":{shown}}}],"role":"model"}},"index":0}}'
        return f'data: {{"candidates":[{content}],{TAIL}\n\n'

    assert streamed(Start(), *text("При", "", 'вет"'), Finish("stop", USAGE)) == (
        chunk('"При"')
        + chunk(r'"вет\""')
        + 'data: {"candidates":[{"index":0,"finishReason":"STOP","content":{"parts":[{"text":""}],"role":"model"}}],'
        f'"usageMetadata":{SHOWN_USAGE},{TAIL}\n\n'
    )


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("stop", "STOP"), ("length", "MAX_TOKENS"), ("tool_calls", "STOP"), ("content_filter", "SAFETY")],
)
def test_finish_reasons(reason: FinishReason, shown: str) -> None:
    said = whole(Reply((Text("x"),), reason, USAGE))
    assert said["candidates"][0]["finishReason"] == shown
    last = chunks(Start(), *text("x"), Finish(reason, USAGE))[-1]
    assert last["candidates"][0]["finishReason"] == shown
    assert "promptFeedback" not in said
    assert "promptFeedback" not in last


def test_what_is_blocked_before_any_text_has_no_content() -> None:
    said = whole(Reply((), "content_filter", USAGE))
    (only,) = chunks(Start(), Finish("content_filter", USAGE))
    for answer in (said, only):
        assert answer["promptFeedback"] == {"blockReason": "SAFETY"}
        assert answer["candidates"] == [{"index": 0, "finishReason": "SAFETY"}]


def test_calls_go_out_together_with_the_finish() -> None:
    made = [
        {"functionCall": {"id": "call1", "name": "a b", "args": {"x": 1}}},
        {"functionCall": {"id": "call2", "name": "c", "args": {}}},
    ]
    reply = Reply((ToolCall("call1", "a b", '{"x":1}'), ToolCall("call2", "c", "")), "tool_calls", USAGE)
    assert parts(*reply.parts) == made
    events = (Start(), *text("Let me"), *call("call1", "a b", '{"x', '":1}'), *call("call2", "c"))
    said = chunks(*events, Finish("tool_calls", USAGE))
    assert [each["candidates"][0]["content"]["parts"] for each in said] == [[{"text": "Let me"}], made]
    assert said[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_text_after_calls_keeps_its_place() -> None:
    said = chunks(Start(), *call("call1", "a", "{}"), *text("Done"), Finish("tool_calls", USAGE))
    shown = [each["candidates"][0]["content"]["parts"][0] for each in said]
    assert shown == [{"functionCall": {"id": "call1", "name": "a", "args": {}}}, {"text": "Done"}, {"text": ""}]


def test_numbers_of_a_call_keep_their_spelling() -> None:
    arguments = '{"a": 1.0, "b": 12345678901234567890123, "c": 1e2}'
    data = asked().encode(Reply((ToolCall("call1", "f", arguments),), "tool_calls", USAGE), STAMP)
    assert b'"args":{"a":1.0,"b":12345678901234567890123,"c":1e2}' in data


@pytest.mark.parametrize("arguments", ["[1]", "{", '"x"', "null", '{"a":}', '{"a":"\\ud800'])
def test_arguments_that_are_no_object_are_never_a_call(arguments: str) -> None:
    said = whole(Reply((ToolCall("call1", "f", arguments),), "tool_calls", USAGE))
    last = chunks(Start(), *call("call1", "f", arguments), Finish("tool_calls", USAGE))[-1]
    for answer in (said, last):
        (candidate,) = answer["candidates"]
        assert candidate["finishReason"] == "MALFORMED_FUNCTION_CALL"
        assert "functionCall" not in str(candidate["content"])


def test_thoughts_are_shown_when_asked_for() -> None:
    given: Any = (Reasoning("hm"), Text("x"))
    assert parts(*given) == [{"text": "x"}]
    assert parts(*given, config=THOUGHTS) == [{"text": "hm", "thought": True}, {"text": "x"}]
    events = tuple(unfold(Reply(given, "stop", USAGE)))
    for config, shown in ((None, ["x", ""]), (THOUGHTS, ["hm", "x", ""])):
        said = chunks(*events, config=config)
        assert [each["candidates"][0]["content"]["parts"][0]["text"] for each in said] == shown


def test_a_picture_and_code_that_ran() -> None:
    shown = [
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": ""}},
        {"inlineData": {"mimeType": "image/jpeg", "data": "anBlZw=="}},
    ]
    given: Any = (
        BuiltinCall("code_interpreter", "1", "1"),
        BuiltinCall("code_interpreter", "2", is_failed=True),
        BuiltinCall("web_search", "3", "asked"),
        PICTURE,
    )
    assert parts(*given) == shown
    said = chunks(*unfold(Reply(given, "stop", USAGE)))
    assert [each["candidates"][0]["content"]["parts"][0] for each in said] == [*shown, {"text": ""}]


def test_sources_are_counted_in_bytes() -> None:
    citations = (
        Citation("http://a", "A", 0, 3),
        Citation("http://b", "", 0, 3),
        Citation("http://a", "A", 4, 7),
        Citation("http://c", "C"),
    )
    expected = {
        "groundingChunks": [
            {"web": {"uri": "http://a", "title": "A"}},
            {"web": {"uri": "http://b", "title": "http://b"}},
            {"web": {"uri": "http://c", "title": "C"}},
        ],
        "groundingSupports": [
            {
                "segment": {"partIndex": 0, "startIndex": 0, "endIndex": 6, "text": "мир"},
                "groundingChunkIndices": [0, 1],
            },
            {"segment": {"partIndex": 0, "startIndex": 7, "endIndex": 10, "text": "abc"}, "groundingChunkIndices": [0]},
        ],
    }
    said = whole(Reply((Text("мир abc", citations),), "stop", USAGE))
    assert said["candidates"][0]["groundingMetadata"] == expected
    streams = chunks(Start(), *text("мир ", "abc", citations=citations), Finish("stop", USAGE))
    assert streams[-1]["candidates"][0]["groundingMetadata"] == expected
    assert all("groundingMetadata" not in each["candidates"][0] for each in streams[:-1])


def test_sources_of_a_later_text_lie_behind_the_first() -> None:
    """The texts of a stream are joined by its reader."""
    second = text("два", citations=(Citation("http://a", "A", 0, 3),))
    said = chunks(Start(), *text("раз "), *second, Finish("stop", USAGE))[-1]["candidates"][0]["groundingMetadata"]
    assert said["groundingSupports"][0]["segment"] == {"partIndex": 0, "startIndex": 7, "endIndex": 13, "text": "два"}


@pytest.mark.parametrize(
    ("config", "answer", "shown"),
    [
        (ENUM, '{"value": "a"}', "a"),
        (ENUM, '{"other": 1}', '{"other": 1}'),
        (ENUM, "a", "a"),
        (LIST, '{"value": [1, 2.0] }', "[1, 2.0]"),
        (LIST, "[1]", "[1]"),
        (LIST, '{"value"', '{"value"'),
    ],
)
def test_a_value_comes_out_of_the_object_around_it(config: Any, answer: str, shown: str) -> None:
    assert parts(Text(answer), config=config) == [{"text": shown}]
    said = chunks(Start(), *text(*answer), Finish("stop", USAGE), config=config)
    assert [each["candidates"][0]["content"]["parts"][0]["text"] for each in said] == [shown, ""]


BROKEN = Failure(Problem(Kind.UPSTREAM_FAILED, "It broke.", code="upstream_reset"))


def test_an_array_has_the_same_elements() -> None:
    events = (Start(), *text("a", "b"), Finish("stop", USAGE))
    assert json.loads(streamed(*events, alt="json")) == chunks(*events)
    assert asked(stream=True, alt="").encoder(STAMP).content_type == "application/json"
    assert asked(stream=True).encoder(STAMP).content_type == "text/event-stream"


def test_a_failure_is_the_last_element_and_the_array_stays_open() -> None:
    events = (Start(), *text("a"), PartStart("tool_call", "f", "call1"), PartDelta('{"a"'), BROKEN)
    said = chunks(*events)
    assert said[-1]["error"] == {
        "code": 502,
        "message": "It broke.",
        "status": "UNAVAILABLE",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "UPSTREAM_RESET", "domain": "gigamost"}
        ],
    }
    assert len(said) == 2
    array = streamed(*events, alt="")
    with pytest.raises(json.JSONDecodeError):
        json.loads(array)
    assert json.loads(array + "]") == said


def test_a_whole_call_before_a_failure_is_not_sent() -> None:
    (only,) = chunks(Start(), *call("call1", "f", "{}"), BROKEN)
    assert list(only) == ["error"]


def test_a_failure_may_come_first() -> None:
    (only,) = chunks(BROKEN)
    assert only["error"]["code"] == 502
    assert streamed(BROKEN, alt="").startswith('[{"error":')


def test_silence_stays_silent() -> None:
    assert asked(stream=True).encoder(STAMP).keepalive() == b""


@pytest.mark.parametrize("kind", Kind)
def test_errors(kind: Kind) -> None:
    body = json.loads(encode_error(Problem(kind, "No.", "contents[0]", "some-code", 1.6, "secret"), "req"))["error"]
    assert (body["code"], body["message"], body["status"]) == (kind.status, "No.", STATUSES[kind])
    details = {detail.pop("@type").rpartition(".")[2]: detail for detail in body["details"]}
    assert details == {
        "ErrorInfo": {"reason": "SOME_CODE", "domain": "gigamost"},
        "BadRequest": {"fieldViolations": [{"field": "contents[0]", "description": "No."}]},
        "RetryInfo": {"retryDelay": "2s"},
        "RequestInfo": {"requestId": "req"},
    }


def test_an_upload_that_was_refused_is_over() -> None:
    refused = Problem(Kind.INVALID_REQUEST, "No.", "file")
    assert error_headers(refused) == (("x-goog-upload-status", "final"),)
    assert error_headers(Problem(Kind.UPSTREAM_FAILED, "No.", "file")) == ()
    assert error_headers(Problem(Kind.INVALID_REQUEST, "No.", "contents")) == ()

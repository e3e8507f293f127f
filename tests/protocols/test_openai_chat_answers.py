"""Chat Completions, server role: the bytes of answers, of streams and of errors."""

import base64
import json
from typing import Any

import msgspec
import pytest

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Reply
from gigamost.core.messages import BuiltinCall, Citation, FileRef, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.protocols.openai_chat import Exchange, encode_error
from gigamost.protocols.openai_chat.errors import TYPES

STAMP = Stamp("abc", 1700000000, "gpt-4o")
USAGE = Usage(20, 7, 5, 2)
SHOWN_USAGE = (
    '{"prompt_tokens":20,"completion_tokens":7,"total_tokens":27,"prompt_tokens_details":{"cached_tokens":5},'
    '"completion_tokens_details":{"reasoning_tokens":2}}'
)
CHUNK = 'data: {"id":"chatcmpl-abc","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","choices":['
DONE = "data: [DONE]\n\n"
PICTURE = Media("image", Inline(b"jpeg"), "image/jpeg", "")
SHOWN_PICTURE = f"![image](data:image/jpeg;base64,{base64.b64encode(b'jpeg').decode()})"


def asked(**fields: Any) -> Exchange:
    return Exchange(msgspec.json.encode({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], **fields}))


def whole(reply: Reply, **fields: Any) -> str:
    return asked(**fields).encode(reply, STAMP).decode()


def streamed(*events: Event, **fields: Any) -> str:
    encoder = asked(stream=True, **fields).encoder(STAMP)
    return b"".join(encoder.feed(event) for event in events).decode()


def chunk(delta: str, finish: str = "null") -> str:
    return f'{CHUNK}{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}\n\n'


def answer(message: str, finish: str) -> str:
    return (
        '{"id":"chatcmpl-abc","object":"chat.completion","created":1700000000,"model":"gpt-4o","choices":['
        f'{{"index":0,"message":{message},"logprobs":null,"finish_reason":"{finish}"}}],"usage":{SHOWN_USAGE}}}'
    )


def call(call_id: str, name: str, arguments: str) -> tuple[Event, ...]:
    return (PartStart("tool_call", name, call_id), PartDelta(arguments), PartEnd())


def text(*pieces: str) -> tuple[Event, ...]:
    return (PartStart("text"), *map(PartDelta, pieces), PartEnd())


CUSTOM: Any = [{"type": "custom", "custom": {"name": "shell"}}]
LEGACY: Any = [{"name": "weather"}]


def test_a_text() -> None:
    reply = Reply((Text('Привет, "мир"\n'),), "stop", USAGE, "GigaChat:1")
    message = r'{"role":"assistant","content":"Привет, \"мир\"\n","refusal":null}'
    assert whole(reply) == answer(message, "stop")


def test_an_empty_text_is_no_null() -> None:
    reply = Reply((), "content_filter", USAGE)
    assert whole(reply) == answer('{"role":"assistant","content":"","refusal":null}', "content_filter")


def test_calls_have_no_text_but_null() -> None:
    reply = Reply((ToolCall("call1", "a b", '{"x":1}'), ToolCall("call2", "c", "{}")), "tool_calls", USAGE)
    calls = (
        r'[{"id":"call1","type":"function","function":{"name":"a b","arguments":"{\"x\":1}"}},'
        '{"id":"call2","type":"function","function":{"name":"c","arguments":"{}"}}]'
    )
    message = f'{{"role":"assistant","content":null,"refusal":null,"tool_calls":{calls}}}'
    assert whole(reply) == answer(message, "tool_calls")


def test_text_thoughts_and_a_picture_together() -> None:
    unseen = Media("video", FileRef("id"))
    parts = (Reasoning("hm"), Text("See "), PICTURE, unseen, Text("!"), ToolCall("call1", "a", "{}"))
    said = json.loads(whole(Reply(parts, "tool_calls", USAGE)))["choices"][0]["message"]
    assert said["content"] == f"See {SHOWN_PICTURE}[video]!"
    assert said["reasoning_content"] == "hm"
    assert len(said["tool_calls"]) == 1


def test_sources_are_annotations_placed_in_the_whole_content() -> None:
    parts = (
        Text("Ока.", (Citation("https://a", "A", 0, 3),)),
        BuiltinCall("web_search", log="7 s left"),
        Text("Вот", (Citation("https://b", "", 1, 3),)),
    )
    message = msgspec.json.decode(whole(Reply(parts, "stop", USAGE)))["choices"][0]["message"]
    first = {"start_index": 0, "end_index": 3, "url": "https://a", "title": "A"}
    second = {"start_index": 5, "end_index": 7, "url": "https://b", "title": ""}
    assert message["content"] == "Ока.Вот"
    assert message["annotations"] == [
        {"type": "url_citation", "url_citation": first},
        {"type": "url_citation", "url_citation": second},
    ]


def test_sources_come_with_the_last_piece_of_their_text() -> None:
    stream = streamed(
        PartStart("text"),
        PartDelta("Ока."),
        PartEnd(citations=(Citation("https://a", "A", 0, 3),)),
        *(PartStart("builtin", "web_search"), PartDelta("7 s left"), PartEnd(is_failed=True)),
        *(PartStart("media"), PartEnd((PICTURE,))),
        PartStart("text"),
        PartDelta("Вот"),
        PartEnd(citations=(Citation("https://b", "B", 0, 3),)),
    )
    shift = len("Ока." + SHOWN_PICTURE)
    told = '{{"content":"","annotations":[{{"type":"url_citation","url_citation":{}}}]}}'
    assert stream == (
        chunk('{"content":"Ока."}')
        + chunk(told.format('{"start_index":0,"end_index":3,"url":"https://a","title":"A"}'))
        + chunk(f'{{"content":"{SHOWN_PICTURE}"}}')
        + chunk('{"content":"Вот"}')
        + chunk(told.format(f'{{"start_index":{shift},"end_index":{shift + 3},"url":"https://b","title":"B"}}'))
    )


def test_the_older_form_has_one_call() -> None:
    reply = Reply((ToolCall("call1", "weather", "{}"),), "tool_calls", USAGE)
    message = '{"role":"assistant","content":null,"refusal":null,"function_call":{"name":"weather","arguments":"{}"}}'
    assert whole(reply, functions=LEGACY) == answer(message, "function_call")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [('{"input":"ls -l"}', "ls -l"), ('{"input":[1]}', "[1]"), ('{"other":1}', '{"other":1}'), ("ls", "ls")],
)
def test_a_custom_tool_gets_its_free_text(arguments: str, shown: str) -> None:
    reply = Reply((ToolCall("call1", "shell", arguments),), "tool_calls", USAGE)
    (made,) = json.loads(whole(reply, tools=CUSTOM))["choices"][0]["message"]["tool_calls"]
    assert made == {"id": "call1", "type": "custom", "custom": {"name": "shell", "input": shown}}
    events = (Start(), *call("call1", "shell", arguments), Finish("tool_calls", USAGE))
    assert streamed(*events, tools=CUSTOM) == (
        chunk('{"role":"assistant","content":""}')
        + chunk('{"tool_calls":[{"index":0,"id":"call1","type":"custom","custom":{"name":"shell","input":""}}]}')
        + chunk(f'{{"tool_calls":[{{"index":0,"custom":{{"input":{json.dumps(shown)}}}}}]}}')
        + chunk("{}", '"tool_calls"')
        + DONE
    )


def test_a_stream_of_text() -> None:
    events = (Start("GigaChat:1", 20), *text("При", 'вет\n"'), Finish("stop", USAGE))
    assert streamed(*events) == (
        chunk('{"role":"assistant","content":""}')
        + chunk('{"content":"При"}')
        + chunk(r'{"content":"вет\n\""}')
        + chunk("{}", '"stop"')
        + DONE
    )


def test_usage_comes_alone_and_last_when_it_was_asked_for() -> None:
    ended = streamed(Start(), Finish("length", USAGE), stream_options={"include_usage": True})
    assert ended == (
        chunk('{"role":"assistant","content":""}')
        + chunk("{}", '"length"')
        + f'{CHUNK}],"usage":{SHOWN_USAGE}}}\n\n'
        + DONE
    )
    assert "usage" not in streamed(Start(), Finish("stop", USAGE), stream_options={"include_usage": False})


def test_a_stream_of_thoughts_text_and_calls() -> None:
    events = (
        Start(),
        PartStart("reasoning"),
        PartDelta("hm"),
        PartEnd(),
        *text("Let me see."),
        *call("call1", "a b", '{"x":1}'),
        *call("call2", "c", "{}"),
        Finish("tool_calls", USAGE),
    )
    assert streamed(*events) == (
        chunk('{"role":"assistant","content":""}')
        + chunk('{"reasoning_content":"hm"}')
        + chunk('{"content":"Let me see."}')
        + chunk('{"tool_calls":[{"index":0,"id":"call1","type":"function","function":{"name":"a b","arguments":""}}]}')
        + chunk(r'{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}')
        + chunk('{"tool_calls":[{"index":1,"id":"call2","type":"function","function":{"name":"c","arguments":""}}]}')
        + chunk('{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}')
        + chunk("{}", '"tool_calls"')
        + DONE
    )


def test_a_stream_in_the_older_form() -> None:
    events = (Start(), *call("call1", "weather", "{}"), Finish("tool_calls", USAGE))
    assert streamed(*events, functions=LEGACY) == (
        chunk('{"role":"assistant","content":""}')
        + chunk('{"function_call":{"name":"weather","arguments":""}}')
        + chunk('{"function_call":{"arguments":"{}"}}')
        + chunk("{}", '"function_call"')
        + DONE
    )


def test_a_picture_is_text_in_a_stream_and_progress_is_nothing() -> None:
    events = (
        Start(),
        PartStart("builtin", "text2image"),
        PartDelta("10 s left"),
        PartEnd(),
        PartStart("media"),
        PartEnd(media=(PICTURE,)),
        Finish("stop", USAGE),
    )
    head, end = chunk('{"role":"assistant","content":""}'), chunk("{}", '"stop"') + DONE
    assert streamed(*events) == head + chunk(f'{{"content":"{SHOWN_PICTURE}"}}') + end


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter"])
def test_every_finish_reason(reason: FinishReason) -> None:
    assert streamed(Start(), Finish(reason)).endswith(chunk("{}", f'"{reason}"') + DONE)
    assert f'"finish_reason":"{reason}"' in whole(Reply((), reason, USAGE))


def test_a_failure_is_an_error_and_the_end() -> None:
    """No `[DONE]` and no finish reason after it; a call that was cut is not completed."""
    problem = Problem(Kind.UPSTREAM_FAILED, "It broke.", code="upstream_cut", detail="secret address")
    error = '{"message":"It broke.","type":"server_error","param":null,"code":"upstream_cut"}'
    assert streamed(Start(), PartStart("tool_call", "a", "call1"), PartDelta("{"), Failure(problem)) == (
        chunk('{"role":"assistant","content":""}')
        + chunk('{"tool_calls":[{"index":0,"id":"call1","type":"function","function":{"name":"a","arguments":""}}]}')
        + chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}')
        + f'data: {{"error":{error}}}\n\n'
    )


def test_no_delta_has_a_null() -> None:
    events = (Start(), *text("x"), *call("call1", "a", "{}"), Finish("tool_calls", USAGE))
    for line in streamed(*events).split("\n\n")[:-2]:
        delta = json.loads(line.removeprefix("data: "))["choices"][0]["delta"]
        assert "null" not in json.dumps(delta)


def test_a_keepalive_is_a_comment() -> None:
    encoder = asked(stream=True).encoder(STAMP)
    assert encoder.keepalive() == b": keep-alive\n\n"
    assert encoder.content_type == "text/event-stream"


@pytest.mark.parametrize("kind", Kind)
def test_an_error_of_every_kind(kind: Kind) -> None:
    error = json.loads(encode_error(Problem(kind, "What to do.", "messages[0]", "our_code", detail="secret"), "r"))[
        "error"
    ]
    name, code = TYPES[kind]
    assert error == {"message": "What to do.", "type": name, "param": "messages[0]", "code": code or "our_code"}


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [
        (Kind.CONTEXT_OVERFLOW, "invalid_request_error", "context_length_exceeded"),
        (Kind.QUOTA_EXHAUSTED, "insufficient_quota", "insufficient_quota"),
        (Kind.MODEL_NOT_FOUND, "invalid_request_error", "model_not_found"),
        (Kind.UNAUTHENTICATED, "authentication_error", "invalid_api_key"),
        (Kind.RATE_LIMITED, "rate_limit_error", "rate_limit_exceeded"),
    ],
)
def test_the_words_that_clients_look_for(kind: Kind, name: str, code: str) -> None:
    raised = GatewayError(kind, "x")
    error = json.loads(encode_error(raised.problem, "r"))["error"]
    assert (error["type"], error["code"]) == (name, code)

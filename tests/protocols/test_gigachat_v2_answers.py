"""What GigaChat v2 answers, as events, and the same written back: the recorded and documented forms of section 5.4 and
5.5, and the failures that were seen."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Reply, fold, unfold
from gigamost.core.grammar import checked
from gigamost.core.messages import (
    BuiltinCall,
    Citation,
    FileRef,
    Media,
    Message,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
)
from gigamost.core.request import ChatRequest, Function, JsonSchema
from gigamost.core.usage import Usage
from gigamost.protocols.gigachat.models import model
from gigamost.protocols.gigachat.v2 import WIRE, Encoder, encode, encode_error

STATE, OTHER = "019e8373-dc9a-7883-af60-ebb20b79e1e1", "019e8373-dc9a-7883-af60-ebb20b79e1e2"
MODEL = "GigaChat-3-Ultra:32.3.18.5"
STAMP = Stamp("1", 1780321924, MODEL)
REQUEST = ChatRequest("m", (Message("user", (Text("x"),)),), tools=(Function("погода"), Function("time")))
CALL = WIRE.encode(REQUEST, model("GigaChat-3-Ultra", "gigachat"), frozenset())
USAGE = {
    "input_tokens": 19,
    "input_tokens_details": {"prompt_tokens": 19, "cached_tokens": 4},
    "output_tokens": 8,
    "total_tokens": 27,
}
COST = Usage(19, 8, 4)
DELTA, DONE = "response.message.delta", "response.message.done"
WORKING, WORKED = "response.tool.in_progress", "response.tool.completed"
PAGES = {"1": {"url": "https://a.example", "title": "A"}, "2": {"url": "https://b.example", "title": "B"}}


def said(*parts: Any, role: str = "assistant", **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, **more, "content": list(parts)}]}


def frame(event: str, **fields: Any) -> str:
    data = json.dumps({"model": MODEL, "created_at": 1780321924, **fields}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event}\ndata: {data}\n\n" if event else f"data: {data}\n\n"


def text(words: str, **more: Any) -> str:
    return frame(DELTA, **said({"text": words, **more}))


def call(name: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"function_call": {"name": name, "arguments": arguments, **more}}


def work(event: str, name: str, role: str = "assistant", **more: Any) -> str:
    return frame(event, **said({"tool_execution": {"name": name, **more}}, role=role))


END = frame(DONE, finish_reason="stop", usage=USAGE)


def events(*chunks: str | bytes, asked: Any = CALL) -> list[Event]:
    decoder = asked.decoder()
    found: list[Event] = []
    for chunk in chunks:
        found += decoder.feed(chunk.encode() if isinstance(chunk, str) else chunk)
    found += decoder.close()
    return list(checked(found))


def whole(finish: str = "stop", asked: Any = CALL, **fields: Any) -> Reply:
    body = {"model": MODEL, "created_at": 1, "finish_reason": finish, "usage": USAGE, **fields}
    return fold(checked(asked.decode(json.dumps(body, ensure_ascii=False).encode())))


def failure(*chunks: str | bytes) -> Problem:
    last = events(*chunks)[-1]
    assert isinstance(last, Failure)
    return last.problem


# --- whole answers ---


def test_a_whole_answer() -> None:
    assert whole(**said({"text": "Hello"})) == Reply((Text("Hello"),), "stop", COST, MODEL)


def test_every_call_of_an_answer_carries_its_state_id() -> None:
    reply = whole(
        "function_call",
        **said({"text": "One moment."}, call("time", {"zone": "Омск"}, id="u1"), call("time", {}), tool_state_id=STATE),
    )
    echo = Opaque("gigachat", STATE)
    assert reply.parts == (
        Text("One moment."),
        ToolCall("", "time", '{"zone":"Омск"}', echo),
        ToolCall("", "time", "{}", echo),
    )
    assert reply.finish == "tool_calls"


@pytest.mark.parametrize("field", ["tool_state_id", "tools_state_id", "functions_state_id"])
def test_the_state_id_under_each_of_its_names(field: str) -> None:
    (made,) = whole("function_call", **said(call("time", {}), **{field: STATE})).calls
    assert made.opaque == Opaque("gigachat", STATE)


def test_calls_of_several_messages_keep_their_own_state_ids() -> None:
    first, second = said(call("time", {}), tool_state_id=STATE), said(call("time", {}), tool_state_id=OTHER)
    reply = whole("function_call", messages=[*first["messages"], *second["messages"]])
    assert [made.opaque.token for made in reply.calls if made.opaque] == [STATE, OTHER]


def test_names_come_back_as_the_client_wrote_them() -> None:
    sent = msgspec.json.decode(CALL.body)["tools"][0]["functions"]["specifications"][0]["name"]
    assert sent != "погода"
    assert whole("function_call", **said(call(sent, {}))).calls[0].name == "погода"


def test_a_picture_is_a_file_of_the_upstream() -> None:
    reply = whole(
        **said({"files": [{"id": "f4b1", "mime": "image/jpeg", "target": "image"}]}, {"text": "Here."}),
    )
    assert reply.parts == (Media("image", FileRef("f4b1"), "image/jpeg"), Text("Here."))


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ({"target": "audio"}, "audio"),
        ({"target": "video"}, "video"),
        ({"target": "cover"}, "image"),
        ({"target": "3dmodel"}, "model3d"),
        ({"mime": "image/png"}, "image"),
        ({"mime": "audio/wav"}, "audio"),
        ({"mime": "application/pdf"}, "document"),
        ({}, "document"),
    ],
)
def test_what_a_file_is(file: dict[str, str], kind: str) -> None:
    (part,) = whole(**said({"files": [{"id": "f", **file}]})).parts
    assert isinstance(part, Media)
    assert part.kind == kind


def test_reasoning_is_a_message_of_its_own() -> None:
    thought = said({"text": "Hm."}, role="reasoning")["messages"]
    reply = whole(messages=[*thought, *said({"text": "Yes"})["messages"]])
    assert reply.parts == (Reasoning("Hm."), Text("Yes"))


def test_sources_become_citations() -> None:
    words = "Москва — столица[sources=[1]]. Там 13 млн [sources=[2]]."
    reply = whole(**said({"text": words, "inline_data": {"images": [], "sources": PAGES, "widgets": []}}))
    (part,) = reply.parts
    assert isinstance(part, Text)
    assert part.text == "Москва — столица. Там 13 млн."
    assert [(part.text[each.start : each.end], each.url, each.title) for each in part.citations] == [
        ("Москва — столица", "https://a.example", "A"),
        ("Там 13 млн", "https://b.example", "B"),
    ]


def test_the_answer_of_a_forced_function_is_text() -> None:
    asked = WIRE.encode(
        ChatRequest("m", REQUEST.messages, format=JsonSchema({"type": "object", "properties": {}})),
        model("GigaChat-Plus", "gigachat"),
        frozenset(),
    )
    reply = whole("function_call", asked, **said(call("respond", {"n": 1})))
    assert (reply.parts, reply.finish) == ((Text('{"n":1}'),), "stop")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("blacklist", "content_filter"),
        ("request_filter", "content_filter"),
        ("response_blacklist", "content_filter"),
        ("function_call", "stop"),
        ("unheard_of", "stop"),
    ],
)
def test_why_it_ended(reason: str, finish: str) -> None:
    assert whole(reason, **said({"text": "x"})).finish == finish


def test_a_conversation_that_is_kept_is_named() -> None:
    assert whole(**said({"text": "x"}), thread_id=STATE).thread == STATE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html></html>",
        b'{"messages":5}',
        b"\xff",
        b"[" * 100_000,
        b'{"messages":[{"content":7}]}',
    ],
)
def test_what_is_no_answer_is_no_success(body: bytes) -> None:
    (event,) = [each for each in checked(CALL.decode(body)) if not isinstance(each, Start)]
    assert isinstance(event, Failure)
    assert event.problem.code == "upstream_unreadable"


def test_an_error_inside_a_success() -> None:
    body = b'{"status":429,"message":"Too many requests"}'
    for found in (CALL.decode(body), events(b"data: " + body + b"\n\n")):
        assert isinstance(found[-1], Failure)
        assert found[-1].problem.kind is Kind.RATE_LIMITED


def test_a_call_that_the_model_broke_is_a_failure() -> None:
    with pytest.raises(GatewayError) as caught:
        whole("function_call_error", **said({"text": ""}))
    assert caught.value.problem.code == "function_call_error"


# --- streams ---


def test_a_stream() -> None:
    assert events(text("1, 2"), text(", 3"), END) == [
        Start(MODEL),
        PartStart("text"),
        PartDelta("1, 2"),
        PartDelta(", 3"),
        PartEnd(),
        Finish("stop", COST),
    ]


SEARCH = (
    work(WORKING, "web_search", role="reasoning")
    + work(WORKING, "web_search", seconds_left=7)
    + work(WORKED, "web_search", status="success", seconds_left=0, censored=False)
    + ": a comment\n\n"
    + frame("response.unheard_of", anything=[1])
    + text("Волга [sour")
    + text("ces=[1]] и Ока[sources=[2, 1]]", inline_data={"sources": PAGES})
    + text(" [a] [")
    + text("sources] ")
    + END
)
CALLS = text("Смотрю.") + frame(
    DONE,
    **said(call("time", {"zone": "Омск"}, id="1"), call("time", {"zone": "Чита"}, id="2"), tool_state_id=STATE),
    finish_reason="function_call",
)
PICTURE = (
    work(WORKING, "image_generate", seconds_left=10)
    + work(WORKED, "image_generate", status="fail")
    + frame(DELTA, **said({"files": [{"id": "f4b1", "mime": "image/jpeg", "target": "image"}]}))
    + text("<think>так</think>Вот")
    + END
)


def test_a_search_in_a_stream() -> None:
    found = events(SEARCH)
    assert found[1:5] == [
        PartStart("builtin", "web_search"),
        PartDelta("7 s left\n"),
        PartEnd(),
        PartStart("text"),
    ]
    reply = fold(found)
    assert reply.parts == (
        BuiltinCall("web_search", log="7 s left\n"),
        Text(
            "Волга и Ока [a] [sources] ",
            (
                Citation("https://a.example", "A", 0, 5),
                Citation("https://b.example", "B", 6, 11),
                Citation("https://a.example", "A", 6, 11),
            ),
        ),
    )


def test_calls_of_a_stream() -> None:
    echo = Opaque("gigachat", STATE)
    reply = fold(events(CALLS))
    assert reply.parts == (
        Text("Смотрю."),
        ToolCall("", "time", '{"zone":"Омск"}', echo),
        ToolCall("", "time", '{"zone":"Чита"}', echo),
    )
    assert (reply.finish, reply.usage) == ("tool_calls", Usage(estimated=True))


def test_a_picture_in_a_stream() -> None:
    assert fold(events(PICTURE)).parts == (
        BuiltinCall("image_generation", log="10 s left\n", is_failed=True),
        Media("image", FileRef("f4b1"), "image/jpeg"),
        Reasoning("так"),
        Text("Вот"),
    )


@pytest.mark.parametrize("stream", [SEARCH, CALLS, PICTURE], ids=["search", "calls", "picture"])
def test_a_stream_is_the_same_wherever_it_is_cut(stream: str) -> None:
    data = stream.encode()
    together = fold(events(data))
    for at in range(len(data) + 1):
        assert fold(events(data[:at], data[at:])) == together
    assert fold(events(*(data[at : at + 1] for at in range(len(data))))) == together
    assert fold(events(stream.replace("\n", "\r\n"))) == together


@pytest.mark.parametrize("stream", [SEARCH, CALLS, PICTURE], ids=["search", "calls", "picture"])
def test_a_stream_that_breaks_before_its_last_frame_is_no_success(stream: str) -> None:
    data = stream.encode()
    for at in range(len(data) - 1):
        found = events(data[:at])
        assert isinstance(found[-1], Failure)
        assert found[-1].problem.code == "upstream_cut"
        assert not any(isinstance(each, PartStart) and each.kind == "tool_call" for each in found)
    assert isinstance(events(data)[-1], Finish)


def test_a_call_may_come_before_the_last_frame_and_is_counted_once() -> None:
    early = frame(DELTA, **said(call("time", {"zone": "Омск"}), tool_state_id=STATE))
    twice = frame(DONE, **said(call("time", {"zone": "Омск"}), tool_state_id=STATE), finish_reason="function_call")
    assert fold(events(early, frame(DONE, finish_reason="function_call"))) == fold(events(early, twice))
    same = frame(DONE, **said(call("time", {}), call("time", {})), finish_reason="function_call")
    assert len(fold(events(same)).calls) == 2


def test_a_text_that_the_last_frame_repeats_is_said_once() -> None:
    last = frame(DONE, **said({"text": "1, 2"}), finish_reason="stop")
    assert fold(events(text("1"), text(", 2"), last)).text == "1, 2"
    assert fold(events(last)).text == "1, 2"
    assert fold(events(text("1, 2"), frame(DONE, **said({"text": ", 3"}), finish_reason="stop"))).text == "1, 2, 3"


def test_frames_without_names_say_what_they_are() -> None:
    bare = "".join(line + "\n" for line in (text("1") + text("2") + END).split("\n") if not line.startswith("event"))
    assert fold(events(bare)) == fold(events(text("1"), text("2"), END))


def test_nothing_after_the_last_frame_counts() -> None:
    assert events(text("x"), END, text("y"), END, "data: [DONE]\n\n") == events(text("x"), END)


@pytest.mark.parametrize(
    ("stream", "message", "kind"),
    [
        (
            'event: response.error\ndata: {"status":429,"message":"Too many requests"}\n\n',
            "Too many",
            Kind.RATE_LIMITED,
        ),
        ('event: response.error\ndata: {"message":"out of luck"}\n\n', "out of luck", Kind.UPSTREAM_FAILED),
        ("event: response.error\ndata: oops\n\n", "reported a failure", Kind.UPSTREAM_FAILED),
        (work("response.tool.failed", "web_search"), "reported a failure", Kind.UPSTREAM_FAILED),
        (frame("response.message.failed"), "reported a failure", Kind.UPSTREAM_FAILED),
        (f"event: {DELTA}\ndata: {{broken\n\n", "cannot be read", Kind.UPSTREAM_FAILED),
    ],
)
def test_a_stream_that_fails(stream: str, message: str, kind: Kind) -> None:
    problem = failure(text("begun"), work(WORKING, "web_search"), stream, END)
    assert message in problem.message
    assert problem.kind is kind


def test_a_tool_that_was_at_work_when_the_answer_failed_has_failed() -> None:
    found = events(work(WORKING, "web_search"), work("response.tool.failed", "web_search"))
    assert found[-2] == PartEnd(is_failed=True)


def test_tools_that_work_at_once_are_told_one_after_the_other() -> None:
    found = events(
        work(WORKING, "web_search"),
        work(WORKING, "url_content_extraction"),
        work(WORKING, "web_search", seconds_left=3),
        work(WORKED, "url_content_extraction", status="success"),
        work(WORKED, "web_search", status="success"),
        work(WORKED, "get_datetime", status="success"),
        text("x"),
        END,
    )
    assert [each for each in fold(found).parts if isinstance(each, BuiltinCall)] == [
        BuiltinCall("web_search"),
        BuiltinCall("web_fetch"),
        BuiltinCall("get_datetime"),
    ]


def test_a_tool_that_fails_late_has_still_failed() -> None:
    found = events(work(WORKING, "web_search"), text("x"), work(WORKED, "web_search", status="fail"), END)
    assert fold(found).parts == (BuiltinCall("web_search"), Text("x"), BuiltinCall("web_search", is_failed=True))


def test_a_censored_result_is_a_failed_one() -> None:
    found = events(work(WORKED, "image_generate", status="success", censored=True), END)
    assert fold(found).parts == (BuiltinCall("image_generation", is_failed=True),)


def test_a_leaked_call_is_a_call() -> None:
    leak = 'function call<|role_sep|>\n{"name": "time", "arguments": {"zone": "Омск"}}'
    reply = fold(events(text(leak), END))
    assert (reply.calls[0].arguments, reply.finish) == ('{"zone":"Омск"}', "tool_calls")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
named = st.sampled_from(
    [
        "messages",
        "content",
        "role",
        "text",
        "files",
        "function_call",
        "tool_execution",
        "inline_data",
        "sources",
        "name",
        "arguments",
        "status",
        "message",
        "usage",
        "finish_reason",
        "url",
        "id",
        "seconds_left",
        "thread_id",
    ]
)
shaped = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(named, inner, max_size=4),
    max_leaves=20,
)


@given(shaped)
def test_no_answer_breaks_the_reader(value: Any) -> None:
    body = json.dumps(value).encode()
    assert isinstance(list(checked(CALL.decode(body)))[-1], Finish | Failure)
    for event in (DELTA, DONE, "response.error", "other"):
        frames = f"event: {event}\n".encode() + b"data: " + body + b"\n\n"
        assert isinstance(events(frames, text("x"), END)[-1], Finish | Failure)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert isinstance(events(data)[-1], Failure)
    assert isinstance(list(checked(CALL.decode(data)))[-1], Failure)


# --- the server role ---


def rendered(reply: Reply) -> str:
    encoder = Encoder(STAMP)
    return b"".join(encoder.feed(event) for event in unfold(reply)).decode()


def test_a_text_is_written_as_recorded() -> None:
    reply = Reply((Text("1, 2, 3"),), "stop", Usage(19, 8))
    assert encode(reply, STAMP).decode() == (
        '{"model":"GigaChat-3-Ultra:32.3.18.5","created_at":1780321924,'
        '"messages":[{"role":"assistant","content":[{"text":"1, 2, 3"}]}],"finish_reason":"stop",'
        '"usage":{"input_tokens":19,"input_tokens_details":{"prompt_tokens":19,"cached_tokens":0},'
        '"output_tokens":8,"total_tokens":27}}'
    )
    assert rendered(reply) == (
        "event: response.message.delta\n"
        'data: {"model":"GigaChat-3-Ultra:32.3.18.5","created_at":1780321924,'
        '"messages":[{"role":"assistant","content":[{"text":"1, 2, 3"}]}]}\n\n'
        "event: response.message.done\n"
        'data: {"model":"GigaChat-3-Ultra:32.3.18.5","created_at":1780321924,"finish_reason":"stop",'
        '"usage":{"input_tokens":19,"input_tokens_details":{"prompt_tokens":19,"cached_tokens":0},'
        '"output_tokens":8,"total_tokens":27}}\n\n'
    )


def test_a_failure_is_written_as_an_event() -> None:
    encoder = Encoder(STAMP)
    written = encoder.feed(Failure(Problem(Kind.RATE_LIMITED, "Too many requests")))
    assert written == b'event: response.error\ndata: {"status":429,"message":"Too many requests"}\n\n'
    assert failure(written).kind is Kind.RATE_LIMITED
    assert encode_error(404, "No such model") == b'{"status":404,"message":"No such model"}\n'


ECHO = Opaque("gigachat", STATE)
REPLIES = [
    Reply((Text("Да"),), "stop", COST, MODEL),
    Reply((Reasoning("Hm."), Text("Нет")), "length", COST, MODEL),
    Reply((Text("x"), ToolCall("", "time", '{"a":1}', ECHO), ToolCall("", "b", "{}", ECHO)), "tool_calls", COST, MODEL),
    Reply((BuiltinCall("web_search"), Text("x")), "stop", COST, MODEL),
    Reply((BuiltinCall("image_generation", is_failed=True), Text("x")), "content_filter", COST, MODEL),
    Reply((Media("model3d", FileRef("f"), "model/obj"), Text("x")), "stop", COST, MODEL, thread=STATE),
]


@pytest.mark.parametrize("reply", REPLIES)
def test_what_is_written_is_read_back(reply: Reply) -> None:
    assert fold(checked(CALL.decode(encode(reply, STAMP)))) == reply
    assert fold(events(rendered(reply))) == reply


def test_the_sources_of_a_text_are_written_beside_it() -> None:
    pages = (Citation("https://a.example", "A"), Citation("https://b.example", "B"))
    reply = Reply((Text("Ока[sources=[2]]", pages),), "stop", COST, MODEL)
    cited = Text("Ока", (Citation("https://b.example", "B", 0, 3),))
    assert fold(CALL.decode(encode(reply, STAMP))).parts == (cited,)
    assert fold(events(rendered(reply))).parts == (cited,)

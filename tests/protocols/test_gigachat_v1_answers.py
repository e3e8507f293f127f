"""What GigaChat v1 answers, as events: the recorded and documented forms, and the failures that were seen."""

from collections.abc import Sequence

import msgspec
import pytest

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Reply, fold, unfold
from gigamost.core.grammar import checked
from gigamost.core.messages import FileRef, Media, Message, Opaque, Reasoning, Text, ToolCall
from gigamost.core.request import ChatRequest, Function, JsonSchema
from gigamost.core.usage import Usage
from gigamost.protocols.gigachat.models import model
from gigamost.protocols.gigachat.v1 import WIRE, Encoder, encode

STATE = "0199e210-2f13-744c-8fe5-c9a19fe27db7"
STAMP = Stamp("1", 1768996176, "GigaChat:2.0.28.2")
REQUEST = ChatRequest("m", (Message("user", (Text("x"),)),), tools=(Function("погода"), Function("time")))
CALL = WIRE.encode(REQUEST, model("GigaChat-2-Max", "gigachat"), frozenset())
USAGE = '"usage":{"prompt_tokens":17,"completion_tokens":3,"total_tokens":20,"precached_prompt_tokens":2}'
TAIL = '"created":1768996176,"model":"GigaChat:2.0.28.2","object":"chat.completion"'


def frame(delta: str, tail: str = "", finish: str = "") -> str:
    finish = f',"finish_reason":"{finish}"' if finish else ""
    return f'data: {{"choices":[{{"delta":{delta},"index":0{finish}}}],{TAIL}{tail}}}\n\n'


DONE = "data: [DONE]\n\n"
END = frame('{"content":""}', "," + USAGE, "stop") + DONE


def events(*chunks: str | bytes, call: object = CALL) -> list[Event]:
    decoder = CALL.decoder() if call is CALL else call.decoder()  # type: ignore[attr-defined]  # a Call as well
    found: list[Event] = []
    for chunk in chunks:
        found += decoder.feed(chunk.encode() if isinstance(chunk, str) else chunk)
    found += decoder.close()
    return list(checked(found))


def whole(body: str) -> Reply:
    return fold(checked(CALL.decode(body.encode())))


def test_a_whole_answer() -> None:
    body = (
        '{"choices":[{"message":{"content":"Hello.","role":"assistant"},"index":0,"finish_reason":"stop"}],'
        f"{TAIL},{USAGE}}}"
    )
    assert whole(body) == Reply((Text("Hello."),), "stop", Usage(17, 3, 2), "GigaChat:2.0.28.2")


def test_a_whole_answer_with_a_call() -> None:
    body = (
        '{"choices":[{"message":{"content":"","role":"assistant","function_call":{"name":"time","arguments":'
        f'{{"zone":"Москва","n":10}}}},"functions_state_id":"{STATE}"}},"index":0,"finish_reason":"function_call"}}],'
        f"{TAIL},{USAGE}}}"
    )
    reply = whole(body)
    assert reply.finish == "tool_calls"
    assert reply.calls == (ToolCall("", "time", '{"zone":"Москва","n":10}', Opaque("gigachat", STATE)),)


STREAM = (
    frame('{"content":"$1\\\\, 2$  \\n\\n**Раз:","role":"assistant"}')
    + frame('{"content":"** - два 👋 <b>"}')
    + frame('{"content":"\\n- три"}')
    + END
)
STREAMED: list[Event] = [
    Start("GigaChat:2.0.28.2"),
    PartStart("text"),
    PartDelta("$1\\, 2$  \n\n**Раз:"),
    PartDelta("** - два 👋 <b>"),
    PartDelta("\n- три"),
    PartEnd(),
    Finish("stop", Usage(17, 3, 2)),
]


def test_a_stream() -> None:
    assert events(STREAM) == STREAMED


def test_a_stream_cut_at_every_byte_is_the_same() -> None:
    data = STREAM.encode()
    assert events(*(data[at : at + 1] for at in range(len(data)))) == STREAMED
    for at in range(1, len(data)):
        assert events(data[:at], data[at:]) == STREAMED


def test_a_stream_that_ends_at_any_byte_is_a_failure_unless_its_finish_was_whole() -> None:
    data = STREAM.encode()
    whole_from = len((STREAM[: STREAM.index(DONE)]).encode())
    for at in range(len(data)):
        last = events(data[:at])[-1]
        assert isinstance(last, Finish if at >= whole_from else Failure), at


def calls(found: Sequence[Event]) -> tuple[ToolCall, ...]:
    return fold(found).calls


CALL_DELTA = (
    '{"content":"","role":"assistant","function_call":{"name":"time","arguments":{"zone":"UTC"}},'
    f'"functions_state_id":"{STATE}"}}'
)
WANTED = (ToolCall("", "time", '{"zone":"UTC"}', Opaque("gigachat", STATE)),)


@pytest.mark.parametrize(
    "stream",
    [
        frame(CALL_DELTA) + frame('{"content":""}', "," + USAGE, "function_call") + DONE,
        frame(CALL_DELTA, "," + USAGE, "function_call") + DONE,
        # Name and arguments in pieces, as text.
        frame('{"content":"","function_call":{"name":"time","arguments":"{\\"zone\\":"}}')
        + frame(
            '{"function_call":{"name":"time","arguments":"\\"UTC\\"}"},"functions_state_id":"' + STATE + '"}',
            "," + USAGE,
            "function_call",
        )
        + DONE,
        # Arguments as objects in several chunks.
        frame('{"content":"","function_call":{"name":"time"},"functions_state_id":"' + STATE + '"}')
        + frame('{"function_call":{"arguments":{"zone":"UTC"}}}', "," + USAGE, "function_call"),
        # A finish of "stop" beside a call, no usage, no [DONE].
        frame(CALL_DELTA, "", "stop"),
    ],
)
def test_a_call_is_read_however_it_is_streamed(stream: str) -> None:
    assert calls(events(stream)) == WANTED
    assert fold(events(stream)).finish == "tool_calls"


def test_names_are_the_clients_again() -> None:
    wire_name = msgspec.json.decode(CALL.body)["functions"][0]["name"]
    delta = f'{{"content":"","function_call":{{"name":"{wire_name}","arguments":{{}}}}}}'
    assert calls(events(frame(delta, "," + USAGE, "function_call")))[0].name == "погода"


def test_a_call_without_a_name_is_text() -> None:
    found = events(frame('{"content":"Hi","function_call":{}}', "," + USAGE, "function_call"))
    assert fold(found).parts == (Text("Hi"),)
    assert fold(found).finish == "stop"


def test_a_cut_call_is_never_completed() -> None:
    found = events(frame(CALL_DELTA))
    assert isinstance(found[-1], Failure)
    assert not any(isinstance(event, PartStart) for event in found)


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("stop", "stop"), ("length", "length"), ("blacklist", "content_filter"), ("request_filter", "content_filter")],
)
def test_finish_reasons(finish: str, reason: str) -> None:
    assert fold(events(frame('{"content":"a"}', "," + USAGE, finish))).finish == reason


def test_an_error_finish_is_a_failure() -> None:
    found = events(frame('{"content":"a"}', "," + USAGE, "error"))
    assert isinstance(found[-1], Failure)
    assert found[-1].problem.code == "function_call_error"


def test_reasoning_and_think_tags_are_reasoning() -> None:
    found = fold(events(frame('{"reasoning_content":"hm"}') + frame('{"content":"a"}') + END))
    assert found.parts == (Reasoning("hm"), Text("a"))
    for cut in range(1, len("<think>so it is</think>\nYes")):
        text = "<think>so it is</think>\nYes"
        pieces = [frame(msgspec.json.encode({"content": part}).decode()) for part in (text[:cut], text[cut:])]
        assert fold(events(*pieces, END)).parts == (Reasoning("so it is"), Text("Yes")), cut


def test_a_generated_picture_is_media_wherever_it_is_cut() -> None:
    text = f'Вот: <img src="{STATE}" fuse="true"/> a < b and <i>x</i>'
    for cut in range(1, len(text)):
        pieces = [frame(msgspec.json.encode({"content": part}).decode()) for part in (text[:cut], text[cut:])]
        reply = fold(events(*pieces, END))
        assert [part for part in reply.parts if isinstance(part, Media)] == [Media("image", FileRef(STATE))], cut
        assert reply.text == "Вот:  a < b and <i>x</i>", cut


@pytest.mark.parametrize(
    "leak", ['assistant function callrecipient{"name":"time"}', 'x<|message_sep|>\n\nfunction call<|role_sep|>\n{"na']
)
def test_a_leaked_prelude_beside_a_call_is_dropped(leak: str) -> None:
    for cut in range(1, len(leak)):
        pieces = [frame(msgspec.json.encode({"content": part}).decode()) for part in (leak[:cut], leak[cut:])]
        reply = fold(events(*pieces, frame(CALL_DELTA, "," + USAGE, "function_call")))
        assert reply.calls == WANTED
        assert reply.text in ("", "x")


def test_a_call_that_leaked_whole_is_a_call() -> None:
    leak = 'function call<|role_sep|>\n{"name":"time","arguments":{"zone":"UTC"}}'
    reply = fold(events(frame(msgspec.json.encode({"content": leak}).decode()), END))
    assert [(call.name, call.arguments) for call in reply.calls] == [("time", '{"zone":"UTC"}')]


def test_progress_of_a_builtin_is_a_part_of_its_own() -> None:
    found = events(
        frame('{"content":"15 seconds left","role":"function_in_progress","name":"text2image","created":1}')
        + frame('{"content":"Done","role":"assistant"}')
        + END
    )
    assert PartStart("builtin", "text2image") in found
    assert fold(found).text == "Done"


def test_an_error_inside_a_200_is_never_content() -> None:
    body = '{"status":429,"message":"Too many requests"}'
    for found in (events(f"data: {body}\n\n"), CALL.decode(body.encode())):
        last = list(found)[-1]
        assert isinstance(last, Failure)
        assert last.problem.kind is Kind.RATE_LIMITED


@pytest.mark.parametrize("junk", ["data: {\n\n", "data: 5\n\n", 'data: {"choices":5}\n\n', "<html>\n\n"])
def test_junk_is_a_failure(junk: str) -> None:
    assert isinstance(events(frame('{"content":"a"}'), junk)[-1], Failure)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"choices":[]', b"\xff"])
def test_whole_junk_is_a_failure(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        fold(CALL.decode(body))
    assert caught.value.problem.status == 502


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"status":400,"message":"Your request contains invalid JSON syntax."}\n', Kind.INVALID_REQUEST),
        (401, b'{"status":401,"message":"Token has expired"}\n', Kind.UNAUTHENTICATED),
        (402, b'{"status":402,"message":"Payment Required"}\n', Kind.QUOTA_EXHAUSTED),
        (403, b'{"message":"Unauthorized"}', Kind.FORBIDDEN),
        (404, b'{"status":404,"message":"No such model"}\n', Kind.MODEL_NOT_FOUND),
        (413, b'{"status":413,"message":"Payload too large"}\n', Kind.TOO_LARGE),
        (413, b'{"status":413,"message":"Tokens limit exceeded: 9000 (max 4096)"}\n', Kind.CONTEXT_OVERFLOW),
        (422, b'{"status":422,"message":"the file exceeds the context of the model"}\n', Kind.CONTEXT_OVERFLOW),
        (422, b'{"status":422,"message":"Invalid params: temperature"}\n', Kind.INVALID_REQUEST),
        (429, b'{"status":429,"message":"Too many requests"}\n', Kind.RATE_LIMITED),
        (500, b'{"status":500,"message":"Internal Server Error"}\n', Kind.UPSTREAM_FAILED),
        (502, b"<html><h1>502 Bad Gateway http://10.0.0.1/secret</h1></html>", Kind.UPSTREAM_FAILED),
        (504, b"", Kind.UPSTREAM_TIMEOUT),
    ],
)
def test_statuses(status: int, body: bytes, kind: Kind) -> None:
    problem = WIRE.decode_error(status, {}, body)
    assert problem.kind is kind
    assert "html" not in problem.message


@pytest.mark.parametrize(
    ("header", "seconds"), [("3", 3.0), ("0.5", 0.5), ("-1", -1.0), ("1e9", -1.0), ("Wed, 21 Oct 2026", -1.0)]
)
def test_retry_after(header: str, seconds: float) -> None:
    assert WIRE.decode_error(429, {"retry-after": header}, b"").retry_after == seconds


def test_a_forced_answer_is_text() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    request = ChatRequest("m", REQUEST.messages, format=JsonSchema(schema))
    call = WIRE.encode(request, model("GigaChat-Plus", "gigachat"), frozenset())
    name = msgspec.json.decode(call.body)["function_call"]["name"]
    delta = f'{{"content":"","function_call":{{"name":"{name}","arguments":{{"n":3}}}}}}'
    reply = fold(events(frame(delta, "," + USAGE, "function_call"), call=call))
    assert (reply.text, reply.finish, reply.calls) == ('{"n":3}', "stop", ())


REPLIES = [
    Reply((Text("Привет 👋"),), "stop", Usage(17, 3, 2), STAMP.model),
    Reply((Reasoning("hm"), Text("a")), "length", Usage(1, 1), STAMP.model),
    Reply(
        (ToolCall("", "time", '{"a":[1,2.5,null]}', Opaque("gigachat", STATE)),), "tool_calls", Usage(1, 1), STAMP.model
    ),
    Reply((Text("Sorry."),), "content_filter", Usage(1, 1), STAMP.model),
]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("split", [True, False])
def test_what_the_servers_half_writes_the_clients_half_reads(reply: Reply, split: bool) -> None:
    encoder = Encoder(STAMP, split_finish=split)
    stream = b"".join(encoder.feed(event) for event in unfold(reply))
    assert fold(events(stream)) == reply
    folded = fold(CALL.decode(encode(reply, STAMP)))
    assert sorted(map(repr, folded.parts)) == sorted(map(repr, reply.parts))
    assert (folded.finish, folded.usage, folded.model) == (reply.finish, reply.usage, reply.model)


def test_the_servers_half_writes_the_recorded_bytes() -> None:
    body = encode(Reply((Text("Hello."),), "stop", Usage(17, 3, 2)), STAMP)
    assert body.decode() == (
        '{"choices":[{"message":{"content":"Hello.","role":"assistant"},"index":0,"finish_reason":"stop"}],'
        '"created":1768996176,"model":"GigaChat:2.0.28.2","object":"chat.completion",'
        '"usage":{"prompt_tokens":17,"completion_tokens":3,"total_tokens":20,"precached_prompt_tokens":2}}'
    )
    encoder = Encoder(STAMP, split_finish=True)
    stream = b"".join(encoder.feed(event) for event in STREAMED)
    assert stream.decode() == STREAM.replace('"$1', '"$1')

"""Every directive does what the table says, whichever way it is given."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from gigamost.emulator import COMPANY, DIRECTIVES, EmulatorSettings
from gigamost.emulator.personalities import Directives
from gigamost.emulator.refusal import RefusalError
from tests.emulator.conftest import MODEL, Api, ended, frames, message, serve

WEATHER = {
    "name": "weather",
    "description": "Forecast of the weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "wind": {"type": "boolean"}},
    },
}
ASK = "weather in Paris, 3 days"
CALLED = {"city": "Paris", "days": 3, "wind": True}


async def call(api: Api, directives: str, **fields: Any) -> httpx.Response:
    return await api.chat(f"{ASK} [[emulator: {directives}]]", functions=[WEATHER], function_call="auto", **fields)


async def raw(api: Api, directives: str, text: str = "Hi", **fields: Any) -> tuple[bytes, bool]:
    """The bytes of an answer as they come from the socket, and whether they ended in a reset."""
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": text}], **fields}).encode()
    reader, writer = await asyncio.open_connection(api.running.host, api.running.port)
    writer.write(
        b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: emulator\r\nConnection: close\r\nUser-Agent: raw\r\n"
        + f"Authorization: {api.http.headers['authorization']}\r\nX-Emulator: {directives}\r\n".encode()
        + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    data, reset = b"", False
    try:
        while piece := await reader.read(65536):
            data += piece
    except ConnectionResetError:
        reset = True
    writer.close()
    return data, reset


def chunks_of(data: bytes) -> tuple[list[bytes], bool]:
    """The chunks of an answer in chunked transfer coding, and whether the last one came."""
    chunks: list[bytes] = []
    rest = data.partition(b"\r\n\r\n")[2]
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if size == b"0":
            return chunks, True
        chunks.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return chunks, False


async def test_three_ways_to_ask(api: Api) -> None:
    assert message(await api.chat("Hi [[emulator: text=One]]"))["content"] == "One"
    assert message(await api.chat("Hi", headers={"X-Emulator": "text=Two"}))["content"] == "Two"
    api.app.script.next("text=Three")
    api.app.script.next("")
    api.app.script.next("text=Five")
    answers = [message(await api.chat("Reply with exactly Four"))["content"] for _ in range(4)]
    assert answers == ["Three", "Four", "Five", "Four"]
    assert len(api.app.script) == 0


async def test_only_the_last_user_message_counts(api: Api) -> None:
    body = {
        "model": MODEL,
        "messages": [
            {"role": "user", "content": "Hi [[emulator: status=500]]"},
            {"role": "assistant", "content": "Oh"},
            {"role": "user", "content": "Reply with exactly fine"},
        ],
    }
    assert message(await api.http.post("/chat/completions", json=body))["content"] == "fine"


async def test_the_script_reaches_other_paths(api: Api) -> None:
    api.app.script.next("status=500", path="/oauth")
    api.app.script.next("status=429; retry_after=2", path="/embeddings")
    assert (await api.http.get("/models")).status_code == 200
    refused = await api.http.post("/embeddings", json={"model": "Embeddings", "input": ["a"]})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert (await api.oauth()).status_code == 500
    assert (await api.oauth()).status_code == 200


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("blacklst", "emulator: no directive 'blacklst', 'blacklist' is near"),
        ("cut=soon", "emulator: cut takes N, not 'soon'"),
        ("slow=-1", "emulator: slow takes seconds, not '-1'"),
        ("crlf=yes", "emulator: crlf takes no value, not 'yes'"),
        ("text", "emulator: text takes text, not ''"),
    ],
)
def test_a_wrong_directive_is_told(text: str, complaint: str) -> None:
    with pytest.raises(RefusalError) as caught:
        Directives.parse(text)
    assert (caught.value.status, caught.value.message) == (400, complaint)


async def test_the_validator_comes_first(api: Api) -> None:
    assert (await api.chat("[[emulator: status=503]] Hi", seed=1)).status_code == 422


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("directives", "finish", "content"),
    [
        ("text=Any words", "stop", "Any words"),
        ("long=3", "stop", "word1 word2 word3"),
        ("empty", "stop", ""),
        ("lt", "stop", "<"),
        ("blacklist", "blacklist", "I would rather not talk about this topic."),
        ("error", "error", ""),
        ("text=one two three four; length", "length", "one two "),
        ("prelude", "function_call", "assistant function callrecipient{"),
        (
            "raw_call",
            "stop",
            (
                '\n<|message_sep|>\n\nfunction call<|role_sep|>\n{"name":"weather","arguments":'
                '{"city":"Paris","days":3,"wind":true}}'
            ),
        ),
        ("text=Yes; think", "stop", "<think>Let me think about what was asked. I know what to say.</think>\nYes"),
    ],
)
async def test_what_is_answered(api: Api, directives: str, finish: str, content: str, stream: bool) -> None:
    response = await call(api, directives, stream=stream)
    if stream:
        choices = [frame["choices"][0] for frame in frames(response)]
        assert "".join(choice["delta"]["content"] for choice in choices) == content
        assert [choice["finish_reason"] for choice in choices if "finish_reason" in choice] == [finish]
        assert "function_call" in str(choices) or finish != "function_call"
    else:
        choice = response.json()["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == (content, finish)
        assert ("function_call" in choice["message"]) == (finish == "function_call")


async def test_call_and_no_call(api: Api) -> None:
    asked = message(await api.chat("Hi [[emulator: call=weather]]", functions=[WEATHER]))
    assert asked["function_call"]["name"] == "weather"
    assert "function_call" not in message(await call(api, "no_call"))
    history = [
        {"role": "user", "content": "Hi [[emulator: call=weather]]"},
        {"role": "assistant", "content": "", "function_call": asked["function_call"]},
        {"role": "function", "name": "weather", "content": '{"sky":"blue"}'},
    ]
    body = {"model": MODEL, "messages": history, "functions": [WEATHER]}
    assert '{"sky":"blue"}' in message(await api.http.post("/chat/completions", json=body))["content"]


@pytest.mark.parametrize(
    ("directives", "arguments"),
    [
        ("slow=0", CALLED),
        ("string_arguments", '{"city":"Paris","days":3,"wind":true}'),
        ("invalid_arguments", '{"broken": "weather'),
        ("wrong_types", {"city": "Paris", "days": "3", "wind": "true"}),
    ],
)
async def test_how_arguments_look(api: Api, directives: str, arguments: object) -> None:
    assert message(await call(api, directives))["function_call"] == {"name": "weather", "arguments": arguments}
    (called,) = [
        f for f in frames(await call(api, directives, stream=True)) if "function_call" in str(f["choices"][0]["delta"])
    ]
    assert called["choices"][0]["delta"]["function_call"] == {"name": "weather", "arguments": arguments}


async def test_escaped_arguments(api: Api) -> None:
    note = {"name": "note", "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}}
    said = await api.chat("note `a\nb` [[emulator: escaped]]", functions=[note])
    assert message(said)["function_call"]["arguments"] == {"text": "a\\nb"}


async def test_split_arguments_join_or_merge(api: Api) -> None:
    by_text = [f["choices"][0]["delta"] for f in frames(await call(api, "split_arguments", stream=True))]
    pieces = [delta["function_call"]["arguments"] for delta in by_text if "function_call" in delta]
    assert len(pieces) > 2
    assert msgspec.json.decode("".join(pieces)) == CALLED
    by_key = [f["choices"][0]["delta"] for f in frames(await call(api, "split_arguments=keys", stream=True))]
    assert [d["function_call"]["arguments"] for d in by_key if "function_call" in d] == [
        {"city": "Paris"},
        {"days": 3},
        {"wind": True},
    ]


async def test_one_chunk_or_two_chunks(api: Api) -> None:
    one = frames(await call(api, "one_chunk", stream=True))
    assert [("function_call" in f["choices"][0]["delta"], f["choices"][0].get("finish_reason")) for f in one] == [
        (True, "function_call")
    ]
    two = frames(await call(api, "two_chunks", stream=True))
    assert [("function_call" in f["choices"][0]["delta"], f["choices"][0].get("finish_reason")) for f in two] == [
        (True, None),
        (False, "function_call"),
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_missing(api: Api, stream: bool) -> None:
    assert "functions_state_id" in (await call(api, "slow=0", stream=stream)).text
    assert "functions_state_id" not in (await call(api, "no_state", stream=stream)).text
    assert "usage" not in (await call(api, "no_usage", stream=stream)).text
    assert "finish_reason" not in (await call(api, "no_finish", stream=stream)).text
    assert '"function_call":{}' in (await call(api, "empty_call", stream=stream)).text


async def test_no_done(api: Api) -> None:
    assert (await api.chat("Hi", stream=True)).text.endswith("data: [DONE]\n\n")
    assert "[DONE]" not in (await api.chat("Hi [[emulator: no_done]]", stream=True)).text


async def test_reasoning(api: Api) -> None:
    said = message(await api.chat("Say 'A' [[emulator: reason]]"))
    assert (said["content"], said["reasoning_content"]) == ("A", "The user writes: Say 'A'")
    streamed = frames(await api.chat("Say 'A'", model="GigaChat-2-Reasoning", reasoning_effort="low", stream=True))
    thoughts = [frame["choices"][0]["delta"].get("reasoning_content", "") for frame in streamed]
    assert "".join(thoughts) == "The user writes: Say 'A'"


async def test_stream_bytes(api: Api) -> None:
    plain = (await api.chat("Reply with exactly: a b", stream=True)).content
    created = re.compile(rb'"created":\d+')

    async def spoiled(directives: str) -> bytes:
        sent = await api.chat("Reply with exactly: a b", stream=True, headers={"X-Emulator": directives})
        return created.sub(b"", sent.content)

    plain = created.sub(b"", plain)
    assert await spoiled("crlf") == plain.replace(b"\n", b"\r\n")
    assert await spoiled("bom") == b"\xef\xbb\xbf" + plain
    assert (await spoiled("keepalive")).replace(b": keep-alive\n\n", b"") == plain
    assert (await spoiled("keepalive")).count(b": keep-alive\n\n") == 3
    assert await spoiled("one_byte") == plain


async def test_one_byte_pieces_leave_one_by_one(api: Api) -> None:
    data, _ = await raw(api, "one_byte", stream=True)
    chunks, done = chunks_of(data)
    assert done
    assert len(chunks) > 100
    assert {len(chunk) for chunk in chunks} == {1}


async def test_a_malformed_frame(api: Api) -> None:
    lines = (await api.chat("[[emulator: malformed=2]] Hi", stream=True)).text.split("\n\n")
    assert msgspec.json.decode(lines[0].removeprefix("data: "))
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(lines[1].removeprefix("data: "))
    assert msgspec.json.decode(lines[2].removeprefix("data: "))
    whole = await api.chat("[[emulator: malformed]] Hi")
    assert whole.status_code == 200
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(whole.content)


async def test_errors_inside_200(api: Api) -> None:
    whole = await api.chat("[[emulator: error_body_in_200]] Hi")
    assert (whole.status_code, whole.json()) == (200, {"status": 429, "message": "Too many requests"})
    stream = await api.chat("[[emulator: error_body_in_200=500]] Hi", stream=True)
    assert stream.headers["content-type"] == "text/event-stream"
    assert frames(stream) == [{"status": 500, "message": "Internal Server Error"}]
    late = frames(await api.chat("[[emulator: error_after=2]] Hi", stream=True))
    assert len(late) == 3
    assert late[-1] == {"status": 500, "message": "Internal Server Error"}


@pytest.mark.parametrize("name", ["cut", "reset"])
async def test_a_stream_is_cut_at_every_offset(api: Api, name: str) -> None:
    whole, done = chunks_of((await raw(api, "", "Reply with exactly ok", stream=True))[0])
    assert done
    offsets = range(0, len(b"".join(whole)), 37)
    results = await asyncio.gather(
        *(raw(api, f"{name}={at}", "Reply with exactly ok", stream=True) for at in offsets[:9])
    )
    for at, (data, reset) in zip(offsets, results, strict=False):
        chunks, ended = chunks_of(data)
        assert (len(b"".join(chunks)), ended, reset) == (at, False, name == "reset")
    await api.app.log.until(lambda seen: seen.ending == "hung_up")


@pytest.mark.parametrize("name", ["cut", "reset"])
async def test_a_whole_answer_is_cut(api: Api, name: str) -> None:
    data, reset = await raw(api, f"{name}=50")
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    assert int(length[1]) > len(body) == 50
    assert reset == (name == "reset")
    longer, _ = await raw(api, f"{name}=100000")
    assert longer.partition(b"\r\n\r\n")[2].endswith(b"}")


async def test_a_cut_frees_the_slot(api: Api) -> None:
    for _ in range(12):
        await raw(api, "cut=10", stream=True)
    assert (await api.chat("Hi")).status_code == 200


async def test_silence(api: Api) -> None:
    started = time.monotonic()
    await api.chat("[[emulator: stall_before=0.05]] Hi")
    await api.chat("[[emulator: stall_after=1; stall=0.05]] Hi", stream=True)
    assert time.monotonic() - started >= 0.1
    count = len(frames(await api.chat("Hi", stream=True)))
    for name in ("slow", "delay"):
        started = time.monotonic()
        await api.chat(f"[[emulator: {name}=0.01]] Hi", stream=True)
        assert time.monotonic() - started >= 0.01 * count


async def test_a_stall_lasts_until_the_client_leaves(api: Api) -> None:
    for after in range(3):
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        headers = {"X-Emulator": f"stall_after={after}"}
        async with api.http.stream("POST", "/chat/completions", json=body, headers=headers) as response:
            assert response.status_code == 200
            chunks = response.aiter_lines()
            for _ in range(after):
                assert (await anext(chunks)).startswith("data: ")
                assert await anext(chunks) == ""
        left = await api.app.log.until(ended(api.app.log.last.serial))
        assert left.ending == "disconnected"


@pytest.mark.parametrize(
    ("directives", "status", "kind", "text"),
    [
        ("status=429", 429, "application/json; charset=utf-8", '{"status":429,"message":"Too many requests"}\n'),
        ("status=401; message=Token has expired", 401, "application/json; charset=utf-8", "Token has expired"),
        ("status=500", 500, "application/json; charset=utf-8", "Internal Server Error"),
        ("status=504", 504, "text/html", "504 Gateway Timeout"),
        ("html_502", 502, "text/html", "502 Bad Gateway"),
    ],
)
async def test_statuses(api: Api, directives: str, status: int, kind: str, text: str) -> None:
    for stream in (False, True):
        response = await api.chat(f"[[emulator: {directives}]] Hi", stream=stream)
        assert (response.status_code, response.headers["content-type"]) == (status, kind)
        assert text in response.text
        assert "retry-after" not in response.headers
    assert (await api.chat("[[emulator: status=429; retry_after=-1]]Hi")).headers["retry-after"] == "-1"


async def test_the_delay_of_the_settings() -> None:
    async with serve(EmulatorSettings(delay=0.01), COMPANY) as api:
        started = time.monotonic()
        count = len(frames(await api.chat("Hi", stream=True)))
        assert time.monotonic() - started >= 0.01 * count
        # An update interval over the whole answer leaves one chunk of text and the finish.
        assert len(frames(await api.chat("Hi", stream=True, update_interval=1))) == 2


def test_every_directive_is_tested() -> None:
    here = Path(__file__)
    source = here.read_text() + here.with_name("test_v2_personalities.py").read_text()
    assert [directive.name for directive in DIRECTIVES if not re.search(rf"\b{directive.name}\b", source)] == []

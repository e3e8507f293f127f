"""Ollama, server role: the bytes of answers, of streams and of errors."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.codec import Stamp
from gigamost.core.errors import Kind, Problem
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.face import GetModel, Incoming, Listed, Say, ServeChat
from gigamost.core.fold import Reply, unfold
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.messages import BuiltinCall, FileRef, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.models import Capabilities, Model
from gigamost.core.tasks import EmbedReply
from gigamost.core.usage import Usage
from gigamost.framing import ndjson
from gigamost.protocols import ollama as face
from gigamost.protocols.ollama import embeddings, models, service

STAMP = Stamp("abc", 1700000000, "llama3:latest")
USAGE = Usage(20, 7, 5, 2)
HEAD = '{"model":"llama3:latest","created_at":"2023-11-14T22:13:20.000000000Z",'
DONE = (
    '"done":true,"done_reason":"stop","total_duration":0,"load_duration":0,"prompt_eval_count":20,'
    '"prompt_eval_duration":0,"eval_count":7,"eval_duration":1}'
)
PICTURE = Media("image", Inline(b"jpeg"), "image/jpeg", "")
SHOWN_PICTURE = f"![image](data:image/jpeg;base64,{base64.b64encode(b'jpeg').decode()})"


def incoming(path: str = "/api/chat", **fields: Any) -> Incoming:
    asked: Any = {"messages": [{"role": "user", "content": "x"}]} if path == "/api/chat" else {"prompt": "x"}
    return Incoming(json.dumps({"model": "llama3:latest", **asked, **fields}).encode(), {}, {}, {})


def chat(reply: Reply) -> str:
    return face.chat(incoming()).encode(reply, STAMP).decode()


def streamed(*events: Event, stamp: Stamp = STAMP) -> list[str]:
    encoder = face.chat(incoming()).encoder(stamp)
    return b"".join(encoder.feed(event) for event in events).decode().splitlines()


def said(message: str) -> str:
    return f'{HEAD}"message":{{"role":"assistant",{message}}},"done":false}}'


LAST = f'{HEAD}"message":{{"role":"assistant","content":""}},{DONE}'


def test_a_whole_answer() -> None:
    reply = Reply((Text('Привет, "мир"\n'),), "stop", USAGE, "GigaChat:1")
    assert chat(reply) == HEAD + r'"message":{"role":"assistant","content":"Привет, \"мир\"\n"},' + DONE


def test_a_whole_answer_with_everything() -> None:
    parts = (
        Reasoning("hm"),
        Text("See "),
        PICTURE,
        Media("video", FileRef("id")),
        BuiltinCall("web_search", log="looking"),
        ToolCall("call1", "a b", '{"x": [1, 2.50]}'),
        ToolCall("call2", "c", "{}"),
    )
    message = json.loads(chat(Reply(parts, "tool_calls", USAGE)))
    assert message["done_reason"] == "stop"
    assert message["message"] == {
        "role": "assistant",
        "content": f"See {SHOWN_PICTURE}[video]",
        "thinking": "hm",
        "tool_calls": [
            {"id": "call1", "function": {"index": 0, "name": "a b", "arguments": {"x": [1, 2.5]}}},
            {"id": "call2", "function": {"index": 1, "name": "c", "arguments": {}}},
        ],
    }
    assert "2.50" in chat(Reply(parts, "tool_calls", USAGE))  # numbers keep their spelling


@pytest.mark.parametrize("arguments", ["ls -l", "[1]", "", '"x"', "{"])
def test_arguments_are_an_object_whatever_the_model_said(arguments: str) -> None:
    (call,) = json.loads(chat(Reply((ToolCall("c", "a", arguments),), "tool_calls", USAGE)))["message"]["tool_calls"]
    assert call["function"]["arguments"] == {"arguments": arguments}


def test_a_stream() -> None:
    lines = streamed(
        Start(),
        PartStart("reasoning"),
        PartDelta("hm"),
        PartEnd(),
        PartStart("text"),
        PartDelta("Hel"),
        PartDelta("lo"),
        PartEnd(),
        Finish("stop", USAGE),
    )
    thought, hel, lo, last = lines
    assert thought == said('"content":"","thinking":"hm"')
    assert (hel, lo) == (said('"content":"Hel"'), said('"content":"lo"'))
    assert last == LAST


def test_a_streamed_call_is_one_line_when_it_is_whole() -> None:
    def call(call_id: str) -> tuple[Event, ...]:
        return PartStart("tool_call", "a", call_id), PartDelta('{"x"'), PartDelta(":1}"), PartEnd()

    *calls, last = streamed(Start(), *call("call1"), *call("call2"), Finish("tool_calls", USAGE))
    assert calls == [
        said(
            f'"content":"","tool_calls":[{{"id":"call{at + 1}","function":{{"index":{at},"name":"a",'
            '"arguments":{"x":1}}}]'
        )
        for at in (0, 1)
    ]
    assert last == LAST


def test_a_picture_and_progress_in_a_stream() -> None:
    picture = (PartStart("media"), PartEnd(media=(PICTURE,)))
    search = (PartStart("builtin", "web_search"), PartDelta("looking"), PartEnd())
    assert streamed(Start(), *search, *picture, Finish("stop", USAGE)) == [said(f'"content":"{SHOWN_PICTURE}"'), LAST]


@pytest.mark.parametrize(
    ("reason", "word"),
    [("stop", "stop"), ("length", "length"), ("tool_calls", "stop"), ("content_filter", "content_filter")],
)
def test_done_reasons(reason: FinishReason, word: str) -> None:
    assert json.loads(chat(Reply((), reason, USAGE)))["done_reason"] == word
    assert json.loads(streamed(Start(), Finish(reason, USAGE))[-1])["done_reason"] == word


def test_a_failure_is_a_line_and_a_cut_call_is_never_shown() -> None:
    failure = Failure(Problem(Kind.UPSTREAM_FAILED, "It broke."))
    cut = streamed(Start(), PartStart("tool_call", "a", "call1"), PartDelta('{"x"'), failure)
    assert cut == ['{"error":"It broke."}']
    assert streamed(failure) == ['{"error":"It broke."}']
    assert face.encode_error(failure.problem, "id") == b'{"error":"It broke."}'


def test_generate_has_its_own_words() -> None:
    service = face.generate(incoming("/api/generate"))
    assert isinstance(service, ServeChat)
    exchange = service.decode(incoming("/api/generate"))
    reply = Reply((Reasoning("hm"), Text("Hi")), "stop", USAGE)
    assert exchange.encode(reply, STAMP).decode() == f'{HEAD}"response":"Hi","thinking":"hm",{DONE}'
    encoder = exchange.encoder(STAMP)
    assert b"".join(map(encoder.feed, unfold(reply))).decode().splitlines() == [
        f'{HEAD}"response":"","thinking":"hm","done":false}}',
        f'{HEAD}"response":"Hi","done":false}}',
        f'{HEAD}"response":"",{DONE}',
    ]


def test_no_line_keeps_a_stream_alive() -> None:
    encoder = face.chat(incoming()).encoder(STAMP)
    assert encoder.keepalive() == b""
    assert encoder.content_type == "application/x-ndjson"


def test_durations_come_from_the_stamp() -> None:
    """Half a second until the encoder, then 10 ms to each reading of the clock."""

    def clock() -> Iterator[int]:
        yield from range(SECOND // 2, SECOND, SECOND // 100)

    ticks = clock()
    stamp = Stamp("abc", 1700000000, "m", lambda: next(ticks))
    lines = [
        json.loads(line)
        for line in streamed(
            Start(), PartStart("text"), PartDelta("a"), PartDelta("b"), PartEnd(), Finish("stop", USAGE), stamp=stamp
        )
    ]
    moments = [f"2023-11-14T22:13:20.{fraction}0000000Z" for fraction in ("02", "03", "05")]
    assert [line["created_at"] for line in lines] == moments
    last = lines[-1]
    assert (last["prompt_eval_duration"], last["eval_duration"]) == (510_000_000, 30_000_000)
    assert (last["total_duration"], last["load_duration"]) == (540_000_000, 0)


@given(st.integers(min_value=0, max_value=253_402_300_799), st.integers(0, SECOND - 1))
def test_a_moment_is_the_one_that_python_says(seconds: int, fraction: int) -> None:
    expected = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    year, rest = expected.split("-", 1)
    assert rfc3339(seconds * SECOND + fraction) == f"{int(year):04}-{rest}.{fraction:09}Z"


def test_vectors_have_length_one_in_the_newer_endpoint_only() -> None:
    body = json.dumps({"model": "m", "input": ["a", "b"], "prompt": "a"}).encode()
    asked = Incoming(body, {}, {}, {})
    reply = EmbedReply(((3.0, 4.0), (0.0, 0.0)), 12)
    answer = json.loads(embeddings.Exchange(asked).encode(reply, STAMP))
    assert answer == {
        "model": "llama3:latest",
        "embeddings": [[0.6, 0.8], [0.0, 0.0]],
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_count": 12,
    }
    assert json.loads(embeddings.LegacyExchange(asked).encode(reply, STAMP)) == {"embedding": [3.0, 4.0]}


ABLE = Capabilities(131_072, vision=True, reasoning=True)
MAX = Listed("gpt-4o", Model("GigaChat-2-Max", "gigachat", capabilities=ABLE))
VECTORS = Listed(
    "Embeddings", Model("Embeddings", "gigachat", "embedder", capabilities=Capabilities(512, 0, dimensions=1024))
)
FILTER = Listed("GigaFilter", Model("GigaFilter", "gigachat", "filter"))


def test_the_list_of_models_as_the_official_client_reads_it() -> None:
    tagged = Listed("mine:7b", MAX.model)
    read = ollama.ListResponse.model_validate_json(models.encode_tags([MAX, VECTORS, FILTER, tagged], incoming()))
    assert [model.model for model in read.models] == ["gpt-4o:latest", "Embeddings:latest", "mine:7b"]
    digests = [model.digest or "" for model in read.models]
    assert digests[0] == digests[2] != digests[1]  # two names of one model
    assert len(digests[0]) == 64


def test_what_a_model_is_as_the_official_client_reads_it() -> None:
    shown = ollama.ShowResponse.model_validate_json(models.encode_show(MAX))
    assert shown.capabilities == ["completion", "insert", "tools", "vision", "thinking"]
    assert shown.modelinfo is not None
    architecture = shown.modelinfo["general.architecture"]
    assert shown.modelinfo[f"{architecture}.context_length"] == 131_072
    assert shown.modelinfo["general.basename"] == "GigaChat-2-Max"
    assert shown.parameters == "num_ctx 131072"
    assert ".Suffix" in (shown.template or "")
    vectors = ollama.ShowResponse.model_validate_json(models.encode_show(VECTORS))
    assert vectors.capabilities == ["embedding"]
    assert vectors.modelinfo is not None
    assert vectors.modelinfo["gigachat.embedding_length"] == 1024
    assert json.loads(models.encode_show(FILTER))["capabilities"] == []


def test_a_pull_is_one_line_that_is_a_whole_answer_too() -> None:
    pulled = models.encode_pulled(MAX)
    assert ndjson.Reader().feed(pulled) == [b'{"status":"success"}']
    assert json.loads(pulled) == {"status": "success"}


@pytest.mark.parametrize(
    ("accept", "beginning"),
    [("", b"Ollama is running"), ("*/*", b"Ollama is running"), ("text/html,application/xhtml+xml", b'{"gateway"')],
)
def test_the_root_is_for_ollamas_clients_and_for_people(accept: str, beginning: bytes) -> None:
    _, body = service.say_root(Incoming(b"", {}, {}, {"accept": accept} if accept else {}))
    assert body.startswith(beginning)


def test_the_version_is_one_that_clients_accept() -> None:
    version = json.loads(service.say_version(incoming())[1])["version"]
    assert tuple(map(int, version.split("."))) >= (0, 14, 2)


def test_what_is_open_and_what_needs_a_key() -> None:
    assert {endpoint.path for endpoint in face.FACE.endpoints if endpoint.is_open} == {"/", "/api/version"}
    assert all(isinstance(endpoint.service, Say) for endpoint in face.FACE.endpoints if endpoint.is_open)
    assert sum(isinstance(endpoint.service, GetModel) for endpoint in face.FACE.endpoints) == 2

"""Exchanges with the real API, read by the codec that speaks to it and written by the codec that plays it.

Ours state the recorded facts in other words and always run. Recordings themselves stand beside them where they are at
hand, next to the repository.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gigamost.core.codec import Stamp
from gigamost.core.errors import Kind
from gigamost.core.events import Event
from gigamost.core.fold import fold
from gigamost.core.grammar import checked
from gigamost.core.messages import Message, Text
from gigamost.core.request import ChatRequest
from gigamost.core.usage import Usage
from gigamost.emulator.catalogue import CATALOGUE
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.validator import judge, parse
from gigamost.protocols.gigachat.models import model
from gigamost.protocols.gigachat.tasks import decode_embeddings
from gigamost.protocols.gigachat.v1 import WIRE, Encoder, encode, encode_error
from gigamost.protocols.openai_chat import Exchange

FOLDER = Path(__file__).parents[3] / "shared" / "recordings"
FACTS = {facts.id: facts for facts in CATALOGUE}


class Exchanged(NamedTuple):
    """`asked` is the body of a request; `answer` the JSON of its answer, or the text of a stream."""

    path: str
    asked: Any
    status: int
    answer: Any


def said(text: str, cost: dict[str, int], finish: str = "stop", named: str = "chat.completion") -> dict[str, Any]:
    choice = {"message": {"content": text, "role": "assistant"}, "index": 0, "finish_reason": finish}
    return {"choices": [choice], "created": 1700000000, "model": "GigaChat:2.0", "object": named, "usage": cost}


def usage(prompt: int, completion: int, cached: int) -> dict[str, int]:
    """Cached tokens are part of the prompt and of the total."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "precached_prompt_tokens": cached,
    }


def frame(content: str, role: str = "", **rest: Any) -> str:
    delta = {"content": content} | ({"role": role} if role else {})
    finish = {"finish_reason": rest.pop("finish")} if "finish" in rest else {}
    head = {"choices": [{"delta": delta, "index": 0, **finish}], "created": 1700000000, "model": "GigaChat:2.0"}
    whole = {**head, "object": "chat.completion", **rest}
    return f"data: {json.dumps(whole, ensure_ascii=False, separators=(',', ':'))}\n\n"


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


COLOUR = {
    "type": "object",
    "title": "Colour",
    "properties": {"name": {"type": "string", "title": "Name"}, "hue": {"type": "integer", "maximum": 360}},
    "required": ["name", "hue"],
}
STREAM = (
    frame("$1\\, 2$  \n\n**Счёт", "assistant")
    + frame("**\n- От одного — до двух.")
    + frame("", finish="stop", usage=usage(17, 9, 2))
    + "data: [DONE]\n\n"
)
CHAT, EMBEDDINGS = "/chat/completions", "/embeddings"
OURS = {
    "a text": Exchanged(
        CHAT, {"model": "GigaChat", "messages": user("Say it")}, 200, said("Сказано.", usage(17, 3, 2))
    ),
    "a filtered text": Exchanged(
        CHAT, {"model": "GigaChat", "messages": user("?")}, 200, said("Нет.", usage(12, 4, 0), "blacklist")
    ),
    "a structured text": Exchanged(
        CHAT,
        {
            "model": "GigaChat-3-Ultra",
            "messages": user("A colour"),
            "response_format": {"type": "json_schema", "schema": COLOUR, "strict": True},
        },
        200,
        said('{\n    "name": "red",\n    "hue": 0\n}', usage(24, 21, 0), named="chat.completions"),
    ),
    "a stream": Exchanged(CHAT, {"model": "GigaChat", "messages": user("Count"), "stream": True}, 200, STREAM),
    "no such model": Exchanged(
        CHAT, {"model": "Nobody", "messages": user("Hi")}, 404, {"status": 404, "message": "No such model"}
    ),
    "vectors": Exchanged(
        EMBEDDINGS,
        {"input": ["a", "b"], "model": "Embeddings"},
        200,
        {
            "object": "list",
            "model": "Embeddings",
            "data": [
                {"object": "embedding", "index": 0, "embedding": [1.5, -2.25], "usage": {"prompt_tokens": 6}},
                {"object": "embedding", "index": 1, "embedding": [0.5, 0.0], "usage": {"prompt_tokens": 7}},
            ],
        },
    ),
}


def recorded() -> dict[str, Exchanged]:
    found: dict[str, Exchanged] = {}
    for path in sorted(FOLDER.glob("*.json")):
        for at, each in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            asked, answer = each["request"], each["response"]
            where = asked["uri"].partition("/api/v1")[2]
            found[f"{path.stem} {at}"] = Exchanged(where, asked["body"], answer["status"], answer["body"])
    return found


ALL = OURS | recorded()


def some(path: str, *, streamed: bool = False, ok: bool = True) -> pytest.MarkDecorator:
    names = [
        name
        for name, each in ALL.items()
        if each.path == path and (each.status == 200) is ok and isinstance(each.answer, str) is streamed
    ]
    return pytest.mark.parametrize("name", names)


def call_for(asked: Any) -> Any:
    request = ChatRequest(asked["model"], (Message("user", (Text("x"),)),), stream=asked.get("stream", False))
    return WIRE.encode(request, model(asked["model"], "gigachat"), frozenset())


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def counted(told: Any) -> Usage:
    return Usage(told["prompt_tokens"], told["completion_tokens"], told["precached_prompt_tokens"])


FINISH = {"stop": "stop", "length": "length", "blacklist": "content_filter", "function_call": "tool_calls"}


@some(CHAT)
def test_an_answer_is_read_and_written_back(name: str) -> None:
    exchange = ALL[name]
    answer = exchange.answer
    (choice,) = answer["choices"]
    reply = fold(checked(call_for(exchange.asked).decode(compact(answer))))
    assert reply.text == choice["message"]["content"]
    assert reply.finish == FINISH[choice["finish_reason"]]
    assert (reply.usage, reply.model) == (counted(answer["usage"]), answer["model"])
    written = encode(reply, Stamp("", answer["created"], answer["model"]))
    assert written == compact({**answer, "object": "chat.completion"})


def pieces(stream: str) -> list[Any]:
    frames = [part.removeprefix("data: ") for part in stream.split("\n\n") if part]
    assert frames.pop() == "[DONE]"
    return [json.loads(each) for each in frames]


def read(asked: Any, *chunks: bytes) -> list[Event]:
    decoder = call_for(asked).decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return list(checked([*events, *decoder.close()]))


@some(CHAT, streamed=True)
def test_a_stream_is_read_wherever_it_is_cut(name: str) -> None:
    exchange = ALL[name]
    frames = pieces(exchange.answer)
    data = exchange.answer.encode()
    for at in range(len(data) + 1):
        reply = fold(read(exchange.asked, data[:at], data[at:]))
        assert reply.text == "".join(each["choices"][0]["delta"]["content"] for each in frames)
        assert reply.finish == FINISH[frames[-1]["choices"][0]["finish_reason"]]
        assert (reply.usage, reply.model) == (counted(frames[-1]["usage"]), frames[0]["model"])
    assert fold(read(exchange.asked, *(data[at : at + 1] for at in range(len(data))))) == reply


@some(CHAT, streamed=True)
def test_a_stream_is_written_back_frame_by_frame(name: str) -> None:
    exchange = ALL[name]
    frames = pieces(exchange.answer)
    encoder = Encoder(Stamp("", frames[0]["created"], frames[0]["model"]), split_finish=False)
    written = b"".join(encoder.feed(event) for event in read(exchange.asked, exchange.answer.encode()))
    assert written.decode() == exchange.answer


@some(CHAT, ok=False)
def test_a_refusal_is_read_and_written_back(name: str) -> None:
    exchange = ALL[name]
    problem = WIRE.decode_error(exchange.status, {}, compact(exchange.answer))
    assert (problem.kind, problem.message) == (Kind.MODEL_NOT_FOUND, f"GigaChat: {exchange.answer['message']}")
    assert encode_error(exchange.status, exchange.answer["message"]) == compact(exchange.answer) + b"\n"
    with pytest.raises(RefusalError) as refused:
        judge(parse(compact(exchange.asked)), FACTS, lambda _: None, strict_fields=True)
    assert (refused.value.status, refused.value.message) == (exchange.status, exchange.answer["message"])


@some(CHAT)
def test_a_request_is_accepted_and_is_the_one_that_we_would_send(name: str) -> None:
    asked = ALL[name].asked
    judged, _ = judge(parse(compact(asked)), FACTS, lambda _: None, strict_fields=False)
    assert judged == asked
    body = dict(asked)
    given = body.get("response_format")
    if given is not None:
        schema = {"name": "out", "schema": given["schema"], "strict": given.get("strict", False)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    sent = WIRE.encode(Exchange(compact(body)).request, model(asked["model"], "gigachat"), frozenset()).body
    assert json.loads(sent) == asked


@some(EMBEDDINGS)
def test_vectors_are_read(name: str) -> None:
    answer = ALL[name].answer
    for each in answer["data"]:  # a recording is abridged: words stand for the rest of a vector
        each["embedding"] = [value for value in each["embedding"] if isinstance(value, int | float)]
    read_back = decode_embeddings(compact(answer), len(answer["data"]))
    assert [list(vector) for vector in read_back.vectors] == [each["embedding"] for each in answer["data"]]
    assert sum(read_back.tokens) == sum(each["usage"]["prompt_tokens"] for each in answer["data"])


def test_every_kind_of_exchange_is_here_without_the_recordings() -> None:
    kinds = {(each.path, each.status, isinstance(each.answer, str)) for each in OURS.values()}
    assert kinds == {(CHAT, 200, False), (CHAT, 200, True), (CHAT, 404, False), (EMBEDDINGS, 200, False)}

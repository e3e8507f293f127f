"""Whatever a client sends, GigaChat gets a request that it accepts, or the client a 4xx in OpenAI's form.

Judged by the emulator's validator, which is stricter than the API and knows nothing of the code that is judged.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError
from gigamost.core.messages import FileRef, Media, Message, Part, ToolResult
from gigamost.core.models import Model
from gigamost.core.request import ChatRequest
from gigamost.emulator.catalogue import CATALOGUE
from gigamost.emulator.files import StoredFile
from gigamost.emulator.validator import judge, parse
from gigamost.pipeline.attachments import check_model, check_totals
from gigamost.protocols.gigachat.models import model
from gigamost.protocols.gigachat.v1 import WIRE
from gigamost.protocols.openai_chat import Exchange, encode_error
from tests.gateway.bodies import mutated, valid
from tests.gateway.conftest import KEY, World

FACTS = {facts.id: facts for facts in CATALOGUE}
MODELS = tuple(
    model(name, "gigachat")
    for name in ("GigaChat-2", "GigaChat-2-Max", "GigaChat-3-Ultra", "GigaChat-Plus", "GigaChat-2-Reasoning")
)
# What the pipeline would have uploaded, by kind of media.
FILES = {
    "image": StoredFile("image", "i.png", 0, "general", "image", "image/png", b"x", "owner"),
    "audio": StoredFile("audio", "a.wav", 0, "general", "audio", "audio/wav", b"x", "owner"),
    "document": StoredFile("document", "d.txt", 0, "general", "text", "text/plain", b"x", "owner"),
}


def uploaded(request: ChatRequest, to: Model) -> ChatRequest:
    """The request with its media uploaded, under the pipeline's own rules for what may be."""
    kinds = []

    def put(part: Part) -> Part:
        if isinstance(part, Media):
            check_model(to, part.kind, MODELS, "messages")
            kinds.append(part.kind)
            return Media(part.kind, FileRef(part.kind))
        if isinstance(part, ToolResult):
            content: Any = tuple(put(inner) for inner in part.content)
            return msgspec.structs.replace(part, content=content)
        return part

    messages = tuple(Message(each.role, tuple(put(part) for part in each.parts)) for each in request.messages)
    check_totals(kinds)
    return msgspec.structs.replace(request, messages=messages)


def sent(body: bytes, to: Model) -> bytes | None:
    """What goes to GigaChat; None when the client gets a 4xx, whose form is checked."""
    try:
        request = Exchange(body).request
        return WIRE.encode(uploaded(request, to), to, frozenset()).body
    except GatewayError as refused:
        problem = refused.problem
        assert 400 <= problem.status < 500, problem
        error = json.loads(encode_error(problem, "r"))["error"]
        assert error["message"]
        assert error["type"] == "invalid_request_error"
        return None


def check(body: bytes, to: Model) -> bool:
    """Whether the body went up; raises RefusalError when GigaChat would not have taken it."""
    out = sent(body, to)
    if out is not None:
        judge(parse(out), FACTS, FILES.get, strict_fields=True)
    return out is not None


def written(body: Any, *, ascii_only: bool) -> bytes:
    """JSON as clients write it; a lone surrogate stands there as an escape, or as bytes that are no UTF-8."""
    return json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@settings(max_examples=400, deadline=None)
@given(valid(), st.sampled_from(MODELS), st.booleans())
def test_a_documented_body_becomes_what_gigachat_accepts(body: Any, to: Model, ascii_only: bool) -> None:
    check(written(body, ascii_only=ascii_only), to)


@settings(max_examples=400, deadline=None)
@given(mutated(), st.sampled_from(MODELS), st.booleans())
def test_a_damaged_body_is_refused_or_becomes_what_gigachat_accepts(body: Any, to: Model, ascii_only: bool) -> None:
    check(written(body, ascii_only=ascii_only), to)


def nested(node: Any, levels: int) -> Any:
    for _ in range(levels):
        node = {"type": "object", "properties": {"inner": {"anyOf": [node, {"type": "null"}]}}}
    return node


def hard_bodies() -> dict[str, bytes]:
    """Bytes that a JSON parser, or the work after it, could break on."""
    whole = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}
    text = json.dumps(whole).encode()
    deep = {"type": "function", "function": {"name": "f", "parameters": nested({}, 60)}}
    call = {"function": {"name": "f", "arguments": '{"a":' * 90 + "{}" + "}" * 90}}
    loop = {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}] * 9}}, "$ref": "#/$defs/a"}
    return {
        "empty": b"",
        "space": b" \n",
        "null": b"null",
        "number": b"1e999",
        "array": b"[]",
        "text": b"model=GigaChat",
        "two values": text + text,
        "byte order mark": b"\xef\xbb\xbf" + text,
        "UTF-16": json.dumps(whole).encode("utf-16"),
        "not UTF-8": text.replace(b"hi", b"\xff\xfe"),
        "surrogate bytes": text.replace(b"hi", b"\xed\xa0\x80"),
        "lone surrogates": text.replace(b"hi", rb"\ud83d\ud800 \\ud800 \udc00"),
        "raw control character": text.replace(b"hi", b"\x00"),
        "NaN": text[:-1] + b',"temperature":NaN}',
        "infinity": text[:-1] + b',"temperature":1e400}',
        "a huge number": text[:-1] + b',"max_tokens":' + b"9" * 5000 + b"}",
        "a huge ignored number": text[:-1] + b',"seed":' + b"9" * 5000 + b"}",
        "keys twice": text[:-1] + b',"messages":[{"role":"user","role":"wizard","content":"x"}],"model":5}',
        "keys twice, the last one good": b'{"model":5,"messages":7,' + text[1:],
        "a field of any depth": text[:-1] + b',"metadata":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        "brackets without end": b'{"messages":' + b"[" * 100_000,
        "deep ranker": text[:-1] + b',"function_ranker":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}",
        "deep storage": text[:-1] + b',"storage":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}",
        "deep schema": json.dumps({**whole, "tools": [deep]}).encode(),
        "deep object arguments": json.dumps(
            {**whole, "messages": [{"role": "assistant", "function_call": {"name": "f", "arguments": nested({}, 60)}}]}
        ).encode(),
        "deep arguments": json.dumps({**whole, "messages": [{"role": "assistant", "tool_calls": [call]}]}).encode(),
        "deep result": json.dumps(
            {**whole, "messages": [{"role": "function", "name": "f", "content": "[" * 400 + "]" * 400}]}
        ).encode(),
        "a schema without end": json.dumps(
            {**whole, "tools": [{"function": {"name": "f", "parameters": loop}}]}
        ).encode(),
        "a wide schema": json.dumps(
            {**whole, "tools": [{"function": {"name": "f", "parameters": {"enum": list(range(20_000))}}}]}
        ).encode(),
        "a long name": json.dumps({**whole, "tools": [{"function": {"name": "n" * 100_000}}]}).encode(),
    }


HARD = hard_bodies()


ACCEPTED = {
    "lone surrogates",
    "keys twice, the last one good",
    "deep schema",
    "deep object arguments",
    "deep arguments",
    "deep result",
    "a schema without end",
    "a wide schema",
    "a long name",
}


@pytest.mark.parametrize("name", HARD)
def test_bytes_that_are_hard_to_read(name: str) -> None:
    assert {check(HARD[name], to) for to in MODELS} == {name in ACCEPTED}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_bytes_changed_anywhere(data: st.DataObject) -> None:
    body = bytearray(written(data.draw(valid()), ascii_only=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        match data.draw(st.sampled_from(["cut", "insert", "replace", "drop", "repeat"])):
            case "cut":
                del body[at:]
            case "insert":
                body[at:at] = data.draw(st.sampled_from([b"\xff", b"\\ud800", b'"', b"{", b"NaN,", b"\x00", b"1e999"]))
            case "replace":
                body[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "drop":
                del body[at : at + data.draw(st.integers(1, 20))]
            case _:
                body[at:at] = body[at : at + 30]
    check(bytes(body), data.draw(st.sampled_from(MODELS)))


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=world.base, headers=headers, timeout=20) as client:
        yield client


async def answered(world: World, http: httpx.AsyncClient, body: bytes) -> None:
    """Posts over the socket: an answer or a 4xx in OpenAI's form, and GigaChat refused nothing of what it was sent."""
    world.gigachat.app.log.clear()
    answer = await http.post("/v1/chat/completions", content=body)
    assert [(seen.status, seen.error) for seen in world.seen if seen.status != 200] == []
    if answer.status_code == 200:
        assert world.seen
        streamed = answer.headers["content-type"].startswith("text/event-stream")
        assert answer.text.endswith("data: [DONE]\n\n") if streamed else answer.json()["choices"]
        return
    error = answer.json()["error"]
    if error["code"] == "upstream_answer_unfit":
        return  # a strict schema that nothing fits, such as {"not": {}}: the model did what it could
    assert 400 <= answer.status_code < 500, answer.text
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["type"] == "invalid_request_error"
    assert not world.seen


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=valid() | mutated(), to=st.sampled_from(MODELS), ascii_only=st.booleans())
async def test_over_a_socket_a_body_is_answered_or_refused(
    world: World, http: httpx.AsyncClient, body: Any, to: Model, ascii_only: bool
) -> None:
    if body.get("model") == "GigaChat-2-Max":  # the name that is not damaged
        body["model"] = to.id
    await answered(world, http, written(body, ascii_only=ascii_only))


async def test_over_a_socket_bytes_that_are_hard_to_read(world: World, http: httpx.AsyncClient) -> None:
    for body in HARD.values():
        await answered(world, http, body)

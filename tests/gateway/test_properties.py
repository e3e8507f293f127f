"""Whatever a client sends, GigaChat gets a request that it accepts, or the client a 4xx in OpenAI's form.

Judged by the emulator's validator, which is stricter than the API and knows nothing of the code that is judged.
"""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import event, given, settings
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
        error = json.loads(encode_error(problem))["error"]
        assert error["message"]
        assert error["type"] == "invalid_request_error"
        return None


def check(body: bytes, to: Model) -> None:
    out = sent(body, to)
    event("refused" if out is None else "accepted")
    if out is not None:
        judge(parse(out), FACTS, FILES.get, strict_fields=True)


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

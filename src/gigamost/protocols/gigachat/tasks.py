"""GigaChat's plain calls (gigachat-api.md sections 4.6, 6.1, 6.2, 6.7), client role: bodies out, answers in, no I/O.

Every `decode_...` raises GatewayError (502) for an answer that is none, and what an error inside a 200 means.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from gigamost.core.errors import GatewayError
from gigamost.core.fold import Reply, fold
from gigamost.core.text import clean_text
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.functions.wire import Function
from gigamost.protocols.gigachat.problems import ErrorBody, problem_of, unreadable
from gigamost.protocols.gigachat.v1 import wire
from gigamost.protocols.gigachat.v1.response import AnswerReader, decode

EMBEDDINGS, COUNT, FILTER, CHAT = "/embeddings", "/tokens/count", "/filter/check", "/chat/completions"
TEXT2IMAGE = "text2image"
# The built-in runs by `auto` alone (section 4.6), so the model has to be told that every text is a picture's.
PAINTER = (
    "You are a painter. The user's message describes a picture. Draw it with the function text2image, exactly as "
    "described, and do not ask questions."
)
_DRAW = "Draw: "
Shape = TypeVar("Shape")


class _Cost(msgspec.Struct):
    prompt_tokens: int = 0


class _Vector(msgspec.Struct):
    index: int
    embedding: tuple[float, ...]
    usage: _Cost = msgspec.field(default_factory=_Cost)


class _Vectors(msgspec.Struct):
    data: list[_Vector]


class _Tokens(msgspec.Struct):
    tokens: int


class _Check(msgspec.Struct):
    is_profane: bool


class Embedded(msgspec.Struct, frozen=True):
    """One vector per text in the order of the texts, and what each of them cost."""

    vectors: tuple[tuple[float, ...], ...]
    tokens: tuple[int, ...]


def encode_texts(model: str, texts: Sequence[str]) -> bytes:
    """The body of an embedding and of a count."""
    return msgspec.json.encode({"model": model, "input": [clean_text(text) for text in texts]})


def decode_embeddings(body: bytes, count: int) -> Embedded:
    """The answer about `count` texts. Usage stands at each vector, not at the whole. [recorded]"""
    vectors = sorted(_decode(body, _Vectors).data, key=lambda vector: vector.index)
    if [vector.index for vector in vectors] != list(range(count)):
        raise GatewayError.of(unreadable(f"{len(vectors)} vectors for {count} texts", body))
    return Embedded(
        tuple(vector.embedding for vector in vectors), tuple(vector.usage.prompt_tokens for vector in vectors)
    )


def decode_count(body: bytes, count: int) -> tuple[int, ...]:
    """The tokens of `count` raw texts; the answer is a bare array. [recorded]"""
    counted = _decode(body, list[_Tokens])
    if len(counted) != count:
        raise GatewayError.of(unreadable(f"{len(counted)} counts for {count} texts", body))
    return tuple(each.tokens for each in counted)


def encode_filter(model: str, text: str) -> bytes:
    """The settings are those of the official Java SDK's sample: everything the filter has."""
    settings = {"neuro": True, "blacklist": True, "whitelist": True, "unnormalized_history": False}
    messages = [{"role": "user", "content": clean_text(text)}]
    return msgspec.json.encode({"model": model, "settings": settings, "messages": messages})


def decode_filter(body: bytes) -> bool:
    """Whether the filter would refuse the text."""
    return _decode(body, _Check).is_profane


def encode_picture(model: str, prompt: str) -> bytes:
    """A v1 chat request that makes the model draw."""
    messages = [wire.Message("system", PAINTER), wire.Message("user", _DRAW + clean_text(prompt))]
    # With functions in the request a built-in is available only when it is named among them (section 4.5).
    chat = wire.Chat(model, messages, functions=[Function(TEXT2IMAGE)], function_call="auto")
    return msgspec.json.encode(chat)


def decode_picture(body: bytes) -> Reply:
    """The answer: the picture is a Media with a FileRef; without one, the text says why."""
    return fold(decode(body, AnswerReader(Names(()))))


def _decode(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refusal(body) or GatewayError.of(unreadable(error, body)) from None


def _refusal(body: bytes) -> GatewayError | None:
    """An error inside a 200: `status` and `message` where the answer should be."""
    try:
        error = msgspec.json.decode(body, type=ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return GatewayError.of(problem_of(error.status, error.message or "")) if error.status else None

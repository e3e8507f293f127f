"""GigaChat v1: `WIRE` is how we speak to it, `encode` and `Encoder` are how the emulator answers."""

from collections.abc import Mapping

from gigamost.core.errors import Problem
from gigamost.core.models import Model
from gigamost.core.request import ChatRequest
from gigamost.protocols.gigachat.problems import decode_error, encode_error
from gigamost.protocols.gigachat.v1.request import Call
from gigamost.protocols.gigachat.v1.response import encode
from gigamost.protocols.gigachat.v1.stream import Encoder

__all__ = ["WIRE", "Call", "Encoder", "encode", "encode_error"]


class _Wire:
    """The client role (`core.codec.Wire`)."""

    name = "gigachat_v1"

    def encode(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> Call:
        return Call(request, model, dialect)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Problem:
        return decode_error(status, headers, body)


WIRE = _Wire()

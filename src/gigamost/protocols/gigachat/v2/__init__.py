"""GigaChat v2: `WIRE` is how we speak to it, `encode` and `Encoder` are how the emulator answers."""

from collections.abc import Mapping

from gigamost.core.errors import Problem
from gigamost.core.models import Model
from gigamost.core.request import ChatRequest
from gigamost.protocols.gigachat.problems import decode_error, encode_error
from gigamost.protocols.gigachat.v2.errors import NO_V2
from gigamost.protocols.gigachat.v2.request import Call
from gigamost.protocols.gigachat.v2.response import encode
from gigamost.protocols.gigachat.v2.stream import Encoder

__all__ = ["NO_V2", "WIRE", "Call", "Encoder", "encode", "encode_error"]


class _Wire:
    """The client role (`core.codec.Wire`)."""

    name = "gigachat_v2"

    def encode(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> Call:
        return Call(request, model, dialect)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Problem:
        return decode_error(status, headers, body)


WIRE = _Wire()

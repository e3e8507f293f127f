"""Anthropic Messages, server role: messages, their counting, batches of them, models."""

import msgspec

from gigamost.core.codec import Stamp, StreamEncoder
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.face import Endpoint, Face, GetModel, Incoming, ListModels, Say, ServeChat, ServeCount, Service
from gigamost.core.fold import Reply
from gigamost.protocols.anthropic_messages import batches, compaction, models
from gigamost.protocols.anthropic_messages.errors import encode_error, error_headers
from gigamost.protocols.anthropic_messages.request import decode
from gigamost.protocols.anthropic_messages.response import encode
from gigamost.protocols.anthropic_messages.stream import Encoder

__all__ = ["FACE", "Counting", "Exchange", "encode_error", "error_headers"]


class Exchange:
    """One message of a client (`core.codec.Exchange`)."""

    content_type = "application/json"

    def __init__(self, body: bytes) -> None:
        self.request, self._form = decode(body)

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return compaction.encode(reply, stamp) if self._form.compacts else encode(reply, stamp, self._form)

    def encoder(self, stamp: Stamp) -> StreamEncoder:
        if self._form.compacts:
            return compaction.Encoder(stamp, self.request)
        return Encoder(stamp, self._form, self.request)


class Counting:
    """What a message would cost (`core.face.CountExchange`)."""

    def __init__(self, body: bytes) -> None:
        self.request, _ = decode(body, needs_limit=False)

    def encode(self, tokens: int) -> bytes:
        return msgspec.json.encode({"input_tokens": tokens})


def _refuse(kind: Kind, message: str) -> Say:
    def say(incoming: Incoming) -> tuple[str, bytes]:
        raise GatewayError(kind, message)

    return Say(say)


def _nothing(incoming: Incoming) -> tuple[str, bytes]:
    return "application/json", b""


_NO_COMPLETE = _refuse(Kind.NOT_FOUND, "Text completions are gone from this API: send messages to /v1/messages.")
_BY_VERSION = ("anthropic-version",)

_SERVICES: tuple[tuple[str, str, Service], ...] = (
    ("POST", "/messages", ServeChat(lambda incoming: Exchange(incoming.body))),
    ("POST", "/messages/count_tokens", ServeCount(lambda incoming: Counting(incoming.body))),
    *batches.SERVICES,
    ("POST", "/complete", _NO_COMPLETE),
)
_MODELS: tuple[tuple[str, str, Service], ...] = (
    ("GET", "/models", ListModels(models.encode_list)),
    ("GET", "/models/{model:path}", GetModel(models.encode)),
)
# Users of other vendors' Anthropic-compatible addresses are used to the last of these.
_PREFIXES = ("/v1", "", "/anthropic/v1")
_ENDPOINTS = (
    *(Endpoint(method, prefix + path, service) for prefix in _PREFIXES for method, path, service in _SERVICES),
    *(
        Endpoint(method, prefix + path, service, headers=_BY_VERSION)
        for prefix in _PREFIXES
        for method, path, service in _MODELS
    ),
    # Claude Code asks for this before its first message, without a key; earlier it asked for HEAD /.
    Endpoint("HEAD", "/api/hello", Say(_nothing), is_open=True),
)
FACE = Face("anthropic", _ENDPOINTS, encode_error, error_headers, "request-id", "anthropic")

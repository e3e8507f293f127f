"""OpenAI Chat Completions: `Exchange` is the server role, `WIRE` the client role; and what is a chat in other words:
legacy completions, and recordings that are written down."""

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.face import Endpoint, ServeChat
from gigamost.core.fold import Reply
from gigamost.protocols.openai_chat import completions, recordings
from gigamost.protocols.openai_chat.call import WIRE
from gigamost.protocols.openai_chat.errors import encode_error
from gigamost.protocols.openai_chat.request import decode
from gigamost.protocols.openai_chat.response import encode
from gigamost.protocols.openai_chat.stream import Encoder

__all__ = ["ENDPOINTS", "WIRE", "Exchange", "encode_error"]


class Exchange:
    """One chat completion of a client (`core.codec.Exchange`). `deployment` is the model where the body names none."""

    content_type = "application/json"

    def __init__(self, body: bytes, deployment: str = "") -> None:
        request, self._form = decode(body)
        self.request = request if request.model else msgspec.structs.replace(request, model=deployment)

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return encode(reply, stamp, self._form)

    def encoder(self, stamp: Stamp) -> Encoder:
        return Encoder(stamp, self._form)


_SERVICES = (
    ("/chat/completions", ServeChat(lambda incoming: Exchange(incoming.body, incoming.path.get("model", "")))),
    ("/completions", ServeChat(completions.Exchange)),
    ("/audio/transcriptions", ServeChat(recordings.transcription)),
    ("/audio/translations", ServeChat(recordings.translation)),
)
# OpenAI's paths, with and without a version, and Azure's: its newer ones, and those that name the model.
_ROOTS = ("/v1", "", "/openai/v1", "/openai", "/openai/deployments/{model}")
ENDPOINTS = tuple(Endpoint("POST", root + path, service) for root in _ROOTS for path, service in _SERVICES)

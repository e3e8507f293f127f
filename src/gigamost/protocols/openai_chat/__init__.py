"""OpenAI Chat Completions: `Exchange` is the server role, `WIRE` the client role."""

from gigamost.core.codec import Stamp
from gigamost.core.face import Endpoint, ServeChat
from gigamost.core.fold import Reply
from gigamost.protocols.openai_chat import completions
from gigamost.protocols.openai_chat.call import WIRE
from gigamost.protocols.openai_chat.errors import encode_error
from gigamost.protocols.openai_chat.request import decode
from gigamost.protocols.openai_chat.response import encode
from gigamost.protocols.openai_chat.stream import Encoder

__all__ = ["ENDPOINTS", "WIRE", "Exchange", "encode_error"]


class Exchange:
    """One chat completion of a client (`core.codec.Exchange`)."""

    content_type = "application/json"

    def __init__(self, body: bytes) -> None:
        self.request, self._form = decode(body)

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return encode(reply, stamp, self._form)

    def encoder(self, stamp: Stamp) -> Encoder:
        return Encoder(stamp, self._form)


_CHAT = ServeChat(lambda incoming: Exchange(incoming.body))
_COMPLETIONS = ServeChat(completions.Exchange)

ENDPOINTS = (
    Endpoint("POST", "/v1/chat/completions", _CHAT),
    Endpoint("POST", "/chat/completions", _CHAT),
    Endpoint("POST", "/v1/completions", _COMPLETIONS),
    Endpoint("POST", "/completions", _COMPLETIONS),
)

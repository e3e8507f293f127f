"""OpenAI Chat Completions: `Exchange` is the server role."""

from gigamost.core.codec import Stamp
from gigamost.core.fold import Reply
from gigamost.protocols.openai_chat.request import decode
from gigamost.protocols.openai_chat.response import encode
from gigamost.protocols.openai_chat.stream import Encoder


class Exchange:
    """One chat completion of a client (`core.codec.Exchange`)."""

    def __init__(self, body: bytes) -> None:
        self.request, self._form = decode(body)

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return encode(reply, stamp, self._form)

    def encoder(self, stamp: Stamp) -> Encoder:
        return Encoder(stamp, self._form)

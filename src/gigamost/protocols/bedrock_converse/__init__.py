"""Amazon Bedrock's Converse API in the server role: what boto3's `bedrock-runtime` and its kin speak."""

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import Endpoint, Face, GetModel, Incoming, ListModels, ServeChat, ServeCount
from gigamost.core.fold import Reply
from gigamost.protocols.bedrock_converse.errors import encode_error, error_headers
from gigamost.protocols.bedrock_converse.models import encode_list, encode_one
from gigamost.protocols.bedrock_converse.request import decode, decode_count, model_of
from gigamost.protocols.bedrock_converse.response import encode
from gigamost.protocols.bedrock_converse.stream import Encoder

__all__ = ["FACE", "CountExchange", "Exchange", "encode_error", "error_headers"]


class Exchange:
    """One Converse or ConverseStream request of a client (`core.codec.Exchange`)."""

    content_type = "application/json"

    def __init__(self, incoming: Incoming, *, stream: bool) -> None:
        self.request, self._form = decode(incoming.path["model"], incoming.body, stream=stream)

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return encode(reply, stamp, self._form)

    def encoder(self, stamp: Stamp) -> Encoder:
        return Encoder(stamp, self._form)


class CountExchange:
    """One CountTokens request of a client (`core.face.CountExchange`)."""

    def __init__(self, incoming: Incoming) -> None:
        self.request = decode_count(incoming.path["model"], incoming.body)

    def encode(self, tokens: int) -> bytes:
        return msgspec.json.encode({"inputTokens": tokens})


def _refuse(incoming: Incoming) -> Exchange:
    raise invalid(
        "InvokeModel is not supported, because its body is another vendor's own for every model: use Converse "
        "(/model/{modelId}/converse, converse-stream)."
    )


def _name(incoming: Incoming) -> str:
    return model_of(incoming.path["model"])


_INVOKE = ServeChat(_refuse)

_ENDPOINTS = (
    Endpoint("POST", "/model/{model:path}/converse", ServeChat(lambda incoming: Exchange(incoming, stream=False))),
    Endpoint(
        "POST", "/model/{model:path}/converse-stream", ServeChat(lambda incoming: Exchange(incoming, stream=True))
    ),
    Endpoint("POST", "/model/{model:path}/count-tokens", ServeCount(CountExchange)),
    Endpoint("POST", "/model/{model:path}/invoke", _INVOKE),
    Endpoint("POST", "/model/{model:path}/invoke-with-response-stream", _INVOKE),
    Endpoint("GET", "/foundation-models", ListModels(encode_list)),
    Endpoint("GET", "/foundation-models/{model:path}", GetModel(encode_one, _name)),
)
FACE = Face("bedrock", _ENDPOINTS, encode_error, error_headers, "x-amzn-requestid")

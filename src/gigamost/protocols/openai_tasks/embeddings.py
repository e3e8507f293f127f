"""`POST /v1/embeddings` of OpenAI (API reference, "Create embeddings"), server role."""

import struct
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gigamost.core.body import BodyReader, Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import Incoming
from gigamost.core.tasks import EmbedReply, EmbedRequest

MAX_INPUTS = 2048  # of one request, as OpenAI documents


class Embeddings(msgspec.Struct, frozen=True):
    """The request body."""

    model: str = ""
    input: str | list[str | int | list[int]] = []
    dimensions: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    encoding_format: Literal["float", "base64"] | UnsetType = UNSET
    user: str | UnsetType = UNSET


RULES: Mapping[str, Rule] = {
    "model": Rule("exact", "a GigaChat model, or a name that stands for one"),
    "input": Rule("exact", "one text or up to 2048, sent in several requests; token arrays are refused"),
    "dimensions": Rule("emulated", "only the model's own number is accepted"),
    "encoding_format": Rule("emulated", "base64 is made by the gateway: little-endian float32"),
    "user": Rule("exact", "sent as X-Client-ID, hashed"),
}
_reader = BodyReader(Embeddings, RULES)


class Exchange:
    """One request (`core.face.EmbedExchange`). Raises GatewayError (400)."""

    def __init__(self, incoming: Incoming) -> None:
        body, ignored = _reader.read(incoming.body)
        model = body.model or incoming.path.get("model", "")
        if not model:
            raise invalid("model is missing: name an embedding model that GET /v1/models lists.", "model")
        self._wants_base64 = body.encoding_format == "base64"
        self.request = EmbedRequest(
            model=model,
            inputs=_inputs(body.input),
            dimensions=body.dimensions if body.dimensions is not UNSET else None,
            user=body.user or "",
            ignored=tuple(ignored),
        )

    def encode(self, reply: EmbedReply, stamp: Stamp) -> bytes:
        form = _base64 if self._wants_base64 else _floats
        return msgspec.json.encode(
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "index": index, "embedding": form(vector)}
                    for index, vector in enumerate(reply.vectors)
                ],
                "model": stamp.model,
                "usage": {"prompt_tokens": reply.input_tokens, "total_tokens": reply.input_tokens},
            }
        )


def _inputs(given: str | list[str | int | list[int]]) -> tuple[str, ...]:
    items = [given] if isinstance(given, str) else given
    if not items:
        raise invalid("input is missing or empty: send a text or a list of texts.", "input")
    if len(items) > MAX_INPUTS:
        raise invalid(f"input has {len(items)} items, {MAX_INPUTS} are possible: send several requests.", "input")
    texts: list[str] = []
    for at, item in enumerate(items):
        place = "input" if isinstance(given, str) else f"input[{at}]"
        if not isinstance(item, str):
            message = f"{place} is an array of tokens of another vendor's tokenizer: send the text itself."
            raise invalid(message, place, "unsupported_value")
        if not item:
            raise invalid(f"{place} is an empty string: there is nothing to embed.", place)
        texts.append(item)
    return tuple(texts)


def _floats(vector: Sequence[float]) -> Sequence[float]:
    return vector


def _base64(vector: Sequence[float]) -> str:
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")

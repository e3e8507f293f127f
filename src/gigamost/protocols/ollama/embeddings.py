"""`POST /api/embed`, and the older `POST /api/embeddings`: texts to vectors."""

from math import sqrt

import msgspec
from msgspec import UNSET

from gigamost.core.body import BodyReader
from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import Incoming
from gigamost.core.tasks import EmbedReply, EmbedRequest
from gigamost.protocols.ollama import wire
from gigamost.protocols.ollama.rules import EMBED, EMBEDDINGS

_texts = BodyReader(wire.Embed, EMBED)
_prompts = BodyReader(wire.Embeddings, EMBEDDINGS)


class Exchange:
    """One request (`core.face.EmbedExchange`). Raises GatewayError (400)."""

    def __init__(self, incoming: Incoming) -> None:
        body, ignored = _texts.read(incoming.body)
        dimensions = body.dimensions if body.dimensions is not UNSET else None
        self.request = EmbedRequest(body.model, _inputs(body.input), dimensions, ignored=tuple(ignored))

    def encode(self, reply: EmbedReply, stamp: Stamp) -> bytes:
        """The vectors have length 1, as Ollama's documentation promises of this endpoint."""
        return msgspec.json.encode(
            {
                "model": stamp.model,
                "embeddings": [_unit(vector) for vector in reply.vectors],
                "total_duration": stamp.elapsed(),
                "load_duration": 0,
                "prompt_eval_count": reply.input_tokens,
            }
        )


class LegacyExchange:
    """One request of the older endpoint (`core.face.EmbedExchange`). Raises GatewayError (400)."""

    def __init__(self, incoming: Incoming) -> None:
        body, ignored = _prompts.read(incoming.body)
        if not body.prompt:
            raise invalid("prompt is missing or empty: send a text.", "prompt")
        self.request = EmbedRequest(body.model, (body.prompt,), ignored=tuple(ignored))

    def encode(self, reply: EmbedReply, stamp: Stamp) -> bytes:
        return msgspec.json.encode({"embedding": reply.vectors[0]})


def _inputs(given: str | list[str]) -> tuple[str, ...]:
    texts = (given,) if isinstance(given, str) else tuple(given)
    if not texts:
        raise invalid("input is missing or empty: send a text or a list of texts.", "input")
    for at, text in enumerate(texts):
        if not text:
            place = "input" if isinstance(given, str) else f"input[{at}]"
            raise invalid(f"{place} is an empty string: there is nothing to embed.", place)
    return texts


def _unit(vector: tuple[float, ...]) -> list[float]:
    length = sqrt(sum(each * each for each in vector))
    return [each / length for each in vector] if length else list(vector)

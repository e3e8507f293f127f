"""The plain tasks beside chat: a question, an answer, no stream."""

import msgspec


class EmbedRequest(msgspec.Struct, frozen=True):
    """Texts to turn into vectors. `dimensions` is None when the client left it out."""

    model: str
    inputs: tuple[str, ...]
    dimensions: int | None = None
    user: str = ""
    ignored: tuple[str, ...] = ()


class EmbedReply(msgspec.Struct, frozen=True):
    """One vector per input, in its order; `input_tokens` is the sum over the inputs."""

    vectors: tuple[tuple[float, ...], ...]
    input_tokens: int
    model: str = ""


class CountRequest(msgspec.Struct, frozen=True):
    """Texts whose tokens are to be counted as the model's tokenizer sees them (raw text, no chat template)."""

    model: str
    inputs: tuple[str, ...]


class ModerateRequest(msgspec.Struct, frozen=True):
    model: str
    inputs: tuple[str, ...]
    ignored: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """What a filter says of one text."""

    flagged: bool


class ImageRequest(msgspec.Struct, frozen=True):
    """One picture from a prompt."""

    model: str
    prompt: str
    user: str = ""
    ignored: tuple[str, ...] = ()


class StoredFile(msgspec.Struct, frozen=True):
    """A file that an upstream keeps for a client. `created` is unix seconds, `size` bytes."""

    id: str
    name: str
    size: int
    created: int
    purpose: str = "general"
    mime: str = ""

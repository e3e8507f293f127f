"""`models.embedContent`, `:batchEmbedContents` (ai.google.dev/api/embeddings) and Vertex AI's `:predict` for texts."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gigamost.core.body import BodyReader, Rule, Shape
from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, invalid
from gigamost.core.face import Incoming
from gigamost.core.tasks import EmbedReply, EmbedRequest
from gigamost.protocols.gemini import wire
from gigamost.protocols.gemini.names import Spelling

Dimensions = Annotated[int, Meta(ge=1)]
MAX_INPUTS = 2048  # of one request


class EmbedContentConfig(wire.Wire, frozen=True):
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Dimensions | None = None
    auto_truncate: bool | None = None
    document_ocr: bool | None = None
    audio_track_extraction: bool | None = None


class EmbedContent(wire.Wire, frozen=True):
    """The body of `:embedContent`, and one of the requests of `:batchEmbedContents`."""

    model: str = ""
    content: wire.Content | str | None = None
    task_type: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    output_dimensionality: Dimensions | None = None
    embed_content_config: EmbedContentConfig | None = None


class BatchEmbedContents(wire.Wire, frozen=True):
    requests: list[EmbedContent] | None = None


class Instance(wire.Wire, frozen=True):
    content: str | None = None
    task_type: str | None = None
    title: str | None = None
    mime_type: str | None = None


class Parameters(wire.Wire, frozen=True):
    output_dimensionality: Dimensions | None = None
    auto_truncate: bool | None = None


class Predict(wire.Wire, frozen=True):
    instances: list[Instance] | None = None
    parameters: Parameters = Parameters()


_TASK = "GigaChat has one kind of vector; write the task into the text where it matters"
RULES: Mapping[str, Rule] = {
    "model": Rule("exact", "the model of the path counts"),
    "content": Rule("exact", "text only"),
    "taskType": Rule("ignored", _TASK, ("", "TASK_TYPE_UNSPECIFIED")),
    "title": Rule("ignored", _TASK, ("",)),
    "outputDimensionality": Rule("emulated", "only the model's own number is accepted"),
    "embedContentConfig": Rule("emulated", "as the fields beside it"),
}
BATCH_RULES: Mapping[str, Rule] = {"requests": Rule("exact", "up to 2048, sent in several calls")}
PREDICT_RULES: Mapping[str, Rule] = {
    "instances": Rule("exact", "up to 2048 texts, sent in several calls"),
    "parameters": Rule("emulated", "outputDimensionality as above; a text that is too long is refused, never cut"),
}


class Texts(NamedTuple):
    """What a body asks for: the texts, the lengths of vector it names, the field where the texts stand."""

    texts: list[str]
    dimensions: set[int]
    place: str


class _Bodies(Generic[Shape]):
    """Bodies of one shape, whichever way their names are spelled. `texts` adds to its list what is said in vain."""

    def __init__(
        self, shape: type[Shape], rules: Mapping[str, Rule], texts: Callable[[Shape, list[str]], Texts]
    ) -> None:
        self._spelling = Spelling(shape)
        self._reader = BodyReader(shape, rules)
        self._texts = texts

    def read(self, incoming: Incoming) -> EmbedRequest:
        """Raises GatewayError (400)."""
        body, written = self._spelling.camel(incoming.body)
        try:
            asked, ignored = self._reader.read(body)
            texts, dimensions, place = self._texts(asked, ignored)
            _check(texts, dimensions, place)
        except GatewayError as error:
            raise written.error(error) from None
        listed = tuple(dict.fromkeys(map(written.text, ignored)))
        return EmbedRequest(incoming.path["model"], tuple(texts), next(iter(dimensions), None), ignored=listed)


def _check(texts: list[str], dimensions: set[int], place: str) -> None:
    if not texts:
        raise invalid(f"{place} is missing or empty: send a text.", place)
    if len(texts) > MAX_INPUTS:
        raise invalid(f"{place} has {len(texts)} texts, {MAX_INPUTS} are possible: send several requests.", place)
    if len(dimensions) > 1:
        raise invalid("outputDimensionality must be the same in the whole batch.", f"{place}[0].outputDimensionality")
    for at, text in enumerate(texts):
        if not text:
            where = f"{place}[{at}].content" if place != "content" else place
            raise invalid(f"{where} is missing or empty: there is nothing to embed.", where)


def _of_content(asked: EmbedContent, ignored: list[str]) -> Texts:
    text, dimensions = _read(asked, "content", ignored)
    return Texts([text], dimensions, "content")


def _of_batch(asked: BatchEmbedContents, ignored: list[str]) -> Texts:
    texts: list[str] = []
    dimensions: set[int] = set()
    lost: list[str] = []
    for at, each in enumerate(asked.requests or ()):
        if each.task_type not in (UNSET, *RULES["taskType"].neutral):
            lost.append("taskType")
        if each.title not in (UNSET, *RULES["title"].neutral):
            lost.append("title")
        text, lengths = _read(each, f"requests[{at}].content", lost)
        texts.append(text)
        dimensions |= lengths
    ignored += (f"requests.{name}" for name in dict.fromkeys(lost))
    return Texts(texts, dimensions, "requests")


def _read(asked: EmbedContent, place: str, ignored: list[str]) -> tuple[str, set[int]]:
    config = asked.embed_content_config or EmbedContentConfig()
    if config.task_type or config.title:
        ignored.append("embedContentConfig.taskType" if config.task_type else "embedContentConfig.title")
    if config.auto_truncate:
        ignored.append("embedContentConfig.autoTruncate")
    lengths = (asked.output_dimensionality, config.output_dimensionality)
    return _text(asked.content, place), {length for length in lengths if length is not None}


def _text(content: wire.Content | str | None, place: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    parts = [content.parts] if isinstance(content.parts, wire.Part) else content.parts or []
    for at, part in enumerate(parts):
        if part.text is None:
            where = f"{place}.parts[{at}]"
            raise invalid(f"{where}: only text can be embedded.", where, "unsupported_value")
    return "\n".join(part.text for part in parts if part.text)


def _of_instances(asked: Predict, ignored: list[str]) -> Texts:
    instances = asked.instances or []
    for at, each in enumerate(instances):
        if each.content is None:
            message = f"instances[{at}].content is missing: only texts are predicted on, as vectors."
            raise invalid(message, f"instances[{at}].content")
        if each.task_type or each.title:
            ignored.append("instances.task_type" if each.task_type else "instances.title")
    if asked.parameters.auto_truncate:
        ignored.append("parameters.autoTruncate")
    length = asked.parameters.output_dimensionality
    return Texts([each.content or "" for each in instances], {length} if length else set(), "instances")


_contents = _Bodies(EmbedContent, RULES, _of_content)
_batches = _Bodies(BatchEmbedContents, BATCH_RULES, _of_batch)
_predictions = _Bodies(Predict, PREDICT_RULES, _of_instances)


class Exchange:
    """`:embedContent` (`core.face.EmbedExchange`). Raises GatewayError (400), as the next two do."""

    def __init__(self, incoming: Incoming) -> None:
        self.request = _contents.read(incoming)

    def encode(self, reply: EmbedReply, stamp: Stamp) -> bytes:
        vector = {"embedding": {"values": reply.vectors[0]}}
        return msgspec.json.encode(vector | _usage(reply))


class BatchExchange:
    def __init__(self, incoming: Incoming) -> None:
        self.request = _batches.read(incoming)

    def encode(self, reply: EmbedReply, stamp: Stamp) -> bytes:
        vectors = {"embeddings": [{"values": vector} for vector in reply.vectors]}
        return msgspec.json.encode(vectors | _usage(reply))


class PredictExchange:
    """The upstream counts the tokens of all texts together: no instance has a number of its own."""

    def __init__(self, incoming: Incoming) -> None:
        self.request = _predictions.read(incoming)

    def encode(self, reply: EmbedReply, stamp: Stamp) -> bytes:
        vectors = [{"embeddings": {"values": vector, "statistics": {"truncated": False}}} for vector in reply.vectors]
        return msgspec.json.encode({"predictions": vectors, "metadata": {}})


def _usage(reply: EmbedReply) -> dict[str, Any]:
    return {"usageMetadata": {"promptTokenCount": reply.input_tokens, "totalTokenCount": reply.input_tokens}}

"""Google's Gemini API and Vertex AI (server role): chat, tokens, embeddings, models, files.

`/v1` is shared with OpenAI: there `models` and `files` are Google's for requests with one of Google's own headers.
"""

from collections.abc import Callable, Iterator

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.face import (
    DeleteFile,
    Endpoint,
    Face,
    GetFile,
    GetModel,
    Incoming,
    ListFiles,
    ListModels,
    ReadFile,
    Say,
    ServeChat,
    ServeCount,
    ServeEmbeddings,
    Service,
    StartUpload,
    UploadFile,
)
from gigamost.core.fold import Reply
from gigamost.protocols.gemini import batches, counting, embeddings, files, models, uploads
from gigamost.protocols.gemini.errors import encode_error, error_headers
from gigamost.protocols.gemini.request import decode
from gigamost.protocols.gemini.response import encode
from gigamost.protocols.gemini.stream import Encoder

__all__ = ["FACE", "Exchange", "encode_error", "error_headers"]


class Exchange:
    """One `generateContent` of a client (`core.codec.Exchange`)."""

    content_type = "application/json"

    def __init__(self, incoming: Incoming, *, stream: bool = False) -> None:
        self.request, self._form = decode(incoming.body, incoming.path["model"], stream=stream)
        self._is_sse = incoming.query.get("alt") == "sse"

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return encode(reply, stamp, self._form)

    def encoder(self, stamp: Stamp) -> Encoder:
        return Encoder(stamp, self._form, is_sse=self._is_sse)


def _missing(what: str, instead: str) -> Callable[[Incoming], tuple[str, bytes]]:
    """A method that the gateway does not have, and says so."""

    def refuse(incoming: Incoming) -> tuple[str, bytes]:
        raise GatewayError(Kind.UNSUPPORTED, f"{what} is not served: {instead}.", code="not_implemented")

    return refuse


_METHODS: dict[str, Service] = {
    "generateContent": ServeChat(Exchange),
    "streamGenerateContent": ServeChat(lambda incoming: Exchange(incoming, stream=True)),
    "countTokens": ServeCount(counting.Exchange),
    "embedContent": ServeEmbeddings(embeddings.Exchange),
    "batchEmbedContents": ServeEmbeddings(embeddings.BatchExchange),
    "predict": ServeEmbeddings(embeddings.PredictExchange),
    "asyncBatchEmbedContent": Say(_missing("asyncBatchEmbedContent", "use batchEmbedContents")),
    "computeTokens": Say(_missing("computeTokens", "GigaChat tells no tokens, use countTokens")),
    "predictLongRunning": Say(_missing("predictLongRunning", "GigaChat makes no videos")),
}
_GEMINI = ("/v1beta", "/v1", "")
_VERTEX = tuple(
    f"/{version}{scope}/publishers/google"
    for version in ("v1", "v1beta1")
    for scope in ("", "/projects/{project}/locations/{location}")
)
_SHARED = ("/v1", "")  # with OpenAI
_HEADERS = ("x-goog-api-key", "x-goog-api-client")


def _gemini(prefix: str) -> Iterator[Endpoint]:
    headers = _HEADERS if prefix in _SHARED else ()
    kept, upload = files.Files(prefix), f"/upload{prefix}/files"
    yield Endpoint("GET", f"{prefix}/models", ListModels(models.encode_list), headers)
    yield Endpoint("GET", f"{prefix}/models/{{model:path}}", GetModel(models.encode), headers)
    yield Endpoint("GET", f"{prefix}/files", ListFiles(kept.encode_list), headers)
    yield Endpoint("GET", f"{prefix}/files/{{file}}", GetFile(kept.encode), headers)
    yield Endpoint("DELETE", f"{prefix}/files/{{file}}", DeleteFile(files.encode_deleted), headers)
    yield Endpoint("GET", f"{prefix}/files/{{file}}:download", ReadFile())
    yield Endpoint("POST", upload, UploadFile(uploads.decode_whole, kept.encode_uploaded))
    yield Endpoint("POST", upload, StartUpload(uploads.Start(upload).headers), ("x-goog-upload-command",))
    sent = UploadFile(uploads.decode_bytes, kept.encode_uploaded, uploads.FINAL)
    yield Endpoint("POST", f"{upload}/resumable", sent)
    yield Endpoint("PUT", f"{upload}/resumable", sent)
    cached = _missing("cachedContents", "GigaChat caches a conversation's beginning by itself")
    yield Endpoint("POST", f"{prefix}/cachedContents", Say(cached))
    yield Endpoint("POST", f"{prefix}/models/{{model:path}}:batchGenerateContent", batches.CREATE)
    yield from batches.endpoints(prefix, headers)


def _endpoints() -> Iterator[Endpoint]:
    for prefix in (*_GEMINI, *_VERTEX):
        for method, service in _METHODS.items():
            yield Endpoint("POST", f"{prefix}/models/{{model:path}}:{method}", service)
    for prefix in _GEMINI:
        yield from _gemini(prefix)
    for prefix in _VERTEX:
        yield Endpoint("GET", f"{prefix}/models", ListModels(models.encode_published))
        yield Endpoint("GET", f"{prefix}/models/{{model:path}}", GetModel(models.encode_one_published))


_ENDPOINTS = tuple(_endpoints())
FACE = Face("gemini", _ENDPOINTS, encode_error, error_headers)

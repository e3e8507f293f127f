"""A protocol in the server role, as data: which paths it has and what each of them serves.

    Face ─ Endpoint(method, path, service) ─ one of the closed set `Service`

A service's `decode` turns a client's request into an exchange: the neutral request, and how to encode its answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from gigamost.core.batches import ServeBatches
from gigamost.core.codec import Exchange, Stamp
from gigamost.core.errors import Problem
from gigamost.core.events import Event
from gigamost.core.fold import Reply
from gigamost.core.history import Conversation, Item, KeptResponse, Page, Refers, Window
from gigamost.core.messages import Media, Message
from gigamost.core.models import Model
from gigamost.core.own_usage import KeyUsage, Span
from gigamost.core.request import ChatRequest, JsonObject
from gigamost.core.tasks import EmbedReply, EmbedRequest, ImageRequest, ModerateRequest, StoredFile, Verdict
from gigamost.core.tenancy import Defaults


class Incoming(msgspec.Struct, frozen=True):
    """A client's request as the server role sees it. `path` holds the parameters of the matched path; header names are
    lower-case."""

    body: bytes
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def origin(self) -> str:
        """Where this client reaches the gateway, without a slash at its end: only what it (or its proxy) says goes in,
        and only it gets it."""
        scheme = self.headers.get("x-forwarded-proto", "http").partition(",")[0].strip()
        return f"{'https' if scheme == 'https' else 'http'}://{self.headers.get('host', 'localhost')}"


class KeptExchange(Exchange, Protocol):
    """A chat request that may build on what was said before, and whose answer may be kept.

    `request` is complete only after `recall`, which is called once, with no items where `refers` names nothing.
    """

    @property
    def refers(self) -> Refers: ...

    @property
    def keeps(self) -> bool:
        """Whether the client wants the answer kept."""
        ...

    @property
    def is_background(self) -> bool:
        """Whether the client wants the answer later: then it is kept, and made as a stream."""
        ...

    def queued(self, stamp: Stamp) -> bytes:
        """What the client gets while its answer in the background has not begun."""
        ...

    def recall(self, items: Sequence[Item]) -> None:
        """`items` in the order in which they were said, then those that `refers.items` names, each once, in that order.
        Raises GatewayError (400)."""
        ...

    def record(self, reply: Reply, stamp: Stamp) -> KeptResponse:
        """What is to be kept of the answer, the same that `encode` and `encoder` showed for this stamp."""
        ...


class CountExchange(Protocol):
    @property
    def request(self) -> ChatRequest: ...

    def encode(self, tokens: int) -> bytes: ...


class EmbedExchange(Protocol):
    @property
    def request(self) -> EmbedRequest: ...

    def encode(self, reply: EmbedReply, stamp: Stamp) -> bytes: ...


class ImageExchange(Protocol):
    @property
    def request(self) -> ImageRequest: ...

    def encode(self, images: Sequence[Media], stamp: Stamp) -> bytes: ...


class ModerateExchange(Protocol):
    @property
    def request(self) -> ModerateRequest: ...

    def encode(self, verdicts: Sequence[Verdict], stamp: Stamp) -> bytes: ...


class NewFile(msgspec.Struct, frozen=True):
    """A file that a client uploads. `mime` is what it said, "" for nothing. `ignored` as in `ChatRequest`."""

    name: str
    data: bytes
    mime: str
    purpose: str
    ignored: tuple[str, ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """A model under a name that clients may use: its own id, or an alias."""

    name: str
    model: Model


class ServeChat(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], Exchange]


class ServeResponses(msgspec.Struct, frozen=True, tag=True):
    """Chat that may build on earlier answers and may be kept."""

    decode: Callable[[Incoming], KeptExchange]


class ServeCount(msgspec.Struct, frozen=True, tag=True):
    """How many input tokens a chat request would cost."""

    decode: Callable[[Incoming], CountExchange]


class ServeEmbeddings(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], EmbedExchange]


class ServeImages(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], ImageExchange]


class ServeModerations(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], ModerateExchange]


def _model_in_path(incoming: Incoming) -> str:
    return incoming.path["model"]


class ListModels(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[Sequence[Listed], Incoming], bytes]


class GetModel(msgspec.Struct, frozen=True, tag=True):
    """`name` finds the model's name in the request, by default in the path's parameter `model`."""

    encode: Callable[[Listed], bytes]
    name: Callable[[Incoming], str] = _model_in_path


class Say(msgspec.Struct, frozen=True, tag=True):
    """An answer that needs nothing of the gateway: (content type, body)."""

    encode: Callable[[Incoming], tuple[str, bytes]]


class StartUpload(msgspec.Struct, frozen=True, tag=True):
    """The first step of an upload in several: the answer is its headers. Nothing is kept of it: what the client said
    goes into the address of the next step."""

    headers: Callable[[Incoming], Sequence[tuple[str, str]]]


class UploadFile(msgspec.Struct, frozen=True, tag=True):
    """`headers` go with the answer. `unused`: the input of a batch may come as a form, and these of its fields cannot
    be honoured."""

    decode: Callable[[Incoming], NewFile]
    encode: Callable[[StoredFile, Incoming], bytes]
    headers: tuple[tuple[str, str], ...] = ()
    unused: Callable[[Mapping[str, str]], tuple[str, ...]] | None = None


class ListFiles(msgspec.Struct, frozen=True, tag=True):
    """`has_batches`: with the input and the results of batches."""

    encode: Callable[[Sequence[StoredFile], Incoming], bytes]
    has_batches: bool = False


class GetFile(msgspec.Struct, frozen=True, tag=True):
    """The path has a parameter `file`, as have the next two."""

    encode: Callable[[StoredFile, Incoming], bytes]


class ReadFile(msgspec.Struct, frozen=True, tag=True):
    """The bytes themselves."""


class DeleteFile(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[str], bytes]


class GetResponse(msgspec.Struct, frozen=True, tag=True):
    """A kept answer, or one that is being made in the background. The path has a parameter `response`, as have the next
    two. `replay` says from which frame on it is wanted as a stream, None: whole. It raises GatewayError (400)."""

    replay: Callable[[Incoming], int | None]


class CancelResponse(msgspec.Struct, frozen=True, tag=True):
    """One that is being made in the background."""


class DeleteResponse(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[str], bytes]


class NewConversation(msgspec.Struct, frozen=True):
    """A conversation that a client begins. `ignored` as in `ChatRequest`."""

    conversation: Conversation
    items: tuple[Item, ...] = ()
    ignored: tuple[str, ...] = ()


class NewItems(msgspec.Struct, frozen=True):
    items: tuple[Item, ...]
    ignored: tuple[str, ...] = ()


class NewMetadata(msgspec.Struct, frozen=True):
    metadata: dict[str, str]
    ignored: tuple[str, ...] = ()


class CreateConversation(msgspec.Struct, frozen=True, tag=True):
    """`decode` takes ids and the time from the stamp."""

    decode: Callable[[Incoming, Stamp], NewConversation]
    encode: Callable[[Conversation], bytes]


class GetConversation(msgspec.Struct, frozen=True, tag=True):
    """The path has a parameter `conversation`, as have those of the next ones; those of one item `item` too."""

    encode: Callable[[Conversation], bytes]


class UpdateConversation(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], NewMetadata]
    encode: Callable[[Conversation], bytes]


class DeleteConversation(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[str], bytes]


class AddItems(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming, Stamp], NewItems]
    encode: Callable[[Page], bytes]


class ListItems(msgspec.Struct, frozen=True, tag=True):
    """Of a conversation, or of what was asked for a kept answer: the path has `conversation` or `response`."""

    decode: Callable[[Incoming], Window]
    encode: Callable[[Page], bytes]


class GetItem(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[Item], bytes]


class DeleteItem(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[Conversation], bytes]


KeptResponses = GetResponse | CancelResponse | DeleteResponse
ServeConversations = (
    CreateConversation
    | GetConversation
    | UpdateConversation
    | DeleteConversation
    | AddItems
    | ListItems
    | GetItem
    | DeleteItem
)


class Overhear(msgspec.Struct, frozen=True):
    """`asked` reads a client's body, `answered` the bytes that it was sent, which may have been cut. Neither raises."""

    asked: Callable[[bytes], tuple[Message, ...]]
    answered: "Callable[[bytes, bool], list[Event]]"


class Relay(msgspec.Struct, frozen=True, tag=True):
    """A request of a client that speaks the upstream's own wire: it goes on as it came, and so does its answer.

    `url` is its place there, from the upstream's base URL. `is_generation`: it counts as one of the credential's
    streams. `has_ids`: ids of what the upstream keeps may stand in it, which clients know sealed. `governed` are the
    fields that a key may decide about (`model`), `impose` puts its defaults into a body; it raises GatewayError (400).
    `overhear` is there for chat: what is said in it, for those who keep that.
    """

    url: Callable[[Incoming, str], str]
    is_generation: bool = False
    has_ids: bool = False
    governed: frozenset[str] = frozenset()
    impose: Callable[[JsonObject, Defaults], JsonObject] | None = None
    overhear: "Overhear | None" = None


class ExchangeKey(msgspec.Struct, frozen=True, tag=True):
    """A token that stands for the client's key for a while. `encode` takes it and its end in unix milliseconds; the
    request too, because some clients want to be told where the token is good."""

    encode: Callable[[str, int, Incoming], bytes]


class ShowUsage(msgspec.Struct, frozen=True, tag=True):
    """What the key that asks has spent, and what is left of its budgets and limits. It is no request to a model, and
    counts under none of these limits."""

    decode: Callable[[Incoming], Span]
    encode: Callable[[KeyUsage], bytes]


class Choose(msgspec.Struct, frozen=True, tag=True):
    """Which service a request wants is said in its body alone. `choose` raises GatewayError (400)."""

    choose: "Callable[[Incoming], Service]"


Service = (
    ServeChat
    | ServeResponses
    | ServeCount
    | ServeEmbeddings
    | ServeImages
    | ServeModerations
    | ListModels
    | GetModel
    | Say
    | StartUpload
    | UploadFile
    | ListFiles
    | GetFile
    | ReadFile
    | DeleteFile
    | KeptResponses
    | ServeConversations
    | ServeBatches
    | Relay
    | ExchangeKey
    | ShowUsage
    | Choose
)


class Endpoint(msgspec.Struct, frozen=True):
    """`path` may have parameters: `/v1/files/{file}/content`; `{model:path}` takes slashes as well.

    `headers`: where several endpoints share a method and a path, this one serves the requests that bring one of these
    headers (lower-case), and the one without any serves the rest. `is_open`: nobody needs a key.
    """

    method: str
    path: str
    service: Service
    headers: tuple[str, ...] = ()
    is_open: bool = False


def _no_headers(problem: Problem) -> tuple[tuple[str, str], ...]:
    return ()


class Face(msgspec.Struct, frozen=True):
    """`name` is what keys' scopes call it. `encode_error` makes the body of an error from the problem and our request
    id, `error_headers` the headers that some clients read it from; the status is the problem's own. `id_header` is
    where its clients look for the request id, besides `x-request-id`; `limit_headers` says whose words tell them what
    is left of their limits."""

    name: str
    endpoints: tuple[Endpoint, ...]
    encode_error: Callable[[Problem, str], bytes]
    error_headers: Callable[[Problem], tuple[tuple[str, str], ...]] = _no_headers
    id_header: str = ""
    limit_headers: Literal["openai", "anthropic"] = "openai"

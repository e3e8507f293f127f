"""A protocol in the server role, as data: which paths it has and what each of them serves.

    Face ─ Endpoint(method, path, service) ─ one of the closed set `Service`

A service's `decode` turns a client's request into an exchange: the neutral request, and how to encode its answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from gigamost.core.codec import Exchange, Stamp
from gigamost.core.errors import Problem
from gigamost.core.messages import Media
from gigamost.core.models import Model
from gigamost.core.tasks import EmbedReply, EmbedRequest, ImageRequest, ModerateRequest, StoredFile, Verdict


class Incoming(msgspec.Struct, frozen=True):
    """A client's request as the server role sees it. `path` holds the parameters of the matched path; header names are
    lower-case."""

    body: bytes
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]


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


class ServeEmbeddings(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], EmbedExchange]


class ServeImages(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], ImageExchange]


class ServeModerations(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], ModerateExchange]


class ListModels(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[Sequence[Listed]], bytes]


class GetModel(msgspec.Struct, frozen=True, tag=True):
    """The path has a parameter `model`."""

    encode: Callable[[Listed], bytes]


class UploadFile(msgspec.Struct, frozen=True, tag=True):
    decode: Callable[[Incoming], NewFile]
    encode: Callable[[StoredFile], bytes]


class ListFiles(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[Sequence[StoredFile], Incoming], bytes]


class GetFile(msgspec.Struct, frozen=True, tag=True):
    """The path has a parameter `file`, as have the next two."""

    encode: Callable[[StoredFile], bytes]


class ReadFile(msgspec.Struct, frozen=True, tag=True):
    """The bytes themselves."""


class DeleteFile(msgspec.Struct, frozen=True, tag=True):
    encode: Callable[[str], bytes]


Service = (
    ServeChat
    | ServeEmbeddings
    | ServeImages
    | ServeModerations
    | ListModels
    | GetModel
    | UploadFile
    | ListFiles
    | GetFile
    | ReadFile
    | DeleteFile
)


class Endpoint(msgspec.Struct, frozen=True):
    """`path` may have parameters: `/v1/files/{file}/content`; `{model:path}` takes slashes as well."""

    method: str
    path: str
    service: Service


class Face(msgspec.Struct, frozen=True):
    """`name` is what keys' scopes call it. `encode_error` is the body of an error; the status is the problem's own."""

    name: str
    endpoints: tuple[Endpoint, ...]
    encode_error: Callable[[Problem], bytes]

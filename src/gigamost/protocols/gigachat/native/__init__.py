"""GigaChat's own API in the server role, for its official SDKs: what they send goes on as it came, for a client's key.

Model names, fields and answers are GigaChat's and stay as they are; only ids of what GigaChat keeps (files, threads,
states) are shown sealed, and opened again. Batches, assistants and threads belong to the credential: no routes.
"""

import re
from typing import Final
from urllib.parse import quote

from gigamost.core.face import (
    DeleteFile,
    Endpoint,
    ExchangeKey,
    Face,
    GetFile,
    Incoming,
    ListFiles,
    ReadFile,
    Relay,
    Service,
    UploadFile,
)
from gigamost.protocols.gigachat.native import overhearing
from gigamost.protocols.gigachat.native.errors import encode_error, encode_oauth_error
from gigamost.protocols.gigachat.native.files import decode_upload, encode_deleted, encode_file, encode_list
from gigamost.protocols.gigachat.native.imposing import GOVERNED, impose_v1, impose_v2
from gigamost.protocols.gigachat.native.tokens import encode_oauth, encode_token

__all__ = ["FACE", "OAUTH_FACE", "encode_error", "encode_oauth_error"]


def _at(path: str, *, is_generation: bool = False, has_model: bool = False) -> Relay:
    governed = frozenset({"model"}) if has_model else frozenset[str]()
    return Relay(lambda incoming, base: base + path, is_generation, governed=governed)


def _model_url(incoming: Incoming, base: str) -> str:
    return f"{base}/models/{quote(incoming.path['model'], safe='')}"


_V1_CHAT = Relay(
    lambda incoming, base: f"{base}/chat/completions",
    is_generation=True,
    has_ids=True,
    governed=GOVERNED,
    impose=impose_v1,
    overhear=overhearing.V1,
)
_V1: tuple[tuple[str, str, Service], ...] = (
    ("POST", "/chat/completions", _V1_CHAT),
    ("GET", "/models", _at("/models")),
    ("GET", "/models/{model:path}", Relay(_model_url)),
    ("POST", "/embeddings", _at("/embeddings", is_generation=True, has_model=True)),
    ("POST", "/tokens/count", _at("/tokens/count", has_model=True)),
    ("GET", "/balance", _at("/balance")),
    ("POST", "/functions/validate", _at("/functions/validate")),
    ("POST", "/functions/convert", _at("/functions/convert")),
    ("POST", "/filter/check", _at("/filter/check", is_generation=True, has_model=True)),
    ("POST", "/ai/check", _at("/ai/check", is_generation=True, has_model=True)),
    ("POST", "/files", UploadFile(decode_upload, encode_file)),
    ("GET", "/files", ListFiles(encode_list)),
    ("GET", "/files/{file}", GetFile(encode_file)),
    ("GET", "/files/{file}/content", ReadFile()),
    ("POST", "/files/{file}/delete", DeleteFile(encode_deleted)),
    ("POST", "/token", ExchangeKey(encode_token)),
)
_VERSION: Final = re.compile(r"/v\d+$")
_V2_CHAT = Relay(
    lambda incoming, base: _VERSION.sub("", base) + "/v2/chat/completions",
    is_generation=True,
    has_ids=True,
    governed=GOVERNED,
    impose=impose_v2,
    overhear=overhearing.V2,
)
_BASES = ("/gigachat/api", "/gigachat")

_ENDPOINTS = tuple(
    endpoint
    for base in _BASES
    for endpoint in (
        *(Endpoint(method, f"{base}/v1{path}", service) for method, path, service in _V1),
        Endpoint("POST", f"{base}/v2/chat/completions", _V2_CHAT),
    )
)
_OAUTH = tuple(Endpoint("POST", f"{base}/v2/oauth", ExchangeKey(encode_oauth)) for base in _BASES)
FACE = Face("gigachat", _ENDPOINTS, encode_error)
OAUTH_FACE = Face("gigachat", _OAUTH, encode_oauth_error)  # OAuth has errors of another form

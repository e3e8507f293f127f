"""Ollama's own API (server role): chat, generate, embeddings, and the models that there are."""

from gigamost.core.codec import Stamp
from gigamost.core.face import Choose, Endpoint, Face, GetModel, Incoming, ListModels, Say, ServeChat, ServeEmbeddings
from gigamost.core.fold import Reply
from gigamost.core.request import ChatRequest
from gigamost.protocols.ollama import embeddings, models, service
from gigamost.protocols.ollama.errors import encode_error
from gigamost.protocols.ollama.request import Load, decode_chat, decode_generate
from gigamost.protocols.ollama.response import Said, chat_said, encode, generate_said
from gigamost.protocols.ollama.stream import Encoder

__all__ = ["FACE", "Exchange", "chat", "encode_error", "generate"]


class Exchange:
    """One chat or generate request of a client (`core.codec.Exchange`)."""

    content_type = "application/json"

    def __init__(self, request: ChatRequest, said: Said) -> None:
        self.request = request
        self._said = said

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return encode(reply, stamp, self._said)

    def encoder(self, stamp: Stamp) -> Encoder:
        return Encoder(stamp, self._said)


def chat(incoming: Incoming) -> Exchange:
    """Raises GatewayError (400)."""
    return Exchange(decode_chat(incoming.body), chat_said)


def generate(incoming: Incoming) -> ServeChat | GetModel:
    """Raises GatewayError (400)."""
    asked = decode_generate(incoming.body)
    if isinstance(asked, Load):
        return models.loading(is_unload=asked.is_unload)
    exchange = Exchange(asked, generate_said)
    return ServeChat(lambda incoming: exchange)


def _refuse(method: str, path: str, what: str) -> Endpoint:
    return Endpoint(method, path, Say(models.refusing(what)))


_ENDPOINTS = (
    Endpoint("POST", "/api/chat", ServeChat(chat)),
    Endpoint("POST", "/api/generate", Choose(generate)),
    Endpoint("POST", "/api/embed", ServeEmbeddings(embeddings.Exchange)),
    Endpoint("POST", "/api/embeddings", ServeEmbeddings(embeddings.LegacyExchange)),
    Endpoint("GET", "/api/tags", ListModels(models.encode_tags)),
    Endpoint("POST", "/api/show", GetModel(models.encode_show, models.name_of)),
    Endpoint("GET", "/api/ps", Say(service.say_loaded)),
    Endpoint("GET", "/api/version", Say(service.say_version), is_open=True),
    Endpoint("GET", "/", Say(service.say_root), is_open=True),
    Endpoint("POST", "/api/pull", GetModel(models.encode_pulled, models.name_of)),
    _refuse("POST", "/api/push", "Nothing can be pushed from here"),
    _refuse("POST", "/api/create", "No model can be created here"),
    _refuse("POST", "/api/copy", "No model can be copied here; an alias in the gateway's configuration names one anew"),
    _refuse("DELETE", "/api/delete", "No model can be deleted here"),
    _refuse("POST", "/api/blobs/{digest}", "No file of a model can be kept here"),
    Endpoint("HEAD", "/api/blobs/{digest}", Say(models.no_blob)),
)
FACE = Face("ollama", _ENDPOINTS, encode_error)

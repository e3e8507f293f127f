"""Ollama's model administration: what there is (`tags`, `show`), what may be had (`pull`), and what a gateway to a
service cannot do: keep, change or give away models."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.face import GetModel, Incoming, Listed
from gigamost.core.models import Model
from gigamost.framing import ndjson
from gigamost.protocols.ollama import wire

JsonObject = dict[str, Any]
# What a name without a tag means; Open WebUI and others look the tagged name up in the list.
TAG = ":latest"
ARCHITECTURE = "gigachat"
# The upstream does not say when a model was made or how large it is, and nothing is better than something wrong.
MODIFIED = "1970-01-01T00:00:00Z"
_LICENSE = "A model of the GigaChat service. The terms of that service apply."
# What clients look for in a template: Continue a `.Suffix`, others `.Tools`. GigaChat applies its own.
_TEMPLATE = "{{ .System }}{{ .Prompt }}{{ .Suffix }}"
_TOOLS = "{{ .Tools }}"
_named = msgspec.json.Decoder(wire.Named).decode


def name_of(incoming: Incoming) -> str:
    """The model of a `show`, a `pull` or a load. Raises GatewayError (400)."""
    try:
        body = _named(incoming.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid('The request body must be a JSON object: {"model": "<name>"}.') from None
    name = body.model or body.name
    if not name:
        raise invalid("model is missing: name one of those that GET /api/tags lists.", "model")
    return name


def encode_tags(listed: Sequence[Listed], incoming: Incoming) -> bytes:
    """The models that chat or embed, with the tag that Ollama's own names have."""
    usable = [each for each in listed if each.model.kind in ("chat", "embedder")]
    return msgspec.json.encode({"models": [_told(each) for each in usable]})


def _told(listed: Listed) -> JsonObject:
    name = listed.name if ":" in listed.name else listed.name + TAG
    return {
        "name": name,
        "model": name,
        "modified_at": MODIFIED,
        "size": 0,
        "digest": _digest(listed.model),
        "details": _details(),
    }


def _digest(model: Model) -> str:
    """Ollama's digest says which names are the same model; so does this one."""
    return sha256(f"{model.upstream}/{model.id}".encode()).hexdigest()


def _details() -> JsonObject:
    """Format, size and quantisation are of a file, and there is none."""
    return {
        "parent_model": "",
        "format": "",
        "family": ARCHITECTURE,
        "families": [ARCHITECTURE],
        "parameter_size": "",
        "quantization_level": "",
    }


def encode_show(listed: Listed) -> bytes:
    model, able = listed.model, listed.model.capabilities
    info: JsonObject = {
        "general.architecture": ARCHITECTURE,
        "general.basename": model.id,
        f"{ARCHITECTURE}.context_length": able.context,
    }
    if able.dimensions:
        info[f"{ARCHITECTURE}.embedding_length"] = able.dimensions
    chats = model.kind == "chat"
    return msgspec.json.encode(
        {
            "license": _LICENSE,
            "modelfile": f"FROM {model.id}\n",
            "parameters": f"num_ctx {able.context}",
            "template": (_TEMPLATE + _TOOLS if able.functions else _TEMPLATE) if chats else "{{ .Prompt }}",
            "details": _details(),
            "model_info": info,
            "capabilities": _capabilities(model),
            "modified_at": MODIFIED,
        }
    )


def _capabilities(model: Model) -> list[str]:
    """In Ollama's words; `insert` is filling the gap between a prompt and a suffix."""
    able = model.capabilities
    match model.kind:
        case "chat":
            has = {"completion": True, "insert": True}
            has |= {"tools": able.functions, "vision": able.vision, "thinking": able.reasoning}
            return [name for name, is_there in has.items() if is_there]
        case "embedder":
            return ["embedding"]
        case "filter" | "aicheck":
            return []


def encode_pulled(listed: Listed) -> bytes:
    """A model that can be used is there already. One line is the whole stream, and the whole answer without one."""
    return ndjson.encode(msgspec.json.encode({"status": "success"}))


def loading(*, is_unload: bool) -> GetModel:
    """A known model is always ready, and there is nothing to free."""

    def encode(listed: Listed) -> bytes:
        reason = "unload" if is_unload else "load"
        said = {"model": listed.name, "response": "", "done": True, "done_reason": reason}
        return ndjson.encode(msgspec.json.encode(said))

    return GetModel(encode, name_of)


def refusing(what: str) -> Callable[[Incoming], tuple[str, bytes]]:
    """Serves what a gateway cannot do: 501 in words."""

    def refuse(incoming: Incoming) -> tuple[str, bytes]:
        raise GatewayError(Kind.UNSUPPORTED, f"{what}: the models belong to GigaChat. GET /api/tags lists them.")

    return refuse


def no_blob(incoming: Incoming) -> tuple[str, bytes]:
    raise GatewayError(Kind.NOT_FOUND, "There is no such blob: no files of models are kept here.")

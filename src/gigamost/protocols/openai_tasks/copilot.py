"""What GitHub Copilot's clients ask beside chat (server role): the exchange of a key for a token, and the models in
Copilot's own form. Neither is documented by its vendor: the fields are those that editors' plugins read."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gigamost.core.face import Incoming, Listed

JsonObject = dict[str, Any]
# Copilot's clients say which editor they sit in. Every other client gets the list in OpenAI's form.
HEADERS = ("copilot-integration-id", "editor-version")
REFRESH_IN = 1500  # seconds: a token lives for half an hour, and this is what GitHub says of one that does too


def encode_token(token: str, expires_at: int, incoming: Incoming) -> bytes:
    """The answer to the exchange: a token, and where it is good, by the address at which this client found us."""
    told: JsonObject = {
        "token": token,
        "expires_at": expires_at // 1000,
        "refresh_in": REFRESH_IN,
        "chat_enabled": True,
    }
    if host := incoming.headers.get("host"):
        is_secure = incoming.headers.get("x-forwarded-proto") == "https"
        told["endpoints"] = {"api": f"{'https' if is_secure else 'http'}://{host}"}
    return msgspec.json.encode(told)


def encode_models(listed: Sequence[Listed], incoming: Incoming) -> bytes:
    """The models that chat or embed."""
    usable = [each for each in listed if each.model.kind in ("chat", "embedder")]
    return msgspec.json.encode({"object": "list", "data": [_told(each) for each in usable]})


def _told(listed: Listed) -> JsonObject:
    return {
        "id": listed.name,
        "name": listed.name,
        "object": "model",
        "vendor": listed.model.owned_by,
        "version": listed.model.id,
        "preview": False,
        "model_picker_enabled": listed.model.kind == "chat",
        "policy": {"state": "enabled", "terms": ""},
        "capabilities": _capabilities(listed),
    }


def _capabilities(listed: Listed) -> JsonObject:
    """There is no name for GigaChat's tokenizer among those that the clients know: they count by this one."""
    able, chats = listed.model.capabilities, listed.model.kind == "chat"
    told: JsonObject = {
        "object": "model_capabilities",
        "type": "chat" if chats else "embeddings",
        "family": listed.model.id,
        "tokenizer": "o200k_base",
        "limits": {"max_context_window_tokens": able.context, "max_prompt_tokens": able.context},
        "supports": {},
    }
    if chats:
        told["limits"]["max_output_tokens"] = able.max_output
        told["supports"] = {
            "streaming": True,
            "structured_outputs": True,
            "tool_calls": able.functions,
            "parallel_tool_calls": able.functions,
            "vision": able.vision,
        }
    return told

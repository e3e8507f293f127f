"""`GET /model/info` of LiteLLM's proxy, where coding agents read how large a model's context is (server role)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gigamost.core.face import Incoming, Listed
from gigamost.core.models import ModelKind

JsonObject = dict[str, Any]
# LiteLLM's word for what a model is for; one that judges texts has none of its own.
_MODES: dict[ModelKind, str] = {
    "chat": "chat",
    "embedder": "embedding",
    "filter": "moderation",
    "aicheck": "moderation",
}


def encode_info(listed: Sequence[Listed], incoming: Incoming) -> bytes:
    """Every model, or the one that the query's `litellm_model_id` names. No prices: they are the account's own."""
    wanted = incoming.query.get("litellm_model_id")
    return msgspec.json.encode({"data": [_told(each) for each in listed if wanted in (None, each.name)]})


def _told(listed: Listed) -> JsonObject:
    return {
        "model_name": listed.name,
        "litellm_params": {"model": f"{listed.model.upstream}/{listed.model.id}"},
        "model_info": {
            "id": listed.name,
            "db_model": False,
            "key": listed.model.id,
            "litellm_provider": listed.model.upstream,
            "mode": _MODES[listed.model.kind],
            **_sizes(listed),
            **_supports(listed),
            "input_cost_per_token": None,
            "output_cost_per_token": None,
            "cache_read_input_token_cost": None,
        },
    }


def _sizes(listed: Listed) -> JsonObject:
    able = listed.model.capabilities
    output = able.max_output if listed.model.kind == "chat" else None
    return {
        "max_tokens": output or able.context,
        "max_input_tokens": able.context,
        "max_output_tokens": output,
        "output_vector_size": able.dimensions or None,
    }


def _supports(listed: Listed) -> JsonObject:
    able, chats = listed.model.capabilities, listed.model.kind == "chat"
    return {
        "supports_system_messages": chats,
        "supports_native_streaming": chats,
        "supports_response_schema": chats,
        "supports_function_calling": chats and able.functions,
        "supports_parallel_function_calling": chats and able.functions,
        "supports_tool_choice": chats and able.functions,
        "supports_vision": chats and able.vision,
        "supports_audio_input": chats and able.audio,
        "supports_audio_output": False,
        "supports_pdf_input": chats,
        "supports_prompt_caching": chats,
        "supports_reasoning": chats and able.reasoning,
        "supports_assistant_prefill": False,
    }

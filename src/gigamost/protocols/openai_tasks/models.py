"""`GET /v1/models` and `GET /v1/models/{model}` of OpenAI (API reference, "Models"), server role.

OpenAI's four fields, and the extra ones by which clients of other servers size their prompts.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from gigamost.core.face import Incoming, Listed

CREATED = 0  # the upstream does not say when a model was made, and no date is better than a wrong one


def encode_list(listed: Sequence[Listed], incoming: Incoming) -> bytes:
    return msgspec.json.encode({"object": "list", "data": [_told(each) for each in listed]})


def encode(listed: Listed) -> bytes:
    return msgspec.json.encode(_told(listed))


def _told(listed: Listed) -> dict[str, Any]:
    """`root` is the upstream's model behind an alias and `max_model_len` its context, as vLLM has them."""
    model, able = listed.model, listed.model.capabilities
    told: dict[str, Any] = {
        "id": listed.name,
        "object": "model",
        "created": CREATED,
        "owned_by": model.owned_by,
        "root": model.id,
        "type": model.kind,
    }
    if model.kind in ("chat", "embedder"):
        told |= {"context_window": able.context, "max_model_len": able.context}
    if model.kind == "chat":
        told["max_output_tokens"] = able.max_output
        told["capabilities"] = {
            "vision": able.vision,
            "audio": able.audio,
            "functions": able.functions,
            "reasoning": able.reasoning,
        }
    if able.dimensions:
        told["dimensions"] = able.dimensions
    return told

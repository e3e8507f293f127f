"""`GET /foundation-models`, the list of models of Bedrock's control plane: what `boto3.client("bedrock")` asks for."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gigamost.core.face import Incoming, Listed

JsonObject = dict[str, Any]
_OUTPUT = {"chat": "TEXT", "embedder": "EMBEDDING"}


def encode_list(models: Sequence[Listed], incoming: Incoming) -> bytes:
    """The filters that the gateway's models differ by are honoured."""
    output = incoming.query.get("byOutputModality")
    provider = incoming.query.get("byProvider", "").casefold()
    inference = incoming.query.get("byInferenceType", "ON_DEMAND")
    summaries = [
        _summary(each)
        for each in models
        if each.model.kind in _OUTPUT
        and output in (None, _OUTPUT[each.model.kind])
        and provider in ("", each.model.owned_by.casefold())
        and inference == "ON_DEMAND"
    ]
    return msgspec.json.encode({"modelSummaries": summaries})


def encode_one(model: Listed) -> bytes:
    return msgspec.json.encode({"modelDetails": _summary(model)})


def _summary(listed: Listed) -> JsonObject:
    model = listed.model
    return {
        "modelArn": f"arn:aws:bedrock:gigachat::foundation-model/{listed.name}",
        "modelId": listed.name,
        "modelName": listed.name,
        "providerName": model.owned_by,
        "inputModalities": ["TEXT", "IMAGE"] if model.capabilities.vision else ["TEXT"],
        "outputModalities": [_OUTPUT.get(model.kind, "TEXT")],
        "responseStreamingSupported": model.kind == "chat",
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }

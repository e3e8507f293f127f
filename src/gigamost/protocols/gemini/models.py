"""`models` of the Gemini API (ai.google.dev/api/models) and `publishers/google/models` of Vertex AI."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gigamost.core.face import Incoming, Listed
from gigamost.core.models import ModelKind
from gigamost.protocols.gemini.pages import page

_METHODS: Mapping[ModelKind, tuple[str, ...]] = {
    "chat": ("generateContent", "countTokens"),
    "embedder": ("embedContent", "batchEmbedContents"),
    "filter": (),
    "aicheck": (),
}
_PAGE = 50  # models, where the query says nothing


def encode_list(listed: Sequence[Listed], incoming: Incoming) -> bytes:
    """Raises GatewayError (400) for a page that cannot be."""
    part = page(len(listed), incoming.query, _PAGE)
    return msgspec.json.encode({"models": [_told(each) for each in part.of(listed)], **part.following})


def encode(listed: Listed) -> bytes:
    return msgspec.json.encode(_told(listed))


def encode_published(listed: Sequence[Listed], incoming: Incoming) -> bytes:
    part = page(len(listed), incoming.query, _PAGE)
    return msgspec.json.encode({"publisherModels": [_published(each) for each in part.of(listed)], **part.following})


def encode_one_published(listed: Listed) -> bytes:
    return msgspec.json.encode(_published(listed))


def _told(listed: Listed) -> dict[str, Any]:
    able, kind = listed.model.capabilities, listed.model.kind
    told: dict[str, Any] = {
        "name": f"models/{listed.name}",
        "baseModelId": listed.model.id,
        "version": listed.model.id,
        "displayName": listed.name,
        "description": f"{listed.model.id} of {listed.model.owned_by}",
        "supportedGenerationMethods": _METHODS[kind],
    }
    if kind in ("chat", "embedder"):
        told["inputTokenLimit"] = able.context
    if kind == "chat":
        told |= {"outputTokenLimit": able.max_output, "maxTemperature": 2.0, "thinking": able.reasoning}
    return told


def _published(listed: Listed) -> dict[str, Any]:
    return {
        "name": f"publishers/google/models/{listed.name}",
        "versionId": listed.model.id,
        "displayName": listed.name,
        "supportedActions": {},
    }

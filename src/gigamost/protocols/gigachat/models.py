"""What GigaChat's models can do: capability rows, because the API's model list says only id and type.

Sources: gigachat-api.md section 3 (context sizes and vision are third-party catalogues, hence overridable in config).
"""

from gigamost.core.models import Capabilities, Model, ModelKind

# A row serves every model whose id starts with its name, the longest name wins: previews and dated builds share the
# family's row. `response_format` is recorded on GigaChat-3-Ultra and documented for the second generation. Whether the
# third generation sees pictures is not documented: it is told not to until somebody says so in `models.capabilities`.
FAMILIES: dict[str, Capabilities] = {
    "GigaChat-2": Capabilities(structured="native", audio=True),
    "GigaChat-2-Pro": Capabilities(structured="native", vision=True, audio=True),
    "GigaChat-2-Max": Capabilities(structured="native", vision=True, audio=True),
    "GigaChat-2-Reasoning": Capabilities(structured="native", reasoning=True),
    "GigaChat-3-Ultra": Capabilities(262_144, structured="native", reasoning=True, strict_objects=False),
    "GigaChat-3-Pro": Capabilities(262_144, structured="native", reasoning=True, strict_objects=False),
    "GigaChat-3-Lightning": Capabilities(262_144, structured="native"),
    # First-generation names are redirected to the second generation; a forced call works on every one of them.
    "GigaChat": Capabilities(),
    "GigaChat-Pro": Capabilities(vision=True),
    "GigaChat-Max": Capabilities(vision=True),
    "GigaChat-Plus": Capabilities(),
    "Embeddings": Capabilities(512, 0, functions=False, dimensions=1024),
    "EmbeddingsGigaR": Capabilities(4_096, 0, functions=False, dimensions=2560),
    "GigaEmbeddings-3B": Capabilities(4_096, 0, functions=False, dimensions=2048),
    "GigaFilter": Capabilities(functions=False),
    "GigaCheck": Capabilities(functions=False),
}

# The models a fresh account has, used until the upstream's own list has been read. [recorded, Jan 2026]
KNOWN: dict[str, ModelKind] = {
    "GigaChat": "chat",
    "GigaChat-2": "chat",
    "GigaChat-2-Max": "chat",
    "GigaChat-2-Pro": "chat",
    "GigaChat-Max": "chat",
    "GigaChat-Pro": "chat",
    "Embeddings": "embedder",
    "Embeddings-2": "embedder",
    "EmbeddingsGigaR": "embedder",
}


def capabilities_of(model_id: str) -> Capabilities:
    """The row of the longest family name that `model_id` starts with; the defaults for an unknown name."""
    family = max((name for name in FAMILIES if model_id.startswith(name)), key=len, default="")
    return FAMILIES.get(family, Capabilities())


def model(model_id: str, upstream: str, kind: ModelKind = "chat", owned_by: str = "salutedevices") -> Model:
    return Model(model_id, upstream, kind, owned_by, capabilities_of(model_id))

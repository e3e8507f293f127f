"""What a model can do: one capability row. Quirks are data, never a test on a model's name."""

from typing import Literal

import msgspec

ModelKind = Literal["chat", "embedder", "filter", "aicheck"]


class Capabilities(msgspec.Struct, frozen=True):
    """Sizes are tokens. `structured` says how JSON is made to fit a schema: by the model's own mode or a forced call.

    `strict_objects`: the model's validator refuses an object schema without `properties`. `api` is the version of the
    upstream's wire that serves the model best, where a request needs none in particular.
    """

    context: int = 131_072
    max_output: int = 8_192
    vision: bool = False
    audio: bool = False
    functions: bool = True
    structured: Literal["native", "function"] = "function"
    reasoning: bool = False
    strict_objects: bool = True
    dimensions: int = 0
    api: Literal["v1", "v2"] = "v1"


class Model(msgspec.Struct, frozen=True):
    """A model as an upstream knows it. `id` is the upstream's exact name, `upstream` the name of ours for it."""

    id: str
    upstream: str
    kind: ModelKind = "chat"
    owned_by: str = "salutedevices"
    capabilities: Capabilities = Capabilities()

"""The models of the emulated account and what each can do (gigachat-api.md, section 3). Facts are data, not names."""

from typing import Literal

import msgspec

Family = Literal["chat", "embedder", "filter", "aicheck"]


class Facts(msgspec.Struct, frozen=True):
    """One model. Sizes are tokens; `overhead` is what the chat template costs before a word is said.

    `lenient`: tolerates an object schema without `properties`. `usage` is the package that pays for it.
    """

    id: str
    type: Family = "chat"
    version: str = "2.0.28.2"
    context: int = 131_072
    vision: bool = False
    functions: bool = True
    reasoning: bool = False
    lenient: bool = False
    dimensions: int = 0
    overhead: int = 10
    usage: str = "GigaChat"

    @property
    def backend(self) -> str:
        """What the API calls the model in an answer."""
        return f"{self.id}:{self.version}"


def _second(name: str, usage: str = "GigaChat") -> Facts:
    """A model of the second generation, or a first-generation name that is served by one."""
    return Facts(name, usage=usage, vision=usage in ("GigaChat-Pro", "GigaChat-Max"))


def _third(name: str, usage: str, *, lenient: bool = False) -> Facts:
    return Facts(name, version="32.3.18.5", context=262_144, lenient=lenient, overhead=12, usage=usage)


def _embedder(name: str, dimensions: int, limit: int) -> Facts:
    return Facts(name, "embedder", context=limit, functions=False, dimensions=dimensions, usage="embeddings")


# The first twenty in the order of the recorded list, then the names that came later.
CATALOGUE: tuple[Facts, ...] = (
    _second("GigaChat"),
    _second("GigaChat-2"),
    _second("GigaChat-2-Max", "GigaChat-Max"),
    _second("GigaChat-2-Max-preview", "GigaChat-Max"),
    _second("GigaChat-2-Pro", "GigaChat-Pro"),
    _second("GigaChat-2-Pro-preview", "GigaChat-Pro"),
    _second("GigaChat-2-preview"),
    _second("GigaChat-Max", "GigaChat-Max"),
    _second("GigaChat-Max-preview", "GigaChat-Max"),
    _second("GigaChat-Plus"),
    _second("GigaChat-Pro", "GigaChat-Pro"),
    _second("GigaChat-Pro-preview", "GigaChat-Pro"),
    _second("GigaChat-preview"),
    Facts("GigaFilter", "filter", functions=False),
    Facts("GigaCheckClassification", "aicheck", functions=False),
    Facts("GigaCheckDetection", "aicheck", functions=False),
    _embedder("Embeddings", 1024, 512),
    _embedder("Embeddings-2", 1024, 512),
    _embedder("EmbeddingsGigaR", 2560, 4096),
    _embedder("GigaEmbeddings-3B-2025-09", 2048, 4096),
    _third("GigaChat-3-Ultra", "GigaChat-Max", lenient=True),
    _third("GigaChat-3-Pro", "GigaChat-Pro", lenient=True),
    _third("GigaChat-3-Lightning", "GigaChat"),
    Facts("GigaChat-2-Reasoning", reasoning=True, usage="GigaChat-Max"),
)

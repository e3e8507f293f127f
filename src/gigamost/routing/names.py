"""Model names: what a client may call a model, as a table. The first row that matches wins.

    the upstream's own names > configured names > the rows of BUILT_IN > the default model

Names are compared in their exact case: `GigaChat` is the upstream's model, `gigachat` a name of ours.
"""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from gigamost.core.errors import GatewayError, Kind, invalid

FLAGSHIP: Final = "GigaChat-2-Max"  # where no default is configured
_UNTAGGED: Final = ":latest"  # Ollama's clients put this tag on names that have none
_SHOWN: Final = 80  # characters of a client's name that an error repeats


class Row(msgspec.Struct, frozen=True):
    """Names that lead to `target`; "" is the configured default, else the flagship. `names` are exact or have `*`;
    `words` match any name that has one of them between dashes."""

    target: str
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def matches(self, name: str) -> bool:
        return any(fnmatchcase(name, own) for own in self.names) or not set(self.words).isdisjoint(name.split("-"))


BUILT_IN: Final = (
    # OpenAI's names of what writes recordings down: a model that hears, whatever the default is.
    Row("GigaChat-2", ("gpt-4o-mini-transcribe*",)),
    Row("GigaChat-2-Max", ("gpt-4o-transcribe*", "whisper-*")),
    # Google's embedding models, before the rule for its chat models.
    Row("Embeddings", ("gemini-embedding-*", "text-embedding-00*")),
    Row("GigaChat-2-Pro", ("gigachat-pro",)),
    Row("GigaChat-2", ("gpt-3.5*",), ("mini", "nano", "lite", "haiku", "flash")),
    Row("", ("gigachat", "gigachat-max", "gpt-4*", "gpt-5*", "o1*", "o2*", "o3*", "o4*", "claude-*", "gemini-*")),
    Row("", ("anthropic.claude-*", "*.anthropic.claude-*")),  # the same on Bedrock, there with a region before it
    # OpenAI's names of the same order of size; the vectors have GigaChat's dimensions.
    Row("Embeddings", ("text-embedding-3-small", "text-embedding-ada-002")),
    Row("EmbeddingsGigaR", ("text-embedding-3-large",)),
)


def resolve(name: str, upstream_models: Collection[str], aliases: Mapping[str, str], default: str | None) -> str:
    """The upstream's model that `name` means. `aliases` are configured names (exact ones go before patterns), `default`
    is the configured default model.

    Raises GatewayError: MODEL_NOT_FOUND (404) that names what is near, INVALID_REQUEST (400) for an empty name.
    """
    untagged = name.removesuffix(_UNTAGGED)
    for spelled in (name, untagged):
        if spelled in upstream_models:
            return spelled
        if spelled in aliases:
            return aliases[spelled]
    name = untagged
    for pattern, target in aliases.items():
        if fnmatchcase(name, pattern):
            return target
    for row in BUILT_IN:
        if row.matches(name):
            return row.target or default or FLAGSHIP
    if default:
        return default
    if not name.strip():
        raise invalid("model is missing: name one of those that GET /v1/models lists", "model")
    raise _not_found(name, listed(upstream_models, aliases))


def listed(upstream_models: Collection[str], aliases: Mapping[str, str]) -> tuple[str, ...]:
    """What a list of models shows: the upstream's names, then every exact name of ours."""
    exact = [*aliases, *(name for row in BUILT_IN for name in row.names)]
    return tuple(dict.fromkeys([*upstream_models, *(name for name in exact if not re.search(r"[*?\[]", name))]))


def _not_found(name: str, known: Collection[str]) -> GatewayError:
    by_case = {model.casefold(): model for model in reversed(tuple(known))}
    near = [by_case[close] for close in get_close_matches(name.casefold(), by_case, n=3, cutoff=0.6)]
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "..."
    advice = f"did you mean {', '.join(near)}?" if near else "GET /v1/models lists those that do"
    return GatewayError(
        Kind.MODEL_NOT_FOUND, f"The model `{shown}` does not exist: {advice}", param="model", code="model_not_found"
    )

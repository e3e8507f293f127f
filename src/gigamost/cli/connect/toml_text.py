"""TOML text changed in place, by tomlkit: comments, order and layout of everything else stay."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import tomlkit


def parsed(text: str) -> Any:
    """Raises ValueError."""
    return tomlkit.parse(text).unwrap()


def dumped(value: Any) -> str:
    return tomlkit.dumps(value)


def changed(text: str, new: Any) -> str:
    """The text with the value `new`. Raises ValueError."""
    document = tomlkit.parse(text)
    _set(document, new)
    return tomlkit.dumps(document)


def _set(table: MutableMapping[str, Any], new: Mapping[str, Any]) -> None:
    for name, value in new.items():
        there = table.get(name)
        if isinstance(there, MutableMapping) and isinstance(value, Mapping):
            _set(there, value)
        elif there != value:
            table[name] = value

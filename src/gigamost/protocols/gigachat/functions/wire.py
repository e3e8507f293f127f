"""A function of a request, word for word (gigachat-api.md section 4.4): the same in both versions."""

from typing import Any

import msgspec


class Function(msgspec.Struct, omit_defaults=True):
    name: str
    description: str | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    few_shot_examples: list[Any] | msgspec.UnsetType = msgspec.UNSET
    return_parameters: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

"""How the model chooses its words, under the names that both versions share.

temperature 0      top_p 0: the API wants temperature > 0 (quirk 17)
max_tokens         at most what the model can write
"""

from collections.abc import Mapping
from typing import Final, Literal, Protocol

import msgspec

from gigamost.core.models import Model
from gigamost.core.request import ChatRequest, Effort

Level = Literal["low", "medium", "high"]
EFFORTS: Final[Mapping[Effort, Level]] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
}


class Sampled(Protocol):
    """Where the values stand: in v1's body, in v2's `model_options`."""

    temperature: float | msgspec.UnsetType
    top_p: float | msgspec.UnsetType
    max_tokens: int | msgspec.UnsetType


def sample(into: Sampled, request: ChatRequest, model: Model) -> list[str]:
    """Sets the client's values. The fields that could not be honoured, as the client wrote them."""
    lost: list[str] = []
    if request.temperature == 0:
        into.top_p = 0
    else:
        if request.temperature is not None:
            into.temperature = request.temperature
        if request.top_p is not None:
            into.top_p = request.top_p
    if request.max_tokens is not None:
        into.max_tokens = min(request.max_tokens, model.capabilities.max_output)
        if into.max_tokens < request.max_tokens:
            lost.append(spelled(request, "max_tokens"))
    if request.effort in EFFORTS and not model.capabilities.reasoning:
        lost.append(spelled(request, "effort"))
    return lost


def effort_of(request: ChatRequest, model: Model) -> Level | None:
    """None where the client asked for none, or the model does not reason."""
    if request.effort is None or not model.capabilities.reasoning:
        return None
    return EFFORTS.get(request.effort)


def spelled(request: ChatRequest, field: str) -> str:
    return request.spelled.get(field, field)

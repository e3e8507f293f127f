"""Which version of GigaChat's wire a request is spoken in."""

from collections.abc import Mapping
from typing import Final, Literal

from gigamost.core.codec import Call, Wire
from gigamost.core.errors import Problem
from gigamost.core.models import Model
from gigamost.core.request import BuiltinKind, ChatRequest, Regex
from gigamost.protocols.gigachat import v1, v2
from gigamost.protocols.gigachat.problems import decode_error

Api = Literal["auto", "v1", "v2"]
# The built-in tools that v1 has none of.
ONLY_V2: Final[frozenset[BuiltinKind]] = frozenset({"web_search", "web_fetch", "code_interpreter"})


def choose(request: ChatRequest, model: Model, api: Api, dialect: frozenset[str] = frozenset()) -> Wire:
    """`api` is the operator's word; left to `auto`, v2 speaks where the request needs it or the model's row prefers it,
    unless it was learnt that this upstream has no v2."""
    if api != "auto":
        return v2.WIRE if api == "v2" else v1.WIRE
    if v2.NO_V2 in dialect:
        return v1.WIRE
    needed = isinstance(request.format, Regex) or any(each.kind in ONLY_V2 for each in request.builtins)
    return v2.WIRE if needed or model.capabilities.api == "v2" else v1.WIRE


class AnyVersion:
    """GigaChat as one upstream wire (`core.codec.Wire`): every request is encoded in the version chosen for it."""

    name = "gigachat"

    def __init__(self, api: Api) -> None:
        self._api = api

    def encode(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> Call:
        chosen = choose(request, model, self._api, dialect)
        # Where v1 may not be spoken, its absence is no correction that v2 could ask for.
        return chosen.encode(request, model, dialect if self._api == "auto" else dialect | {v2.NO_V2})

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Problem:
        return decode_error(status, headers, body)

"""The models that an upstream offers: its own list, asked for rarely, with what is known about each of them."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.models import Capabilities, Model, ModelKind
from gigamost.pipeline.ask import ask
from gigamost.protocols.gigachat.models import KNOWN, model
from gigamost.upstreams.account import Account

log = logging.getLogger(__name__)

TTL: Final = 600.0  # seconds (quirk 35)
_RETRY: Final = 5.0  # seconds before a list that could not be had is asked for again
_KINDS: Final[Mapping[str, ModelKind]] = {
    "chat": "chat",
    "embedder": "embedder",
    "filter": "filter",
    "aicheck": "aicheck",
}


class _Entry(msgspec.Struct):
    id: str
    type: str = "chat"
    owned_by: str = "salutedevices"


class _List(msgspec.Struct):
    data: list[_Entry]


class Catalogue:
    """`corrections` are the operator's words on what a model can do, by its id (see `adopt`). `clock` is monotonic
    seconds. Without `accounts` (every client brings its own credential) the list of a fresh account is all there is."""

    def __init__(
        self,
        upstream: str,
        accounts: Callable[[], Sequence[Account]],
        corrections: Mapping[str, Callable[[Capabilities], Capabilities]],
        clock: Callable[[], float],
    ) -> None:
        self._upstream = upstream
        self._accounts = accounts
        self._corrections = corrections
        self._clock = clock
        self._listed = [model(name, upstream, kind) for name, kind in KNOWN.items()]
        self._models = self._corrected(self._listed)
        self._stale_at = clock()
        self._refresh: asyncio.Task[None] | None = None
        self.is_known = False

    async def models(self) -> Mapping[str, Model]:
        """By id. The list of a fresh account until the upstream has told its own; an old list rather than none."""
        if self._clock() >= self._stale_at and self._accounts():
            if self._refresh is None or self._refresh.done():
                self._refresh = asyncio.create_task(self._fetch())
            if not self.is_known:
                await asyncio.wait((self._refresh,))
        return self._models

    def known(self) -> Mapping[str, Model]:
        """What was last known, without asking."""
        return self._models

    def describe(self, name: str) -> Model:
        """A model of this id, whether it is in the list or not: aliases may name one that the list leaves out."""
        found = self._models.get(name)
        return found or self._corrected([model(name, self._upstream, KNOWN.get(name, "chat"))])[name]

    def adopt(self, corrections: Mapping[str, Callable[[Capabilities], Capabilities]]) -> None:
        """From now on; the list is asked for again with the next request, which does not wait for it."""
        self._corrections = corrections
        self._models = self._corrected(self._listed)
        self._stale_at = self._clock()

    async def close(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)

    async def _fetch(self) -> None:
        self._stale_at = self._clock() + _RETRY
        try:
            answer = await ask(self._accounts(), "GET", "/models", {"Accept": "application/json"}, visit=None)
            entries = msgspec.json.decode(answer.body, type=_List).data
        except GatewayError as error:
            log.warning("the list of models cannot be had: %s", error.problem.detail or error)
            return
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("the list of models cannot be read: %s", error)
            return
        self._listed = [
            model(entry.id, self._upstream, _KINDS.get(entry.type, "chat"), entry.owned_by) for entry in entries
        ]
        self._models = self._corrected(self._listed)
        self._stale_at = self._clock() + TTL
        self.is_known = True

    def _corrected(self, models: Sequence[Model]) -> dict[str, Model]:
        found: dict[str, Model] = {}
        for each in models:
            correct = self._corrections.get(each.id)
            found[each.id] = msgspec.structs.replace(each, capabilities=correct(each.capabilities)) if correct else each
        return found


def needs_kind(found: Model, kind: ModelKind, param: str = "model") -> Model:
    """Raises GatewayError (400) when a model is used for what it is not made for."""
    if found.kind != kind:
        message = f"The model {found.id} is of type {found.kind}; this request needs one of type {kind}."
        raise GatewayError(Kind.INVALID_REQUEST, message, param=param, code="model_not_suitable")
    return found

"""`/metrics` for Prometheus, as the server asks for it; `exposition` writes it down."""

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module

import msgspec

from gigamost.core.limiting import Sharing
from gigamost.pipeline.meter import Meter
from gigamost.upstreams.fleet import Standing


class State(msgspec.Struct, frozen=True):
    """How the gateway stands. `worker` tells the processes apart that listen together, "" where there is one.
    `unwritten` are rows of the ledger that are not in its database yet; `is_spooling`: that database is away."""

    version: str
    replica: str
    worker: str
    live: int
    is_draining: bool
    credentials: Sequence[Standing]
    sharing: Sharing
    unwritten: int
    is_spooling: bool


class Metrics:
    def __init__(self, meter: Meter, state: Callable[[], State]) -> None:
        self._meter = meter
        self._state = state

    async def render(self, accept: str) -> tuple[str, bytes]:
        """The content type that the `Accept` header asks for, and the text."""
        # Only here, and beside the event loop: the import takes a tenth of a second.
        await asyncio.to_thread(import_module, "gigamost.server.exposition")
        from gigamost.server.exposition import written

        return await asyncio.to_thread(written, self._meter, self._state(), accept)

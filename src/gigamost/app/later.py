"""What is done later, from the settings: where jobs are kept, and the worker that goes on with those from earlier."""

from collections.abc import Callable

from gigamost.batch.deferred import Deferred
from gigamost.batch.execution import Execution
from gigamost.pipeline.kept import KeptChat
from gigamost.store.jobs.opening import OpeningJobs
from gigamost.store.place import Place, Postgres


class Later:
    """`start` when requests can be made; `close` before that ends."""

    def __init__(self, place: Place, execution: Execution, kept_chat: KeptChat, places: Callable[[], int]) -> None:
        self._opening = OpeningJobs(place)
        is_shared = isinstance(place, Postgres)
        self.deferred = Deferred(self._opening, execution, kept_chat, places=places, is_shared=is_shared)

    def start(self) -> None:
        if self._opening.may_be_busy():
            self.deferred.worker.poke()

    async def close(self) -> None:
        await self.deferred.worker.close()
        await self._opening.close()

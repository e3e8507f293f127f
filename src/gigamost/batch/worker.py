"""The worker of this process: takes what is to be done from the rows, some at a time, until there is nothing left.

A worker that dies loses nothing: its leases run out, and another one (or the same gateway, started again) goes on. It
sleeps when no job is there, so an idle gateway has none of this in memory.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Protocol
from uuid import uuid4

from gigamost.core.errors import GatewayError
from gigamost.core.job_ports import JobStore, OpenJobs
from gigamost.core.jobs import Again, Claimed, Job, Outcome

log = logging.getLogger(__name__)

LEASE: Final = 30.0  # seconds after which the work of a worker that is silent is taken over
_POLL: Final = 2.0  # seconds between two looks at the rows
_SWEEP: Final = 3600.0
_KEPT: Final = 30 * 86_400  # seconds that jobs and files are kept
_GRACE: Final = 10.0  # seconds that items which were sent may have to end when the gateway stops

MarkSent = Callable[[], Awaitable[bool]]


class Work(Protocol):
    """What is done with items and jobs."""

    async def run(self, item: Claimed, mark_sent: MarkSent) -> Outcome | Again: ...

    async def give_up(self, item: Claimed, *, is_cancelled: bool) -> Outcome:
        """What becomes of an item that was sent and has no answer."""
        ...

    async def attend(self, job: Job, store: JobStore) -> None:
        """A job that is to be validated or to be ended."""
        ...


class Worker:
    """`places` says how many items may be under way here at the same time; `now` is unix seconds. `is_shared`: other
    processes make jobs as well, so it never sleeps. `lease` is seconds."""

    def __init__(
        self,
        open_jobs: OpenJobs,
        work: Work,
        *,
        places: Callable[[], int],
        now: Callable[[], float],
        is_shared: bool,
        lease: float = LEASE,
    ) -> None:
        self.name = uuid4().hex
        self._open = open_jobs
        self._work = work
        self._places = places
        self._now = now
        self._is_shared = is_shared
        self.lease = lease
        self._poked = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._items: dict[asyncio.Task[None], Claimed] = {}
        self._sent: set[asyncio.Task[None]] = set()
        self._stopping = False

    def poke(self) -> None:
        """There is something to do."""
        self._poked.set()
        if (self._loop is None or self._loop.done()) and not self._stopping:
            self._loop = asyncio.get_running_loop().create_task(self._run())

    def stop_job(self, job: str) -> None:
        """Ends what this process does for it, without waiting."""
        for task, item in self._items.items():
            if item.job.id == job:
                task.cancel()

    async def close(self, grace: float = _GRACE) -> None:
        """Takes nothing more. What was sent may end; the rest goes back and waits for the next start."""
        self._stopping = True
        self._poked.set()
        if self._loop is not None:  # it may just be taking items, and those have to be put back
            await asyncio.wait((self._loop,), timeout=grace)
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        for task in [task for task in self._items if task not in self._sent]:
            task.cancel()
        if self._items:
            await asyncio.wait(tuple(self._items), timeout=grace)
        for task in tuple(self._items):
            task.cancel()
        await asyncio.gather(*self._items, return_exceptions=True)

    async def _run(self) -> None:
        beat: asyncio.Task[None] | None = None
        try:
            while not self._stopping:
                try:
                    store = await self._open()
                    beat = beat or asyncio.create_task(self._beat(store))
                    is_busy = await self._step(store) or await store.is_busy()
                    if not (is_busy or self._is_shared or self._poked.is_set()):
                        return
                except GatewayError as error:
                    log.warning("jobs cannot be worked on now: %s", error.problem.detail or error.problem.message)
                except Exception:
                    # The edge of a background task: one job must not end the worker. It is tried again after its lease.
                    log.exception("a job failed")
                await self._rest()
        finally:
            if beat is not None:
                beat.cancel()

    async def _step(self, store: JobStore) -> bool:
        """One look at the rows. Whether there was something to do, or is under way."""
        self._poked.clear()
        while not self._stopping:
            job = await store.steps.take(self.name, self.lease)
            if job is not None:
                await self._work.attend(job, store)
            free = self._places() - len(self._items)
            claimed = await store.queue.claim(self.name, self.lease, free) if free > 0 else ()
            for item in claimed:
                task = asyncio.create_task(self._do(store, item))
                self._items[task] = item
                task.add_done_callback(self._ended)
            if job is None and not claimed:
                break
        return bool(self._items)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(min(_POLL, self.lease / 3)):
                await self._poked.wait()
        except TimeoutError:
            pass

    async def _beat(self, store: JobStore) -> None:
        """Keeps what this worker has, hears of cancellations elsewhere, and forgets what is old."""
        swept = 0.0
        while True:
            try:
                for job in await store.queue.renew(self.name, self.lease):
                    self._stop_response(job)
                if monotonic() - swept > _SWEEP:
                    swept = monotonic()
                    await store.sweep(int(self._now()) - _KEPT)
            except GatewayError as error:
                log.warning("the leases of jobs could not be renewed: %s", error.problem.detail)
            await asyncio.sleep(min(_POLL, self.lease / 3))

    def _stop_response(self, job: str) -> None:
        """The items of a batch that were sent may end: they are paid for. An answer that nobody wants is cut."""
        for item in self._items.values():
            if item.job.id == job and item.job.kind == "response":
                self.stop_job(job)
                return

    async def _do(self, store: JobStore, item: Claimed) -> None:
        task = asyncio.current_task()

        async def mark_sent() -> bool:
            if task is not None:
                self._sent.add(task)
            return await store.queue.mark_sent(self.name, item)

        try:
            outcome = await self._outcome(item, mark_sent)
            if not await store.queue.settle(self.name, item, outcome):
                log.info("an item of %s went to another worker, or was cancelled", item.job.id)
        except asyncio.CancelledError:
            was_sent = task in self._sent
            outcome = Again() if not was_sent else await self._work.give_up(item, is_cancelled=not self._stopping)
            await store.queue.settle(self.name, item, outcome)
        except GatewayError as error:
            # It stays as it is in the rows; when its lease has run out, somebody decides what becomes of it.
            log.warning("an item of %s could not be settled: %s", item.job.id, error.problem.detail)
        except Exception:
            # The edge of a background task: one item must not end the worker.
            log.exception("an item of %s failed", item.job.id)
            await self._break_off(store, item)

    async def _break_off(self, store: JobStore, item: Claimed) -> None:
        """What cannot even be told stays in the rows until its job expires."""
        try:
            await store.queue.settle(self.name, item, await self._work.give_up(item, is_cancelled=False))
        except (GatewayError, LookupError) as error:
            log.warning("an item of %s could not be closed: %s", item.job.id, error)

    async def _outcome(self, item: Claimed, mark_sent: MarkSent) -> Outcome | Again:
        if item.was_sent:
            return await self._work.give_up(item, is_cancelled=False)
        return await self._work.run(item, mark_sent)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._items.pop(task, None)
        self._sent.discard(task)
        self._poked.set()

"""All that is done later, as one thing: what clients ask for, and the worker that does it."""

from collections.abc import Callable
from time import time

from gigamost.batch import ending
from gigamost.batch.background import Background
from gigamost.batch.batches import Batches
from gigamost.batch.execution import Execution, MarkSent
from gigamost.batch.files import BatchFiles
from gigamost.batch.intake import Tell
from gigamost.batch.oversight import Oversight
from gigamost.batch.recurrence import INTERRUPTED
from gigamost.batch.worker import LEASE, Worker
from gigamost.core.job_ports import JobStore, OpenJobs
from gigamost.core.jobs import Again, Claimed, Job, Outcome
from gigamost.pipeline.kept import KeptChat


class Deferred:
    """`tell` is told how batches end. `places` and `is_shared` as `Worker` takes them; `lease` is seconds."""

    def __init__(
        self,
        open_jobs: OpenJobs,
        execution: Execution,
        kept_chat: KeptChat,
        *,
        tell: Tell,
        places: Callable[[], int],
        is_shared: bool,
        lease: float = LEASE,
    ) -> None:
        self.files = BatchFiles(open_jobs)
        self.background = Background(open_jobs, kept_chat, execution)
        work = _Work(execution, self.background, tell)
        self.worker = Worker(open_jobs, work, places=places, now=time, is_shared=is_shared, lease=lease)
        self.batches = Batches(open_jobs, self.files, self.worker.poke)
        self.oversight = Oversight(open_jobs, self.worker.poke)


class _Work:
    """`batch.worker.Work`."""

    def __init__(self, execution: Execution, background: Background, tell: Tell) -> None:
        self._tell = tell
        self._execution = execution
        self._background = background

    async def run(self, item: Claimed, mark_sent: MarkSent) -> Outcome | Again:
        if item.job.kind == "response":
            return await self._background.run(item, mark_sent)
        return await self._execution.run(item, mark_sent)

    async def give_up(self, item: Claimed, *, is_cancelled: bool) -> Outcome:
        if item.job.kind == "response":
            return await self._background.give_up(item, is_cancelled=is_cancelled)
        face, _ = self._execution.find(item.job.plan)
        return Outcome("failed", INTERRUPTED.status, face.encode_error(INTERRUPTED, ""), "")

    async def attend(self, job: Job, store: JobStore) -> None:
        await ending.attend(job, store, self._tell)

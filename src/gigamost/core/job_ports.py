"""What work that is done later needs of a store (`core.ports` has the other ports).

JobStore ─ jobs, batches, items, steps, queue, events, files; all raise GatewayError (503) when it cannot be used
"""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Protocol

from gigamost.core.jobs import (
    Again,
    BatchQuestion,
    Claimed,
    Job,
    JobOutcome,
    JobPage,
    JobWindow,
    KeptFile,
    Kind,
    NewItem,
    Outcome,
    Result,
)


class Jobs(Protocol):
    """What clients see of their jobs. What has no `tenant` is for the workers."""

    async def get(self, tenant: str, job: str) -> Job | None:
        """With its tally."""
        ...

    async def page(self, tenant: str, kind: Kind, window: JobWindow) -> JobPage | None:
        """None when there is no such job as the window names."""
        ...

    async def cancel(self, tenant: str, job: str) -> Job | None:
        """No item begins any more; those that were sent end by themselves. The job as it is then."""
        ...

    async def delete(self, tenant: str, job: str) -> bool:
        """With everything that belongs to it. Whether there was one."""
        ...


class AllBatches(Protocol):
    """What administrators see: batches of every tenant, and no answers in the background."""

    async def get(self, batch: str) -> Job | None:
        """With its tally."""
        ...

    async def page(self, question: BatchQuestion) -> JobPage: ...


class JobItems(Protocol):
    async def add(self, job: str, items: Sequence[NewItem]) -> None:
        """At the end, in one piece, while the job is validating."""
        ...

    async def clear(self, job: str) -> None:
        """Validating begins anew."""
        ...

    async def results(self, job: str, after: int, limit: int) -> Sequence[Result]:
        """Behind the position `after` (-1: from the first), in their order."""
        ...


class JobSteps(Protocol):
    """How a job goes on: validating > running > ended."""

    async def begin(self, job: Job, items: Sequence[NewItem] = ()) -> None:
        """A new job; with all its items it runs at once, without any it is validating."""
        ...

    async def run(self, job: str) -> None: ...

    async def take(self, worker: str, lease: float) -> Job | None:
        """A job that nobody attends to, for `lease` seconds: one to be validated, or one to be ended because none of
        its items is open. Items that are too late have expired before."""
        ...

    async def end(self, job: str, outcome: JobOutcome, files: Sequence[KeptFile] = (), errors: bytes = b"") -> None: ...


class JobQueue(Protocol):
    """What a worker does with items. Leases are counted by the store's clock, in seconds."""

    async def claim(self, worker: str, lease: float, limit: int) -> Sequence[Claimed]:
        """Items to work on: urgent jobs first, then in turns between jobs. Those of a worker that has died as well."""
        ...

    async def renew(self, worker: str, lease: float) -> Sequence[str]:
        """The worker lives. Says which of the jobs it works for are cancelled."""
        ...

    async def mark_sent(self, worker: str, item: Claimed) -> bool:
        """Durable when it returns. False: the item is not this worker's any more, or its job is cancelled."""
        ...

    async def settle(self, worker: str, item: Claimed, outcome: Outcome | Again) -> bool:
        """False: the item was not this worker's any more, and nothing was written."""
        ...


class JobEvents(Protocol):
    """The stream of an answer that is made in the background, by the numbers of its frames."""

    async def append(self, job: str, first: int, frames: Sequence[bytes]) -> None:
        """`first` is the number of the first of them."""
        ...

    async def read(self, job: str, first: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """From the number `first` on."""
        ...


class KeptFiles(Protocol):
    async def put(self, tenant: str, file: KeptFile, pieces: AsyncIterable[bytes]) -> KeptFile:
        """There for others when it is whole. The file with its size."""
        ...

    async def get(self, tenant: str, file: str) -> KeptFile | None: ...

    async def list(self, tenant: str) -> Sequence[KeptFile]: ...

    async def delete(self, tenant: str, file: str) -> bool:
        """With its bytes; with the results that it shows. Whether there was one."""
        ...


class JobStore(Protocol):
    @property
    def jobs(self) -> Jobs: ...

    @property
    def batches(self) -> AllBatches: ...

    @property
    def items(self) -> JobItems: ...

    @property
    def steps(self) -> JobSteps: ...

    @property
    def queue(self) -> JobQueue: ...

    @property
    def events(self) -> JobEvents: ...

    @property
    def files(self) -> KeptFiles: ...

    def read(self, file: str) -> AsyncIterator[bytes]:
        """The bytes of a kept file, in pieces."""
        ...

    async def is_busy(self) -> bool:
        """Whether there is a job that has not ended."""
        ...

    async def sweep(self, before: int) -> int:
        """Forgets jobs that have ended, and files, made before `before` (unix seconds). Says how many."""
        ...


class OpenJobs(Protocol):
    """Opens what is kept of jobs when it is needed for the first time. Raises GatewayError (503)."""

    async def __call__(self) -> JobStore: ...

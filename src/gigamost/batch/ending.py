"""The end of a job: how it came out, and the files that show its results."""

from collections.abc import AsyncIterator
from time import time
from typing import Final

from gigamost.batch.files import shown
from gigamost.batch.intake import Tell, take_in
from gigamost.core.job_ports import JobStore
from gigamost.core.jobs import Job, JobOutcome, KeptFile, Share
from gigamost.protocols.openai_tasks import batches

_ABANDONED: Final = 600.0  # seconds in which a client has sent all items of a batch
_SHARES: Final[tuple[Share, ...]] = ("output", "errors")


async def attend(job: Job, store: JobStore, tell: Tell) -> None:
    """What a job needs of a worker that is not the work on its items. `tell` is called before it ends: where a worker
    dies in between, the job is ended again, and people are told once all the same."""
    if job.state == "running":
        outcome = outcome_of(job)
        if job.kind != "response":
            await tell(job, outcome)
        await store.steps.end(job.id, outcome, await _files(job, store))
    elif job.cancelling is not None:
        await tell(job, "cancelled")
        await store.items.clear(job.id)
        await store.steps.end(job.id, "cancelled")
    elif job.plan.input_file:
        await take_in(job, store, tell)
    elif time() - job.created > _ABANDONED:  # the gateway died while it took the items in: no client knows of it
        await store.jobs.delete(job.tenant, job.id)


def outcome_of(job: Job) -> JobOutcome:
    if job.cancelling is not None:
        return "cancelled"
    return "expired" if job.tally.expired else "completed"


async def _files(job: Job, store: JobStore) -> list[KeptFile]:
    files: list[KeptFile] = []
    for share in _SHARES if job.kind == "openai" else ():
        file_id = batches.file_id(job, share)
        if file_id is not None:
            size = await _size(shown(job.id, share, store))
            name = f"{job.id}_{share}.jsonl"
            files.append(KeptFile(file_id, name, "batch_output", int(time()), size, job.id, share))
    return files


async def _size(pieces: AsyncIterator[bytes]) -> int:
    size = 0
    async for piece in pieces:
        size += len(piece)
    return size

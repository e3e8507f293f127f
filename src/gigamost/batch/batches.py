"""Batches as their clients ask for them: begun, seen, listed, cancelled, deleted; for their tenant alone."""

from collections.abc import AsyncIterator, Callable, Sequence
from time import time
from typing import Final
from uuid import uuid4

import msgspec

from gigamost.batch.background import refuse_own_credential
from gigamost.batch.files import BatchFiles, results
from gigamost.core.batches import NewBatch
from gigamost.core.errors import GatewayError, invalid
from gigamost.core.errors import Kind as Error
from gigamost.core.job_ports import OpenJobs
from gigamost.core.jobs import Job, JobPage, JobWindow, Kind, Plan, Result
from gigamost.pipeline.context import Context

_AT_ONCE: Final = 500  # items that are written together


class Batches:
    """Every method raises GatewayError. `poke` tells the worker that there is something to do."""

    def __init__(self, open_jobs: OpenJobs, files: BatchFiles, poke: Callable[[], None]) -> None:
        self._open = open_jobs
        self._files = files
        self._poke = poke

    async def create(self, kind: Kind, prefix: str, new: NewBatch, context: Context) -> Job:
        who = context.principal
        refuse_own_credential(who)
        if new.input_file and (await self._files.find(new.input_file, context)).purpose != "batch":
            raise invalid("input_file_id: the file must be uploaded with the purpose `batch`.", "input_file_id")
        plan = Plan(
            who.key_id,
            who.name,
            kind,
            new.path,
            new.parameters,
            msgspec.Raw(new.about),
            new.input_file,
            context.user,
            context.session,
        )
        now = int(time())
        job = Job(prefix + uuid4().hex, kind, who.tenant, plan, now, now + new.lifetime)
        store = await self._open()
        items = new.items
        if len(items) <= _AT_ONCE:
            await store.steps.begin(job, items)
        else:
            await store.steps.begin(job)
            for start in range(0, len(items), _AT_ONCE):
                await store.items.add(job.id, items[start : start + _AT_ONCE])
            await store.steps.run(job.id)
        self._poke()
        return await self.get(kind, job.id, context)

    async def get(self, kind: Kind, batch: str, context: Context) -> Job:
        job = await (await self._open()).jobs.get(context.principal.tenant, batch)
        if job is None or job.kind != kind:
            raise _absent(batch)
        return job

    async def page(self, kind: Kind, window: JobWindow, context: Context) -> JobPage:
        page = await (await self._open()).jobs.page(context.principal.tenant, kind, window)
        if page is None:
            edge = window.after or window.before
            raise invalid(f"There is no batch {edge[:80]!r} in this list.", "after" if window.after else "before")
        return page

    async def cancel(self, kind: Kind, batch: str, context: Context) -> Job:
        job = await self.get(kind, batch, context)
        if job.state == "ended":
            return job
        cancelled = await (await self._open()).jobs.cancel(context.principal.tenant, batch)
        self._poke()
        return cancelled or job

    async def delete(self, kind: Kind, batch: str, context: Context) -> None:
        job = await self.get(kind, batch, context)
        if job.state != "ended":
            raise invalid(f"The batch {batch!r} has not ended: cancel it first, or wait.")
        await (await self._open()).jobs.delete(context.principal.tenant, batch)

    async def results(self, kind: Kind, batch: str, context: Context) -> AsyncIterator[Result]:
        job = await self.get(kind, batch, context)
        if job.state != "ended":
            raise invalid(f"The batch {batch!r} has not ended: its results are not available yet.")
        return results(job.id, await self._open())

    async def all_results(self, job: Job) -> Sequence[Result]:
        """Of a batch whose results are shown in it."""
        return [result async for result in results(job.id, await self._open())]


def _absent(batch: str) -> GatewayError:
    return GatewayError(Error.NOT_FOUND, f"There is no batch {batch[:80]!r}.")

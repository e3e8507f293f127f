"""Batches as administrators see them: of every tenant, their progress, and their end before time; never what is in
them."""

from collections.abc import Callable

from gigamost.core.job_ports import OpenJobs
from gigamost.core.jobs import BatchQuestion, Job, JobPage


class Oversight:
    """`poke` tells the worker that there is something to do. Every method raises GatewayError (503)."""

    def __init__(self, open_jobs: OpenJobs, poke: Callable[[], None]) -> None:
        self._open = open_jobs
        self._poke = poke

    async def get(self, batch: str) -> Job | None:
        return await (await self._open()).batches.get(batch)

    async def page(self, question: BatchQuestion) -> JobPage:
        return await (await self._open()).batches.page(question)

    async def cancel(self, batch: str) -> Job | None:
        """One that has ended stays as it is."""
        job = await self.get(batch)
        if job is None or job.state == "ended":
            return job
        cancelled = await (await self._open()).jobs.cancel(job.tenant, batch)
        self._poke()
        return cancelled

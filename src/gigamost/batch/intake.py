"""Reads a batch's input file into items, a line at a time. What is wrong with it is told all at once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.job_ports import JobStore
from gigamost.core.jobs import Job, JobOutcome, NewItem
from gigamost.protocols.openai_tasks import batches

_AT_ONCE: Final = 200  # items that are written together
_ERRORS: Final = 100  # that are told
LONGEST_LINE: Final = 20 * 1024 * 1024  # bytes: a request with pictures in it
# Somebody is to be told how a job ends. Raises GatewayError (503); asked again it does nothing.
Tell = Callable[[Job, JobOutcome], Awaitable[None]]


async def take_in(job: Job, store: JobStore, tell: Tell) -> None:
    """A job that is validating runs after this, or has failed. Done again from the beginning after a crash."""
    await store.items.clear(job.id)
    errors: list[tuple[int | None, Problem]] = []
    names: set[str] = set()
    waiting: list[NewItem] = []
    number = 0
    async for line in lines(store.read(job.plan.input_file)):
        number += 1
        if not line.strip():
            continue
        try:
            item = batches.read_line(line, job.plan.path)
            if item.name in names:
                raise batches.repeated(item.name)
            if len(names) == batches.MOST_ITEMS:
                raise batches.too_many()
        except GatewayError as error:
            errors.append((number, error.problem))
            if len(errors) == _ERRORS:
                break
            continue
        names.add(item.name)
        waiting.append(item)
        if len(waiting) == _AT_ONCE and not errors:
            await store.items.add(job.id, waiting)
            waiting = []
    if not names and not errors:
        errors.append((None, batches.EMPTY))
    if errors:
        await store.items.clear(job.id)
        await tell(job, "failed")
        await store.steps.end(job.id, "failed", (), batches.encode_errors(errors))
        return
    if waiting:
        await store.items.add(job.id, waiting)
    await store.steps.run(job.id)


async def lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Without what ends them. A line that is longer than any request may be comes cut: it is no JSON any more."""
    rest = b""
    async for piece in pieces:
        whole = (rest + piece).split(b"\n")
        rest = whole.pop()[: LONGEST_LINE + 1]
        for line in whole:
            yield line[:LONGEST_LINE]
    if rest:
        yield rest[:LONGEST_LINE]

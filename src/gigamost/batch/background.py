"""Responses that are made in the background: jobs of one item each, whose stream is kept as it comes."""

import asyncio
from collections.abc import AsyncIterator
from time import time, time_ns
from typing import Final
from uuid import uuid4

import msgspec

from gigamost.auth.principal import Principal
from gigamost.batch.execution import Execution, MarkSent, incoming_of
from gigamost.batch.recurrence import INTERRUPTED, again
from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Problem, invalid
from gigamost.core.face import KeptExchange, ServeResponses
from gigamost.core.instant import SECOND
from gigamost.core.job_ports import JobStore, OpenJobs
from gigamost.core.jobs import Again, Claimed, Job, NewItem, Outcome, Plan
from gigamost.pipeline.context import Context
from gigamost.pipeline.kept import KeptChat
from gigamost.protocols.openai_responses import background as codec

PREFIX: Final = "resp_"
_LIFETIME: Final = 86_400  # seconds in which it must begin
_PATH: Final = "/v1/responses"
_AT_ONCE: Final = 500  # frames in one look
_LOOK: Final = 0.5  # seconds between two looks for frames that another process may have written
_FRAME_LIMIT: Final = 10**9


def refuse_own_credential(principal: Principal) -> None:
    """Raises GatewayError (400)."""
    if principal.authorization is not None:
        raise invalid(
            "This key passes your own GigaChat credential on, which is not kept for later: send the requests one by "
            "one and wait for their answers."
        )


class Background:
    def __init__(self, open_jobs: OpenJobs, kept_chat: KeptChat, execution: Execution) -> None:
        self._open = open_jobs
        self._kept_chat = kept_chat
        self._execution = execution
        self._grown: dict[str, asyncio.Event] = {}  # by the job: there are new frames

    async def begin(self, exchange: KeptExchange, body: bytes, stamp: Stamp, context: Context) -> tuple[str, bytes]:
        """The id of the response, and what the client gets now. Raises GatewayError."""
        refuse_own_credential(context.principal)
        await self._kept_chat.recall(exchange, context.principal.tenant)
        queued = exchange.queued(stamp)
        who = context.principal
        plan = Plan(
            who.key_id,
            who.name,
            "openai",
            _PATH,
            about=msgspec.Raw(queued),
            user=context.user,
            session=context.session,
        )
        job = Job(PREFIX + stamp.id, "response", who.tenant, plan, stamp.created, stamp.created + _LIFETIME)
        store = await self._open()
        await store.steps.begin(job, [NewItem("", body)])
        await store.events.append(job.id, 0, codec.begun(queued))
        return job.id, queued

    async def get(self, response: str, context: Context) -> bytes | None:
        """The response as it is now; None when there is none that was made in the background."""
        store = await self._open()
        job = await store.jobs.get(context.principal.tenant, response)
        return await _shown(job, store) if job is not None and job.kind == "response" else None

    async def cancel(self, response: str, context: Context) -> bytes | None:
        store = await self._open()
        job = await store.jobs.get(context.principal.tenant, response)
        if job is None or job.kind != "response":
            return None
        if job.state != "ended":
            job = await store.jobs.cancel(context.principal.tenant, response) or job
        return await _shown(job, store)

    async def delete(self, response: str, context: Context) -> bool:
        """One that is being made is cancelled with it."""
        return await (await self._open()).jobs.delete(context.principal.tenant, response)

    async def stream(self, response: str, first: int, context: Context) -> AsyncIterator[bytes] | None:
        """From the frame `first` on, to its end. None when there is no such response."""
        store = await self._open()
        job = await store.jobs.get(context.principal.tenant, response)
        return self._frames(response, first, context.principal.tenant) if job is not None else None

    async def _frames(self, response: str, first: int, tenant: str) -> AsyncIterator[bytes]:
        store = await self._open()
        try:
            while True:
                grown = self._grown.setdefault(response, asyncio.Event())
                job = await store.jobs.get(tenant, response)
                frames = await store.events.read(response, first, _AT_ONCE)
                if frames:
                    first = frames[-1][0] + 1
                    yield b"".join(frame for _, frame in frames)
                    if frames[-1][1] == codec.DONE:
                        return
                elif job is None or job.state == "ended":
                    return
                else:
                    await _either(grown, _LOOK)
        finally:
            self._grown.pop(response, None)  # others that watch it look for themselves

    # What a worker does with one.

    async def run(self, item: Claimed, mark_sent: MarkSent) -> Outcome | Again:
        entered, store, request_id = None, await self._open(), str(uuid4())
        log = codec.Renumbered()
        status = 200
        try:
            entered = await self._execution.enter(item.job, request_id, mark_sent)
            await self._write(item, entered.context, log, store)
            usage = entered.visit.usage
            return Outcome("succeeded" if log.succeeded else "failed", status, log.response, request_id, usage)
        except GatewayError as error:
            status = error.problem.status
            was_sent = entered is not None and entered.was_sent
            if entered is not None:
                entered.visit.refuse(error.problem)
            repeat = again(error.problem, was_sent=was_sent, attempts=item.attempts)
            if repeat is not None:
                return repeat
            return await self._broken(item, error.problem, store)
        finally:
            if entered is not None:
                entered.visit.leave(status)

    async def _write(self, item: Claimed, context: Context, log: codec.Renumbered, store: JobStore) -> None:
        _, service = self._execution.find(item.job.plan)
        if not isinstance(service, ServeResponses):
            raise TypeError(f"{item.job.plan.path} makes no responses")
        exchange = service.decode(incoming_of(item))
        stamp = _stamp(item.job, exchange)
        answer = await self._kept_chat.answer(exchange, stamp, context)
        try:
            encoder = exchange.encoder(stamp)
            while not answer.ended:
                first = log.number
                frames = log.feed(b"".join(map(encoder.feed, await answer.read())))
                if frames:
                    await store.events.append(item.job.id, first, frames)
                    self._grow(item.job.id)
        finally:
            answer.close()

    async def give_up(self, item: Claimed, *, is_cancelled: bool) -> Outcome:
        store = await self._open()
        if not is_cancelled:
            return await self._broken(item, INTERRUPTED, store)
        body = codec.shown(bytes(item.job.plan.about), "cancelled")
        await self._append(item.job, [codec.DONE], store)
        return Outcome("cancelled", 200, body, "")

    async def _broken(self, item: Claimed, problem: Problem, store: JobStore) -> Outcome:
        body = codec.shown(bytes(item.job.plan.about), "failed", problem)
        number = await _length(item.job.id, store)
        await self._append(item.job, codec.failed(body, number), store)
        return Outcome("failed", problem.status, body, "")

    async def _append(self, job: Job, frames: list[bytes], store: JobStore) -> None:
        await store.events.append(job.id, await _length(job.id, store), frames)
        self._grow(job.id)

    def _grow(self, job: str) -> None:
        grown = self._grown.pop(job, None)
        if grown is not None:
            grown.set()


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Returns when it is set, or when the time is up."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _stamp(job: Job, exchange: KeptExchange) -> Stamp:
    began = job.created * SECOND
    return Stamp(job.id.removeprefix(PREFIX), job.created, exchange.request.model, lambda: time_ns() - began)


async def _shown(job: Job, store: JobStore) -> bytes:
    results = await store.items.results(job.id, -1, 1)
    if results and results[0].body:
        return results[0].body
    queued = bytes(job.plan.about)
    if job.cancelling is not None:
        return codec.shown(queued, "cancelled")
    if job.state == "ended" or job.expires <= time():
        return codec.shown(queued, "failed", INTERRUPTED)
    return codec.shown(queued, "in_progress" if job.tally.running else "queued")


async def _length(job: str, store: JobStore) -> int:
    """How many frames there are."""
    number = 0
    while frames := await store.events.read(job, number, _AT_ONCE):
        number = frames[-1][0] + 1
    return number

"""Jobs for as long as the process lives: the gateway of `demo`, and the model that the tests hold SQL to."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence

import msgspec

from gigamost.core.jobs import (
    Again,
    BatchQuestion,
    Claimed,
    ItemState,
    Job,
    JobOutcome,
    JobPage,
    JobWindow,
    KeptFile,
    Kind,
    NewItem,
    Outcome,
    Result,
    Tally,
)
from gigamost.core.usage import Usage

_HELD = ("claimed", "sent")
_UNDONE = ("waiting", *_HELD)
_UNANSWERED = Outcome("failed", 0, b"", "")


class _Item:
    def __init__(self, new: NewItem) -> None:
        self.name = new.name
        self.body = new.body
        self.state: ItemState = "waiting"
        self.due = 0.0
        self.worker = ""
        self.lease = 0.0
        self.attempts = 0
        self.outcome = _UNANSWERED

    def close(self, state: ItemState) -> None:
        self.state, self.body, self.worker = state, b"", ""


class _Entry:
    def __init__(self, job: Job, items: Sequence[NewItem]) -> None:
        self.job = job
        self.items = [_Item(item) for item in items]
        self.events: dict[int, bytes] = {}
        self.turn = 0.0
        self.worker = ""
        self.lease = 0.0

    def shown(self) -> Job:
        states = [item.state for item in self.items]
        usage = sum((item.outcome.usage for item in self.items), Usage())
        tally = Tally(
            states.count("waiting"),
            states.count("claimed") + states.count("sent"),
            states.count("succeeded"),
            states.count("failed"),
            states.count("cancelled"),
            states.count("expired"),
            usage,
        )
        return msgspec.structs.replace(self.job, tally=tally)

    def change(self, **values: object) -> None:
        self.job = msgspec.structs.replace(self.job, **values)

    def close_waiting(self, state: ItemState) -> None:
        for item in self.items:
            if item.state == "waiting":
                item.close(state)


class MemoryJobs:
    """`core.ports.JobStore`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.entries: dict[str, _Entry] = {}
        self.kept: dict[str, tuple[str, KeptFile, tuple[bytes, ...]]] = {}
        self.jobs = _Jobs(self)
        self.batches = _Batches(self)
        self.items = _Items(self)
        self.steps = _Steps(self)
        self.queue = _Queue(self)
        self.events = _Events(self)
        self.files = _Files(self)

    def own(self, tenant: str, job: str) -> _Entry | None:
        entry = self.entries.get(job)
        return entry if entry is not None and entry.job.tenant == tenant else None

    async def read(self, file: str) -> AsyncIterator[bytes]:
        for chunk in self.kept[file][2] if file in self.kept else ():
            yield chunk

    async def is_busy(self) -> bool:
        return any(entry.job.state != "ended" for entry in self.entries.values())

    async def sweep(self, before: int) -> int:
        jobs = [job for job, entry in self.entries.items() if entry.job.state == "ended" and entry.job.created < before]
        for job in jobs:
            await self.jobs.delete(self.entries[job].job.tenant, job)
        files = [name for name, (_, file, _) in self.kept.items() if not file.job and file.created < before]
        for name in files:
            del self.kept[name]
        return len(jobs) + len(files)


class _Jobs:
    def __init__(self, store: MemoryJobs) -> None:
        self._store = store

    async def get(self, tenant: str, job: str) -> Job | None:
        entry = self._store.own(tenant, job)
        return entry.shown() if entry is not None else None

    async def page(self, tenant: str, kind: Kind, window: JobWindow) -> JobPage | None:
        jobs = [each.job for each in self._store.entries.values() if (each.job.tenant, each.job.kind) == (tenant, kind)]
        jobs.sort(key=lambda job: (job.created, job.id), reverse=True)
        edge = window.after or window.before
        at = next((at for at, job in enumerate(jobs) if job.id == edge), None)
        if edge and at is None:
            return None
        if at is not None:
            jobs = jobs[at + 1 :] if window.after else jobs[:at]
        is_backward = bool(window.before and not window.after)
        part = jobs[-window.limit :] if is_backward else jobs[: window.limit]
        shown = tuple(self._store.entries[job.id].shown() for job in part)
        return JobPage(shown, len(jobs) > window.limit)

    async def cancel(self, tenant: str, job: str) -> Job | None:
        entry = self._store.own(tenant, job)
        if entry is None:
            return None
        if entry.job.state != "ended":
            entry.close_waiting("cancelled")
            entry.change(cancelling=entry.job.cancelling or int(self._store.now()))
        return entry.shown()

    async def delete(self, tenant: str, job: str) -> bool:
        if self._store.own(tenant, job) is None:
            return False
        del self._store.entries[job]
        shown = [name for name, (_, file, _) in self._store.kept.items() if file.job == job]
        for name in shown:
            del self._store.kept[name]
        return True


class _Batches:
    def __init__(self, store: MemoryJobs) -> None:
        self._store = store

    async def get(self, batch: str) -> Job | None:
        entry = self._store.entries.get(batch)
        return entry.shown() if entry is not None and entry.job.kind != "response" else None

    async def page(self, question: BatchQuestion) -> JobPage:
        fits = [
            each.job
            for each in self._store.entries.values()
            if each.job.kind != "response"
            and question.tenant in ("", each.job.tenant)
            and question.standing in (None, each.job.standing)
            and (question.after is None or (each.job.created, each.job.id) < question.after)
        ]
        fits.sort(key=lambda job: (job.created, job.id), reverse=True)
        shown = tuple(self._store.entries[job.id].shown() for job in fits[: question.limit])
        return JobPage(shown, len(fits) > question.limit)


class _Items:
    def __init__(self, store: MemoryJobs) -> None:
        self._store = store

    async def add(self, job: str, items: Sequence[NewItem]) -> None:
        self._store.entries[job].items += [_Item(item) for item in items]

    async def clear(self, job: str) -> None:
        self._store.entries[job].items.clear()

    async def results(self, job: str, after: int, limit: int) -> Sequence[Result]:
        entry = self._store.entries.get(job)
        items = list(enumerate(entry.items))[after + 1 : after + 1 + limit] if entry is not None else ()
        return [
            Result(at, item.name, item.state, item.outcome.status, item.outcome.body, item.outcome.request_id)
            for at, item in items
        ]


class _Steps:
    def __init__(self, store: MemoryJobs) -> None:
        self._store = store

    async def begin(self, job: Job, items: Sequence[NewItem] = ()) -> None:
        started = msgspec.structs.replace(job, state="running", started=job.created) if items else job
        self._store.entries[job.id] = _Entry(started, items)

    async def run(self, job: str) -> None:
        entry = self._store.entries.get(job)
        if entry is not None and entry.job.state == "validating":
            entry.change(state="running", started=int(self._store.now()))
            entry.worker, entry.lease = "", 0.0

    async def take(self, worker: str, lease: float) -> Job | None:
        now = self._store.now()
        for entry in self._store.entries.values():
            job = entry.job
            if job.state == "running" and job.cancelling is not None:
                entry.close_waiting("cancelled")
            if job.state == "running" and job.expires <= now:
                entry.close_waiting("expired")
            done = job.state == "running" and not any(item.state in _UNDONE for item in entry.items)
            if (done or job.state == "validating") and entry.lease < now:
                entry.worker, entry.lease = worker, now + lease
                return entry.shown()
        return None

    async def end(self, job: str, outcome: JobOutcome, files: Sequence[KeptFile] = (), errors: bytes = b"") -> None:
        entry = self._store.entries.get(job)
        if entry is None or entry.job.state == "ended":
            return
        entry.change(state="ended", outcome=outcome, ended=int(self._store.now()), errors=errors)
        for file in files:
            self._store.kept[file.id] = entry.job.tenant, file, ()


class _Queue:
    def __init__(self, store: MemoryJobs) -> None:
        self._store = store

    async def claim(self, worker: str, lease: float, limit: int) -> Sequence[Claimed]:
        now, claimed = self._store.now(), list[Claimed]()
        for entry in self._store.entries.values():
            for at, item in enumerate(entry.items):
                if item.state == "claimed" and item.lease < now:
                    item.state = "waiting"
                    if entry.job.cancelling is not None:
                        item.close("cancelled")
                if item.state == "sent" and item.lease < now and len(claimed) < limit:
                    claimed.append(self._taken(entry, at, worker, now + lease))
        while len(claimed) < limit:
            ready = [(entry, place) for entry in self._runnable(now) if (place := _first(entry, now)) is not None]
            if not ready:
                break
            entry, at = min(ready, key=lambda each: (each[0].job.kind != "response", each[0].turn, each[0].job.id))
            claimed.append(self._taken(entry, at, worker, now + lease))
            entry.turn = now + len(claimed) * 1e-6
        return claimed

    async def renew(self, worker: str, lease: float) -> Sequence[str]:
        cancelled: list[str] = []
        for entry in self._store.entries.values():
            mine = [item for item in entry.items if item.worker == worker and item.state in _HELD]
            for item in mine:
                item.lease = self._store.now() + lease
            if mine and entry.job.cancelling is not None:
                cancelled.append(entry.job.id)
            if entry.worker == worker:
                entry.lease = self._store.now() + lease
        return cancelled

    async def mark_sent(self, worker: str, item: Claimed) -> bool:
        held = self._held(worker, item)
        if held is None:
            return False
        if self._store.entries[item.job.id].job.cancelling is not None:
            held.close("cancelled")
            return False
        held.state = "sent"
        return True

    async def settle(self, worker: str, item: Claimed, outcome: Outcome | Again) -> bool:
        held = self._held(worker, item)
        if held is None:
            return False
        if isinstance(outcome, Again):
            held.state, held.worker, held.due = "waiting", "", self._store.now() + outcome.after
            if self._store.entries[item.job.id].job.cancelling is not None:
                held.close("cancelled")
        else:
            held.close(outcome.state)
            held.outcome = outcome
        return True

    def _runnable(self, now: float) -> list[_Entry]:
        running = [entry for entry in self._store.entries.values() if entry.job.state == "running"]
        return [entry for entry in running if entry.job.cancelling is None and entry.job.expires > now]

    def _held(self, worker: str, item: Claimed) -> _Item | None:
        entry = self._store.entries.get(item.job.id)
        held = entry.items[item.position] if entry is not None else None
        if held is None or (held.worker, held.attempts) != (worker, item.attempts) or held.state not in _HELD:
            return None
        return held

    def _taken(self, entry: _Entry, at: int, worker: str, lease: float) -> Claimed:
        item = entry.items[at]
        was_sent = item.state == "sent"
        item.state = "sent" if was_sent else "claimed"
        item.worker, item.lease, item.attempts = worker, lease, item.attempts + 1
        return Claimed(entry.job, at, item.name, item.body, item.attempts, was_sent)


def _first(entry: _Entry, now: float) -> int | None:
    items = enumerate(entry.items)
    return next((at for at, item in items if item.state == "waiting" and item.due <= now), None)


class _Events:
    def __init__(self, store: MemoryJobs) -> None:
        self._store = store

    async def append(self, job: str, first: int, frames: Sequence[bytes]) -> None:
        self._store.entries[job].events.update(enumerate(frames, first))

    async def read(self, job: str, first: int, limit: int) -> Sequence[tuple[int, bytes]]:
        entry = self._store.entries.get(job)
        events = sorted(entry.events.items()) if entry is not None else []
        return [event for event in events if event[0] >= first][:limit]


class _Files:
    def __init__(self, store: MemoryJobs) -> None:
        self._store = store

    async def put(self, tenant: str, file: KeptFile, pieces: AsyncIterable[bytes]) -> KeptFile:
        chunks = tuple([piece async for piece in pieces])
        whole = msgspec.structs.replace(file, size=sum(map(len, chunks)))
        self._store.kept[file.id] = tenant, whole, chunks
        return whole

    async def get(self, tenant: str, file: str) -> KeptFile | None:
        owner, kept, _ = self._store.kept.get(file, ("", None, ()))
        return kept if owner == tenant else None

    async def list(self, tenant: str) -> Sequence[KeptFile]:
        return [file for owner, file, _ in self._store.kept.values() if owner == tenant]

    async def delete(self, tenant: str, file: str) -> bool:
        kept = await self.get(tenant, file)
        if kept is None:
            return False
        del self._store.kept[file]
        entry = self._store.entries.get(kept.job)
        for item in entry.items if entry is not None else ():
            if (item.state == "succeeded") == (kept.share == "output"):
                item.outcome = msgspec.structs.replace(item.outcome, body=b"")
        return True

"""Jobs, their queue and the files of the gateway: in memory, in SQLite and in PostgreSQL, by one suite."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from gigamost.core.job_ports import JobStore
from gigamost.core.jobs import (
    Again,
    BatchQuestion,
    Claimed,
    Job,
    JobWindow,
    KeptFile,
    Kind,
    NewItem,
    Outcome,
    Plan,
    Share,
    Tally,
)
from gigamost.core.usage import Usage
from gigamost.store.door import Door
from gigamost.store.engine import Database
from gigamost.store.jobs.memory import MemoryJobs
from gigamost.store.jobs.opening import OpeningJobs
from gigamost.store.jobs.sql import SqlJobs
from gigamost.store.place import Postgres
from gigamost.store.schema import upgrade
from tests.store.servers import empty

DAY = 86_400
LEASE = 30.0
SHARES: tuple[Share, ...] = ("output", "errors")
PLAN = Plan("k1", "key one", "openai", "/v1/chat/completions")
DONE = Outcome("succeeded", 200, b'{"a":1}', "r1", Usage(10, 5, 2, 1))


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with empty() as place:
        with ThreadPoolExecutor(1) as thread:  # the test may have an event loop that is at work
            thread.submit(upgrade, place).result()
        yield place


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[JobStore]:
    if request.param == "memory":
        yield MemoryJobs(clock)
        return
    if request.param == "sqlite":
        await asyncio.to_thread(upgrade, tmp_path / "state.db")
        database = Database(tmp_path / "state.db")
    else:
        place = request.getfixturevalue("postgres")
        database = Database(place)
        connection = await asyncpg.connect(place.url.reveal())
        await connection.execute("TRUNCATE jobs, job_items, job_events, kept_files, kept_chunks")
        await connection.close()
    yield SqlJobs(database, clock)
    await database.close()


def job(name: str, *, tenant: str = "one", kind: Kind = "openai", created: int = 1_000_000) -> Job:
    return Job(name, kind, tenant, PLAN, created, created + DAY)


def items(*names: str) -> list[NewItem]:
    return [NewItem(name, f'{{"n":"{name}"}}'.encode()) for name in names]


async def begun(store: JobStore, name: str, *names: str, kind: Kind = "openai", created: int = 1_000_000) -> None:
    await store.steps.begin(job(name, kind=kind, created=created), items(*names))


def names(claimed: list[Claimed] | tuple[Claimed, ...]) -> list[str]:
    return [item.name for item in claimed]


async def claim(store: JobStore, worker: str = "w1", limit: int = 10) -> list[Claimed]:
    return list(await store.queue.claim(worker, LEASE, limit))


async def test_a_job_from_its_beginning_to_its_end(store: JobStore, clock: Clock) -> None:
    await begun(store, "b1", "a", "b")
    assert await store.is_busy()
    first, second = await claim(store)
    assert (first.name, first.body, first.position, first.was_sent) == ("a", b'{"n":"a"}', 0, False)
    assert first.job.plan == PLAN
    assert await store.queue.mark_sent("w1", first)
    shown = await store.jobs.get("one", "b1")
    assert shown is not None
    assert (shown.state, shown.tally) == ("running", Tally(running=2))
    assert await store.steps.take("w1", LEASE) is None
    assert await store.queue.settle("w1", first, DONE)
    clock.time += 5
    assert await store.queue.settle("w1", second, Outcome("failed", 400, b"{}", "r2"))
    taken = await store.steps.take("w1", LEASE)
    assert taken is not None
    assert taken.tally == Tally(succeeded=1, failed=1, usage=Usage(10, 5, 2, 1))
    assert await store.steps.take("w2", LEASE) is None  # somebody is at it
    await store.steps.end("b1", "completed", [KeptFile("f1", "out.jsonl", "batch_output", 7, 3, "b1")])
    ended = await store.jobs.get("one", "b1")
    assert ended is not None
    assert (ended.state, ended.outcome, ended.ended) == ("ended", "completed", 1_000_005)
    assert [each.id for each in await store.files.list("one")] == ["f1"]
    results = await store.items.results("b1", -1, 10)
    assert [(each.name, each.state, each.status, each.body) for each in results] == [
        ("a", "succeeded", 200, b'{"a":1}'),
        ("b", "failed", 400, b"{}"),
    ]
    assert [each.name for each in await store.items.results("b1", 0, 10)] == ["b"]
    assert not await store.is_busy()


async def test_nobody_gets_an_item_twice(store: JobStore) -> None:
    await begun(store, "b1", *(f"i{at}" for at in range(40)))
    shares = await asyncio.gather(*(claim(store, f"w{at}", 7) for at in range(8)))
    taken = [name for share in shares for name in names(share)]
    assert len(taken) == len(set(taken))
    rest = [await claim(store, "last", 40), await claim(store, "last", 40)]
    taken += names(rest[0])
    assert sorted(taken) == sorted(f"i{at}" for at in range(40))
    assert rest[1] == []


async def test_jobs_take_turns_and_answers_go_first(store: JobStore, clock: Clock) -> None:
    await begun(store, "big", *(f"big{at}" for at in range(20)))
    await begun(store, "small", "small0")
    await begun(store, "resp_1", "answer", kind="response")
    order = []
    for _ in range(5):
        clock.time += 1
        order += names(await claim(store, limit=1))
    assert order[0] == "answer"
    assert "small0" in order[:3]
    assert order.count("answer") == 1


async def test_what_a_dead_worker_had_claimed_waits_again_and_what_it_had_sent_is_told(
    store: JobStore, clock: Clock
) -> None:
    await begun(store, "b1", "a", "b", "c")
    first, second, _ = await claim(store, "dead")
    assert await store.queue.mark_sent("dead", first)
    assert await claim(store, "w2") == []
    clock.time += LEASE + 1
    again = await claim(store, "w2")
    assert [(each.name, each.was_sent) for each in again] == [("a", True), ("b", False), ("c", False)]
    # It was not dead after all, but too late: nothing of what it says counts.
    assert not await store.queue.settle("dead", first, DONE)
    assert not await store.queue.mark_sent("dead", second)
    assert await store.queue.settle("w2", again[0], DONE)


async def test_a_worker_that_lives_keeps_what_it_has(store: JobStore, clock: Clock) -> None:
    await begun(store, "b1", "a")
    (mine,) = await claim(store, "w1")
    for _ in range(3):
        clock.time += LEASE - 1
        assert await store.queue.renew("w1", LEASE) == []
        assert await claim(store, "w2") == []
    assert await store.queue.settle("w1", mine, DONE)


async def test_what_is_to_be_tried_again_waits_for_its_time(store: JobStore, clock: Clock) -> None:
    await begun(store, "b1", "a")
    (first,) = await claim(store)
    assert await store.queue.mark_sent("w1", first)
    assert await store.queue.settle("w1", first, Again(10))
    assert await claim(store) == []
    clock.time += 11
    (again,) = await claim(store)
    assert (again.attempts, again.was_sent) == (2, False)
    assert not await store.queue.settle("w1", first, DONE)  # by the earlier claim
    assert await store.queue.settle("w1", again, DONE)


async def test_a_cancelled_job_begins_nothing_more(store: JobStore) -> None:
    await begun(store, "b1", "a", "b", "c")
    sent, claimed = await claim(store, limit=2)
    assert await store.queue.mark_sent("w1", sent)
    assert await store.jobs.cancel("two", "b1") is None
    cancelled = await store.jobs.cancel("one", "b1")
    assert cancelled is not None
    assert cancelled.cancelling == 1_000_000
    assert cancelled.tally == Tally(running=2, cancelled=1)
    assert await store.queue.renew("w1", LEASE) == ["b1"]
    assert not await store.queue.mark_sent("w1", claimed)
    assert await claim(store) == []
    assert await store.steps.take("w1", LEASE) is None
    assert await store.queue.settle("w1", sent, DONE)
    taken = await store.steps.take("w1", LEASE)
    assert taken is not None
    assert taken.tally == Tally(succeeded=1, cancelled=2, usage=DONE.usage)


async def test_an_item_that_comes_back_to_a_cancelled_job_is_cancelled(store: JobStore) -> None:
    await begun(store, "b1", "a")
    (item,) = await claim(store)
    await store.jobs.cancel("one", "b1")
    assert await store.queue.settle("w1", item, Again(0))
    shown = await store.jobs.get("one", "b1")
    assert shown is not None
    assert shown.tally == Tally(cancelled=1)


async def test_a_job_that_is_too_late_expires_with_what_is_done(store: JobStore, clock: Clock) -> None:
    await begun(store, "b1", "a", "b", "c")
    (first, second) = await claim(store, limit=2)
    assert await store.queue.settle("w1", first, DONE)
    clock.time += DAY
    assert await store.steps.take("w1", LEASE) is None  # one is still under way
    assert await store.queue.settle("w1", second, DONE)
    taken = await store.steps.take("w1", LEASE)
    assert taken is not None
    assert taken.tally == Tally(succeeded=2, expired=1, usage=Usage(20, 10, 4, 2))


async def test_validating_is_taken_over_from_a_dead_worker(store: JobStore, clock: Clock) -> None:
    await store.steps.begin(job("b1"))
    assert (await store.steps.take("w1", LEASE)) is not None
    await store.items.add("b1", items("a", "b"))
    assert await claim(store) == []
    assert await store.steps.take("w2", LEASE) is None
    clock.time += LEASE + 1
    taken = await store.steps.take("w2", LEASE)
    assert taken is not None
    assert taken.state == "validating"
    await store.items.clear("b1")
    await store.items.add("b1", items("a"))
    await store.items.add("b1", items("b"))
    await store.steps.run("b1")
    assert names(await claim(store)) == ["a", "b"]


async def test_a_job_whose_input_is_wrong(store: JobStore) -> None:
    await store.steps.begin(job("b1"))
    await store.steps.end("b1", "failed", (), b"[1]")
    shown = await store.jobs.get("one", "b1")
    assert shown is not None
    assert (shown.state, shown.outcome, shown.errors) == ("ended", "failed", b"[1]")


async def test_lists_in_pages(store: JobStore) -> None:
    for at in range(5):
        await begun(store, f"b{at}", "x", created=1_000_000 + at // 2)
    await store.steps.begin(job("other", tenant="two"), items("x"))
    await begun(store, "m1", "x", kind="anthropic")

    async def page(**window: object) -> tuple[list[str], bool]:
        found = await store.jobs.page("one", "openai", JobWindow(**window))  # type: ignore[arg-type]  # by name
        assert found is not None
        return [each.id for each in found.jobs], found.has_more

    assert await page() == (["b4", "b3", "b2", "b1", "b0"], False)
    assert await page(limit=2) == (["b4", "b3"], True)
    assert await page(limit=2, after="b3") == (["b2", "b1"], True)
    assert await page(limit=2, after="b1") == (["b0"], False)
    assert await page(limit=2, before="b1") == (["b3", "b2"], True)
    assert await page(limit=2, before="b3") == (["b4"], False)
    for name in ("none", "other", "m1"):
        assert await store.jobs.page("one", "openai", JobWindow(after=name)) is None
    listed = await store.jobs.page("one", "openai", JobWindow(limit=1))
    assert listed is not None
    assert listed.jobs[0].tally == Tally(waiting=1)


async def test_another_tenants_job_is_not_there(store: JobStore) -> None:
    await begun(store, "b1", "a")
    assert await store.jobs.get("two", "b1") is None
    assert not await store.jobs.delete("two", "b1")
    assert await store.jobs.delete("one", "b1")
    assert await store.jobs.get("one", "b1") is None
    assert list(await store.items.results("b1", -1, 5)) == []
    assert await claim(store) == []


async def test_events_by_number(store: JobStore) -> None:
    await begun(store, "resp_1", "a", kind="response")
    await store.events.append("resp_1", 0, [b"e0", b"e1"])
    await store.events.append("resp_1", 2, [b"e2"])
    assert await store.events.read("resp_1", 1, 10) == [(1, b"e1"), (2, b"e2")]
    assert await store.events.read("resp_1", 0, 1) == [(0, b"e0")]
    assert await store.events.read("resp_2", 0, 1) == []


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for each in data:
        yield each


async def whole(store: JobStore, file: str) -> bytes:
    return b"".join([piece async for piece in store.read(file)])


async def test_files(store: JobStore) -> None:
    data = bytes(range(256)) * 3000
    kept = await store.files.put(
        "one", KeptFile("f1", "in.jsonl", "batch", 7), pieces(data[:1], b"", data[1:400_000], data[400_000:])
    )
    assert kept.size == len(data)
    assert await store.files.get("one", "f1") == kept
    assert await whole(store, "f1") == data
    assert await store.files.get("two", "f1") is None
    assert await store.files.list("two") == []
    assert not await store.files.delete("two", "f1")
    assert await store.files.delete("one", "f1")
    assert await whole(store, "f1") == b""
    assert await store.files.list("one") == []


async def test_an_upload_that_breaks_leaves_nothing(store: JobStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 300_000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.files.put("one", KeptFile("f1", "in.jsonl", "batch", 7), broken())
    assert await store.files.list("one") == []
    assert await whole(store, "f1") == b""


async def test_the_results_go_with_the_file_that_shows_them(store: JobStore) -> None:
    await begun(store, "b1", "a", "b")
    first, second = await claim(store)
    await store.queue.settle("w1", first, DONE)
    await store.queue.settle("w1", second, Outcome("failed", 400, b"wrong", "r2"))
    shown = [KeptFile(share, "n", "batch_output", 7, 1, "b1", share) for share in SHARES]
    await store.steps.end("b1", "completed", shown)
    assert await store.files.delete("one", "output")
    assert [each.body for each in await store.items.results("b1", -1, 5)] == [b"", b"wrong"]
    assert [each.id for each in await store.files.list("one")] == ["errors"]
    assert await store.jobs.delete("one", "b1")
    assert await store.files.list("one") == []


async def test_what_is_old_is_forgotten(store: JobStore) -> None:
    await begun(store, "old", "a")
    await begun(store, "busy", "a")
    await begun(store, "new", "a", created=2_000_000)
    for name in ("old", "new"):
        await store.steps.end(name, "completed")
    await store.files.put("one", KeptFile("f1", "in.jsonl", "batch", 1_000_000), pieces(b"x"))
    assert await store.sweep(1_500_000) == 2
    assert await store.jobs.get("one", "old") is None
    assert await store.jobs.get("one", "busy") is not None
    assert await store.jobs.get("one", "new") is not None
    assert await store.files.list("one") == []


async def test_postgresql_counts_leases_by_its_own_clock(postgres: Postgres) -> None:
    """A replica whose clock is wrong takes nothing away from the others."""
    door = Door(postgres)
    opening = OpeningJobs(door, now=lambda: 5e9)
    try:
        store = await opening()
        await begun(store, f"b{uuid4().hex}", "a", created=2**40)
        assert names(await claim(store, "w1", 1)) == ["a"]
        assert await claim(store, "w2", 1) == []
    finally:
        await door.close()


async def test_a_file_is_asked_for_unfinished_jobs_without_opening_it(tmp_path: Path) -> None:
    place = tmp_path / "state.db"
    assert not OpeningJobs(Door(place)).may_be_busy()
    door = Door(place)
    opening = OpeningJobs(door)
    store = await opening()
    assert not opening.may_be_busy()
    await begun(store, "b1", "a")
    assert opening.may_be_busy()
    await store.steps.end("b1", "failed")
    assert not opening.may_be_busy()
    await door.close()
    place.write_bytes(b"no database")
    assert not OpeningJobs(Door(place)).may_be_busy()


async def test_batches_of_all_tenants(store: JobStore, clock: Clock) -> None:
    """As administrators see them: newest first, without answers in the background."""
    for at, (name, tenant) in enumerate((("a", "one"), ("b", "two"), ("c", "one"), ("d", "two"))):
        await store.steps.begin(job(name, tenant=tenant, created=1_000_000 + at // 2), items("x", "y"))
    await begun(store, "r", "x", kind="response")
    await store.steps.begin(job("v", created=999_999))
    await store.jobs.cancel("one", "a")
    await store.steps.end("b", "completed")

    async def found(**question: Any) -> str:
        return "".join(each.id for each in (await store.batches.page(BatchQuestion(**question))).jobs)

    assert await found() == "dcbav"
    assert (await found(tenant="one"), await found(tenant="nobody")) == ("cav", "")
    states = ("running", "cancelling", "completed", "validating", "failed")
    assert [await found(standing=state) for state in states] == ["dc", "a", "b", "v", ""]
    first = await store.batches.page(BatchQuestion(limit=2))
    assert ([each.id for each in first.jobs], first.has_more) == (["d", "c"], True)
    assert await found(after=(first.jobs[-1].created, "c"), limit=2) == "ba"
    assert await found(after=(1_000_000, "a")) == "v"
    assert first.jobs[0].tally == Tally(waiting=2)
    got = await store.batches.get("a")
    assert got is not None
    assert (got.tenant, got.tally.cancelled) == ("one", 2)
    assert (await store.batches.get("r"), await store.batches.get("none")) == (None, None)

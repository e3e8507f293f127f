"""The gate: never more in flight than the limit, first come first served in a tenant, tenants in turns."""

import asyncio
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.limiting import Crowd
from gigamost.core.ports import Place
from gigamost.limits.places import Held
from gigamost.upstreams.gate import Gate

PATIENT = 60.0


async def settle() -> None:
    """Lets all that can run now run."""
    for _ in range(6):
        await asyncio.sleep(0)


async def test_free_slot_is_taken_without_waiting() -> None:
    gate = Gate(2)
    taking = gate.acquire("a", 0.0)
    with pytest.raises(StopIteration) as done:  # it ends in its first step: no task and no future
        taking.send(None)
    assert isinstance(done.value.value, Held)
    assert gate.snapshot() == Crowd(limit=2, in_flight=1, waiting=0)


async def test_slot_is_given_back_once() -> None:
    gate = Gate(2)
    first, second = await gate.acquire("a", 0.0), await gate.acquire("a", 0.0)
    first.release()
    first.release()
    assert gate.snapshot().in_flight == 1
    with second:
        pass
    second.release()
    assert gate.snapshot().in_flight == 0


async def test_slot_is_given_back_when_the_request_fails() -> None:
    gate = Gate(1)
    with pytest.raises(ZeroDivisionError), await gate.acquire("a", 0.0):
        raise ZeroDivisionError
    assert gate.snapshot().in_flight == 0


async def test_time_is_up_says_the_limit_and_the_setting() -> None:
    gate = Gate(1)
    await gate.acquire("a", 0.0)
    with pytest.raises(GatewayError) as caught:
        await gate.acquire("b", 0.01)
    problem = caught.value.problem
    assert problem.kind is Kind.RATE_LIMITED
    assert problem.retry_after is not None
    assert problem.retry_after >= 1
    assert "this key 1 request" in problem.message
    assert "GIGACHAT_MAX_CONNECTIONS" in problem.message
    assert gate.snapshot() == Crowd(limit=1, in_flight=1, waiting=0)


async def test_tenants_take_turns() -> None:
    gate = Gate(1)
    served: list[str] = []

    async def work(tenant: str, name: str) -> None:
        with await gate.acquire(tenant, PATIENT):
            served.append(name)
            await asyncio.sleep(0)

    held = await gate.acquire("other", PATIENT)
    tasks = []
    for tenant, name in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")]:
        tasks.append(asyncio.create_task(work(tenant, name)))
        await settle()
    held.release()
    await asyncio.gather(*tasks)
    assert served == ["a1", "b1", "c1", "a2", "b2", "a3"]


async def test_newcomer_does_not_pass_those_who_wait() -> None:
    gate = Gate(1)
    held = await gate.acquire("a", PATIENT)
    waiting = asyncio.create_task(gate.acquire("b", PATIENT))
    await settle()
    held.release()
    newcomer = asyncio.create_task(gate.acquire("a", PATIENT))
    await settle()
    assert waiting.done()
    assert not newcomer.done()
    (await waiting).release()
    (await newcomer).release()
    assert gate.snapshot() == Crowd(limit=1, in_flight=0, waiting=0)


async def test_cancellation_in_the_instant_of_the_grant_passes_the_slot_on() -> None:
    gate = Gate(1)
    held = await gate.acquire("a", PATIENT)
    unlucky = asyncio.create_task(gate.acquire("b", PATIENT))
    next_one = asyncio.create_task(gate.acquire("c", PATIENT))
    await settle()
    held.release()
    unlucky.cancel()
    (await next_one).release()
    assert unlucky.cancelled()
    assert gate.snapshot() == Crowd(limit=1, in_flight=0, waiting=0)


def test_gate_without_slots_names_the_setting() -> None:
    with pytest.raises(ValueError, match="GIGACHAT_MAX_CONNECTIONS"):
        Gate(0)


class Model:
    """The same rules in the plainest words: lists, and no time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.holding: list[int] = []
        self.queues: deque[tuple[str, list[int]]] = deque()

    def acquire(self, tenant: str, who: int) -> None:
        if len(self.holding) < self.limit:
            self.holding.append(who)
            return
        for name, queue in self.queues:
            if name == tenant:
                queue.append(who)
                return
        self.queues.append((tenant, [who]))

    def release(self, who: int) -> None:
        self.holding.remove(who)
        if self.queues:
            tenant, queue = self.queues.popleft()
            self.holding.append(queue.pop(0))
            if queue:
                self.queues.append((tenant, queue))

    def leave(self, who: int) -> None:
        self.queues = deque((name, [one for one in queue if one != who]) for name, queue in self.queues)
        self.queues = deque((name, queue) for name, queue in self.queues if queue)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("acquire"), st.sampled_from("abc")),
        st.tuples(st.just("impatient"), st.sampled_from("abc")),
        st.tuples(st.just("release"), st.integers(0, 30)),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(st.just("settle"), st.just(0)),
    ),
    max_size=60,
)


@given(st.integers(1, 3), STEPS)
@settings(deadline=None, max_examples=150)
def test_order_is_the_models(limit: int, steps: list[tuple[str, str | int]]) -> None:
    asyncio.run(follow_model(limit, steps))


async def follow_model(limit: int, steps: list[tuple[str, str | int]]) -> None:
    gate, model = Gate(limit), Model(limit)
    tasks: list[asyncio.Task[Place]] = []
    for step, argument in steps:
        waiting = [who for _, queue in model.queues for who in queue]
        if isinstance(argument, str):
            tasks.append(asyncio.create_task(gate.acquire(argument, PATIENT if step == "acquire" else 0.0)))
            model.acquire(argument, len(tasks) - 1)
            await settle()
            if step == "impatient":
                model.leave(len(tasks) - 1)
        elif step == "release" and model.holding:
            who = model.holding[argument % len(model.holding)]
            tasks[who].result().release()
            model.release(who)
        elif step == "cancel" and waiting:
            who = waiting[argument % len(waiting)]
            tasks[who].cancel()
            model.leave(who)
        await settle()
        waiting = [who for _, queue in model.queues for who in queue]
        assert gate.snapshot() == Crowd(limit, len(model.holding), len(waiting))
        assert {who for who, task in enumerate(tasks) if not task.done()} == set(waiting)
    await empty(gate, tasks)


@given(st.integers(1, 3), STEPS)
@settings(deadline=None, max_examples=150)
def test_no_interleaving_breaks_the_limit_or_loses_a_wake_up(limit: int, steps: list[tuple[str, str | int]]) -> None:
    asyncio.run(run_unsettled(limit, steps))


async def run_unsettled(limit: int, steps: list[tuple[str, str | int]]) -> None:
    """Steps follow each other with nothing in between, so that grants, cancellations and alarms meet."""
    gate = Gate(limit)
    tasks: list[asyncio.Task[Place]] = []
    for step, argument in steps:
        if isinstance(argument, str):
            tasks.append(asyncio.create_task(gate.acquire(argument, PATIENT if step == "acquire" else 0.0)))
            await asyncio.sleep(0)
        elif step == "release" and (got := granted(tasks)):
            got[argument % len(got)].release()
        elif step == "cancel" and tasks:
            tasks[argument % len(tasks)].cancel()
        elif step == "settle":
            await settle()
        assert gate.snapshot().in_flight <= limit
    await settle()
    snapshot = gate.snapshot()
    assert snapshot.waiting == 0 or snapshot.in_flight == limit
    await empty(gate, tasks)


def granted(tasks: list[asyncio.Task[Place]]) -> list[Place]:
    return [task.result() for task in tasks if task.done() and not task.cancelled() and task.exception() is None]


async def empty(gate: Gate, tasks: list[asyncio.Task[Place]]) -> None:
    """Everyone who still waits is served once the others give back."""
    while any(not task.done() for task in tasks):
        for slot in granted(tasks):
            slot.release()
        await settle()
    for slot in granted(tasks):
        slot.release()
    assert gate.snapshot() == Crowd(gate.snapshot().limit, 0, 0)

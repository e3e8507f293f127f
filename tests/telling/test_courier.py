"""The courier over each store: at least once with an id, whoever dies; dead receivers hold nobody up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from gigamost.core.notice_ports import NoticeStore
from gigamost.store.door import Door
from gigamost.store.notices.opening import OpeningNotices
from gigamost.store.place import Place
from gigamost.telling.courier import Courier
from gigamost.telling.sender import Sender
from tests.store.postgres import database
from tests.telling.conftest import LOOPBACK, Clock, Receiver, hook, notice, receiving, until

KEYS = (bytes(32),)


class Office:
    """A store, and couriers that work from it. `clock` is everybody's but PostgreSQL's."""

    def __init__(self, place: Place, clock: Clock, stack: AsyncExitStack) -> None:
        self.place = place
        self.clock = clock
        self._stack = stack
        self._door = Door(place)
        stack.push_async_callback(self._door.close)
        self.opening = OpeningNotices(self._door, KEYS, now=clock)
        self.store: NoticeStore

    def courier(self, seconds: float = 10.0, lease: float = 30.0, now: Callable[[], float] | None = None) -> Courier:
        sender = Sender(now or self.clock, allowed=LOOPBACK, seconds=seconds)
        is_shared = self.opening.is_shared
        made = Courier(self.opening, sender, now=self.clock, is_shared=is_shared, chance=lambda: 0.0, lease=lease)
        self._stack.push_async_callback(sender.close)
        self._stack.push_async_callback(made.close)
        return made

    async def states(self, webhook: str = "hook") -> list[str]:
        return [each.state for each in await self.store.deliveries.page(webhook, "", 500)]

    async def settled(self, count: int, state: str = "delivered", webhook: str = "hook") -> None:
        async with asyncio.timeout(30):
            while (await self.states(webhook)).count(state) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "postgres":
        async with database() as made:
            yield made
    else:
        yield tmp_path / "state.db" if request.param == "sqlite" else None


@asynccontextmanager
async def office_of(place: Place, clock: Clock) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        made = Office(place, clock, stack)
        made.store = await made.opening()
        yield made


@pytest.fixture
async def office(place: Place, clock: Clock) -> AsyncIterator[Office]:
    async with office_of(place, clock) as made:
        yield made


async def test_what_waits_is_delivered_in_order(office: Office, receiver: Receiver) -> None:
    await office.store.webhooks.add(hook(receiver.url))
    for number in range(1, 6):
        await office.store.outbox.tell(notice(number))
    office.courier().poke()
    await office.settled(5)
    assert [each["data"]["n"] for each in receiver.told] == [1, 2, 3, 4, 5]


async def test_several_couriers_share_the_work(office: Office, clock: Clock) -> None:
    async with AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(receiving(clock)) for _ in range(6)]
        for at, each in enumerate(receivers):
            await office.store.webhooks.add(hook(each.url, f"hook{at}"))
        for number in range(4):
            await office.store.outbox.tell(notice(number))
        for _ in range(3):
            office.courier().poke()
        for at in range(6):
            await office.settled(4, webhook=f"hook{at}")
        assert [len(each.told) for each in receivers] == [4] * 6


async def test_a_courier_that_dies_between_claim_and_post_loses_nothing(office: Office, receiver: Receiver) -> None:
    await office.store.webhooks.add(hook(receiver.url))
    await office.store.outbox.tell(notice())
    assert len(await office.store.deliveries.claim("dead", -1.0, 9)) == 1
    office.courier().poke()
    await office.settled(1)
    assert [each["id"] for each in receiver.told] == ["notice_00001"]


async def test_a_courier_that_dies_after_the_post_sends_it_again_with_the_same_id(
    office: Office, receiver: Receiver
) -> None:
    await office.store.webhooks.add(hook(receiver.url))
    await office.store.outbox.tell(notice())
    (claimed,) = await office.store.deliveries.claim("dead", -1.0, 9)
    sender = Sender(office.clock, allowed=LOOPBACK)
    assert (await sender.send(claimed.webhook, claimed.notice)).status == 200
    await sender.close()
    office.courier().poke()
    await office.settled(1)
    assert [each["id"] for each in receiver.told] == ["notice_00001"] * 2


async def test_a_dead_receiver_holds_nobody_up(office: Office, receiver: Receiver, clock: Clock) -> None:
    async with receiving(clock) as dead:
        dead.stop = asyncio.Event()
        await office.store.webhooks.add(hook(dead.url, "dead"))
        await office.store.webhooks.add(hook(receiver.url))
        for number in range(20):
            await office.store.outbox.tell(notice(number))
        office.courier(seconds=0.2).poke()
        await office.settled(20)
        assert len(receiver.told) == 20
        dead.stop.set()
    assert set(await office.states("dead")) == {"waiting"}


@pytest.mark.parametrize("place", ["memory", "sqlite"], indirect=True)
async def test_a_receiver_that_is_dead_for_ten_minutes_gets_all_of_it(
    office: Office, receiver: Receiver, clock: Clock
) -> None:
    """S11, by a clock that is turned: PostgreSQL's cannot be."""
    await office.store.webhooks.add(hook(receiver.url))
    receiver.status = 503
    courier = office.courier(lease=86_400.0)  # turning the clock takes nothing away from who is sending

    def all_heard() -> bool:
        return courier.counts.total() == len(receiver.peer.seen)

    began = clock.now
    number = 0
    while clock.now < began + 600:
        number += 1
        await office.store.outbox.tell(notice(number))
        courier.poke()
        attempts = len(receiver.peer.seen)
        await until(lambda attempts=attempts: len(receiver.peer.seen) > attempts and all_heard())  # type: ignore[misc]  # a default
        clock.now += 60
    assert (receiver.told, await office.store.deliveries.waiting()) == ([], number)
    receiver.status = 200
    await until(all_heard)  # an answer from before would be waited for until long after
    clock.now += 3600
    courier.poke()
    await office.settled(number)
    assert sorted(each["data"]["n"] for each in receiver.told) == list(range(1, number + 1))


@pytest.mark.parametrize("place", ["memory", "sqlite"], indirect=True)
async def test_after_a_day_it_is_given_up(
    office: Office, receiver: Receiver, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await office.store.webhooks.add(hook(receiver.url))
    receiver.status = 500
    await office.store.outbox.tell(notice())
    clock.now += 86_400
    office.courier().poke()
    await office.settled(1, "failed")
    assert "could not be delivered to webhook hook in a day: HTTP 500" in caplog.text


async def test_who_answers_gone_is_left_alone(office: Office, receiver: Receiver) -> None:
    await office.store.webhooks.add(hook(receiver.url))
    receiver.status = 410
    for number in (1, 2):
        await office.store.outbox.tell(notice(number))
    courier = office.courier()
    courier.poke()
    await office.settled(2, "failed")
    found = await office.store.webhooks.get("hook")
    assert found is not None
    assert found.disabled == "gone"
    assert len(receiver.peer.seen) == 1


async def test_webhooks_of_the_configuration_come_first(office: Office, receiver: Receiver) -> None:
    courier = office.courier()
    courier.adopt([hook(receiver.url, "config_1", configured=True)])
    async with asyncio.timeout(10):
        while not await office.store.webhooks.get("config_1"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await office.store.outbox.tell(notice())
    courier.poke()
    await office.settled(1, webhook="config_1")
    courier.adopt([])
    async with asyncio.timeout(10):
        while await office.store.webhooks.get("config_1"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("place", ["memory", "sqlite"], indirect=True)
async def test_it_sleeps_when_nothing_waits(office: Office, receiver: Receiver) -> None:
    await office.store.webhooks.add(hook(receiver.url))
    courier = office.courier()
    courier.poke()
    await until(lambda: courier.is_idle)
    await office.store.outbox.tell(notice())
    courier.poke()
    await office.settled(1)
    await until(lambda: courier.is_idle)


async def test_closing_waits_for_nobody(office: Office, receiver: Receiver) -> None:
    receiver.stop = asyncio.Event()
    await office.store.webhooks.add(hook(receiver.url))
    await office.store.outbox.tell(notice())
    courier = office.courier()
    courier.poke()
    await until(lambda: len(receiver.peer.seen) == 1)
    async with asyncio.timeout(5):
        await courier.close()
    assert await office.states() == ["waiting"]
    receiver.stop.set()

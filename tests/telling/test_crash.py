"""Couriers that are killed as `kill -9` does it: what they had is sent by another, with the same id."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import time

import msgspec
import pytest

from gigamost.core.notice_ports import NoticeStore
from gigamost.store.door import Door
from gigamost.store.notices.opening import OpeningNotices
from gigamost.store.place import Place, Postgres
from tests.store.postgres import database
from tests.telling.conftest import Receiver, hook, notice, receiving, until
from tests.telling.worker import KEYS

LEASE = 2.0


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "postgres":
        async with database() as made:
            yield made
    else:
        yield tmp_path / "state.db"


@pytest.fixture
async def store(place: Place) -> AsyncIterator[NoticeStore]:
    door = Door(place)
    yield await OpeningNotices(door, KEYS)()
    await door.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(time) as made:
        yield made


@asynccontextmanager
async def courier(place: Place, how: str = "sends") -> AsyncIterator[Process]:
    where = place.url.reveal() if isinstance(place, Postgres) else str(place)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.telling.worker", where, str(LEASE), how)
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def told(store: NoticeStore, receiver: Receiver) -> None:
    await store.webhooks.add(hook(receiver.url.replace("127.0.0.1", "localhost")))
    await store.outbox.tell(msgspec.structs.replace(notice(), at=time()))


async def attempts(store: NoticeStore) -> int:
    return (await store.deliveries.page("hook", "", 1))[0].attempts


async def test_killed_between_claim_and_post(store: NoticeStore, place: Place, receiver: Receiver) -> None:
    await told(store, receiver)
    async with courier(place, "hangs"), asyncio.timeout(30):
        while await attempts(store) == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert receiver.peer.seen == []
    async with courier(place):
        await until(lambda: len(receiver.told) == 1)
    assert [each["id"] for each in receiver.told] == ["notice_00001"]


async def test_killed_between_post_and_the_answer(store: NoticeStore, place: Place, receiver: Receiver) -> None:
    receiver.stop = asyncio.Event()
    await told(store, receiver)
    async with courier(place):
        await until(lambda: len(receiver.peer.seen) == 1)
    receiver.stop.set()
    async with courier(place):
        await until(lambda: len(receiver.peer.seen) == 2)
    assert {each.headers["webhook-id"] for each in receiver.peer.seen} == {"notice_00001"}

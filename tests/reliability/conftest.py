"""A GigaChat, a database and a Redis for each test, all of them its own, and how much it shall show."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from gigamost.store.place import Postgres
from gigamost.store.schema import upgrade
from tests.reliability import processes
from tests.reliability.books import BookKeeper
from tests.reliability.processes import GigaChat
from tests.reliability.sizes import CHECK, PROVE, Sizes
from tests.shared.server import RedisServer
from tests.store.servers import copied, empty


@pytest.fixture(scope="session")
def sizes(request: pytest.FixtureRequest) -> Sizes:
    return PROVE if request.config.getoption("--prove") else CHECK


@pytest.fixture(scope="session")
def template() -> Iterator[Postgres]:
    with empty() as made:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(upgrade, made).result()
        yield made


@pytest.fixture
def database(template: Postgres) -> Iterator[Postgres]:
    with copied(template) as made:
        yield made


@pytest.fixture
async def books(database: Postgres) -> AsyncIterator[BookKeeper]:
    connection = await asyncpg.connect(database.url.reveal())
    yield BookKeeper(connection)
    await connection.close()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
async def gigachat() -> AsyncIterator[GigaChat]:
    async with processes.gigachat() as made:
        yield made


@pytest.fixture
async def site(
    tmp_path: Path, gigachat: GigaChat, database: Postgres, redis: RedisServer
) -> AsyncIterator[processes.Site]:
    """Its gateways are to be started; they share the database and Redis."""
    shared = {"GIGAMOST_DATABASE_URL": database.url.reveal(), "GIGAMOST_REDIS_URL": redis.url.reveal()}
    async with processes.site(tmp_path, gigachat, **shared) as made:
        yield made
    await asyncio.sleep(0)

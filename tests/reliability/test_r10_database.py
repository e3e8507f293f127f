"""R10: PostgreSQL dies under load. Who is known is served, rows wait on the gateways' disks, budgets hold."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import asyncpg
import pytest

from gigamost.core.secret import Secret
from gigamost.store.place import Postgres
from gigamost.store.schema import upgrade
from tests.reliability import processes
from tests.reliability.books import BookKeeper, until
from tests.reliability.clients import Heard, Question, ask
from tests.reliability.processes import GigaChat, Site, tracebacks
from tests.reliability.sizes import Sizes
from tests.reliability.test_r07_exact import UNIT, price
from tests.services import PostgresServer, run_folder
from tests.shared.server import RedisServer

SHARE = 20  # a gateway leases one part in so many of what a budget has left
LEASED = "SELECT count(*) FROM budget_leases WHERE owner = $1 AND amount > 0"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL that this test may end as a crash does; what it has committed is on the disk."""
    made = PostgresServer(run_folder() / f"frail-{tmp_path.name}", durable=True)
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.end)


@pytest.fixture
async def frail(tmp_path: Path, server: PostgresServer, gigachat: GigaChat, redis: RedisServer) -> AsyncIterator[Site]:
    await asyncio.to_thread(upgrade, Postgres(Secret(server.url)))
    changes = {"GIGAMOST_DATABASE_URL": server.url, "GIGAMOST_REDIS_URL": redis.url.reveal()}
    async with processes.site(tmp_path, gigachat, **changes) as made:
        yield made


async def test_known_keys_work_on_and_nothing_is_lost(frail: Site, server: PostgresServer, sizes: Sizes) -> None:
    gateways = await frail.start(2)
    books = BookKeeper(await asyncpg.connect(server.url))
    _, key = await frail.key()
    limit = 60 * await price(frail, books)  # so that a gateway leases enough for a few requests
    held_id, held = await frail.key(budget={"amount": f"{limit / UNIT:.6f}", "period": "total"})
    for gateway in gateways:
        assert (await ask(Question(gateway, "first", held))).is_whole

    async def leased() -> bool:
        return bool(await books.one(LEASED, f"key:{held_id}") == len(gateways))

    await until(leased, "both gateways have leased a part of the budget")
    reserve = await books.one("SELECT sum(amount) FROM budget_leases WHERE owner = $1", f"key:{held_id}")
    await books.connection.close()

    heard: list[Heard] = []
    end = asyncio.Event()

    async def client(at: int, secret: str, name: str) -> None:
        number = 0
        while not end.is_set():
            heard.append(await ask(Question(gateways[at % 2], f"{name}-{at}-{number}", secret)))
            number += 1
            await asyncio.sleep(0.05 if sizes.database_away < 60 else 0.5)

    clients = [asyncio.create_task(client(at, key, "free")) for at in range(6)]
    clients += [asyncio.create_task(client(at, held, "held")) for at in range(2)]
    await asyncio.sleep(0.5)  # of load with the database
    await asyncio.to_thread(server.stop)
    before = len(heard)
    began = monotonic()
    await asyncio.sleep(sizes.database_away)  # this is what is shown
    assert [(await gateway.health())["ledger"] for gateway in gateways] == ["spooled", "spooled"]
    meanwhile = heard[before:]
    await asyncio.to_thread(server.start)
    print(f"away for {monotonic() - began:.1f} s, {len(meanwhile)} requests meanwhile")
    end.set()
    await asyncio.gather(*clients)

    free = [each for each in heard if each.name.startswith("free")]
    assert Counter(each.status for each in free) == {200: len(free)}
    assert {each.status for each in heard if each.name.startswith("held")} <= {200, 503}
    books = BookKeeper(await asyncpg.connect(server.url))
    served = sorted(each.name for each in heard if each.status == 200)

    async def all_there() -> bool:
        rows = [name for name in await books.rows_of() if name.startswith(("free", "held"))]
        return sorted(set(rows)) == served and "open" not in await books.states()

    await until(all_there, f"{len(served)} rows are there")
    rows = [name for name in await books.rows_of() if name.startswith(("free", "held"))]
    assert sorted(rows) == served  # 0 lost, 0 doubled
    refused = [each for each in meanwhile if each.name.startswith("held") and each.status == 503]
    assert refused, "the reserve was never the limit: this run shows nothing about it"
    spent_away = "SELECT coalesce(sum(cost), 0) FROM requests WHERE client_request_id = ANY($1)"
    names = [each.name for each in meanwhile if each.name.startswith("held") and each.status == 200]
    assert await books.one(spent_away, names) <= reserve
    assert await books.one("SELECT spent FROM budget_periods WHERE owner = $1", f"key:{held_id}") <= limit
    await books.check_sums()
    await books.connection.close()
    assert tracebacks(gateways) == []

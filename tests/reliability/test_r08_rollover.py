"""R8: a day's budget begins anew under load, while the gateways' clocks are five seconds apart.

Time is moved, not mocked: the gateways are processes whose wall clock is wrong, and in the database's schema stands a
`clock_timestamp` of its own that is some hours ahead, so that its midnight comes a few seconds after the start. A
search path that names `public` before `pg_catalog` makes every statement of the gateways use that one.
"""

import asyncio
from itertools import count

import pytest

from gigamost.store.place import Postgres
from tests.reliability.books import BookKeeper, until
from tests.reliability.clients import Question, ask
from tests.reliability.processes import GigaChat, Site
from tests.reliability.sizes import Sizes
from tests.reliability.test_r07_exact import UNIT, price

DAY = 86_400
SKEWS = (0.0, 5.0, -5.0, 0.0)
BEFORE = 9.0  # seconds before midnight: gateways give signs of life, and learn of the time, every five
PAUSE = 0.05  # seconds until a refused client asks again
NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"


async def set_clock(database: Postgres, books: BookKeeper, seconds: float) -> None:
    """`seconds` before midnight, for all who connect from now on."""
    name = database.url.reveal().rpartition("/")[2]
    since = "SELECT (extract(epoch FROM pg_catalog.clock_timestamp())::numeric % 86400)::float8"
    ahead = DAY - await books.one(since) - seconds
    await books.connection.execute(
        "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
        f" $$ SELECT pg_catalog.clock_timestamp() + interval '{ahead} seconds' $$"
    )
    await books.connection.execute(f"ALTER DATABASE {name} SET search_path = public, pg_catalog")


@pytest.fixture
async def moved(books: BookKeeper, database: Postgres) -> None:
    """The clock is moved before the first gateway connects, far from midnight."""
    await set_clock(database, books, DAY / 2)
    await books.connection.execute("SET search_path = public, pg_catalog")


async def test_a_day_begins_once_for_all(
    moved: None, site: Site, gigachat: GigaChat, books: BookKeeper, database: Postgres, sizes: Sizes
) -> None:
    gateways = await site.start(4, SKEWS)
    limit = sizes.daily * await price(site, books)
    key_id, key = await site.key(budget={"amount": f"{limit / UNIT:.6f}", "period": "day"})
    await gigachat.say("hold")
    await set_clock(database, books, BEFORE)
    midnight = await books.one(NOW) // DAY * DAY + DAY
    # Each gateway learns of the moved clock with its next sign of life.
    await until(lambda: knows(books, midnight - BEFORE - 1), "clocks are known")
    numbers, is_over = count(), asyncio.Event()

    async def client(at: int) -> None:
        while not is_over.is_set():
            heard = await ask(Question(gateways[at % 4], f"r{next(numbers)}", key))
            assert heard.status in (200, 429), heard.body
            await asyncio.sleep(PAUSE)

    clients = [asyncio.create_task(client(at)) for at in range(2 * sizes.daily + 8)]

    async def is_past() -> bool:
        return bool(await books.one(NOW) > midnight + 2 and await gigachat.say("waiting") >= 2 * sizes.daily - 2)

    await until(is_past, "both days' budgets used up")
    await asyncio.sleep(1)  # who would be let in wrongly has the time for it
    is_over.set()
    admitted = await books.connection.fetch(
        "SELECT started >= $1 AS is_new, count(*) AS number FROM requests WHERE key_id = $2 GROUP BY 1",
        midnight,
        key_id,
    )
    by_day = {row["is_new"]: row["number"] for row in admitted}
    assert abs(by_day[False] - sizes.daily) <= 1
    assert abs(by_day[True] - sizes.daily) <= 1
    await gigachat.say("release")
    await asyncio.gather(*clients)

    async def all_settled() -> bool:
        return "open" not in await books.states()

    await until(all_settled, "rows settled")
    periods = await books.connection.fetch(
        "SELECT began, spent FROM budget_periods WHERE owner = $1 ORDER BY began", f"key:{key_id}"
    )
    assert [row["began"] for row in periods] == [midnight - DAY, midnight]  # one reset, at the database's midnight
    assert [row["spent"] for row in periods if not 0 < row["spent"] <= limit] == [], limit


async def knows(books: BookKeeper, since: float) -> bool:
    silent = "SELECT count(*) FROM replicas WHERE seen < $1"
    return bool(await books.one(silent, since) == 0)
